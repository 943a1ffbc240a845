// Which pieces of a file are there, one bit a piece, the first piece in the highest bit, as BEP 3 has it. Spare bits
// are zero. Pure.

import { assert } from '../base/assert.js';

/** First piece and how many: [begin, count]. */
export type PieceRange = readonly [number, number];

export class Bitfield {
  readonly pieceCount: number;
  readonly bytes: Uint8Array;
  #count = 0;

  /** @param bytes owned by the bitfield from now on; ⌈pieceCount / 8⌉ long. Made empty when absent. */
  constructor(pieceCount: number, bytes: Uint8Array = new Uint8Array(Math.ceil(pieceCount / 8))) {
    assert(bytes.length === Math.ceil(pieceCount / 8), 'a bitfield has one bit a piece');
    this.pieceCount = pieceCount;
    this.bytes = bytes;
    this.recount();
  }

  static shared(pieceCount: number): Bitfield {
    return new Bitfield(pieceCount, new Uint8Array(new SharedArrayBuffer(Math.ceil(pieceCount / 8))));
  }

  /** How many pieces are set, as far as this thread knows (see `recount`). */
  get count(): number {
    return this.#count;
  }

  get isComplete(): boolean {
    return this.#count === this.pieceCount;
  }

  /** Counts again, for bytes that another thread or a caller changed. */
  recount(): number {
    let count = 0;
    for (const byte of this.bytes) count += POPULATION[byte] ?? 0;
    this.#count = count;
    return count;
  }

  has(index: number): boolean {
    assert(index >= 0 && index < this.pieceCount, 'a piece index is within the file');
    return ((this.bytes[index >>> 3] ?? 0) & (0x80 >>> (index & 7))) !== 0;
  }

  /** True when the bit was not set before. */
  set(index: number): boolean {
    if (this.has(index)) return false;
    this.bytes[index >>> 3] = (this.bytes[index >>> 3] ?? 0) | (0x80 >>> (index & 7));
    this.#count += 1;
    return true;
  }

  clear(index: number): boolean {
    if (!this.has(index)) return false;
    this.bytes[index >>> 3] = (this.bytes[index >>> 3] ?? 0) & ~(0x80 >>> (index & 7));
    this.#count -= 1;
    return true;
  }

  setAll(): void {
    this.bytes.fill(0xff);
    const spare = this.bytes.length * 8 - this.pieceCount;
    if (spare > 0) this.bytes[this.bytes.length - 1] = (0xff << spare) & 0xff;
    this.#count = this.pieceCount;
  }

  /** BEP 3: bits past the last piece must be zero; a peer that sets one is broken or lying. */
  get hasSpareBits(): boolean {
    const spare = this.bytes.length * 8 - this.pieceCount;
    if (spare === 0) return false;
    return ((this.bytes[this.bytes.length - 1] ?? 0) & ((1 << spare) - 1)) !== 0;
  }

  /** Has it a piece that `other` has not? */
  hasBeyond(other: Bitfield): boolean {
    assert(other.pieceCount === this.pieceCount, 'both are of one file');
    // A megabyte for the largest file, asked about many peers: no call for each byte.
    for (let at = 0; at < this.bytes.length; at += 1) {
      if (((this.bytes[at] ?? 0) & ~(other.bytes[at] ?? 0)) !== 0) return true;
    }
    return false;
  }

  /** A new one with the pieces of either. */
  with(other: Bitfield): Bitfield {
    assert(other.pieceCount === this.pieceCount, 'both are of one file');
    return new Bitfield(
      this.pieceCount,
      Uint8Array.from(this.bytes, (byte, at) => byte | (other.bytes[at] ?? 0)),
    );
  }

  /** A new one with the pieces of both. */
  common(other: Bitfield): Bitfield {
    return this.without(this.without(other));
  }

  /** A new one with the pieces of this that `other` has not. */
  without(other: Bitfield): Bitfield {
    assert(other.pieceCount === this.pieceCount, 'both are of one file');
    return new Bitfield(
      this.pieceCount,
      Uint8Array.from(this.bytes, (byte, at) => byte & ~(other.bytes[at] ?? 0)),
    );
  }

  /** Runs of set pieces in ascending order. */
  *ranges(): Generator<PieceRange> {
    let begin = -1;
    for (let index = 0; index < this.pieceCount; index += 1) {
      if (this.has(index)) {
        if (begin < 0) begin = index;
      } else if (begin >= 0) {
        yield [begin, index - begin];
        begin = -1;
      }
    }
    if (begin >= 0) yield [begin, this.pieceCount - begin];
  }
}

const POPULATION = Uint8Array.from({ length: 256 }, (_, byte) => {
  let bits = 0;
  for (let rest = byte; rest > 0; rest >>>= 1) bits += rest & 1;
  return bits;
});

/** [3, 1, 2, 7] → [[1, 3], [7, 1]]: ascending, merged, for a batched `have`. */
export function rangesOf(indices: readonly number[]): PieceRange[] {
  const ranges: [number, number][] = [];
  for (const index of [...indices].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && index === last[0] + last[1]) last[1] += 1;
    else if (last === undefined || index > last[0] + last[1]) ranges.push([index, 1]);
  }
  return ranges;
}
