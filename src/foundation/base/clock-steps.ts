// Tells whether the wall clock was set or the machine was paused: the wall clock then advanced by another time than the
// monotonic one. It cannot tell the two apart. Pure.

import { CLOCK_STEP_MS } from './limits.js';

export class ClockSteps {
  #aheadMs: number;

  constructor(wallMs: number, monotonicMs: number) {
    this.#aheadMs = wallMs - monotonicMs;
  }

  /** Milliseconds by which the wall clock went ahead (negative: fell back) since `settle`; 0: as good as none. */
  stepMs(wallMs: number, monotonicMs: number): number {
    const stepMs = wallMs - monotonicMs - this.#aheadMs;
    return Math.abs(stepMs) <= CLOCK_STEP_MS ? 0 : stepMs;
  }

  /** The step was dealt with. */
  settle(stepMs: number): void {
    this.#aheadMs += stepMs;
  }
}
