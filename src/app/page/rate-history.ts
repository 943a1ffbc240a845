// The rates of the last minutes, from byte counts that were read now and then. A pause between two readings is a gap in
// the line. Pure.

/** Seconds since 1970, and bytes a second; null where nobody looked. */
export interface RateSeries {
  readonly at: readonly number[];
  readonly down: readonly (number | null)[];
  readonly up: readonly (number | null)[];
}

/** Below it the ticks of the clock would be less than a second apart. */
const SPAN_MIN_S = 60;
const KEPT_MS = 300_000;
const GAP_MS = 6_000;

interface Reading {
  readonly atMs: number;
  readonly received: number;
  readonly sent: number;
}

interface Point {
  readonly atMs: number;
  readonly down: number | null;
  readonly up: number | null;
}

export class RateHistory {
  #points: Point[] = [];
  #last: Reading | undefined;

  /** @param received bytes of all files since the program began, as is `sent`. */
  read(reading: Reading): void {
    const last = this.#last;
    this.#last = reading;
    if (last === undefined) return;
    const passedMs = reading.atMs - last.atMs;
    if (passedMs <= 0) return;
    // What was removed takes its counts along: then they begin again.
    const rate = (now: number, before: number): number => Math.max(0, ((now - before) * 1000) / passedMs);
    const point =
      passedMs > GAP_MS
        ? { atMs: reading.atMs, down: null, up: null }
        : { atMs: reading.atMs, down: rate(reading.received, last.received), up: rate(reading.sent, last.sent) };
    this.#points = [...this.#points.filter(({ atMs }) => atMs > reading.atMs - KEPT_MS), point];
  }

  get now(): { readonly down: number; readonly up: number } {
    const last = this.#points.at(-1);
    return { down: last?.down ?? 0, up: last?.up ?? 0 };
  }

  series(): RateSeries {
    return {
      at: this.#points.map(({ atMs }) => atMs / 1000),
      down: this.#points.map(({ down }) => down),
      up: this.#points.map(({ up }) => up),
    };
  }
}

/** From when to when a plot of readings reaches, in seconds; null: there is no reading yet. */
export function spanOf(first: number | null, last: number | null, now: number): readonly [number, number] {
  const end = last ?? now;
  return [Math.min(first ?? end, end - SPAN_MIN_S), end];
}
