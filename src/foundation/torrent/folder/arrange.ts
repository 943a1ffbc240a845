// The order in which `create` and `share` lay the files of a folder into the piece space: small ones packed without
// gaps, large ones each from a piece on, so that an unchanged large file has the same pieces in every version. The same
// tree always gives the same list. Pure.

import { PIECE_SIZE } from '../../base/limits.js';
import type { FolderEntry } from './folder-list.js';
import { ALIGNED_FILE_BYTES_MIN } from './limits.js';

const PAD = { kind: 'pad', path: '', target: '', digest: undefined, seconds: undefined } as const;

/**
 * The entries of a list in its order, with pads: packed files, aligned files, then folders and links, each in byte
 * order of their paths.
 * @param found in any order, without pads.
 */
export function arrange<Entry extends FolderEntry>(found: readonly Entry[]): (Entry | (FolderEntry & typeof PAD))[] {
  const sorted = inByteOrder(found);
  const arranged: (Entry | (FolderEntry & typeof PAD))[] = sorted.filter((entry) => isPacked(entry));
  let size = arranged.reduce((sum, entry) => sum + entry.size, 0);
  for (const entry of sorted) {
    if (!isFile(entry) || isPacked(entry)) continue;
    const past = size % PIECE_SIZE;
    if (past > 0) arranged.push({ ...PAD, size: PIECE_SIZE - past });
    arranged.push(entry);
    size += (past > 0 ? PIECE_SIZE - past : 0) + entry.size;
  }
  for (const kind of ['dir', 'link']) {
    for (const entry of sorted) if (entry.kind === kind) arranged.push(entry);
  }
  return arranged;
}

function isFile({ kind }: FolderEntry): boolean {
  return kind === 'file' || kind === 'exec';
}

function isPacked(entry: FolderEntry): boolean {
  return isFile(entry) && entry.size < ALIGNED_FILE_BYTES_MIN;
}

const SURROGATE = /[\ud800-\udfff]/;

/** Only characters past U+FFFF, which are two units of a string, have another order there than in UTF-8. */
function inByteOrder<Entry extends FolderEntry>(entries: readonly Entry[]): readonly Entry[] {
  if (!entries.some(({ path }) => SURROGATE.test(path))) {
    return entries.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  }
  const keyed = entries.map((entry) => ({ entry, bytes: Buffer.from(entry.path) }));
  return keyed.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ entry }) => entry);
}
