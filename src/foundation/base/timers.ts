// The only place that sets timers for actors: one pending wake-up a host. Tests and the simulator bring their own.

import type { Clock } from './clock.js';
import { systemClock } from './clock.js';

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
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      timer = setTimeout(rung, Math.max(0, Math.ceil(atMs - systemClock.nowMs())));
    };
    // Node counts whole milliseconds and sometimes rings up to one too early. A machine that is woken too early does
    // nothing, and nobody would wake it again.
    const rung = (): void => {
      if (systemClock.nowMs() < atMs) arm();
      else ring();
    };
    arm();
    return { cancel: () => clearTimeout(timer) };
  },
};
