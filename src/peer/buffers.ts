// What blocks are read into on their way to a socket: large buffers of a whole piece, and small ones for when those are all in the hands
// of peers that do not read. A connection may always have one small buffer, so nobody who reads waits for somebody who does not.
// Invariant: as many as UPLOAD_BUFFERS large and UPLOAD_SMALL_BUFFERS small ones exist at most.

import { assert } from '../base/assert.js';
import { midPage } from '../base/bytes.js';
import { PIECE_SIZE, UPLOAD_BUFFERS, UPLOAD_SMALL_BUFFERS, UPLOAD_SMALL_BYTES } from '../base/limits.js';

export class UploadBuffers {
  readonly #large: Uint8Array[] = [];
  readonly #small: Uint8Array[] = [];
  #largeMade = 0;
  #smallMade = 0;

  /** One for a whole block of any length is there. */
  get hasLarge(): boolean {
    return this.#large.length > 0 || this.#largeMade < UPLOAD_BUFFERS;
  }

  get hasAny(): boolean {
    return this.hasLarge || this.#small.length > 0 || this.#smallMade < UPLOAD_SMALL_BUFFERS;
  }

  /** One that holds `length` bytes, a large one while there is any; the caller's until `give`. */
  take(length: number): Uint8Array {
    if (this.hasLarge) {
      const free = this.#large.pop();
      if (free === undefined) this.#largeMade += 1;
      return free ?? midPage(PIECE_SIZE);
    }
    assert(length <= UPLOAD_SMALL_BYTES && this.hasAny, 'what is read fits into what is there');
    const free = this.#small.pop();
    if (free === undefined) this.#smallMade += 1;
    return free ?? midPage(UPLOAD_SMALL_BYTES);
  }

  give(buffer: Uint8Array): void {
    (buffer.length === PIECE_SIZE ? this.#large : this.#small).push(buffer);
  }
}
