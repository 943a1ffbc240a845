// Whether a card has run out. No single clock decides: the own one and the last tracker's must both be beyond its end,
// and by a day, so a clock that is wrong locks nobody out while the other one is right. Pure.

import { CARD_GRACE_S } from './limits.js';

/** What the clocks say at one moment, in seconds since 1970. */
export interface Clocks {
  readonly ownS: number;
  /** The last tracker's, carried on since it was heard; undefined: none was heard yet. */
  readonly trackerS: number | undefined;
}

/** @param goodUntilS 0: for ever. */
export function hasRunOut(goodUntilS: number, { ownS, trackerS }: Clocks): boolean {
  if (goodUntilS === 0) return false;
  const end = goodUntilS + CARD_GRACE_S;
  return ownS > end && (trackerS ?? ownS) > end;
}

/** The last tracker's clock, carried on by a clock that nobody sets. */
export class TrackerClock {
  #heard: { readonly trackerS: number; readonly atMs: number } | undefined;

  /** @param nowMs of the monotonic clock, in milliseconds. */
  heard(trackerS: number, nowMs: number): void {
    this.#heard = { trackerS, atMs: nowMs };
  }

  at(nowMs: number): number | undefined {
    if (this.#heard === undefined) return undefined;
    return this.#heard.trackerS + Math.floor((nowMs - this.#heard.atMs) / 1000);
  }
}
