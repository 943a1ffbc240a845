// Virtual time for simulations: what is planned happens in the order of its time, and of its planning among equals. A
// run is a function of its seed; nothing here waits.

import { Prng } from '../../src/foundation/base/prng.js';

interface Plan {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class World {
  readonly prng: Prng;
  nowMs = 0;
  readonly #heap: Plan[] = [];
  #order = 0;

  constructor(seed: number) {
    this.prng = new Prng(seed);
  }

  at(atMs: number, run: () => void): void {
    this.#order += 1;
    const heap = this.#heap;
    heap.push({ atMs: Math.max(atMs, this.nowMs), order: this.#order, run });
    for (let child = heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#isBefore(child, parent)) break;
      this.#swap(child, parent);
      child = parent;
    }
  }

  after(byMs: number, run: () => void): void {
    this.at(this.nowMs + byMs, run);
  }

  /** Of what is planned first; infinity: nothing is. */
  get nextAtMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Everything up to `untilMs`, which is the time afterwards. */
  runUntil(untilMs: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= untilMs; first = this.#heap[0]) {
      this.#shift();
      this.nowMs = first.atMs;
      first.run();
    }
    this.nowMs = untilMs;
  }

  between(lowest: number, highest: number): number {
    return lowest + this.prng.next() * (highest - lowest);
  }

  chance(probability: number): boolean {
    return this.prng.next() < probability;
  }

  #shift(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let parent = 0; ; ) {
      let least = parent;
      for (const child of [parent * 2 + 1, parent * 2 + 2])
        if (child < heap.length && this.#isBefore(child, least)) least = child;
      if (least === parent) return;
      this.#swap(parent, least);
      parent = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a] as Plan, this.#heap[b] as Plan];
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a] as Plan;
    this.#heap[a] = this.#heap[b] as Plan;
    this.#heap[b] = kept;
  }
}

type End = string;

/**
 * Paths between named ends, as TCP has them: in order, never lost while the path lives. A cut path holds what is on it
 * until it is whole again, in one direction or both.
 */
export class Paths {
  readonly #world: World;
  readonly #cut = new Set<string>();
  readonly #held = new Map<string, (() => void)[]>();
  readonly #lastMs = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  send(from: End, to: End, arrive: () => void): void {
    const path = `${from}>${to}`;
    const delayMs = this.#world.chance(0.02) ? this.#world.between(20, 200) : this.#world.between(0.1, 4);
    const atMs = Math.max(this.#world.nowMs + delayMs, this.#lastMs.get(path) ?? 0);
    this.#lastMs.set(path, atMs);
    this.#world.at(atMs, () => {
      if (this.#cut.has(path)) this.#held.set(path, [...(this.#held.get(path) ?? []), arrive]);
      else arrive();
    });
  }

  isCut(from: End, to: End): boolean {
    return this.#cut.has(`${from}>${to}`);
  }

  cut(from: End, to: End): void {
    this.#cut.add(`${from}>${to}`);
  }

  heal(from: End, to: End): void {
    const path = `${from}>${to}`;
    this.#cut.delete(path);
    const held = this.#held.get(path) ?? [];
    this.#held.delete(path);
    for (const arrive of held) this.#world.at(this.#world.nowMs, arrive);
  }

  healAll(): void {
    for (const path of [...this.#cut]) {
      const [from = '', to = ''] = path.split('>');
      this.heal(from, to);
    }
  }
}
