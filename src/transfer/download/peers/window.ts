// How many bytes to keep in flight to one peer: twice what its measured rate brings in a round trip, and never less
// than two pieces, so that the link never idles and nothing needs tuning. Pure.

import { PIECE_SIZE } from '../../../foundation/base/limits.js';
import { WINDOW_PIECES_MAX, WINDOW_PIECES_MIN } from '../limits.js';

/** Milliseconds over which the rate is averaged: one piece at 4 Mbit/s, and short enough to follow a change. */
const AVERAGE_MS = 1_000;

export class Window {
  readonly #rttMs: number;
  /** Bytes received, each weighted by e^(-age / AVERAGE_MS). */
  #weighted = 0;
  #atMs: number;
  readonly #sinceMs: number;

  constructor(rttMs: number, nowMs: number) {
    this.#rttMs = rttMs;
    this.#atMs = nowMs;
    this.#sinceMs = nowMs;
  }

  received(bytes: number, nowMs: number): void {
    this.#weighted = this.#faded(nowMs) + bytes;
    this.#atMs = nowMs;
  }

  /** Bytes a millisecond, now. */
  rate(nowMs: number): number {
    // A young average has seen less than its full span: dividing by what it has seen makes it right from the start.
    const seenMs = AVERAGE_MS * (1 - Math.exp(-Math.max(1, nowMs - this.#sinceMs) / AVERAGE_MS));
    return this.#faded(nowMs) / seenMs;
  }

  /** Pieces that may be outstanding, WINDOW_PIECES_MIN…WINDOW_PIECES_MAX. */
  pieces(nowMs: number): number {
    const bytes = 2 * this.rate(nowMs) * this.#rttMs;
    return Math.min(WINDOW_PIECES_MAX, WINDOW_PIECES_MIN + Math.floor(bytes / PIECE_SIZE));
  }

  /** What of the bytes received counts at this moment. */
  #faded(nowMs: number): number {
    return this.#weighted * Math.exp(-(nowMs - this.#atMs) / AVERAGE_MS);
  }
}
