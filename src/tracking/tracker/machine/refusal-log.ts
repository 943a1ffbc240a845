// What the log says of requests about members that were refused: a line a second at most, since whoever guesses at
// invitations needs no card. Pure.

import { REFUSALS_TOLD_MS } from '../../../foundation/wire/limits.js';

export class RefusalLog {
  readonly #log: (about: object, sentence: string) => void;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** Since the last line. */
  #untold = 0;

  constructor(log: (about: object, sentence: string) => void) {
    this.#log = log;
  }

  add(about: object, sentence: string, nowMs: number): void {
    if (nowMs - this.#toldMs < REFUSALS_TOLD_MS) {
      this.#untold += 1;
      return;
    }
    this.#log({ ...about, untold: this.#untold }, sentence);
    this.#toldMs = nowMs;
    this.#untold = 0;
  }
}
