// Decides what is believed of the `.part` of a folder, file by file: one that nobody has touched keeps its pieces,
// whatever became of the others. A piece is believed as much as the least believed of its files. Pure.

import { PIECE_SIZE } from '../../../foundation/base/limits.js';
import { Bitfield } from '../../../foundation/torrent/bitfield.js';
import { piecesOfEntry } from '../../../foundation/torrent/folder/entry-pieces.js';
import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import { type LinkedFile, NO_FILE } from '../disk/entry-looks.js';
import { PART_UNRECORDED_MS, PART_YOUNGER_MS } from '../limits.js';
import { allOf, type PiecesVerdict, recordOf, type Trust, trusted } from '../part/reopening.js';
import type { Resume, ResumeReading } from '../part/resume.js';

/** A folder's `.part` as it was before it was opened. */
export interface FoundFolder {
  readonly inode: number;
  /** As of `FoundPart`. */
  readonly times: BigInt64Array;
}

/** `gone`: the file is not there, so no piece of it is. */
type FileTrust = Trust | 'gone';
/** From the most to the least. */
const LEVELS: readonly FileTrust[] = ['full', 'recorded', 'flushed', 'none', 'gone'];
const NS_PER_MS = 1_000_000n;

/** @param zeros the pieces of zeros, which are never fetched. */
export function judgeFolderPieces(
  reading: ResumeReading,
  list: FolderList,
  zeros: Bitfield,
  found: FoundFolder,
): PiecesVerdict {
  const { pieceCount } = zeros;
  const resume = recordOf(reading, list.size);
  if (resume === undefined || reading.kind !== 'resume')
    return { believed: new Bitfield(pieceCount), doubtful: allOf(pieceCount).without(zeros), toClear: zeros };
  let [believed, doubtful] = [new Bitfield(pieceCount), new Bitfield(pieceCount)];
  for (const [level, pieces] of levelsOf(list, pieceCount, trustIn(resume, reading.savedMs, found)).entries()) {
    const trust = LEVELS[level];
    if (trust === undefined || trust === 'gone') continue;
    const proved = trusted(resume, trust);
    believed = believed.with(both(proved.believed, pieces));
    doubtful = doubtful.with(both(proved.doubtful, pieces));
  }
  return { believed, doubtful: doubtful.without(believed).without(zeros), toClear: zeros.without(believed) };
}

function trustIn({ left }: Resume, savedMs: number, { inode, times }: FoundFolder): (entry: number) => FileTrust {
  const { times: recorded } = left;
  if (recorded !== undefined && recorded.length === times.length)
    return (entry) => {
      const time = times[entry] ?? NO_FILE;
      if (time === NO_FILE) return 'gone';
      return time === recorded[entry] ? 'full' : 'none';
    };
  return (entry) => {
    const time = times[entry] ?? NO_FILE;
    if (time === NO_FILE) return 'gone';
    const youngerMs = Number(time / NS_PER_MS) - savedMs;
    if (recorded !== undefined || left.inode !== inode || youngerMs > PART_YOUNGER_MS) return 'none';
    return youngerMs > PART_UNRECORDED_MS ? 'flushed' : 'recorded';
  };
}

/** The pieces of each level, by its index in LEVELS. */
function levelsOf(list: FolderList, pieceCount: number, trust: (entry: number) => FileTrust): readonly Bitfield[] {
  const least = new Uint8Array(pieceCount);
  for (let entry = 0; entry < list.count; entry += 1) {
    const size = list.sizeOf(entry);
    if (size === 0 || !list.isFile(entry) || !list.isChosen(entry)) continue;
    const level = LEVELS.indexOf(trust(entry));
    const begin = list.beginOf(entry);
    const last = Math.floor((begin + size - 1) / PIECE_SIZE);
    for (let piece = Math.floor(begin / PIECE_SIZE); piece <= last; piece += 1)
      least[piece] = Math.max(least[piece] ?? 0, level);
  }
  const levels = LEVELS.map(() => new Bitfield(pieceCount));
  for (const [piece, level] of least.entries()) levels[level]?.set(piece);
  return levels;
}

/** Of the files that have other names as well, those that will be written to: the others stay as they are. */
export function toBeOwn(list: FolderList, linked: readonly LinkedFile[], have: Bitfield): readonly number[] {
  const isWhole = (file: number): boolean => [...piecesOfEntry(list, file)].every((piece) => have.has(piece));
  return linked.filter(({ file, isAsListed }) => !isAsListed || !isWhole(file)).map(({ file }) => file);
}

function both(a: Bitfield, b: Bitfield): Bitfield {
  return a.without(a.without(b));
}
