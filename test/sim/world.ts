// Virtual time: one ordered queue of what happens next. Nothing here or above it reads a real clock or real randomness,
// so a run is a function of its seed.

import type { Timer, Timers } from '../../src/foundation/base/timers.js';

/** One millisecond has so many buckets of what happens later. */
const BUCKETS_A_MS = 4;
/** As far as the next one is looked for one by one: a quarter of a second. */
const BUCKETS_NEAR = 1_000;

class Entry implements Timer {
  readonly atMs: number;
  /** Breaks ties: what was asked for first happens first. */
  readonly order: number;
  /** Undefined once it is cancelled. */
  run: (() => void) | undefined;

  constructor(atMs: number, order: number, run: () => void) {
    this.atMs = atMs;
    this.order = order;
    this.run = run;
  }

  cancel(): void {
    this.run = undefined;
  }
}

export class World implements Timers {
  /**
   * What happens before `#nearUntil`: a binary heap, small enough to stay in the processor's cache however much waits.
   */
  #heap: Entry[] = [];
  /** What happens later, unordered, by bucket. */
  readonly #later = new Map<number, Entry[]>();
  /** The first bucket that is not in the heap. */
  #nearUntil = 0;
  #nowMs = 0;
  #order = 0;
  #happened = 0;
  /** FNV-1a over everything that was noted: equal for equal runs. */
  #digest = 0x811c9dc5;

  nowMs(): number {
    return this.#nowMs;
  }

  get happened(): number {
    return this.#happened;
  }

  get digest(): number {
    return this.#digest;
  }

  at(atMs: number, run: () => void): Timer {
    const entry = new Entry(Math.max(atMs, this.#nowMs), this.#order++, run);
    const bucket = Math.floor(entry.atMs * BUCKETS_A_MS);
    if (bucket < this.#nearUntil) this.#push(entry);
    else {
      const those = this.#later.get(bucket);
      if (those === undefined) this.#later.set(bucket, [entry]);
      else those.push(entry);
    }
    return entry;
  }

  after(ms: number, run: () => void): Timer {
    return this.at(this.#nowMs + ms, run);
  }

  /** Something that tells two runs apart. */
  note(what: string, ...numbers: readonly number[]): void {
    for (const text of [what, this.#nowMs, ...numbers]) {
      for (const character of String(text)) {
        this.#digest = Math.imul(this.#digest ^ character.charCodeAt(0), 0x01000193) >>> 0;
      }
    }
  }

  /** Lets the next thing happen; false when nothing is left, or nothing before `untilMs`. */
  step(untilMs: number): boolean {
    for (let next = this.#first(); next !== undefined && next.atMs <= untilMs; next = this.#first()) {
      this.#pop();
      const { run } = next;
      if (run === undefined) continue;
      this.#nowMs = next.atMs;
      this.#happened += 1;
      run();
      return true;
    }
    return false;
  }

  #first(): Entry | undefined {
    while (this.#heap.length === 0) {
      if (this.#later.size === 0) return undefined;
      const bucket = this.#nextBucket();
      // Something in order is a heap.
      this.#heap = (this.#later.get(bucket) ?? []).filter(({ run }) => run !== undefined).sort(order);
      this.#later.delete(bucket);
      this.#nearUntil = bucket + 1;
    }
    return this.#heap[0];
  }

  #nextBucket(): number {
    for (let bucket = this.#nearUntil; bucket < this.#nearUntil + BUCKETS_NEAR; bucket += 1) {
      if (this.#later.has(bucket)) return bucket;
    }
    let least = Number.POSITIVE_INFINITY;
    for (const bucket of this.#later.keys()) least = Math.min(least, bucket);
    return least;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) child += 1;
      const least = heap[child];
      if (least === undefined || !isBefore(least, last)) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function order(a: Entry, b: Entry): number {
  return a.atMs - b.atMs || a.order - b.order;
}
