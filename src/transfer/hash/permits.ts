// A counting semaphore: a fixed number of jobs run at a time, the others wait in order. The queue is not bounded here;
// each caller waits for one permit at a time.

import { deferred } from '../../foundation/base/deferred.js';

export class Permits {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `work` when a permit is free, and returns the permit however `work` ends. */
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
      // The permit goes straight to the job that has waited longest, so none overtakes it.
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
