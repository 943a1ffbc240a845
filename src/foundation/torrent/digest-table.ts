// Finds pieces by their digest: an open-addressed table of the pieces that somebody wants, past which the digests of
// other shares stream. Pieces with equal digests are a chain. Pure.

import { assert } from '../base/assert.js';
import { DIGEST_SIZE } from '../base/limits.js';

const NONE = -1;
/** Cells of the filter for each place of the table, and at most, as powers of two. It turns most digests away. */
const FILTER_BITS = 3;
const FILTER_BITS_MAX = 24;

export class DigestTable {
  readonly #digests: Uint8Array;
  /** The first piece of each chain, by place; NONE: free. */
  readonly #heads: Int32Array;
  /** The next piece with the same digest. */
  readonly #next: Int32Array;
  readonly #shift: number;
  /** 1: a wanted piece has a digest that begins like this. */
  readonly #filter: Uint8Array;
  readonly #filterShift: number;
  readonly #factors: readonly [number, number, number];

  /**
   * @param digests 20 bytes a piece; not changed as long as the table is used. @param seeds three random numbers of 32
   * bits, so that nobody can make digests that share a place. @param wants the pieces that can be found.
   */
  constructor(digests: Uint8Array, seeds: readonly [number, number, number], wants: (piece: number) => boolean) {
    const pieceCount = digests.length / DIGEST_SIZE;
    assert(Number.isInteger(pieceCount), 'a digest has 20 bytes');
    this.#digests = digests;
    const bits = Math.max(4, Math.ceil(Math.log2(pieceCount + 1)) + 1);
    this.#shift = 32 - bits;
    this.#factors = [seeds[0] | 1, seeds[1] | 1, seeds[2] | 1];
    this.#heads = new Int32Array(2 ** bits).fill(NONE);
    this.#next = new Int32Array(pieceCount).fill(NONE);
    const filterBits = Math.min(bits + FILTER_BITS, FILTER_BITS_MAX);
    this.#filterShift = 32 - filterBits;
    this.#filter = new Uint8Array(2 ** filterBits);
    for (let piece = 0; piece < pieceCount; piece += 1) if (wants(piece)) this.#add(piece);
  }

  /** The first wanted piece that has the digest at `begin` of `digests`; -1: there is none. */
  find(digests: Uint8Array, begin: number): number {
    return this.#heads[this.#placeOf(digests, begin)] as number;
  }

  /** The next wanted piece with the same digest; -1: there is none. */
  after(piece: number): number {
    return this.#next[piece] as number;
  }

  /** Calls `visit` for each of the `count` digests from the one at index `first` on that a wanted piece has. */
  scan(digests: Uint8Array, first: number, count: number, visit: (index: number) => void): void {
    const filter = this.#filter;
    const [shift, factor] = [this.#filterShift, this.#factors[0]];
    const words = wordsOf(digests);
    for (let index = first; index < first + count; index += 1) {
      const word = words === undefined ? wordAt(digests, index * DIGEST_SIZE) : (words[index * WORDS] as number);
      if (filter[Math.imul(word, factor) >>> shift] === 0) continue;
      if (this.find(digests, index * DIGEST_SIZE) !== NONE) visit(index);
    }
  }

  #add(piece: number): void {
    const first = wordAt(this.#digests, piece * DIGEST_SIZE);
    this.#filter[Math.imul(first, this.#factors[0]) >>> this.#filterShift] = 1;
    const place = this.#placeOf(this.#digests, piece * DIGEST_SIZE);
    this.#next[piece] = this.#heads[place] as number;
    this.#heads[place] = piece;
  }

  /** Where the chain of this digest is, or would be. */
  #placeOf(digests: Uint8Array, begin: number): number {
    const mask = this.#heads.length - 1;
    let place = this.#hash(digests, begin);
    for (;;) {
      const piece = this.#heads[place] as number;
      if (piece === NONE || this.#isEqual(piece, digests, begin)) return place;
      place = (place + 1) & mask;
    }
  }

  #hash(digests: Uint8Array, at: number): number {
    const [a, b, c] = this.#factors;
    const mixed =
      Math.imul(wordAt(digests, at), a) + Math.imul(wordAt(digests, at + 4), b) + Math.imul(wordAt(digests, at + 8), c);
    return mixed >>> this.#shift;
  }

  #isEqual(piece: number, digests: Uint8Array, begin: number): boolean {
    const own = piece * DIGEST_SIZE;
    for (let at = 0; at < DIGEST_SIZE; at += 1) if (this.#digests[own + at] !== digests[begin + at]) return false;
    return true;
  }
}

const WORDS = DIGEST_SIZE / 4;
const IS_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The same memory in words as `wordAt` reads them; undefined where it does not lie so. */
function wordsOf({ buffer, byteOffset, length }: Uint8Array): Int32Array | undefined {
  return IS_LITTLE_ENDIAN && byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, length / 4) : undefined;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
