// Decides where blocks of one storage are read: on the thread that sends them, which is cheapest from memory, or on the
// system's read threads, so that a slow disk delays no other connection. Several slow reads in a row, or one very slow
// read, move the next reads away for a while; a single one may only have waited for a core. Pure.

import { READ_AWAY_COUNT, READ_HERE_MS_MAX, READ_SLOW_ROW, READ_STUCK_MS } from '../limits.js';

export class ReadPlace {
  /** Never wait here for a disk that may hang, such as a network disk. */
  readonly #mayHang: boolean;
  /** Reads left to be made away before one is tried here again. */
  #away = 0;
  /** Slow reads here in a row. */
  #slow = 0;

  constructor(mayHang: boolean) {
    this.#mayHang = mayHang;
  }

  get isHere(): boolean {
    return !this.#mayHang && this.#away === 0;
  }

  /** A read has ended. @param ms from the request to the bytes; of a read away it says nothing about the disk. */
  read(ms: number): void {
    if (this.#away > 0) {
      this.#away -= 1;
      return;
    }
    this.#slow = ms > READ_HERE_MS_MAX ? this.#slow + 1 : 0;
    if (this.#slow < READ_SLOW_ROW && ms <= READ_STUCK_MS) return;
    this.#away = READ_AWAY_COUNT;
    // The next read that is tried here decides alone.
    this.#slow = READ_SLOW_ROW - 1;
  }
}
