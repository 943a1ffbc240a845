// Decides what is believed of a file that is found on the disk: its record, if there is one, against what lies there.
// Invariant: only what this client verified and nobody has touched since is believed, as far as inode, size and times
// tell; the rest is hashed, and refused when nothing of it is right. Pure.

import { basename } from 'node:path';
import { formatBytes } from '../../../foundation/base/bytes.js';
import { shellLine } from '../../../foundation/base/shell-line.js';
import { Bitfield, type PieceRange } from '../../../foundation/torrent/bitfield.js';
import type { SwarmKey } from '../../../foundation/torrent/ids.js';
import { PART_UNRECORDED_MS, PART_YOUNGER_MS } from '../limits.js';
import type { Stamp } from '../storage.js';
import type { Resume, ResumeReading } from './resume.js';

/** What is known of a file of the library. */
export interface KnownFile {
  /** Where the complete file is, or will be. */
  readonly path: string;
  readonly mtorrentPath: string;
  /** In bytes. */
  readonly size: number;
  readonly swarm: SwarmKey;
  /** Modification time of the complete file when it was right; null while it is not complete. */
  readonly mtimeMs: number | null;
}

export interface Refused {
  readonly kind: 'refuse';
  /** For people: why, and what to do. */
  readonly sentence: string;
}

/** On what lies at the path of a complete file. */
export type FileVerdict =
  /** Complete and untouched since it was right. */
  | { readonly kind: 'believe' }
  /** Touched since, or finished just before a crash: its bytes decide. */
  | { readonly kind: 'hash' }
  /** It was never complete: its pieces are in its `.part`. */
  | { readonly kind: 'unfinished' }
  | Refused;

/** @param found undefined when nothing lies there. */
export function judgeFile(
  entry: Pick<KnownFile, 'path' | 'mtorrentPath' | 'size' | 'mtimeMs'>,
  found: Pick<Stamp, 'size' | 'mtimeMs'> | undefined,
): FileVerdict {
  const { size, mtimeMs } = entry;
  if (found === undefined) {
    if (mtimeMs === null) return { kind: 'unfinished' };
    return hasGone(entry);
  }
  if (found.size !== size) return hasChanged(entry);
  return found.mtimeMs === mtimeMs ? { kind: 'believe' } : { kind: 'hash' };
}

/** A share that is not at its place. */
export function hasGone({ path, mtorrentPath }: Pick<KnownFile, 'path' | 'mtorrentPath'>): Refused {
  return { kind: 'refuse', sentence: `${path} is gone; put it back, or remove ${basename(mtorrentPath)}` };
}

/** A file whose pieces were hashed and are not all right. */
export function hasChanged({ path, mtorrentPath }: Pick<KnownFile, 'path' | 'mtorrentPath'>): Refused {
  const remedy = `put the old file back, or remove ${basename(mtorrentPath)}`;
  return { kind: 'refuse', sentence: `${path} has changed since it was shared; ${remedy}` };
}

/** @param found the swarm of the .mtorrent as it is now. Undefined: it still describes the same file. */
export function judgeMetainfo(
  { swarm, mtorrentPath }: Pick<KnownFile, 'swarm' | 'mtorrentPath'>,
  found: SwarmKey,
): Refused | undefined {
  if (found === swarm) return undefined;
  return { kind: 'refuse', sentence: `${mtorrentPath} describes another file than before; put the old one back` };
}

/** On what lies where a download is to be written. `examine`: nobody remembers it, so its pieces are hashed first. */
export type PartVerdict = 'create' | 'reopen' | 'examine';

/** @param hasRecord whether there is one, readable or not. */
export function judgePart(isThere: boolean, hasRecord: boolean): PartVerdict {
  if (!isThere) return 'create';
  return hasRecord ? 'reopen' : 'examine';
}

/** What was found in a file that nobody remembers. */
export interface Examined {
  /** Pieces that are right and are not zeros throughout, which any hole is. All, when the file is nothing but zeros. */
  readonly good: number;
  readonly pieces: number;
  /** Bytes that it takes on the disk: 0 for one that is empty, or a hole throughout. */
  readonly diskBytes: number;
}

/** Undefined: it is this download's, or empty, and is continued. */
export function judgeUnknownPart(partPath: string, { good, diskBytes }: Examined): Refused | undefined {
  if (good > 0 || diskBytes === 0) return undefined;
  const sentence = `${partPath} is there and no piece of it is right, so it belongs to another download; choose another destination or move it away`;
  return { kind: 'refuse', sentence };
}

/** What was found in a file at the target that is not the one that is wanted. */
export interface Taken extends Pick<Examined, 'good' | 'pieces'> {
  /** Bytes behind those that are wanted. */
  readonly more: number;
  /** What it is, where it is no file that can be read. */
  readonly kind?: 'a folder' | 'a link that leads to nothing' | 'no regular file' | undefined;
  readonly isPartThere: boolean;
}

