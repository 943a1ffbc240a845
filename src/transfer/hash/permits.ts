// A counting semaphore: so many may be at work together, the others wait in order. Who waits is bounded by its callers:
// each holds one place at a time.

import { deferred } from '../../foundation/base/deferred.js';

export class Permits {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `work` when a permit is free; gives it back however `work` ends. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else {
      const turn = deferred<void>();
      this.#waiting.push(() => turn.resolve());
      await turn.promise;
    }
    try {
      return await work();
    } finally {
      // The permit goes straight to the one who waits longest, so nobody overtakes.
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
