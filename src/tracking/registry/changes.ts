// The changes of a tracker's registry: what is committed, applied and replicated. Each is idempotent, and those with an
// owner's version may come in any order: the higher version wins, on the disk as in memory. Pure.

import type { ClientId, SwarmKey } from '../../foundation/torrent/ids.js';
import type { InfoFacts } from '../../foundation/torrent/info-text.js';

/** Chosen by the owner of an entry: boot epoch, then sequence. No clock decides who wins. */
export interface Version {
  readonly epoch: number;
  readonly sequence: number;
}

/** What a client declares of a file when it shares it. */
export interface FileFacts {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly pieceCount: number;
  /** What its .mtorrent says beside; undefined: nobody said, or a client of a release that cannot. */
  readonly details?: InfoFacts | undefined;
}

export function factsOf({ name, size, pieceCount, details }: FileFacts): FileFacts {
  return details === undefined ? { name, size, pieceCount } : { name, size, pieceCount, details };
}

/**
 * live: listed. removed: taken off by its owner. lapsed: taken off by the tracker; the owner's same word lists it
 * again.
 */
export type EntryState = 'live' | 'removed' | 'lapsed';

export type Change =
  /** A file's facts; kept as they are once its piece hashes were verified. */
  | ({ readonly kind: 'swarm'; readonly swarm: SwarmKey } & FileFacts)
  | ({
      readonly kind: 'put';
      readonly swarm: SwarmKey;
      readonly client: ClientId;
      readonly host: string;
      readonly port: number;
      readonly have: number;
      /** Its owner wants the file to be found by who asks what there is. Absent: no. */
      readonly isListed?: boolean;
    } & Version)
  /** A client holds this much of a file that it is listed for. Nothing happens when its entry is removed or unknown. */
  | ({
      readonly kind: 'progress';
      readonly swarm: SwarmKey;
      readonly client: ClientId;
      readonly have: number;
    } & Version)
  | ({ readonly kind: 'remove'; readonly swarm: SwarmKey; readonly client: ClientId } & Version)
  /** Every entry of the client up to this version is removed, those that arrive later too. */
  | ({ readonly kind: 'leave'; readonly client: ClientId } & Version)
  /** The client's lease ended, or another client took its address: its live entries expire. */
  | { readonly kind: 'expire'; readonly client: ClientId }
  /** A tombstone past its time; nothing happens when the entry is live again, or has been removed anew. */
  | ({ readonly kind: 'forget'; readonly swarm: SwarmKey; readonly client: ClientId } & Version)
  | ({ readonly kind: 'forgetLeave'; readonly client: ClientId } & Version)
  /** Nothing happens when it has entries again. */
  | { readonly kind: 'forgetSwarm'; readonly swarm: SwarmKey }
  | {
      readonly kind: 'part';
      readonly swarm: SwarmKey;
      readonly upload: number;
      readonly offset: number;
      readonly part: Uint8Array;
    }
  /** The upload's piece hashes match the swarm's key: they are kept, and so are the facts that they prove. */
  | ({ readonly kind: 'complete'; readonly swarm: SwarmKey; readonly upload: number } & FileFacts)
  | { readonly kind: 'dropParts'; readonly upload: number }
  /**
   * The partner's record of an entry. At the same version removed beats live beats lapsed, and listed beats unlisted:
   * a tracker of an earlier release does not know that its owner said so.
   */
  | ({
      readonly kind: 'replicatedEntry';
      readonly swarm: SwarmKey;
      readonly client: ClientId;
      readonly host: string;
      readonly port: number;
      readonly have: number;
      readonly state: EntryState;
      /** Live: what is left of its client's lease. Else: since when it is not. */
      readonly ms: number;
      readonly isListed?: boolean;
    } & Version)
  /** `progress`, as the partner tells it. */
  | ({
      readonly kind: 'replicatedProgress';
      readonly swarm: SwarmKey;
      readonly client: ClientId;
      readonly have: number;
    } & Version)
  /** The partner's facts of a file; `proven`: it has the piece hashes. */
  | ({ readonly kind: 'fileInfo'; readonly swarm: SwarmKey; readonly proven: boolean } & FileFacts)
  | ({ readonly kind: 'replicatedLeave'; readonly client: ClientId; readonly ms: number } & Version);

export type ChangeOf<K extends Change['kind']> = Extract<Change, { kind: K }>;

/** Negative, zero or positive, as `a` is lower than, equal to or higher than `b`. */
export function compareVersions(a: Version, b: Version): number {
  return a.epoch - b.epoch || a.sequence - b.sequence;
}

const ADDING: ReadonlySet<Change['kind']> = new Set([
  'swarm',
  'put',
  'part',
  'complete',
  'replicatedEntry',
  'fileInfo',
]);

const RANK = { lapsed: 0, live: 1, removed: 2 } as const;

/** Whether the partner's state of an entry replaces ours of the same version. */
export function outranks(told: EntryState, known: EntryState): boolean {
  return RANK[told] > RANK[known];
}

/** Changes that free a record rather than add one: they are tried again alone when a full disk refused their group. */
export function freesRoom(change: Change): boolean {
  return !ADDING.has(change.kind);
}
