// How much of something one source may use within a period; what it used comes back evenly over that period. Sources
// share a bounded table, from which the least recently used one is evicted. Pure.

import { BUDGET_SOURCES_MAX } from '../limits.js';

export class Budget {
  readonly #amount: number;
  readonly #periodMs: number;
  /** Those that used something last stand last. */
  readonly #used = new Map<string, { readonly amount: number; readonly atMs: number }>();

  /** @param amount that a source may use at once, and again within each `periodMs`. */
  constructor(amount: number, periodMs: number) {
    this.#amount = amount;
    this.#periodMs = periodMs;
  }

  get sources(): number {
    return this.#used.size;
  }

  /** False: the source has used up what it may, and nothing is taken. */
  take(source: string, amount: number, nowMs: number): boolean {
    const known = this.#used.get(source);
    const backMs = known === undefined ? 0 : nowMs - known.atMs;
    const used = Math.max(0, (known?.amount ?? 0) - (backMs * this.#amount) / this.#periodMs);
    if (used + amount > this.#amount) return false;
    this.#used.delete(source);
    this.#used.set(source, { amount: used + amount, atMs: nowMs });
    const [oldest] = this.#used.keys();
    if (this.#used.size > BUDGET_SOURCES_MAX && oldest !== undefined) this.#used.delete(oldest);
    return true;
  }
}
