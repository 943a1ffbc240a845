// Which missing piece to request from a peer: the rarest it has, ties and the first few pieces at random (BitTorrent's
// random first, rarest first). Pieces lie in one array ordered by availability: counting a peer costs O(1), wanting a
// piece O(availability). Knows nothing of requests or slots. Pure.

import { assert } from '../../../foundation/base/assert.js';
import type { Prng } from '../../../foundation/base/prng.js';
import type { Bitfield } from '../../../foundation/torrent/bitfield.js';

const NOWHERE = 0xffff_ffff;

export class Picker {
  readonly #prng: Prng;
  /** Wanted pieces: those with availability a are at [#start[a], #start[a + 1]). */
  readonly #order: Uint32Array;
  readonly #place: Uint32Array;
  readonly #available: Uint16Array;
  readonly #start: number[] = [0, 0];

  /** Nothing is wanted at first. */
  constructor(pieceCount: number, prng: Prng) {
    this.#prng = prng;
    this.#order = new Uint32Array(pieceCount);
    this.#place = new Uint32Array(pieceCount).fill(NOWHERE);
    this.#available = new Uint16Array(pieceCount);
  }

  get wantedCount(): number {
    return this.#start.at(-1) ?? 0;
  }

  wants(piece: number): boolean {
    return this.#place[piece] !== NOWHERE;
  }

  /** How many of the counted peers have it. Peers that have every piece are not counted: they change no order. */
  availability(piece: number): number {
    return this.#available[piece] ?? 0;
  }

  want(piece: number): void {
    assert(!this.wants(piece), 'a piece is wanted once');
    const level = this.availability(piece);
    this.#grow(level);
    // Makes room at the end of its level: the first piece of each higher level moves behind its last.
    for (let above = this.#start.length - 2; above > level; above -= 1) {
      const first = this.#startOf(above);
      const end = this.#startOf(above + 1);
      if (first < end) this.#put(this.#order[first] ?? 0, end);
      this.#start[above + 1] = end + 1;
    }
    const end = this.#startOf(level + 1);
    this.#start[level + 1] = end + 1;
    this.#put(piece, end);
    this.#swap(end, this.#startOf(level) + this.#prng.below(end + 1 - this.#startOf(level)));
  }

  unwant(piece: number): void {
    assert(this.wants(piece), 'only a wanted piece is taken out');
    let hole = this.#place[piece] ?? 0;
    for (let level = this.availability(piece); level < this.#start.length - 1; level += 1) {
      const last = this.#startOf(level + 1) - 1;
      if (last >= this.#startOf(level) && last !== hole) this.#put(this.#order[last] ?? 0, hole);
      hole = last >= this.#startOf(level) ? last : hole;
      this.#start[level + 1] = last;
    }
    this.#place[piece] = NOWHERE;
  }

  gained(piece: number): void {
    const level = this.availability(piece);
    this.#available[piece] = level + 1;
    if (!this.wants(piece)) return;
    this.#grow(level + 1);
    const border = this.#startOf(level + 1) - 1;
    const end = this.#startOf(level + 2) - 1;
    // The last piece of its level fills its place, the last of the next level fills the place between the two.
    this.#move(border, this.#place[piece] ?? 0);
    this.#move(end, border);
    this.#start[level + 1] = border;
    this.#put(piece, end);
    this.#swap(end, border + this.#prng.below(end + 1 - border));
  }

  lost(piece: number): void {
    assert(this.availability(piece) > 0, 'only a counted peer loses a piece');
    const level = this.availability(piece);
    this.#available[piece] = level - 1;
    if (!this.wants(piece)) return;
    const border = this.#startOf(level);
    const end = this.#startOf(level + 1) - 1;
    this.#move(end, this.#place[piece] ?? 0);
    this.#move(border, end);
    this.#start[level] = border + 1;
    this.#put(piece, border);
    const first = this.#startOf(level - 1);
    this.#swap(border, first + this.#prng.below(border + 1 - first));
  }

  /**
   * The piece to request from a peer that has `offered`; `anyOrder` ignores rarity. Undefined: it has nothing wanted.
   */
  pick(offered: Bitfield, anyOrder: boolean): number | undefined {
    if (anyOrder) return this.#pickBetween(0, this.wantedCount, offered);
    for (let level = 0; level < this.#start.length - 1; level += 1) {
      const found = this.#pickBetween(this.#startOf(level), this.#startOf(level + 1), offered);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #pickBetween(first: number, end: number, offered: Bitfield): number | undefined {
    if (first === end) return undefined;
    // A random start, so that clients with the same view do not all fetch the same piece.
    const offset = this.#prng.below(end - first);
    for (let step = 0; step < end - first; step += 1) {
      const piece = this.#order[first + ((offset + step) % (end - first))] ?? 0;
      if (offered.has(piece)) return piece;
    }
    return undefined;
  }

  #startOf(level: number): number {
    return this.#start[level] ?? this.wantedCount;
  }

  #grow(level: number): void {
    while (this.#start.length < level + 2) this.#start.push(this.wantedCount);
  }

  /** Moves the piece at `from` to `to`. */
  #move(from: number, to: number): void {
    if (from !== to) this.#put(this.#order[from] ?? 0, to);
  }

  #put(piece: number, place: number): void {
    this.#order[place] = piece;
    this.#place[piece] = place;
  }

  #swap(a: number, b: number): void {
    const pieceA = this.#order[a] ?? 0;
    this.#put(this.#order[b] ?? 0, a);
    this.#put(pieceA, b);
  }
}
