// What every deciding part of the system is: a state machine without I/O. Pure.

/**
 * A sans-IO state machine: inputs in, effects out, nothing else.
 * Invariant: `receive` runs to completion, never awaits, and reads neither clock, randomness, socket nor disk: time
 * comes in as `nowMs` (monotonic milliseconds), randomness as a seeded Prng given at construction. So a run is a pure
 * function of (seed, inputs), and any failure found by a simulation replays exactly.
 */
export interface Machine<Input, Effect> {
  receive(input: Input, nowMs: number): readonly Effect[];
}

/** Asks the host for the input `wake` at or soon after `atMs`. A later `wakeAt` replaces an earlier one. */
export interface WakeAt {
  readonly kind: 'wakeAt';
  readonly atMs: number;
}

/** The input that answers `wakeAt`. Private: it has no entry in any table, so nobody outside can send it. */
export interface Wake {
  readonly kind: 'wake';
}

export const NO_EFFECTS: readonly never[] = [];
