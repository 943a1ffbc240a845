// How many tasks of verification the hash threads get at once: as many as the threads take that are kept, and those of all threads
// only after pieces have waited for some time without a break. Each further thread costs memory and a tenth of a second of processor,
// which a backlog that is gone by then does not repay. Pure.

import { HASH_BEHIND_MS, HASH_THREAD_IDLE_MS } from './limits.js';

export class Lanes {
  readonly #kept: number;
  readonly #all: number;
  #behindSinceMs: number | undefined;
  #openUntilMs = 0;

  constructor(kept: number, all: number) {
    this.#kept = kept;
    this.#all = all;
  }

  count(nowMs: number): number {
    return nowMs < this.#openUntilMs ? this.#all : this.#kept;
  }

  /** Every lane was given what it takes. @param isWaiting pieces are left over. */
  filled(isWaiting: boolean, nowMs: number): void {
    if (!isWaiting) {
      this.#behindSinceMs = undefined;
      return;
    }
    this.#behindSinceMs ??= nowMs;
    // For as long as the threads that it starts stay without work.
    if (nowMs - this.#behindSinceMs >= HASH_BEHIND_MS) this.#openUntilMs = nowMs + HASH_THREAD_IDLE_MS;
  }
}
