// Which pieces are verified where they lie in the `.part`, since its files began as clones of files here: they are kept
// from peers meanwhile, and nothing is written. What is not right there is read from its source, or fetched. Invariant:
// a piece is had only when its bytes in the `.part` have its digest. Pure.

import { NO_EFFECTS } from '../../../foundation/actor/machine.js';
import { Bitfield } from '../../../foundation/torrent/bitfield.js';
import type { DownloadEffect } from '../effects.js';
import { IN_PLACE_PIECES, IN_PLACE_TASKS_MAX, LOCAL_PATIENCE_MS } from '../limits.js';
import type { Interest } from './interest.js';
import type { LocalReads } from './local-reads.js';
import type { RequestTable } from './request-table.js';

export interface InPlaceOptions {
  readonly pieceCount: number;
  readonly table: RequestTable;
  readonly interest: Interest;
  readonly local: LocalReads;
}

export class InPlace {
  readonly #options: InPlaceOptions;
  /** Pieces that wait to be looked at, and that no peer is asked for. */
  #waiting: Bitfield;
  /** Before it nothing waits. */
  #next = 0;
  /** What is looked at: first piece, and how many. */
  readonly #looks = new Map<number, number>();
  #patienceMs = LOCAL_PATIENCE_MS;
  /** When the disk is given up for now; infinite while nothing is looked at. */
  #impatientMs = Number.POSITIVE_INFINITY;
  /** Left to others while the disk does not answer. */
  #released: Bitfield | undefined;
  #isClosed = false;

  constructor(options: InPlaceOptions) {
    this.#options = options;
    this.#waiting = new Bitfield(options.pieceCount);
  }

  /** Tasks that are not answered. Until they are, the `.part` stays as it is. */
  get lookCount(): number {
    return this.#looks.size;
  }

  /** These may lie in the `.part`. Those that a peer is asked for already are left to it. */
  placed(pieces: Bitfield): void {
    if (this.#isClosed) return;
    for (const piece of piecesOf(pieces)) this.#keep(piece);
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Looks on. */
  lookOn(nowMs: number): readonly DownloadEffect[] {
    if (this.#waiting.count === 0 || this.#isClosed || this.#released !== undefined) return NO_EFFECTS;
    const effects: DownloadEffect[] = [];
    while (this.#looks.size < IN_PLACE_TASKS_MAX && this.#waiting.count > 0) {
      const { first, count } = this.#take();
      if (this.#looks.size === 0) this.#impatientMs = nowMs + this.#patienceMs;
      this.#looks.set(first, count);
      effects.push({ kind: 'look', first, count });
    }
    return effects;
  }

  /** Pieces from `first` on were looked at. Answers those that are had now. */
  answered(first: number, areRight: readonly boolean[], nowMs: number): readonly number[] {
    const { table, interest, local } = this.#options;
    this.#looks.delete(first);
    const found: number[] = [];
    for (const [at, isRight] of areRight.entries()) {
      const piece = first + at;
      // A peer was asked for it while the disk did not answer, or has brought it.
      if (table.stateOf(piece) !== 'missing') continue;
      if (isRight) {
        if (interest.wants(piece)) interest.unwant(piece);
        found.push(piece);
      } else if (!interest.wants(piece)) local.take(piece);
    }
    this.#impatientMs = this.#looks.size === 0 ? Number.POSITIVE_INFINITY : nowMs + this.#patienceMs;
    const released = this.#released;
    if (released !== undefined && this.#looks.size === 0) {
      this.#released = undefined;
      this.placed(released);
    }
    return found;
  }

  /** Time has passed: what a disk does not give is left to others. */
  look(nowMs: number): void {
    if (this.#released !== undefined || nowMs < this.#impatientMs) return;
    this.#patienceMs *= 2;
    const { interest, table, pieceCount } = this.#options;
    const left = this.#waiting;
    for (const [first, count] of this.#looks) for (let at = 0; at < count; at += 1) left.set(first + at);
    for (const piece of piecesOf(left))
      if (table.stateOf(piece) === 'missing' && !interest.wants(piece)) interest.want(piece);
    this.#released = left;
    this.#waiting = new Bitfield(pieceCount);
  }

  #keep(piece: number): void {
    const { interest } = this.#options;
    if (!interest.wants(piece)) return;
    interest.unwant(piece);
    this.#waiting.set(piece);
    this.#next = Math.min(this.#next, piece);
  }

  /** The next pieces that lie side by side. */
  #take(): { readonly first: number; readonly count: number } {
    while (!this.#waiting.has(this.#next)) this.#next += 1;
    const first = this.#next;
    let count = 0;
    while (count < IN_PLACE_PIECES && this.#next < this.#waiting.pieceCount && this.#waiting.clear(this.#next)) {
      count += 1;
      this.#next += 1;
    }
    return { first, count };
  }
}

function* piecesOf(pieces: Bitfield): Generator<number> {
  for (const [begin, count] of pieces.ranges()) for (let at = 0; at < count; at += 1) yield begin + at;
}
