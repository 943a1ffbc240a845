// Which bytes of which file the piece space covers: the files of a share lie in it one behind the other, without gaps.
// Pure arithmetic; where the files are on a disk is decided elsewhere.

import { assert } from '../base/assert.js';
import { FILE_SIZE_MAX } from './geometry.js';

/** Bytes of one file. */
export interface Extent {
  /** Its index in the layout. */
  readonly file: number;
  /** In bytes from the beginning of that file. */
  readonly offset: number;
  /** In bytes; at least 1. */
  readonly length: number;
}

export class Layout {
  /** Bytes of the piece space, 0…FILE_SIZE_MAX. */
  readonly size: number;
  /** Where each file ends in the piece space. */
  readonly #ends: readonly number[];

  /** @param sizes bytes of each file, in order. */
  constructor(sizes: readonly number[]) {
    let end = 0;
    this.#ends = sizes.map((size) => {
      end += size;
      return end;
    });
    assert(Number.isSafeInteger(end) && end <= FILE_SIZE_MAX, 'a piece space is within bounds');
    this.size = end;
  }

  /** The extents of `length` bytes from `offset` on, in order; what lies past the end is left out. */
  extents(offset: number, length: number): readonly Extent[] {
    const end = Math.min(offset + length, this.size);
    const extents: Extent[] = [];
    let file = this.#fileAt(offset);
    for (let at = offset; at < end; file += 1) {
      const begin = file === 0 ? 0 : (this.#ends[file - 1] as number);
      const taken = Math.min(this.#ends[file] as number, end) - at;
      if (taken > 0) extents.push({ file, offset: at - begin, length: taken });
      at += taken;
    }
    return extents;
  }

  /** The first file that ends behind `offset`. */
  #fileAt(offset: number): number {
    let [low, high] = [0, this.#ends.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] as number) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
