// When to ask for more peers: while nobody connected has anything we miss and may be asked for it, ever less often. Pure.

import type { Peer } from './peer.js';

const ASK_MIN_MS = 1_000;
const ASK_MAX_MS = 10_000;

export class Shortage {
  #dueMs = 0;
  #delayMs = ASK_MIN_MS;

  /** True once each time that more peers are to be asked for. */
  isDue(peers: Iterable<Peer>, nowMs: number): boolean {
    if (nowMs < this.#dueMs) return false;
    for (const peer of peers) {
      // One that never says what it has, or chokes us, is no help, however alive it is.
      if (peer.phase !== 'dialing' && peer.claims.size === 0 && !(peer.mayBeAsked && peer.useful > 0)) continue;
      this.#delayMs = ASK_MIN_MS;
      this.#dueMs = nowMs + ASK_MIN_MS;
      return false;
    }
    this.#dueMs = nowMs + this.#delayMs;
    this.#delayMs = Math.min(ASK_MAX_MS, this.#delayMs * 2);
    return true;
  }
}
