// When to ping the active tracker and when its silence counts as death. A client with downloads or open requests pings
// often; one at rest pings only to renew its lease. Pure.

import { TRACKER_PING_MS, TRACKER_SILENT_MS } from './limits.js';

export class Pulse {
  readonly #renewMs: number;
  #heardMs: number;
  #lastPingMs: number;
  /** Whether the last ping waits for its pong. */
  #isOpen = false;

  /** @param phase 0…1: clients that come in one moment do not ping in one moment. */
  constructor(renewMs: number, phase: number, nowMs: number) {
    this.#renewMs = Math.max(1, renewMs);
    this.#heardMs = nowMs;
    this.#lastPingMs = nowMs - phase * Math.min(TRACKER_PING_MS, this.#renewMs);
  }

  /** @param isPressing somebody waits for this tracker: ask as soon as it has been silent for a moment. */
  pingAtMs(isPressing: boolean): number {
    if (this.#isOpen) return Number.POSITIVE_INFINITY;
    const renewalMs = this.#lastPingMs + this.#renewMs;
    return isPressing ? Math.min(renewalMs, this.#quietFromMs + TRACKER_PING_MS) : renewalMs;
  }

  /** When it counts as away, unless it says something before. */
  get deadMs(): number {
    return this.#isOpen ? this.#quietFromMs + TRACKER_SILENT_MS : Number.POSITIVE_INFINITY;
  }

  heard(nowMs: number): void {
    this.#heardMs = nowMs;
  }

  pinged(nowMs: number): void {
    this.#lastPingMs = nowMs;
    this.#isOpen = true;
  }

  ponged(): void {
    this.#isOpen = false;
  }

  get #quietFromMs(): number {
    return Math.max(this.#heardMs, this.#lastPingMs);
  }
}
