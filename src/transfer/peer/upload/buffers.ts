// Which upload buffers are in use: large ones of a piece each, and small ones for when peers that do not read hold all
// the large ones. A connection may always have one small buffer, so no reading peer waits for one that does not read.
// Invariant: a buffer is free or lent once, on whichever thread. Pure.

import { assert } from '../../../foundation/base/assert.js';
import {
  PIECE_SIZE,
  UPLOAD_BUFFERS,
  UPLOAD_SMALL_BUFFERS,
  UPLOAD_SMALL_BYTES,
} from '../../../foundation/base/limits.js';

/** Buffers by number, the borrower's from `take` until `give`. The large ones come first. */
export type BufferNumbers = readonly number[];

export const BUFFERS_MAX = UPLOAD_BUFFERS + UPLOAD_SMALL_BUFFERS;

export class UploadBuffers {
  /** The buffer given back last is lent next, so that memory nobody needs is never touched. */
  readonly #large = numbers(0, UPLOAD_BUFFERS);
  readonly #small = numbers(UPLOAD_BUFFERS, BUFFERS_MAX);
  /** 1: lent. */
  readonly #lent = new Uint8Array(BUFFERS_MAX);

  /** Bytes that the free large buffers hold. */
  get largeBytes(): number {
    return this.#large.length * PIECE_SIZE;
  }

  get hasAny(): boolean {
    return this.#large.length > 0 || this.#small.length > 0;
  }

  /** Buffers that hold `length` bytes together: large ones while any is free. */
  take(length: number): BufferNumbers {
    if (this.#large.length === 0) {
      assert(length <= UPLOAD_SMALL_BYTES && this.hasAny, 'what is read fits into what is there');
      return this.#lend(this.#small.splice(-1));
    }
    assert(length <= this.largeBytes, 'what is read fits into what is there');
    return this.#lend(this.#large.splice(-Math.ceil(length / PIECE_SIZE)).reverse());
  }

  give(buffers: BufferNumbers): void {
    for (const buffer of buffers) {
      assert(this.#lent[buffer] === 1, 'a buffer that is given back is lent');
      this.#lent[buffer] = 0;
      (buffer < UPLOAD_BUFFERS ? this.#large : this.#small).push(buffer);
    }
  }

  #lend(buffers: BufferNumbers): BufferNumbers {
    for (const buffer of buffers) this.#lent[buffer] = 1;
    return buffers;
  }
}

/** From `first` to `end`, the first one last. */
function numbers(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, at) => end - 1 - at);
}
