// The record of one file: its library entry, its phase, its transfer; and the row that shows it. Pure.

import type { Address } from '../../foundation/torrent/address.js';
import type { Geometry } from '../../foundation/torrent/geometry.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import { type Progress, progress } from '../../transfer/download/messages.js';
import type { FileState, FileView } from '../messages.js';
import type { Completeness } from './completeness.js';
import { isWorkedOn, type Phase } from './file-life.js';

/** A file as library.json records it. */
export interface Entry {
  /** Absolute. */
  readonly mtorrentPath: string;
  /** Absolute: where the whole file is, or will be. */
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly swarm: SwarmKey;
  readonly trackers: readonly [Address, Address];
  readonly completeness: Completeness;
}

/** What its download reports, and the bytes sent. Counted for this run. */
export type Transfer = { -readonly [K in keyof Progress]: number } & { sent: number };

export const NO_TRANSFER: Readonly<Transfer> = {
  ...(Object.fromEntries(Object.keys(progress).map((name) => [name, 0])) as Record<keyof Progress, number>),
  sent: 0,
};

export interface FileRecord {
  /** Unique for the life of the process. */
  readonly file: number;
  entry: Entry;
  readonly geometry: Geometry;
  phase: Phase;
  readonly transfer: Transfer;
  /** File system of the target, for space reservations; undefined until known. */
  device: number | undefined;
}

const STATE_OF: Readonly<Record<Phase['at'], FileState>> = {
  checking: 'checking',
  waiting: 'waiting',
  opening: 'waiting',
  downloading: 'downloading',
  stopping: 'finishing',
  leaving: 'finishing',
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
  return {
    name,
    state: STATE_OF[phase.at],
    path,
    mtorrentPath,
    size,
    ...transfer,
    // A complete file shows all its pieces even while it is checked or missing.
    have: isUnfinished(record) ? transfer.have : geometry.pieceCount,
    pieces: geometry.pieceCount,
    problem: 'sentence' in phase ? phase.sentence : '',
  };
}

/** Bytes that a running download will still write to its disk. */
export function bytesToCome(record: FileRecord): number {
  const { at } = record.phase;
  return at === 'downloading' || at === 'opening' || at === 'waiting' || at === 'mending' ? bytesMissing(record) : 0;
}

export function bytesMissing({ geometry, transfer }: FileRecord): number {
  if (geometry.pieceCount === 0) return 0;
  return Math.round(geometry.size * (1 - transfer.have / geometry.pieceCount));
}

export function isUnfinished(record: FileRecord): boolean {
  return record.entry.completeness.kind === 'partial';
}

/** The command `wait` waits for it: it will end by itself. */
export function isBusy(record: FileRecord): boolean {
  const { phase } = record;
  if (phase.at === 'checking') return isUnfinished(record);
  return phase.at === 'waiting' || phase.at === 'downloading' || isWorkedOn(phase);
}
