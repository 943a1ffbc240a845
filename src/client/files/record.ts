// The record of one file: its library entry, its phase, its transfer; and the row that shows it. Pure.

import type { Address } from '../../foundation/torrent/address.js';
import type { Geometry } from '../../foundation/torrent/geometry.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { InfoFacts } from '../../foundation/torrent/info-text.js';
import { type Progress, progress } from '../../transfer/download/messages.js';
import type { Totals } from '../../transfer/storage/part/totals.js';
import { type Choice, type FileState, type FileView, withContinuation } from '../messages.js';
import type { Completeness } from './completeness.js';
import type { Phase } from './file-life.js';
import type { Flow } from './flow.js';

/** One .mtorrent of a swarm, and the copy of its content on this machine. */
export interface Name {
  /** Absolute. */
  readonly mtorrentPath: string;
  /** Absolute: where the whole file is, or will be. */
  readonly path: string;
  /** The file's name in the .mtorrent. */
  readonly name: string;
  /** The pair that the .mtorrent names. */
  readonly trackers: readonly [Address, Address];
  readonly completeness: Completeness;
  /** What trackers are told of the .mtorrent; absent: recorded by an earlier release. */
  readonly details?: InfoFacts | undefined;
}

/** What is recorded of a folder. */
export interface FolderRecord extends Choice {
  /** Files that are wanted. */
  readonly files: number;
  /** Bytes of these files. Absent: recorded by an earlier release. */
  readonly bytes?: number | undefined;
  /** It was shared with what its links point to, so its files may be reached through them. */
  readonly followsLinks?: true | undefined;
}

/** What a person said about sources of a download. */
export interface ReuseWish {
  /** Files and folders that may have bytes of it. Absolute. */
  readonly paths: readonly string[];
  /** Nothing on this machine is to be used. */
  readonly isOff: boolean;
}

/** A swarm as the library records it. Its own fields are those of the name that is served and shown. */
export interface Entry extends Name {
  /** Bytes of the share. */
  readonly size: number;
  readonly swarm: SwarmKey;
  /** Absent: the share is one file. The times of its copies are then those of the records of their stamps. */
  readonly folder?: FolderRecord | undefined;
  /** Whoever asks a tracker what there is may see it: its user shared it so. Absent: not, or it was fetched. */
  readonly isListed?: boolean | undefined;
  /** Of an unfinished download. Absent: nothing was said. */
  readonly reuse?: ReuseWish | undefined;
  /** The rules of retention have it deleted, which may not have ended. */
  readonly isRetiring?: true | undefined;
  /** Its further names, oldest first: other .mtorrent files, other copies. At most ENTRY_NAMES_MAX with its own. */
  readonly others: readonly Name[];
}

/** Pieces of zeros, which are neither fetched nor written, and the wanted bytes in them. */
export interface KnownZeros {
  readonly pieces: number;
  readonly bytes: number;
}

/** What its download reports, counted since it was opened last, and the bytes sent in this run. */
export type Transfer = { -readonly [K in keyof Progress]: number } & { sent: number };

export const NO_TRANSFER: Readonly<Transfer> = {
  ...(Object.fromEntries(Object.keys(progress).map((name) => [name, 0])) as Record<keyof Progress, number>),
  sent: 0,
};

/** Changed by the table of files alone, but for `transfer` and `flow`. */
export interface FileRecord {
  /** Unique for the life of the process. Later files have higher numbers. */
  readonly file: number;
  readonly entry: Entry;
  readonly geometry: Geometry;
  readonly phase: Phase;
  readonly transfer: Transfer;
  readonly flow: Flow;
  /** File system of the target, for space reservations; undefined until known. */
  readonly device: number | undefined;
  /** Bytes of its pieces of zeros. 0 for a file that is no download of this run. */
  readonly zeroBytes: number;
}

/** Its download is opened, once more maybe, and reports from zero on. @param totals of its former runs. */
export function countAnew({ transfer, flow }: FileRecord, totals: Totals): void {
  flow.ranBefore(totals);
  flow.opened();
  Object.assign(transfer, { received: 0, wasted: 0, reused: 0 });
}

const STATE_OF: Readonly<Record<Phase['at'], FileState>> = {
  checking: 'checking',
  waiting: 'waiting',
  opening: 'waiting',
  downloading: 'downloading',
  stopping: 'finishing',
  leaving: 'finishing',
  retiring: 'finishing',
  mending: 'checking',
  paused: 'paused',
  seeding: 'seeding',
  failed: 'failed',
  stalled: 'paused',
  missing: 'missing',
};

