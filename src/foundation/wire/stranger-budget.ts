// How many handshakes with machines that have no card an address gets: a burst, then some a second. Each costs what
// that of a member costs, and only shows at its end that it was none. Pure.

import { HANDSHAKES_HOSTS_MAX, STRANGERS_BURST, STRANGERS_PER_SECOND } from './limits.js';

export class StrangerBudget {
  /** By address, how much of its burst is used; the one that spent longest ago first. */
  readonly #used = new Map<string, { readonly count: number; readonly atMs: number }>();

  isSpent(host: string, nowMs: number): boolean {
    return this.#usedBy(host, nowMs) >= STRANGERS_BURST;
  }

  spend(host: string, nowMs: number): void {
    const count = this.#usedBy(host, nowMs) + 1;
    this.#used.delete(host);
    this.#used.set(host, { count, atMs: nowMs });
    const [oldest] = this.#used.keys();
    if (oldest !== undefined && this.#used.size > HANDSHAKES_HOSTS_MAX) this.#used.delete(oldest);
  }

  #usedBy(host: string, nowMs: number): number {
    const used = this.#used.get(host);
    if (used === undefined) return 0;
    return Math.max(0, used.count - ((nowMs - used.atMs) * STRANGERS_PER_SECOND) / 1_000);
  }
}
