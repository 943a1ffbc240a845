// A tracker that did nothing for a while, as a frozen one. Lists wait for a look at the database that began afterwards:
// the answer to an earlier one may have waited as long. Whom it heard in the first moments may have said so before it,
// so this is no proof that anybody is there. Pure.

import { STANDSTILL_DOUBT_MS } from '../../registry/limits.js';
import { DATABASE_WAIT_MS } from './limits.js';

const NEVER = Number.POSITIVE_INFINITY;

export class Standstill {
  #endedMs = Number.NEGATIVE_INFINITY;
  #isWaiting = false;
  #hasLooked = false;

  ended(nowMs: number): void {
    this.#endedMs = nowMs;
    this.#isWaiting = true;
    this.#hasLooked = false;
  }

  lookBegins(): void {
    this.#hasLooked = true;
  }

  /** Whether lists still wait when a look is over. */
  lookEnds(): boolean {
    if (this.#hasLooked) this.#isWaiting = false;
    return this.#isWaiting;
  }

  /** The database is away, or takes too long: lists are answered from memory. */
  giveUp(): void {
    this.#isWaiting = false;
  }

  /** When to give up; infinity: nothing waits. */
  nextAtMs(): number {
    return this.#isWaiting ? this.#endedMs + DATABASE_WAIT_MS : NEVER;
  }

  /** @param leaseMs of this tracker; a client says something several times in it. */
  isDoubtful(nowMs: number, leaseMs: number): boolean {
    return nowMs - this.#endedMs < Math.min(STANDSTILL_DOUBT_MS, leaseMs / 4);
  }
}
