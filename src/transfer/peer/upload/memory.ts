// The memory of the upload buffers: one block for the client, seen by every thread that serves. Never decides which
// buffer is used.

import { midPageShared } from '../../../foundation/base/bytes.js';
import {
  PIECE_SIZE,
  UPLOAD_BUFFERS,
  UPLOAD_MEMORY_BYTES,
  UPLOAD_SMALL_BYTES,
} from '../../../foundation/base/limits.js';
import { BUFFERS_MAX, type BufferNumbers } from './buffers.js';

export class UploadMemory {
  readonly #views: readonly Uint8Array[];

  /** @param shared of UPLOAD_MEMORY_BYTES, as `midPageShared` makes it. */
  constructor(shared: SharedArrayBuffer) {
    const bytes = midPageShared(UPLOAD_MEMORY_BYTES, shared);
    this.#views = Array.from({ length: BUFFERS_MAX }, (_, at) => bytes.subarray(placeOf(at), placeOf(at + 1)));
  }

  /** Views of the first `length` bytes of what the buffers hold, one after the other. */
  cut(buffers: BufferNumbers, length: number): readonly Uint8Array[] {
    let left = length;
    return buffers.map((buffer) => {
      const view = this.#views[buffer] as Uint8Array;
      const cut = left < view.length ? view.subarray(0, left) : view;
      left -= cut.length;
      return cut;
    });
  }
}

function placeOf(buffer: number): number {
  const large = Math.min(buffer, UPLOAD_BUFFERS);
  return large * PIECE_SIZE + (buffer - large) * UPLOAD_SMALL_BYTES;
}
