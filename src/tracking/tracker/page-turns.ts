// Whoever walks through the list of what is shared asks for page after page. While others ask for something else, a
// page has to wait until the tracker has rested from the one before, so that walks leave its thread to them.

import type { Timer, Timers } from '../../foundation/base/timers.js';
import { OTHERS_RECENT_MS, PAGE_REST_MS, PAGES_WAITING_MAX } from './limits.js';

export class PageTurns {
  readonly #timers: Timers;
  /** In the order in which they were asked for. */
  readonly #waiting: (() => void)[] = [];
  /** Pending while a page waits. */
  #turn: Timer | undefined;
  /** When the next page may be given. */
  #nextMs = Number.NEGATIVE_INFINITY;
  /** When somebody asked for something else. */
  #othersMs = Number.NEGATIVE_INFINITY;
  #hasEnded = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Somebody asks for something else than a page. */
  othersAsk(): void {
    this.#othersMs = this.#timers.nowMs();
  }

  /** Calls `give` once: now, or in its turn. False, and never: too many wait. */
  ask(give: () => void): boolean {
    if (this.#waiting.length >= PAGES_WAITING_MAX) return false;
    this.#waiting.push(give);
    this.#next();
    return true;
  }

  /** Those that wait have their turn at once, and so has whoever asks later. */
  end(): void {
    this.#hasEnded = true;
    this.#turn?.cancel();
    while (this.#waiting.length > 0) this.#give();
  }

  #next(): void {
    if (this.#hasEnded || this.#timers.nowMs() >= this.#nextMs) this.#give();
    if (this.#waiting.length === 0 || this.#turn !== undefined) return;
    this.#turn = this.#timers.at(this.#nextMs, () => {
      this.#turn = undefined;
      this.#next();
    });
  }

  #give(): void {
    const nowMs = this.#timers.nowMs();
    this.#nextMs = nowMs - this.#othersMs <= OTHERS_RECENT_MS ? nowMs + PAGE_REST_MS : nowMs;
    this.#waiting.shift()?.();
  }
}
