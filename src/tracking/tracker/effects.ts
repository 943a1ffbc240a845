// What the tracker's machine is told, what it wants done, and what it can be asked about itself. The daemon translates: from
// sockets, timers and the store's thread, and to them. Pure.

import type { Address } from '../../foundation/torrent/address.js';
import type { Change } from '../registry/changes.js';
import type { Counts } from '../registry/registry.js';
import type { Followed } from '../store/pair/follower.js';
import type { PairEffect, PairInput } from '../store/pair/pair.js';
import type { LoadedRows } from '../store/sqlite/rows.js';
import type { DialBack, DialBackAnswer } from './claims.js';
import type { TrackerReply, TrackerRequest } from './messages.js';

export interface TrackerSetting {
  readonly partner: Address;
  /** See PairSetting. */
  readonly cluster: Uint8Array;
  readonly leaseMs: number;
  readonly renewMs: number;
  readonly trustHost: boolean;
  readonly seed: number;
  readonly replicaWaitMs?: number;
  /** See PairSetting. */
  readonly spareId: Uint8Array;
  /** Smaller ones than in limits.ts, where a test has to reach them. */
  readonly bounds?: { readonly unknownRemovals?: number; readonly backlog?: number };
}

export type TrackerInput =
  | { readonly kind: 'loadedRows'; readonly loaded: LoadedRows }
  /** Everything the store kept is here; connections may come. */
  | {
      readonly kind: 'started';
      readonly lastUpload: number;
      readonly trackerId: Uint8Array;
      /** Highest position ever given out. */
      readonly position: number;
      readonly followed: Followed;
      /** Where this list was used before, if elsewhere: the id is a new one then. Empty: here. */
      readonly movedFrom?: string;
    }
  /** By the wall clock, and not by the monotonic one. */
  | { readonly kind: 'stoodStill'; readonly forMs: number }
  | { readonly kind: 'opened'; readonly connection: number; readonly host: string }
  | { readonly kind: 'received'; readonly connection: number; readonly request: TrackerRequest }
  | { readonly kind: 'closed'; readonly connection: number }
  /** Of the dial-back with that number; each is answered once, in time. */
  | { readonly kind: 'dialedBack'; readonly number: number; readonly answer: DialBackAnswer }
  | {
      readonly kind: 'committed';
      readonly group: number;
      readonly tookMs: number;
      /** Of the log beside the list. */
      readonly logBytes?: number;
    }
  | {
      readonly kind: 'failed';
      readonly group: number;
      readonly outcome: 'full' | 'busy' | 'broken';
      readonly sentence: string;
    }
  | PairInput;

export type TrackerEffect =
  | { readonly kind: 'reply'; readonly connection: number; readonly message: TrackerReply }
  /** Statistics, to which the daemon adds what only it knows. */
  | { readonly kind: 'giveStats'; readonly connection: number; readonly id: number; readonly figures: Figures }
  | { readonly kind: 'pauseReading'; readonly connection: number }
  | { readonly kind: 'resumeReading'; readonly connection: number }
  /** Say a peer's hello there, and tell who answers. */
  | ({ readonly kind: 'dialBack' } & DialBack)
  /** The changes have the positions `position`, `position` + 1, … */
  | { readonly kind: 'commit'; readonly group: number; readonly changes: readonly Change[]; readonly position: number }
  /** A tick has passed: the listener looks for unfinished frames and hellos. */
  | { readonly kind: 'sweep' }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly fields: object;
      readonly sentence: string;
    }
  /** What is on the disk is unknown: the process ends. */
  | { readonly kind: 'giveUp'; readonly sentence: string }
  | PairEffect;

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
}
