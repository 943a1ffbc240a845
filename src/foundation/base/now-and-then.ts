// A report that is made often is passed on a few times a second. Drops what comes in between.

import { systemClock } from './clock.js';

/** The first at once, then none within `intervalMs` of the last that was passed on. */
export function nowAndThen<T>(intervalMs: number, report: (value: T) => void): (value: T) => void {
  let saidMs = Number.NEGATIVE_INFINITY;
  return (value) => {
    const nowMs = systemClock.nowMs();
    if (nowMs - saidMs < intervalMs) return;
    saidMs = nowMs;
    report(value);
  };
}
