// Where the blocks of one shared file are read: on the thread that sends them, while the system has them in memory, or on the
// system's read threads. In memory a read takes a fraction of a millisecond, less than it costs to wake another thread and to
// fetch what it read from that one's cache. A disk that has to move would keep every connection waiting, so slow reads send
// those after them away for a while: several in a row, since one alone may as well have waited for a core, or one that takes
// very long. How long a read takes there says nothing: the thread waits for a core as well. Pure.

import { READ_AWAY_COUNT, READ_HERE_MS_MAX, READ_SLOW_ROW, READ_STUCK_MS } from './limits.js';

export class ReadPlace {
  /** A disk that may hang, such as one behind a network, must never be waited for here. */
  readonly #mayHang: boolean;
  /** Reads that are still to be made away before one is tried here again. */
  #away = 0;
  /** Slow reads here since the last quick one. */
  #slow = 0;

  constructor(mayHang: boolean) {
    this.#mayHang = mayHang;
  }

  get isHere(): boolean {
    return !this.#mayHang && this.#away === 0;
  }

  /** A read that was made where it was to be made. @param ms from asking for the bytes to having them. */
  read(ms: number): void {
    if (this.#away > 0) {
      this.#away -= 1;
      return;
    }
    this.#slow = ms > READ_HERE_MS_MAX ? this.#slow + 1 : 0;
    if (this.#slow < READ_SLOW_ROW && ms <= READ_STUCK_MS) return;
    this.#away = READ_AWAY_COUNT;
    // The one that is tried next decides alone.
    this.#slow = READ_SLOW_ROW - 1;
  }
}
