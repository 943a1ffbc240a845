// Where the payload that comes now belongs: a stretch of the slab, piece by piece in the slots that were lent for it. Only says where the
// next bytes go; who reads them there, and what becomes of them, is decided elsewhere. Pure.

import { assert } from '../../../foundation/base/assert.js';
import { PIECE_SIZE } from '../../../foundation/base/limits.js';

export class PayloadTarget {
  readonly #slab: SharedArrayBuffer;
  readonly #slots: readonly number[];
  /** Bytes from the first piece's begin. */
  #at: number;
  readonly #end: number;

  /** @param slots one a piece. @param begin bytes from the begin of the first one's piece. */
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

  /** The next bytes go here, as many of them as lie in one slot. */
  get room(): Uint8Array {
    const piece = Math.floor(this.#at / PIECE_SIZE);
    const from = this.#at - piece * PIECE_SIZE;
    const length = Math.min(PIECE_SIZE - from, this.#end - this.#at);
    return new Uint8Array(this.#slab, (this.#slots[piece] ?? 0) * PIECE_SIZE + from, length);
  }

  /** So many bytes were put into `room`. */
  filled(count: number): void {
    this.#at += count;
    assert(this.#at <= this.#end, 'payload stays within its block');
  }
}
