// What the machine of a tracker on a shared database wants done there, and what it is told. Keys travel as hex, times
// as ages by the clock of the database. Pure.

import type { ClientId, SwarmKey } from '../../../foundation/torrent/ids.js';
import type { MembershipRow } from '../../membership/records.js';
import type { ChangeOf, EntryState, FileFacts } from '../../registry/changes.js';
import type { HashRead } from '../contract.js';
import type { DatabaseChange } from './batch.js';

export interface FedSwarm extends FileFacts {
  readonly swarm: SwarmKey;
  readonly isComplete: boolean;
}

export interface FedEntry {
  readonly swarm: SwarmKey;
  readonly client: ClientId;
  readonly host: string;
  readonly port: number;
  readonly have: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly state: EntryState;
  readonly isListed: boolean;
  /** Milliseconds since it stopped being live. */
  readonly ageMs: number;
  /** Position of the group that wrote it last, but for groups that changed its progress alone. */
  readonly changed: number;
}

/** An entry that was listed before and after has changed in this alone. */
export interface FedProgress extends ChangeOf<'progress'> {
  readonly changed: number;
}

export interface FedLeave {
  readonly client: ClientId;
  readonly epoch: number;
  readonly sequence: number;
  readonly ageMs: number;
  readonly changed: number;
}

/** Rows as they are now. */
export interface FedRows {
  readonly swarms: readonly FedSwarm[];
  readonly leaves: readonly FedLeave[];
  /** In the order of their positions, or all of them in any order. */
  readonly entries: readonly FedEntry[];
  readonly progress: readonly FedProgress[];
  readonly membership: readonly MembershipRow[];
}

export const NOTHING_FED: FedRows = { swarms: [], leaves: [], entries: [], progress: [], membership: [] };

/** Which cluster of databases a server belongs to, and after how many failovers. */
export interface ServerIdentity {
  readonly system: string;
  readonly timeline: number;
}

/** What the trackers of one database know of each other. */
export interface FeedState {
  /** The highest position of the database. */
  readonly position: number;
  /** Every other tracker has the changes up to here. */
  readonly acknowledged: number;
  readonly trackers: number;
  /** The clock of the database, in seconds since 1970. */
  readonly clockS: number;
  /** Clients that other trackers heard, with milliseconds since then. */
  readonly heard: readonly (readonly [ClientId, number])[];
}

export type WriteOutcome =
  /** Nothing was kept, and the database says that its disk is full. */
  | 'full'
  /** Nothing was kept; the same group may succeed later. */
  | 'refused'
  /** Nobody knows whether it was kept. */
  | 'unknown'
  | 'broken'
  | 'fenced';

export type PostgresInput =
  /** `position`: of the database. `run`: this tracker's, the same until it ends. */
  | {
      readonly kind: 'connected';
      readonly server: string;
      readonly identity: ServerIdentity;
      readonly position: number;
      readonly run: number;
    }
  | { readonly kind: 'notConnected'; readonly sentence: string }
  /** Whatever was asked and not answered never will be. */
  | { readonly kind: 'lost'; readonly sentence: string }
  /** A newer program has taken over the tables, or another swarm has. */
  | { readonly kind: 'fenced'; readonly sentence: string }
  | { readonly kind: 'loaded'; readonly rows: FedRows }
  /** Everything up to `position` was loaded. */
  | { readonly kind: 'loadEnded'; readonly position: number; readonly trackerId: Uint8Array }
  | {
      readonly kind: 'written';
      readonly group: number;
      readonly position: number;
      /** Of those whose lease was said to be over. */
      readonly expired: readonly ClientId[];
      readonly tookMs: number;
    }
  | { readonly kind: 'notWritten'; readonly group: number; readonly outcome: WriteOutcome; readonly sentence: string }
  /** Another tracker wrote. */
  | { readonly kind: 'notified' }
  /** A page of the feed; everything up to `upTo` is here. */
  | { readonly kind: 'fed'; readonly rows: FedRows; readonly upTo: number }
  /** What was asked for is there no more: everything has to be loaded. Ends the look. */
  | { readonly kind: 'missed' }
  /** The look is over. `state`: where it was asked for. */
  | { readonly kind: 'polled'; readonly position: number; readonly state: FeedState | undefined }
  | { readonly kind: 'hashesRead'; readonly read: number; readonly part: Uint8Array }
  /** A tracker of a pair wants to follow this one. */
  | { readonly kind: 'followerSaid'; readonly connection: number };

export type PostgresEffect =
  /** `seen`: servers of another system, or of a lower timeline, are not taken. */
  | { readonly kind: 'connect'; readonly seen: ServerIdentity | undefined }
  | { readonly kind: 'load' }
  | {
      readonly kind: 'write';
      readonly group: number;
      readonly changes: readonly DatabaseChange[];
      readonly leaseMs: number;
    }
  /** Everything that others wrote behind `after`; `ownCount`: groups behind it that are this tracker's. */
  | {
      readonly kind: 'poll';
      readonly after: number;
      readonly ownCount: number;
      /** Once in a while: say what was heard here, and ask for the state. */
      readonly upkeep: { readonly renewed: readonly ClientId[]; readonly sinceMs: number } | undefined;
    }
  | ({ readonly kind: 'readHashes' } & HashRead)
  /** The sentence says why nobody can follow this tracker. */
  | { readonly kind: 'refuseFollower'; readonly connection: number };
