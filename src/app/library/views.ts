// What a client says of its files, peers and trackers, as objects with names: bytes and pieces as numbers, rates in
// bytes a second. Pure.

import { type ClientEvent, withContinuation as continued, type FileView, type PeerRow } from '../../client/messages.js';
import { PIECE_SIZE } from '../../foundation/base/limits.js';
import { formatAddress } from '../../foundation/torrent/address.js';

export type { ClientStats, FileView, FindingView, TrackerView } from '../../client/messages.js';
export type { ListedFile, Seeders } from '../../tracking/tracker/listing.js';

/** What a download found on this machine, and what it fetched: bytes, and how many from which source. */
export type Reused = Extract<ClientEvent, { readonly kind: 'reused' }>;

/** Every piece is there, or was: `[S]` in a list. */
export function isWhole({ state, have, pieces }: FileView): boolean {
  return state === 'seeding' || ((state === 'missing' || state === 'checking') && have === pieces);
}

/** A download that goes on or ends by itself: it runs, waits for its turn, or for room on the disk. */
export function isRunning({ state, have, pieces, problem }: FileView): boolean {
  if (state === 'paused') return problem !== '';
  if (state === 'checking') return have < pieces;
  return state === 'downloading' || state === 'finishing' || state === 'waiting';
}

/** The sentence of a stalled download, for somebody whose client keeps running. */
export const withContinuation = continued;

/** Bytes of the pieces that are there; the last piece may be shorter. */
export function bytesHad({ have, pieces, size }: Pick<FileView, 'have' | 'pieces' | 'size'>): number {
  if (have === pieces) return size;
  // Of a folder's wanted pieces some bytes may belong to files that were left out.
  const isPartial = size <= (pieces - 1) * PIECE_SIZE;
  return isPartial ? Math.floor((size * have) / pieces) : Math.min(size, have * PIECE_SIZE);
}

export interface PeerView extends Omit<PeerRow, 'host' | 'port' | 'member'> {
  readonly address: string;
  /** In a closed swarm, whose it is: the name on its card, and the first letters of its key's id. */
  readonly member?: NonNullable<PeerRow['member']>;
}

export function peerView({ host, port, member, ...row }: PeerRow): PeerView {
  const view = { ...row, address: formatAddress({ host, port }) };
  return member === null ? view : { ...view, member };
}

/** What the rules of retention lead to; rules that are 0 are off. */
export type RetentionView = Omit<Extract<ClientEvent, { readonly kind: 'retained' }>, 'kind' | 'ask'>;
export type RetentionRules = Pick<RetentionView, 'days' | 'versions' | 'budget'>;

export interface Overview {
  /** Those that are not simply shared, and those that are being hashed; a part of them when there are very many. */
  readonly files: readonly FileView[];
  readonly fileCount: number;
  /** Bytes of all files in this run. */
  readonly received: number;
  readonly sent: number;
}

export interface PieceMap {
  readonly name: string;
  readonly have: number;
  readonly pieces: number;
  /** Each the share of its pieces that are there, 0 none … 255 all; in order, of equal size give or take one piece. */
  readonly cells: Uint8Array;
}

export interface Retracking {
  /** That name the new tracker. */
  readonly files: number;
  /** Why some .mtorrent files could not be rewritten, each naming its path. */
  readonly failures: readonly string[];
  /** New shares of this client are announced to the old tracker: its setting names it. */
  readonly isForNewShares: boolean;
}

export interface Relocation {
  /** That are shared from their new places. */
  readonly files: number;
  /** That are not. */
  readonly refused: number;
  /** Why, for the first of them. */
  readonly failures: readonly string[];
}

export interface Verification {
  readonly name: string;
  readonly good: number;
  readonly pieces: number;
  /** [first piece, how many] of recorded pieces that are wrong. */
  readonly bad: readonly (readonly [number, number])[];
  /** There are further bad ones. */
  readonly more: boolean;
}
