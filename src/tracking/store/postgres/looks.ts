// When a tracker looks at what others wrote: soon after a notification, and once in a while in any case; one look at a
// time. Some looks also tell who was heard here. Pure.

import { DATABASE_POLL_MS, DATABASE_POLL_PACE_MS } from './limits.js';

export class Looks {
  /** Another tracker wrote. */
  isNotified = false;
  isUnderWay = false;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastUpkeepMs = Number.NEGATIVE_INFINITY;

  nextAtMs(): number {
    if (this.isUnderWay) return Number.POSITIVE_INFINITY;
    return this.#lastMs + (this.isNotified ? DATABASE_POLL_PACE_MS : DATABASE_POLL_MS);
  }

  /** Answers the milliseconds since leases were told last, where they are to be told with this look. */
  begin(nowMs: number): number | undefined {
    const sinceMs = nowMs - this.#lastUpkeepMs;
    this.isUnderWay = true;
    this.isNotified = false;
    this.#lastMs = nowMs;
    if (sinceMs < DATABASE_POLL_MS) return undefined;
    this.#lastUpkeepMs = nowMs;
    return sinceMs;
  }
}
