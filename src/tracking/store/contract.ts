// What a tracker needs of a store: groups of changes that are durable before they are answered, every tracker's changes
// merged into one registry, and leases that no fault of a tracker shortens. A store is a pure machine and a shell;
// `test/tracking/store/contract.ts` states its laws. Pure.

import type { Log } from '../../foundation/base/log.js';
import type { Prng } from '../../foundation/base/prng.js';
import type { SwarmKey, TrackerId } from '../../foundation/torrent/ids.js';
import type { Membership } from '../membership/membership.js';
import type { MembershipChange } from '../membership/records.js';
import type { Change } from '../registry/changes.js';
import type { Leases } from '../registry/leases.js';
import type { Registry } from '../registry/registry.js';
import type { UploadNumbers } from '../registry/uploads.js';

/**
 * `full` and `busy`: nothing was kept, and a later commit may succeed. `broken`: nobody knows what is durable.
 * `fenced`: another writer has the right to write. After the last two the tracker ends.
 */
export type Refusal = 'full' | 'busy' | 'broken' | 'fenced';

/** Changes that become durable together or not at all. */
export interface Commit {
  readonly changes: readonly (Change | MembershipChange)[];
  /** About how many small changes it is worth, against the backlog. */
  readonly weight: number;
  /** The connection that waits for it; absent for the tracker's own changes. */
  readonly asker?: number;
  /** Called once: after the changes are in the registry, or with the reason why none of them will be. */
  readonly settled: (refusal: Refusal | undefined, nowMs: number) => void;
}

/** Which bytes of the piece hashes of a file are wanted; `read` comes back with the answer. */
export interface HashRead {
  readonly read: number;
  readonly swarm: SwarmKey;
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

export type GroupResult =
  /** `hasRoom`: something was written that a full disk refuses. `logBytes`: of the store's log, where there is one. */
  | { readonly refusal: undefined; readonly tookMs: number; readonly hasRoom: boolean; readonly logBytes: number }
  | { readonly refusal: Refusal; readonly sentence: string };

/** What a store tells the tracker, within the tracker's turn. */
export interface StoreSink<Out> {
  /** Changed by the store alone: what is in it is durable or will be heard again. */
  readonly registry: Registry;
  readonly leases: Leases;
  /** Of a closed swarm; changed as the registry is. Undefined: the swarm is open. */
  readonly membership?: Membership | undefined;
  readonly uploads: UploadNumbers;
  readonly prng: Prng;
  /** For the store's shell. */
  emit(effect: Out): void;
  /**
   * Everything that is durable is in the registry. `movedFrom`: the list was used elsewhere before, so the id is a new
   * one.
   */
  opened(id: TrackerId, movedFrom: string, nowMs: number): void;
  /** This tracker has another id from now on, and answers no list before `ready`. */
  identityChanged(id: TrackerId): void;
  /** This tracker may have missed what others know, and answers no list before `ready`. */
  notReady(): void;
  /** The registry has what the other trackers have, or none of them can be asked. */
  ready(nowMs: number): void;
  /** After every commit of the group was settled. */
  groupSettled(result: GroupResult, nowMs: number): void;
  /** Answers a HashRead. `part`: at most its length, empty when nothing is there. */
  hashesRead(read: number, part: Uint8Array): void;
  hangUp(connection: number, reason: string): void;
  /** In a closed swarm: this tracker's wall clock, in seconds since 1970. */
  wallS?(nowMs: number): number;
  /** In a closed swarm: the partner's wall clock, in seconds since 1970. */
  partnerClock?(seconds: number, nowMs: number): void;
  log(level: 'info' | 'warn', fields: object, sentence: string): void;
}

/**
 * A store's machine. `In`: what its shell reports. Every method belongs to a turn of the tracker, which ends with
 * `flush`.
 */
export interface Store<In> {
  /** Weight of the commits that wait. */
  readonly backlog: number;
  /** So much waits that nothing may be added. */
  readonly isOverloaded: boolean;
  /** Nothing waits, or nothing will ever be written. */
  readonly isIdle: boolean;
  /** Every known tracker has the changes that were made here up to this position; tombstones wait for it. */
  readonly acknowledged: number;
  /**
   * Whether the partner has on its disk what was committed here about members; undefined: it cannot be told now. Absent
   * in an open swarm.
   */
  readonly isPartnerTold?: boolean | undefined;
  /** Applied in the order of these calls. */
  commit(commit: Commit): void;
  /** Answered once by `hashesRead`, unless the store ends before. */
  readHashes(read: HashRead): void;
  receive(input: In, nowMs: number): void;
  /** A connection that began as `FollowerWire` says belongs to the store from now on. */
  adopt(connection: number, host: string): void;
  /** Whether or not it was adopted. */
  closed(connection: number): void;
  onTimer(nowMs: number): void;
  /** This tracker did nothing for a while, and what comes now may have been sent then. Told before any of it. */
  stoodStill?(nowMs: number): void;
  /** When `onTimer` wants to be called; infinity: never. */
  nextAtMs(): number;
  flush(nowMs: number): void;
  /** For `tracker-status`: the state of replication. */
  figures(nowMs: number): object;
}

export type OpenStore<In, Out> = (sink: StoreSink<Out>) => Store<In>;

/** How the port that clients use tells another tracker's connection, which the store adopts, from a client's. */
export interface FollowerWire {
  /** Whether a connection that begins with this frame is another tracker's. */
  isFirst(frame: Uint8Array): boolean;
  /** The frame that ends such a connection, with its length. */
  refusal(sentence: string): Uint8Array;
}

/** What a store's shell may use of the program around it. */
export interface ShellPorts<In> {
  readonly log: Log;
  post(input: In): void;
  /** @param frame for an adopted connection, with its length. */
  send(connection: number, frame: Uint8Array): void;
  /** The store can go on no longer. */
  failed(sentence: string, cause: unknown): void;
}

/** A store's threads, files and sockets. Decides nothing. */
export interface StoreShell<In, Out> {
  /** Resolves when everything durable was posted. Rejects with MiniTorrentError; `close` is still to be called. */
  open(): Promise<void>;
  perform(effect: Out): void;
  /** What an adopted connection sent. Throws ProtocolError. */
  decode(connection: number, frame: Uint8Array): In;
  /** Writes what is owed and gives back what it holds. Answers the threads that had to be terminated. */
  close(): Promise<readonly string[]>;
}
