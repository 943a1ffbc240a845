// Where the blocks of one shared file are read: on the thread that sends them, while the system has them in memory, or on the
// system's read threads. In memory a read takes a fraction of a millisecond, less than it costs to wake another thread and to
// fetch what it read from that one's cache (measured: a seeder of a cached file needs 2/3 of the processor). A disk takes
// longer and would keep every connection waiting, so one slow read sends those after it away. Pure.

import { READ_HERE_AFTER, READ_HERE_MS_MAX } from '../base/limits.js';

export class ReadPlace {
  /** A disk that may hang, such as one behind a network, must never be waited for here. */
  readonly #mayHang: boolean;
  /** Quick reads since the last slow one. */
  #quick = 0;

  constructor(mayHang: boolean) {
    this.#mayHang = mayHang;
  }

  get isHere(): boolean {
    return !this.#mayHang && this.#quick >= READ_HERE_AFTER;
  }

  /** @param ms from asking for the bytes to having them. */
  read(ms: number): void {
    this.#quick = ms <= READ_HERE_MS_MAX ? Math.min(this.#quick + 1, READ_HERE_AFTER) : 0;
  }
}
