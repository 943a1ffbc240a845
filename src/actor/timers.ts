// The only place that sets timers for actors: one pending wake-up a host. Tests and the simulator bring their own.

import type { Clock } from '../base/clock.js';
import { systemClock } from '../base/clock.js';

export interface Timer {
  cancel(): void;
}

export interface Timers extends Clock {
  /** Calls `ring` once, at or after `atMs` on this clock. */
  at(atMs: number, ring: () => void): Timer;
}

export const systemTimers: Timers = {
  nowMs: systemClock.nowMs,
  at(atMs, ring) {
    // Rounded up: a wake-up before its time would find nothing to do and be asked for again.
    const timer = setTimeout(ring, Math.max(0, Math.ceil(atMs - systemClock.nowMs())));
    return { cancel: () => clearTimeout(timer) };
  },
};
