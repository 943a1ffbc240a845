// A clock that moves only when a test says so, with the timers that hang on it.

import type { Timer, Timers } from '../../src/foundation/base/timers.js';

export class ManualTimers implements Timers {
  #nowMs = 0;
  readonly #pending = new Set<{ readonly atMs: number; readonly ring: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  at(atMs: number, ring: () => void): Timer {
    const entry = { atMs, ring };
    this.#pending.add(entry);
    return { cancel: () => this.#pending.delete(entry) };
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Moves on to `nowMs`; rings what is due, earliest first. */
  advanceTo(nowMs: number): void {
    for (;;) {
      const due = [...this.#pending].filter((entry) => entry.atMs <= nowMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      this.#pending.delete(due);
      due.ring();
    }
    this.#nowMs = nowMs;
  }
}