/** @param shown one of its names; the first unless another is meant. */
export function viewOf(record: FileRecord, shown: Name = record.entry): FileView {
  const { entry, geometry, phase } = record;
  const { wanted, wantedBytes, filesDone } = record.transfer;
  const transfer = shownOf(record);
  const { name, path, mtorrentPath } = shown;
  const files = entry.folder?.files ?? 0;
  // Known from the first report of a download on.
  const [pieces, size] =
    wanted === 0 ? [geometry.pieceCount, entry.folder?.bytes ?? entry.size] : [wanted, wantedBytes];
  return {
    name,
    state: STATE_OF[phase.at],
    path,
    mtorrentPath,
    size,
    ...transfer,
    // A complete file shows all its pieces even while it is checked or missing.
    have: isUnfinished(record) || isPartlyShared(phase) ? Math.min(transfer.have, pieces) : pieces,
    pieces,
    problem: problemOf(phase),
    zeros: record.zeroBytes,
    files,
    changed: (phase.at === 'seeding' ? phase.changed : undefined) ?? 0,
    filesDone: isUnfinished(record) ? filesDone : files,
  };
}

/** Those of its numbers that a row shows as they are, and its bytes over all pauses and runs. */
function shownOf({ transfer, flow }: FileRecord) {
  const { have, rate, peers, seeders, sent } = transfer;
  return { have, rate, peers, seeders, sent, ...flow.counted(transfer), ...flow.before };
}

/** Some files of the folder have changed, and are not shared. */
function isPartlyShared(phase: Phase): boolean {
  return phase.at === 'seeding' && phase.changed !== undefined;
}

/** A row for each .mtorrent that a complete file is known by. What was sent and received stands in the first. */
export function viewsOf(record: FileRecord): readonly FileView[] {
  const first = viewOf(record);
  if (isUnfinished(record)) return [first];
  const others = record.entry.others.map((name) => ({
    ...viewOf(record, name),
    ...{ received: 0, receivedBefore: 0, wasted: 0, wastedBefore: 0, sent: 0 },
  }));
  return [first, ...others];
}

function problemOf(phase: Phase): string {
  if (phase.at === 'stalled') return withContinuation(phase);
  return ('sentence' in phase ? phase.sentence : undefined) ?? '';
}

/** Bytes that a running download will still write to its disk. */
export function bytesToCome(record: FileRecord): number {
  return isGrowing(record) ? bytesMissing(record) : 0;
}

export function isGrowing({ phase: { at } }: FileRecord): boolean {
  return at === 'downloading' || at === 'opening' || at === 'waiting' || at === 'mending';
}

export function bytesMissing({ geometry, transfer }: FileRecord): number {
  if (geometry.pieceCount === 0) return 0;
  const { have, wanted, wantedBytes } = transfer;
  if (wanted > 0) return Math.round(wantedBytes * Math.max(0, 1 - have / wanted));
  return Math.round(geometry.size * (1 - have / geometry.pieceCount));
}

/** Pieces that peers may be offered. */
export function offeredCount(record: FileRecord): number {
  const { transfer } = record;
  return isUnfinished(record) && transfer.wanted > 0 ? transfer.offered : transfer.have;
}

export function isUnfinished(record: FileRecord): boolean {
  return record.entry.completeness.kind === 'partial';
}

/** Looked at on disk from time to time. */
export function isWatched({ phase }: FileRecord): boolean {
  return phase.at === 'stalled' || phase.at === 'seeding' || (phase.at === 'missing' && phase.returns !== 'never');
}

/** The command `wait` waits for it: it will end by itself. */
export function isBusy(record: FileRecord): boolean {
  const { phase } = record;
  if (phase.at === 'checking') return isUnfinished(record);
  return phase.at === 'waiting' || phase.at === 'downloading' || isWorkedOn(phase);
}

/** Something works on its `.part` or resume data, and reports when that has ended. */
export function isWorkedOn({ at }: Phase): boolean {
  return at === 'opening' || at === 'stopping' || at === 'leaving' || at === 'mending';
}

/** Counts as one of the downloads that run at once. */
export function isRunning({ at }: Phase): boolean {
  return at === 'opening' || at === 'downloading' || at === 'stopping' || at === 'leaving';
}
