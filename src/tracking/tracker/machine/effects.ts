// What the tracker's machine is told, what it wants done, and what it reports of itself. The daemon translates between
// these and sockets, timers and the store's shell. Pure.

import type { Address } from '../../../foundation/torrent/address.js';
import type { Counts } from '../../registry/registry.js';
import type { DialBack, DialBackAnswer } from '../claims/claim.js';
import type { TrackerReply, TrackerRequest } from '../messages.js';
import type { Entrant } from '../session/entrant.js';
import type { ClosedSetting } from './closed-swarm.js';

export interface TrackerSetting {
  readonly partner: Address;
  readonly leaseMs: number;
  readonly renewMs: number;
  readonly trustHost: boolean;
  readonly seed: number;
  /** Tells whoever asks what is shared, as far as its owners want that. Absent: yes. */
  readonly lists?: boolean | undefined;
  /** Of a closed swarm; absent: it is open. */
  readonly closed?: ClosedSetting | undefined;
  /** Smaller ones than in limits.ts, where a test has to reach them. */
  readonly bounds?: { readonly unknownRemovals?: number };
}

/** @template In what the store's shell reports, which only the store reads. */
export type TrackerInput<In> =
  | { readonly kind: 'store'; readonly input: In }
  /** By the wall clock, and not by the monotonic one. */
  | { readonly kind: 'stoodStill'; readonly forMs: number }
  /** `who`: in a closed swarm; undefined in the clear. */
  | {
      readonly kind: 'opened';
      readonly connection: number;
      readonly host: string;
      readonly who?: Entrant;
    }
  /** In a closed swarm: the wall clock, in seconds since 1970. Before the first connection, and now and then. */
  | { readonly kind: 'clock'; readonly seconds: number }
  | { readonly kind: 'received'; readonly connection: number; readonly request: TrackerRequest }
  /** The connection is another tracker's: the store adopts it. */
  | { readonly kind: 'handedOver'; readonly connection: number }
  | { readonly kind: 'closed'; readonly connection: number }
  /** Of the dial-back with that number; each is answered once, in time. */
  | { readonly kind: 'dialedBack'; readonly number: number; readonly answer: DialBackAnswer };

/** @template Out what the store's shell performs. */
export type TrackerEffect<Out> =
  | { readonly kind: 'store'; readonly effect: Out }
  | { readonly kind: 'reply'; readonly connection: number; readonly message: TrackerReply }
  /** The same to many. */
  | { readonly kind: 'replyAll'; readonly connections: readonly number[]; readonly message: TrackerReply }
  /** Who is shut out has changed: open connections are judged anew. */
  | { readonly kind: 'recheck' }
  /** Statistics, to which the daemon adds what only it knows. */
  | { readonly kind: 'giveStats'; readonly connection: number; readonly id: number; readonly figures: Figures }
  | { readonly kind: 'hangUp'; readonly connection: number; readonly reason: string }
  | { readonly kind: 'pauseReading'; readonly connection: number }
  | { readonly kind: 'resumeReading'; readonly connection: number }
  /** Say a peer's hello there, and tell who answers. */
  | ({ readonly kind: 'dialBack' } & DialBack)
  /** A tick has passed: the listener looks for unfinished frames and hellos. */
  | { readonly kind: 'sweep' }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly fields: object;
      readonly sentence: string;
    }
  /** What is on the disk is unknown: the process ends. */
  | { readonly kind: 'giveUp'; readonly sentence: string };

export interface Figures extends Counts {
  readonly connections: number;
  readonly paused: number;
  readonly storeBacklog: number;
  readonly storeCommits: number;
  readonly storeFailures: number;
  readonly storeLastMs: number;
  readonly expiredClients: number;
  readonly dialBacks: number;
  readonly freezes: number;
  readonly logBytes: number;
  /** Why this tracker has another id than when it was started last; empty when it has the same. */
  readonly identity: string;
  readonly partner: object;
  /** Absent in an open swarm. */
  readonly swarm?: object | undefined;
}
