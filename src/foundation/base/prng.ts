// Seeded randomness for machines: a run is a pure function of (seed, inputs), so a failing one replays exactly.
// Not for secrets; those come from node:crypto.

import { assert } from './assert.js';

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, full period, fast. */
export class Prng {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    assert(bound >= 1, 'a draw needs at least one outcome');
    return Math.floor(this.next() * bound);
  }

  /** Fisher–Yates, in place. */
  shuffle<T extends unknown[] | Uint32Array>(items: T): T {
    for (let last = items.length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      const kept = items[last];
      items[last] = items[other] as number;
      items[other] = kept as number;
    }
    return items;
  }
}
