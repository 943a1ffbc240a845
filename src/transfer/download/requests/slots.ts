// Which download owns which slot of the slab. All downloads of the thread share one pool, and each may hold its even
// share, so that no fast download starves the others. Invariant: a slot is free or has exactly one owner, and only the
// owner gives it back. Pure.

import { assert, present } from '../../../foundation/base/assert.js';
import { WINDOW_PIECES_MIN } from '../limits.js';

const FREE = 0;

export class SlotPool {
  readonly capacity: number;
  /** The slot that was freed last is taken first: its bytes are still in the cache. */
  readonly #free: number[];
  readonly #ownerOf: Uint32Array;
  readonly #held = new Map<number, number>();

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#free = Array.from({ length: capacity }, (_, at) => capacity - 1 - at);
    this.#ownerOf = new Uint32Array(capacity);
  }

  /** How many downloads run. */
  get ownerCount(): number {
    return this.#held.size;
  }

  /** @param owner a download's file number, ≥ 1. */
  join(owner: number): void {
    assert(owner !== FREE && !this.#held.has(owner), 'an owner joins once');
    this.#held.set(owner, 0);
  }

  leave(owner: number): void {
    assert(this.#held.get(owner) === 0, 'an owner that leaves holds no slot');
    this.#held.delete(owner);
  }

  heldBy(owner: number): number {
    return this.#held.get(owner) ?? 0;
  }

  /** Slots that each owner may hold. */
  get share(): number {
    return Math.max(WINDOW_PIECES_MIN, Math.floor(this.capacity / this.#held.size));
  }

  /** Slots that this owner may take now: 0 when none is free or it holds its share. */
  room(owner: number): number {
    const held = this.#held.get(owner);
    assert(held !== undefined, 'only a joined owner takes slots');
    return Math.min(this.#free.length, Math.max(0, this.share - held));
  }

  take(owner: number): number | undefined {
    if (this.room(owner) === 0) return undefined;
    const slot = present(this.#free.pop(), 'a free slot is there to take');
    assert(this.#ownerOf[slot] === FREE, 'a free slot has no owner');
    this.#ownerOf[slot] = owner;
    this.#held.set(owner, this.heldBy(owner) + 1);
    return slot;
  }

  give(owner: number, slot: number): void {
    assert(this.#ownerOf[slot] === owner, 'only its owner gives a slot back');
    this.#ownerOf[slot] = FREE;
    this.#held.set(owner, this.heldBy(owner) - 1);
    this.#free.push(slot);
  }
}
