// Which blocks have come and are not confirmed yet. The next request mostly follows at once and takes their confirmation along in
// its packet, so that the other side wakes up once for both. What nothing follows is confirmed a moment later. Pure.

import { ACK_DELAY_MS } from '../limits.js';

export class Acks {
  #count = 0;
  #dueMs = Number.POSITIVE_INFINITY;

  /** When those that wait are to be told in any case; infinite when none waits. */
  get dueMs(): number {
    return this.#dueMs;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** A block, or a part of one, has come whole. True: `dueMs` has come to be. */
  came(nowMs: number): boolean {
    this.#count += 1;
    if (this.#count > 1) return false;
    this.#dueMs = nowMs + ACK_DELAY_MS;
    return true;
  }

  /** How many are to be confirmed with what is said now. */
  take(): number {
    const count = this.#count;
    this.#count = 0;
    this.#dueMs = Number.POSITIVE_INFINITY;
    return count;
  }
}
