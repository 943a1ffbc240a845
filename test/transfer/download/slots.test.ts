// The slab's books: a slot is free or has exactly one owner, none is ever lost, and each download gets its share.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { WINDOW_PIECES_MIN } from '../../../src/transfer/download/limits.js';
import { SlotPool } from '../../../src/transfer/download/requests/slots.js';
import { cases } from '../../support/cases.js';

const CAPACITY = 6;
const OWNERS = 4;

/** owner → slots it holds. */
type Model = { readonly held: Map<number, Set<number>> };

function taken({ held }: Model): number {
  return [...held.values()].reduce((sum, slots) => sum + slots.size, 0);
}

class Join implements fc.Command<Model, SlotPool> {
  readonly #owner: number;
  constructor(owner: number) {
    this.#owner = owner;
  }
  check({ held }: Readonly<Model>): boolean {
    return !held.has(this.#owner);
  }
  run({ held }: Model, pool: SlotPool): void {
    pool.join(this.#owner);
    held.set(this.#owner, new Set());
  }
  toString(): string {
    return `join ${this.#owner}`;
  }
}

class Leave implements fc.Command<Model, SlotPool> {
  readonly #owner: number;
  constructor(owner: number) {
    this.#owner = owner;
  }
  check({ held }: Readonly<Model>): boolean {
    return held.has(this.#owner);
  }
  run({ held }: Model, pool: SlotPool): void {
    if ((held.get(this.#owner)?.size ?? 0) > 0) {
      assert.throws(() => pool.leave(this.#owner), /holds no slot/);
      return;
    }
    pool.leave(this.#owner);
    held.delete(this.#owner);
  }
  toString(): string {
    return `leave ${this.#owner}`;
  }
}

class Take implements fc.Command<Model, SlotPool> {
  readonly #owner: number;
  constructor(owner: number) {
    this.#owner = owner;
  }
  check({ held }: Readonly<Model>): boolean {
    return held.has(this.#owner);
  }
  run(model: Model, pool: SlotPool): void {
    const mine = model.held.get(this.#owner) ?? new Set();
    const share = Math.max(WINDOW_PIECES_MIN, Math.floor(CAPACITY / model.held.size));
    const slot = pool.take(this.#owner);
    if (mine.size >= share || taken(model) === CAPACITY) assert.equal(slot, undefined);
    else {
      assert.ok(slot !== undefined && slot >= 0 && slot < CAPACITY);
      for (const slots of model.held.values()) assert.ok(!slots.has(slot), 'a slot has one owner');
      mine.add(slot);
    }
  }
  toString(): string {
    return `take ${this.#owner}`;
  }
}

class Give implements fc.Command<Model, SlotPool> {
  readonly #owner: number;
  readonly #slot: number;
  constructor(owner: number, slot: number) {
    this.#owner = owner;
    this.#slot = slot;
  }
  check(): boolean {
    return true;
  }
  run({ held }: Model, pool: SlotPool): void {
    if (held.get(this.#owner)?.delete(this.#slot) === true) pool.give(this.#owner, this.#slot);
    else assert.throws(() => pool.give(this.#owner, this.#slot), /only its owner gives a slot back/);
  }
  toString(): string {
    return `give ${this.#owner} ${this.#slot}`;
  }
}

/** What holds after every step: nothing is lost, nothing is counted twice. */
class Count implements fc.Command<Model, SlotPool> {
  check(): boolean {
    return true;
  }
  run(model: Model, pool: SlotPool): void {
    let held = 0;
    for (let owner = 1; owner <= OWNERS; owner += 1) held += pool.heldBy(owner);
    assert.equal(held, taken(model));
    for (const [owner, slots] of model.held) assert.equal(pool.heldBy(owner), slots.size);
  }
  toString(): string {
    return 'count';
  }
}

test('in any order of joins, takes, gives and leaves, every slot is free or has the one owner that took it', () => {
  const owner = fc.integer({ min: 1, max: OWNERS });
  const commands = fc.commands(
    [
      owner.map((name) => new Join(name)),
      owner.map((name) => new Leave(name)),
      owner.map((name) => new Take(name)),
      owner.map((name) => new Take(name)),
      fc.tuple(owner, fc.nat(CAPACITY - 1)).map(([name, slot]) => new Give(name, slot)),
      fc.constant(new Count()),
    ],
    { maxCommands: 60 },
  );
  fc.assert(
    fc.property(commands, (steps) => {
      const model: Model = { held: new Map() };
      fc.modelRun(() => ({ model, real: new SlotPool(CAPACITY) }), steps);
    }),
    { numRuns: cases(500) },
  );
});

test('the slot that was freed last is taken first, while its bytes are in the cache', () => {
  const pool = new SlotPool(CAPACITY);
  pool.join(1);
  const [a, b] = [pool.take(1) ?? -1, pool.take(1) ?? -1];
  pool.give(1, a);
  pool.give(1, b);
  assert.equal(pool.take(1), b);
});

test('one download may fill the slab, and gives way as its slots come back when another joins', () => {
  const pool = new SlotPool(CAPACITY);
  pool.join(1);
  const slots = Array.from({ length: CAPACITY }, () => pool.take(1) ?? -1);
  pool.join(2);
  assert.equal(pool.take(2), undefined);
  for (const slot of slots.slice(0, 3)) {
    pool.give(1, slot);
    assert.equal(pool.take(1), undefined, 'over its share');
    assert.equal(pool.take(2), slot);
  }
  assert.deepEqual([pool.heldBy(1), pool.heldBy(2)], [3, 3]);
});
