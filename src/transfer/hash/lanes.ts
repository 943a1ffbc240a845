// How many tasks of arrived pieces may be in flight: as many as the kept threads take, and as many as all threads take
// once pieces have waited without a break for a while. A short backlog does not repay the start of another thread.
// Pure.

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

  /** All lanes were filled. @param isWaiting there are pieces left over. */
  filled(isWaiting: boolean, nowMs: number): void {
    if (!isWaiting) {
      this.#behindSinceMs = undefined;
      return;
    }
    this.#behindSinceMs ??= nowMs;
    // As long as the threads that this starts stay without work.
    if (nowMs - this.#behindSinceMs >= HASH_BEHIND_MS) this.#openUntilMs = nowMs + HASH_THREAD_IDLE_MS;
  }
}
