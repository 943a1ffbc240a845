// Virtual time: one ordered queue of what happens next. Nothing here or above it reads a real clock or real randomness, so a
// run is a function of its seed.

import type { Timer, Timers } from '../../src/actor/timers.js';

interface Entry {
  readonly atMs: number;
  /** Breaks ties: what was asked for first happens first. */
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

export class World implements Timers {
  /** A binary heap. */
  readonly #heap: Entry[] = [];
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
    const entry: Entry = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run, cancelled: false };
    this.#push(entry);
    return {
      cancel: () => {
        entry.cancelled = true;
      },
    };
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
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#pop();
      if (next.cancelled) continue;
      this.#nowMs = next.atMs;
      this.#happened += 1;
      next.run();
      return true;
    }
    return false;
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
