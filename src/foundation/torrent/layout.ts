// Which bytes of which file the piece space covers: the files of a share lie in it one behind the other, without gaps.
// Pure arithmetic; where the files are on a disk is decided elsewhere.

import { assert } from '../base/assert.js';
import type { FolderList } from './folder/folder-list.js';
import { FILE_SIZE_MAX } from './geometry.js';

/** Bytes of one file. */
export interface Extent {
  /** Its index in the layout; in a folder, the index of its entry, which may be a pad. */
  readonly file: number;
  /** In bytes from the beginning of that file. */
  readonly offset: number;
  /** In bytes; at least 1. */
  readonly length: number;
}

export class Layout {
  /** Bytes of the piece space, 0…FILE_SIZE_MAX. */
  readonly size: number;
  /** Undefined for a share that is one file. */
  readonly folder: FolderList | undefined;

  /** @param content the bytes of the one file, or the list of a folder. */
  constructor(content: number | FolderList) {
    const [size, folder] = typeof content === 'number' ? [content, undefined] : [content.size, content];
    assert(Number.isSafeInteger(size) && size <= FILE_SIZE_MAX, 'a piece space is within bounds');
    this.size = size;
    this.folder = folder;
  }

  /** The extents of `length` bytes from `offset` on, in order; what lies past the end is left out. */
  extents(offset: number, length: number): readonly Extent[] {
    const end = Math.min(offset + length, this.size);
    if (offset >= end) return [];
    const { folder } = this;
    if (folder === undefined) return [{ file: 0, offset, length: end - offset }];
    const extents: Extent[] = [];
    let file = folder.indexAt(offset);
    for (let at = offset; at < end; file += 1) {
      const begin = folder.beginOf(file);
      const taken = Math.min(begin + folder.sizeOf(file), end) - at;
      if (taken > 0) extents.push({ file, offset: at - begin, length: taken });
      at += taken;
    }
    return extents;
  }
}
