// What a downloader takes in and asks for: all of its contact with the world. Pure.

import type { DiskTrouble } from '../../foundation/base/errnos.js';
import type { ErrorCode } from '../../foundation/base/error-codes.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { Bitfield, PieceRange } from '../../foundation/torrent/bitfield.js';
import type { FetchCommand, FetchEvent } from '../peer/messages.js';
import type { PieceSpan } from '../storage/reuse/cover.js';
import type { ReusePlan, ReuseRun } from '../storage/reuse/plan.js';
import type { Progress } from './messages.js';
import type { SilentAddress } from './peers/address-book.js';

/** `trouble`: the system refused. */
export interface Failure {
  readonly kind: 'failed';
  readonly code: ErrorCode;
  readonly sentence: string;
  readonly trouble?: DiskTrouble | undefined;
}

/** What became of a piece that the hash pool was given. */
export type StoreOutcome =
  | { readonly kind: 'stored' }
  /** Its digest is wrong. Nothing was written. */
  | { readonly kind: 'mismatch' }
  | Failure;

/** A piece whose bytes are all in its slot, unverified. */
export interface ArrivedPiece {
  readonly piece: number;
  readonly slot: number;
}

export interface StoredPiece {
  readonly piece: number;
  readonly outcome: StoreOutcome;
}

/** Bytes of a slot that are to be read from sources of the plan. */
export interface PieceFill {
  readonly piece: number;
  readonly slot: number;
  readonly parts: readonly ReuseRun[];
  /** Where zeros belong. */
  readonly zeros: readonly PieceSpan[];
}

/** What became of it: `bad` is the source that has changed or cannot be read; undefined: all bytes are there. */
export interface FilledPiece {
  readonly slot: number;
  readonly bad: number | undefined;
}

export type DownloadInput =
  /** `incoming`: they dialed us. */
  | { readonly kind: 'peersFound'; readonly peers: readonly Address[]; readonly incoming: boolean }
  /** What a peer thread reports of one of our connections. */
  | FetchEvent
  | {
      readonly kind: 'stored';
      readonly pieces: readonly StoredPiece[];
    }
  /**
   * Files of this machine have bytes of it. Replaces an earlier plan. `firstGroup` is added to its groups. `placed`:
   * pieces that may lie in the `.part` already.
   */
  | {
      readonly kind: 'sourcesFound';
      readonly plan: ReusePlan;
      readonly firstGroup: number;
      readonly placed?: Bitfield | undefined;
    }
  /** Which of the pieces from `first` on have their digest where they lie in the `.part`. */
  | { readonly kind: 'looked'; readonly first: number; readonly areRight: readonly boolean[] }
  | { readonly kind: 'filled'; readonly fills: readonly FilledPiece[] }
  /** The file is whole, flushed, and at its target path. */
  | { readonly kind: 'finished' }
  | (Omit<Failure, 'kind'> & { readonly kind: 'finishFailed' })
  /** Somebody reads the file in order, and wants this piece now. `readable` answers. */
  | { readonly kind: 'read'; readonly piece: number }
  /** The client's download limit has changed. */
  | { readonly kind: 'limitChanged' }
  | { readonly kind: 'stop' };

export type Ending =
  | { readonly kind: 'completed'; readonly received: number; readonly wasted: number }
  | { readonly kind: 'stopped' }
  | Failure;

export type DownloadPhase =
  | { readonly at: 'running' }
  /** Hanging up on every peer. It ends when every connection has ended and nothing is being stored. */
  | { readonly at: 'draining'; readonly ending: Ending }
  | { readonly at: 'finishing' }
  | { readonly at: 'ended' };

/** What one of our connections is told; it goes to the connection's peer thread as it is. */
export type ConnectionCommand = Extract<FetchCommand, { kind: 'request' | 'cancel' | 'hangUp' }>;

/** Of a piece whose bytes were wrong, for the log. */
export interface HowItCame {
  readonly connection: number;
  readonly slot: number;
  /** The pieces of its request. */
  readonly run: readonly number[];
  /** Why an earlier piece of this download could not be written, if one could not. */
  readonly failure: string | undefined;
}

export type DownloadEffect =
  | { readonly kind: 'dial'; readonly connection: number; readonly address: Address }
  | ConnectionCommand
  /** Verify these pieces and write the right ones: one task of the hash pool. `stored` answers it. */
  | { readonly kind: 'store'; readonly pieces: readonly ArrivedPiece[] }
  /** Read these bytes into their slots: one task. `filled` answers it. */
  | { readonly kind: 'fill'; readonly fills: readonly PieceFill[] }
  /** Verify these pieces where they lie in the `.part`; one of zeros is made so. `looked` answers it. */
  | { readonly kind: 'look'; readonly first: number; readonly count: number }
  | { readonly kind: 'tellHaves'; readonly ranges: readonly PieceRange[] }
  | { readonly kind: 'saveResume' }
  /** Flush the `.part`, and record which pieces that covers. */
  | { readonly kind: 'syncPart' }
  /** Every piece is had: check the file, flush it, give it its name. `finished` or `finishFailed` answers it. */
  | { readonly kind: 'finish' }
  | ({ readonly kind: 'progressed' } & Progress)
  /** It was dialed in vain, and nobody else sends. */
  | ({ readonly kind: 'peerSilent' } & SilentAddress)
  | { readonly kind: 'peersNeeded' }
  /** Bytes that peers brought and that were needed; those from files of this machine, all and by group of sources. */
  | {
      readonly kind: 'reused';
      readonly fetched: number;
      readonly bytes: number;
      readonly groups: ReadonlyMap<number, number>;
    }
  /** `pieces` from `piece` on are done. */
  | { readonly kind: 'readable'; readonly piece: number; readonly pieces: number }
  | { readonly kind: 'banned'; readonly address: Address; readonly piece: number; readonly how: HowItCame }
  /** The last effect: the actor can be taken down. */
  | { readonly kind: 'ended'; readonly ending: Ending };
