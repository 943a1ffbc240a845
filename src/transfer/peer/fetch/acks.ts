// Counts blocks that arrived and are not acked. An ack mostly travels in the packet of the next request, so that the
// peer wakes up once for both; without one it goes out after a short delay. Pure.

import { ACK_DELAY_MS } from '../limits.js';

export class Acks {
  #count = 0;
  #dueMs = Number.POSITIVE_INFINITY;

  /** When the waiting acks must go out; infinite when none waits. */
  get dueMs(): number {
    return this.#dueMs;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** A block, or a part of one, has arrived. True: `dueMs` was set by it. */
  arrived(nowMs: number): boolean {
    this.#count += 1;
    if (this.#count > 1) return false;
    this.#dueMs = nowMs + ACK_DELAY_MS;
    return true;
  }

  /** How many acks go out now. */
  take(): number {
    const count = this.#count;
    this.#count = 0;
    this.#dueMs = Number.POSITIVE_INFINITY;
    return count;
  }
}
