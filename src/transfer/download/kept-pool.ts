// The hash pool of a client's downloads: opened ahead of the first one, kept while any runs, and ended after a while
// without one, because its threads take a fifth of the memory of a client that has nothing to do.

import type { Timer, Timers } from '../../foundation/base/timers.js';
import type { HashPool } from '../hash/pool.js';
import { HASH_POOL_OPEN_MS, HASH_POOL_REST_MS } from './limits.js';

export class KeptPool {
  readonly #open: () => Promise<HashPool>;
  readonly #timers: Timers;
  readonly #onError: (error: unknown) => void;
  #pool: Promise<HashPool> | undefined;
  /** Those that were told to end, until they have. */
  readonly #ending = new Set<Promise<void>>();
  /** Opens the pool when none is open, and ends it otherwise. Nothing is due while a download runs. */
  #due: Timer | undefined;
  #hasClosed = false;

  /** @param onError told of a pool that could not be opened ahead, or not be ended. */
  constructor(open: () => Promise<HashPool>, timers: Timers, onError: (error: unknown) => void) {
    this.#open = open;
    this.#timers = timers;
    this.#onError = onError;
    this.#due = this.#after(HASH_POOL_OPEN_MS, () => {
      this.#opened().catch(this.#onError);
      this.rest();
    });
  }

  /** For a download that begins. The caller says `rest` when the last one has ended. */
  use(): Promise<HashPool> {
    this.#due?.cancel();
    return this.#opened();
  }

  /** No download runs. */
  rest(): void {
    if (this.#hasClosed) return;
    this.#due?.cancel();
    this.#due = this.#after(HASH_POOL_REST_MS, () => this.#end());
  }

  /** Settles when no thread is left. */
  async close(): Promise<void> {
    this.#hasClosed = true;
    this.#due?.cancel();
    this.#end();
    await Promise.all(this.#ending);
  }

  #opened(): Promise<HashPool> {
    this.#pool ??= this.#open();
    return this.#pool;
  }

  #end(): void {
    const ended = this.#pool?.then((pool) => pool.close()).catch(this.#onError);
    this.#pool = undefined;
    if (ended === undefined) return;
    this.#ending.add(ended);
    void ended.then(() => this.#ending.delete(ended));
  }

  #after(delayMs: number, ring: () => void): Timer {
    return this.#timers.at(this.#timers.nowMs() + delayMs, ring);
  }
}
