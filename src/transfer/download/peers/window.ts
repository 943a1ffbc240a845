// How many bytes to have outstanding at one peer: enough to cover its measured rate times the round trip twice over, never
// less than two pieces, so that the link never idles and nothing needs tuning. Pure.

import { PIECE_SIZE } from '../../../foundation/base/limits.js';
import { WINDOW_PIECES_MAX, WINDOW_PIECES_MIN } from '../limits.js';

/** Milliseconds over which the rate is averaged: long enough for one piece at 4 Mbit/s, short enough to follow a change. */
const AVERAGE_MS = 1_000;

export class Window {
  readonly #rttMs: number;
  /** Bytes received, each weighed by e^(-age / AVERAGE_MS). */
  #weighed = 0;
  #atMs: number;
  readonly #sinceMs: number;

  constructor(rttMs: number, nowMs: number) {
    this.#rttMs = rttMs;
    this.#atMs = nowMs;
    this.#sinceMs = nowMs;
  }

  received(bytes: number, nowMs: number): void {
    this.#weighed = this.#faded(nowMs) + bytes;
    this.#atMs = nowMs;
  }

  /** Bytes a millisecond, now. */
  rate(nowMs: number): number {
    // A young average has seen less than its full span; dividing by what it has seen makes it right from the start.
    const seenMs = AVERAGE_MS * (1 - Math.exp(-Math.max(1, nowMs - this.#sinceMs) / AVERAGE_MS));
    return this.#faded(nowMs) / seenMs;
  }

  /** Pieces that may be outstanding, WINDOW_PIECES_MIN…WINDOW_PIECES_MAX. */
  pieces(nowMs: number): number {
    const bytes = 2 * this.rate(nowMs) * this.#rttMs;
    return Math.min(WINDOW_PIECES_MAX, WINDOW_PIECES_MIN + Math.floor(bytes / PIECE_SIZE));
  }

  /** Of what was received, what counts now. */
  #faded(nowMs: number): number {
    return this.#weighed * Math.exp(-(nowMs - this.#atMs) / AVERAGE_MS);
  }
}
