// Where arriving payload belongs: a range of the slab, piece by piece in the slots of its request. Never reads a byte.
// Pure.

import { assert } from '../../../foundation/base/assert.js';
import { PIECE_SIZE } from '../../../foundation/base/limits.js';

export class PayloadTarget {
  readonly #slab: SharedArrayBuffer;
  readonly #slots: readonly number[];
  /** Bytes from the begin of the first piece. */
  #at: number;
  readonly #end: number;

  /** @param slots one for each piece. @param begin bytes from the begin of the first piece. */
  constructor(slab: SharedArrayBuffer, slots: readonly number[], begin: number, length: number) {
    assert(length > 0 && begin + length <= slots.length * PIECE_SIZE, 'payload stays within its slots');
    this.#slab = slab;
    this.#slots = slots;
    this.#at = begin;
    this.#end = begin + length;
  }

  get isFull(): boolean {
    return this.#at === this.#end;
  }

  /** Where the next bytes go: as many as lie in one slot. */
  get room(): Uint8Array {
    const piece = Math.floor(this.#at / PIECE_SIZE);
    const from = this.#at - piece * PIECE_SIZE;
    const length = Math.min(PIECE_SIZE - from, this.#end - this.#at);
    return new Uint8Array(this.#slab, (this.#slots[piece] ?? 0) * PIECE_SIZE + from, length);
  }

  /** `count` bytes were written to `room`. */
  filled(count: number): void {
    this.#at += count;
    assert(this.#at <= this.#end, 'payload stays within its block');
  }
}
