// What a client is started with, and what its owner holds of it.

import type { LogTarget } from '../foundation/base/log.js';
import type { Credentials } from '../foundation/identity/credentials.js';
import type { Address } from '../foundation/torrent/address.js';
import type { Metainfo, NameRule } from '../foundation/torrent/metainfo.js';
import type { TrackerList } from '../foundation/torrent/tracker-pair.js';
import type { Advertised } from '../tracking/announce/messages.js';
import type { Entry } from './files/record.js';
import type { ClientCommand, ClientEvent, Rates } from './messages.js';
import type { KnownShare } from './reuse/known-shares.js';
import type { Journal } from './state/journal.js';
import type { Identity, StatePaths } from './state/library.js';
import type { MemberKeeper } from './state/member-keeper.js';

export type { Advertised };

export interface ClientOptions {
  /** Where peers reach this client. Port 0: any free port. */
  readonly upload: Address;
  /** Finds the host of `upload` again when it has changed; undefined: a person named it. */
  readonly findHost?: (() => Promise<string>) | undefined;
  /** What others are to dial in its place. A tracker lists it once it has reached this client there. */
  readonly advertise?: Advertised | undefined;
  /** The trackers to which this client announces its shares; the .mtorrent of a share names the first two. */
  readonly trackers: TrackerList;
  /**
   * For a pair that is being started beside this client: settles when it listens, never rejects. It is not dialed
   * before that.
   */
  readonly trackersListen?: Promise<void> | undefined;
  readonly stateDir: string;
  /** Where this client is reached in the background. Absent: it is not. */
  readonly socket?: string | undefined;
  readonly log: LogTarget;
  readonly seed: number;
  /** Rate limits at start. */
  readonly rates: Rates;
  /** Undefined: chosen by the number of cores. */
  readonly peerThreads?: number | undefined;
  /** Bytes that downloads leave free on their disk. Undefined: by the disk and the file. */
  readonly diskReserve?: number | undefined;
  /** Downloads that run at once, 1 to DOWNLOADS_RUNNING_MAX. Undefined: as many as may. */
  readonly downloadsAtOnce?: number | undefined;
  /** Trackers may be named by host names in every .mtorrent; undefined: only as `trackers` are. */
  readonly allowHostNames?: boolean | undefined;
  /** Every .mtorrent that it makes is signed, as a publisher of the closed swarm. */
  readonly signs?: boolean | undefined;
  /** Only what a publisher of the own closed swarm has signed is downloaded. */
  readonly requireSignature?: boolean | undefined;
  /** For a caller that has already read the .mtorrent. Rejects as `readMetainfo` does. Absent: it is read from disk. */
  readonly readMetainfo?: ((path: string, mayName?: NameRule) => Promise<Metainfo>) | undefined;
  /** What others on this machine have, as sources of downloads. Read again for each download. */
  readonly otherShares?: (() => AsyncIterable<KnownShare>) | undefined;
  /** What this client shows and knows in a closed swarm; undefined: it is open, and speaks in the clear. */
  readonly credentials?: Credentials | undefined;
  /** Where all clients of this user keep what trackers told them, by identity; undefined: in the state directory. */
  readonly swarmDir?: string | undefined;
  readonly onEvent: (event: ClientEvent) => void;
  /** Called once, when all threads run, including those of the hash pool. */
  readonly onWarm?: (() => void) | undefined;
}

/** What work on the disk depends on. */
export type JobOptions = Pick<
  ClientOptions,
  | 'trackers'
  | 'readMetainfo'
  | 'allowHostNames'
  | 'requireSignature'
  | 'signs'
  | 'socket'
  | 'otherShares'
  | 'credentials'
>;

export interface Client {
  /** With the port that it really listens on. */
  readonly upload: Address;
  tell(command: ClientCommand): void;
  /** The log file was moved away: a new one is begun. */
  logMoved(): void;
  /** Settles when everything has stopped: with undefined after `quit`, or with the fatal error. */
  readonly ended: Promise<unknown>;
}

/** What the state directory held when the client started. */
export interface ClientState {
  readonly paths: StatePaths;
  readonly identity: Identity;
  readonly entries: readonly Entry[];
  readonly journal: Journal;
  /** In a closed swarm. */
  readonly keeper: MemberKeeper | undefined;
}
