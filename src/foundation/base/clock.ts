// The one place that reads the monotonic clock for actors. Tests and simulators pass their own.

export interface Clock {
  /** Milliseconds on a clock that never steps; only differences mean something. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => performance.now() };
