// One file of the client's library and what is going on with it. Data that exists in one phase only lives in that phase.
// Pure.

import type { ErrorCode } from '../../foundation/base/errors.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { Geometry } from '../../foundation/torrent/geometry.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { FileState, FileView } from '../messages.js';

export type Phase =
  /** At start: is the file, and its .mtorrent, what the library says? */
  | { readonly at: 'checking' }
  /** Accepted, but as many downloads run as may. */
  | { readonly at: 'waiting' }
  /** The `.part` is being opened. */
  | { readonly at: 'opening' }
  | { readonly at: 'downloading' }
  /** Told to stop; then `after` happens. */
  | { readonly at: 'stopping'; readonly after: 'keep' | 'pause' | 'remove' }
  /** Bad pieces of it are made missing again; then it is as it was. */
  | { readonly at: 'mending'; readonly former: Phase }
  /** Serves what it has and fetches nothing, until it is resumed. */
  | { readonly at: 'paused' }
  | { readonly at: 'seeding' }
  | { readonly at: 'failed'; readonly code: ErrorCode; readonly sentence: string }
  /** Its disk has no room for the rest; it goes on when there is. */
  | { readonly at: 'full'; readonly sentence: string }
  /** A complete file that is gone or changed: not announced, not served. */
  | {
      readonly at: 'missing';
      readonly sentence: string;
      /** Shared again when it is right again. */
      readonly returns: boolean;
      /** What the last look found, and what was found when it was checked and not right; undefined: nothing. */
      readonly seen: string | undefined;
      readonly judged: string | undefined;
    };

/** Time of a complete file that was found wrong whatever its time says: no file has it, so every piece is hashed first. */
export const NEVER_RIGHT_MS = -1;

/** A file as the library keeps it. */
export interface Entry {
  /** Absolute. */
  readonly mtorrentPath: string;
  /** Absolute: where the whole file is, or will be. */
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly swarm: SwarmKey;
  readonly trackers: readonly [Address, Address];
  /** Modification time of the complete file when it was last known to be right; null while it is not complete. */
  readonly mtimeMs: number | null;
  /** An unfinished download that fetches nothing for now. */
  readonly paused: boolean;
}

export interface Transfer {
  have: number;
  received: number;
  wasted: number;
  sent: number;
  rate: number;
  peers: number;
}

export const NO_TRANSFER: Readonly<Transfer> = { have: 0, received: 0, wasted: 0, sent: 0, rate: 0, peers: 0 };

export interface FileRecord {
  /** Unique for the life of the process. */
  readonly file: number;
  entry: Entry;
  readonly geometry: Geometry;
  phase: Phase;
  readonly transfer: Transfer;
  /** File system of the target, for space reservations; undefined until known. */
  device: number | undefined;
  /** Known to the trackers. */
  announced: boolean;
  /** Peers may fetch it from us. */
  served: boolean;
}

const STATE_OF: Readonly<Record<Phase['at'], FileState>> = {
  checking: 'checking',
  waiting: 'waiting',
  opening: 'waiting',
  downloading: 'downloading',
  stopping: 'finishing',
  mending: 'checking',
  paused: 'paused',
  seeding: 'seeding',
  failed: 'failed',
  full: 'paused',
  missing: 'missing',
};

export function viewOf(record: FileRecord): FileView {
  const { entry, geometry, phase, transfer } = record;
  const { name, path, mtorrentPath, size } = entry;
  const { rate, peers, received, wasted, sent } = transfer;
  return {
    name,
    state: STATE_OF[phase.at],
    path,
    mtorrentPath,
    size,
    // A complete file counts as such while it is checked at start, and when it is gone.
    have: isUnfinished(record) ? transfer.have : geometry.pieceCount,
    pieces: geometry.pieceCount,
    rate,
    peers,
    received,
    wasted,
    sent,
    problem: 'sentence' in phase ? phase.sentence : '',
  };
}

/** Bytes that a running download will still take from its disk. */
export function bytesToCome(record: FileRecord): number {
  const { at } = record.phase;
  return at === 'downloading' || at === 'opening' || at === 'waiting' || at === 'mending' ? bytesMissing(record) : 0;
}

export function bytesMissing({ geometry, transfer }: FileRecord): number {
  if (geometry.pieceCount === 0) return 0;
  return Math.round(geometry.size * (1 - transfer.have / geometry.pieceCount));
}

export function isUnfinished(record: FileRecord): boolean {
  return record.entry.mtimeMs === null;
}

/** Will end by itself: `wait` waits for it. */
export function isBusy(record: FileRecord): boolean {
  const { at } = record.phase;
  return (
    at === 'waiting' ||
    at === 'opening' ||
    at === 'downloading' ||
    at === 'stopping' ||
    at === 'mending' ||
    (at === 'checking' && isUnfinished(record))
  );
}
