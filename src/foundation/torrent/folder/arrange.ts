// The order in which `create` and `share` lay the files of a folder into the piece space: small ones packed without
// gaps, large ones each from a piece on, so that an unchanged large file has the same pieces in every version. The same
// tree always gives the same list. Pure.

import { PIECE_SIZE } from '../../base/limits.js';
import { type FolderEntry, type FolderList, FolderListBuilder } from './folder-list.js';
import { ALIGNED_FILE_BYTES_MIN } from './limits.js';
import type { PathTable } from './path-table.js';

const PAD = { kind: 'pad', path: '', target: '', digest: undefined, seconds: undefined } as const;

/** Entries in any order, without pads. */
export interface FoundEntries {
  readonly count: number;
  readonly paths: PathTable;
  /** Of all paths and targets. */
  readonly textBytes: number;
  isFile(index: number): boolean;
  kindOf(index: number): FolderEntry['kind'];
  sizeOf(index: number): number;
  entryOf(index: number): FolderEntry;
  /** As a list has it. */
  stampOf(index: number): bigint;
}

/** The order of a list, before there is one. */
export interface Arrangement {
  /** Indices of entries as they were found; in place of a pad its bytes, as a negative number. */
  readonly steps: Int32Array;
  /** Bytes of the piece space. */
  readonly size: number;
}

/** Packed files, aligned files with pads before them, then folders and links, each in byte order of their paths. */
export function arrange(found: FoundEntries): Arrangement {
  const sorted = found.paths.inByteOrder(Uint32Array.from({ length: found.count }, (_, index) => index));
  // Before each large file there is a pad at most.
  const steps = new Int32Array(found.count + sorted.filter((index) => isAligned(found, index)).length);
  let [count, size] = [0, 0];
  const take = (index: number): void => {
    steps[count] = index;
    count += 1;
    size += found.sizeOf(index);
  };
  for (const index of sorted) if (found.isFile(index) && !isAligned(found, index)) take(index);
  for (const index of sorted) {
    if (!isAligned(found, index)) continue;
    const past = size % PIECE_SIZE;
    if (past > 0) {
      steps[count] = past - PIECE_SIZE;
      count += 1;
      size += PIECE_SIZE - past;
    }
    take(index);
  }
  for (const kind of ['dir', 'link']) for (const index of sorted) if (found.kindOf(index) === kind) take(index);
  return { steps: steps.subarray(0, count), size };
}

/** The list in that order, with the stamps that the entries have. */
export function arranged(found: FoundEntries, { steps }: Arrangement): FolderList {
  const builder = new FolderListBuilder(steps.length, found.textBytes);
  for (const step of steps) {
    if (step < 0) builder.push({ ...PAD, size: -step });
    else builder.push(found.entryOf(step), found.stampOf(step));
  }
  return builder.build();
}

function isAligned(found: FoundEntries, index: number): boolean {
  return found.isFile(index) && found.sizeOf(index) >= ALIGNED_FILE_BYTES_MIN;
}