/** On a file at the target that is not whole. It may be somebody's data, so it is never written to unasked. */
export function targetTaken(path: string, partPath: string, { good, pieces, more, isPartThere, kind }: Taken): Refused {
  const what = `${path} exists already`;
  if (good === 0)
    return {
      kind: 'refuse',
      sentence: `${what} and is ${kind ?? 'another file'}; choose another destination or move that ${kind === undefined ? 'file ' : ''}away`,
    };
  const right = good === pieces ? `all of its ${pieces} pieces are right` : `${good} of its ${pieces} pieces are right`;
  const behind = more === 0 ? '' : `, with ${formatBytes(more)} behind them`;
  const kept = `${good === pieces ? 'keep these' : 'keep these and fetch the others'}${more === 0 ? '' : ', and cut off what is behind them'}`;
  const remedy = isPartThere
    ? `choose another destination or move that file away: ${partPath} is continued then`
    : `to ${kept}, rename it with: ${shellLine('mv', path, partPath)} and run the same command again`;
  return { kind: 'refuse', sentence: `${what}, and ${right}${behind}; ${remedy}` };
}

/** On the pieces of a `.part`; a piece in none of these is missing. */
export interface PiecesVerdict {
  readonly believed: Bitfield;
  /** To be hashed. */
  readonly doubtful: Bitfield;
  /** Pieces of zeros that are not believed: to be read, and written where they are anything else. */
  readonly toClear: Bitfield;
}

/**
 * @param zeros the pieces of zeros, which are never fetched.
 * @param found the `.part` as it was before it was opened.
 */
export function judgePieces(
  reading: ResumeReading,
  { size, pieceCount }: { readonly size: number; readonly pieceCount: number },
  zeros: Bitfield,
  found: Pick<Stamp, 'inode' | 'size' | 'mtimeMs'>,
): PiecesVerdict {
  const resume = recordOf(reading, size);
  if (resume === undefined || reading.kind !== 'resume')
    return { believed: new Bitfield(pieceCount), doubtful: allOf(pieceCount).without(zeros), toClear: zeros };
  const { believed, doubtful } = trusted(resume, trustIn(resume, reading.savedMs, found));
  return { believed, doubtful: doubtful.without(believed).without(zeros), toClear: zeros.without(believed) };
}

/** What a record proves of pieces that are trusted so far. */
export function trusted({ have, synced }: Resume, trust: Trust): Omit<PiecesVerdict, 'toClear'> {
  switch (trust) {
    case 'full':
      return { believed: have, doubtful: have };
    case 'recorded':
      return { believed: synced, doubtful: have };
    case 'flushed':
      return { believed: synced, doubtful: allOf(have.pieceCount) };
    case 'none':
      // Another client may have added pieces that this record does not know.
      return { believed: new Bitfield(have.pieceCount), doubtful: allOf(have.pieceCount) };
  }
}

/**
 * full: all that is recorded. recorded: what was flushed, and the rest of the record is hashed. flushed: the same, and
 * there may be more pieces than recorded.
 */
export type Trust = 'full' | 'recorded' | 'flushed' | 'none';

function trustIn(
  { left: { clean, inode }, size }: Resume,
  savedMs: number,
  found: Pick<Stamp, 'inode' | 'size' | 'mtimeMs'>,
): Trust {
  if (clean !== null) return clean.size === found.size && clean.mtimeMs === found.mtimeMs ? 'full' : 'none';
  if (inode !== found.inode || size !== found.size || found.mtimeMs > savedMs + PART_YOUNGER_MS) return 'none';
  return found.mtimeMs > savedMs + PART_UNRECORDED_MS ? 'flushed' : 'recorded';
}

/** The pieces that a record says are there; none when it is of another size or cannot be read. */
export function recordedPieces(reading: ResumeReading | undefined, size: number, pieceCount: number): Bitfield {
  return recordOf(reading, size)?.have ?? new Bitfield(pieceCount);
}

export function recordOf(reading: ResumeReading | undefined, size: number): Resume | undefined {
  return reading?.kind === 'resume' && reading.resume.size === size ? reading.resume : undefined;
}

/** The record without the pieces that were found wrong. */
export function withoutPieces(resume: Resume, bad: readonly PieceRange[]): Resume {
  const wrong = new Bitfield(resume.have.pieceCount);
  for (const [begin, count] of bad) for (let at = 0; at < count; at += 1) wrong.set(begin + at);
  return { ...resume, have: resume.have.without(wrong), synced: resume.synced.without(wrong) };
}

/** What was found before and after a file was hashed; undefined when it changed in between. */
export function unchanged<Found extends { readonly changedMs: number; readonly size: number }>(
  before: Found | undefined,
  after: Found | undefined,
): Found | undefined {
  return before?.changedMs === after?.changedMs && before?.size === after?.size ? after : undefined;
}

export function allOf(pieceCount: number): Bitfield {
  const all = new Bitfield(pieceCount);
  all.setAll();
  return all;
}
