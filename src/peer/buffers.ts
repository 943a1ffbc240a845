// What blocks are read into on their way to a socket: large buffers of a whole piece each, of which a run takes one for each of its
// pieces, and small ones for when those are all in the hands of peers that do not read. A connection may always have one small
// buffer, so nobody who reads waits for somebody who does not.
// Invariant: as many as UPLOAD_BUFFERS large and UPLOAD_SMALL_BUFFERS small ones exist at most.

import { assert } from '../base/assert.js';
import { midPage } from '../base/bytes.js';
import { PIECE_SIZE, UPLOAD_BUFFERS, UPLOAD_SMALL_BUFFERS, UPLOAD_SMALL_BYTES } from '../base/limits.js';

/** Whole buffers, the caller's from `take` until `give`. */
export type Lent = readonly Uint8Array[];

export class UploadBuffers {
  readonly #large: Uint8Array[] = [];
  readonly #small: Uint8Array[] = [];
  #largeMade = 0;
  #smallMade = 0;

  /** Bytes that the large ones hold which are there. */
  get largeBytes(): number {
    return (this.#large.length + UPLOAD_BUFFERS - this.#largeMade) * PIECE_SIZE;
  }

  get hasAny(): boolean {
    return this.largeBytes > 0 || this.#small.length > 0 || this.#smallMade < UPLOAD_SMALL_BUFFERS;
  }

  /** Some that hold `length` bytes together, large ones while there is any. */
  take(length: number): Lent {
    if (this.largeBytes > 0) {
      assert(length <= this.largeBytes, 'what is read fits into what is there');
      const lent = [this.#takeLarge()];
      while (lent.length * PIECE_SIZE < length) lent.push(this.#takeLarge());
      return lent;
    }
    assert(length <= UPLOAD_SMALL_BYTES && this.hasAny, 'what is read fits into what is there');
    const free = this.#small.pop();
    if (free === undefined) this.#smallMade += 1;
    return [free ?? midPage(UPLOAD_SMALL_BYTES)];
  }

  give(buffers: Lent): void {
    for (const buffer of buffers) (buffer.length === PIECE_SIZE ? this.#large : this.#small).push(buffer);
  }

  #takeLarge(): Uint8Array {
    const free = this.#large.pop();
    if (free === undefined) this.#largeMade += 1;
    return free ?? midPage(PIECE_SIZE);
  }
}

/** Views of the first `length` bytes of what the buffers hold, one after the other. */
export function cut(buffers: Lent, length: number): readonly Uint8Array[] {
  return buffers.map((buffer, at) => {
    const left = length - at * buffer.length;
    return left < buffer.length ? buffer.subarray(0, left) : buffer;
  });
}
