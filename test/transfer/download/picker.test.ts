// What the picker promises (P26): only what is wanted and offered, the rarest of it, ties by a seeded draw, whatever
// came before in whatever order. Held against the plainest model there is: two arrays.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Prng } from '../../../src/foundation/base/prng.js';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import { Picker } from '../../../src/transfer/download/requests/picker.js';
import { cases } from '../../support/cases.js';

const PIECES = 12;

/** Wanted or not, and how many peers have it. */
class Model {
  readonly wanted = new Set<number>();
  readonly available = new Array<number>(PIECES).fill(0);

  /** What a right answer is one of; empty: undefined is the right answer. */
  candidates(offered: ReadonlySet<number>, anyOrder: boolean): readonly number[] {
    const both = [...this.wanted].filter((piece) => offered.has(piece));
    if (anyOrder) return both;
    const least = Math.min(...both.map((piece) => this.available[piece] ?? 0));
    return both.filter((piece) => this.available[piece] === least);
  }
}

type Step = readonly ['toggle' | 'gained' | 'lost', number] | readonly ['pick', readonly number[], boolean];

const piece = fc.nat(PIECES - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constantFrom('toggle' as const, 'gained' as const, 'lost' as const), piece),
  fc.tuple(fc.constant('pick' as const), fc.uniqueArray(piece), fc.boolean()),
);

function bits(pieces: Iterable<number>): Bitfield {
  const offered = new Bitfield(PIECES);
  for (const index of pieces) offered.set(index);
  return offered;
}

function change(picker: Picker, model: Model, what: 'toggle' | 'gained' | 'lost', index: number): void {
  if (what === 'toggle') {
    if (model.wanted.delete(index)) picker.unwant(index);
    else {
      model.wanted.add(index);
      picker.want(index);
    }
  } else if (what === 'gained') {
    model.available[index] = (model.available[index] ?? 0) + 1;
    picker.gained(index);
  } else if ((model.available[index] ?? 0) > 0) {
    model.available[index] = (model.available[index] ?? 0) - 1;
    picker.lost(index);
  }
}

test('P26: after any changes in any order, what is picked is wanted, offered, and the rarest of that', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.integer(), (steps, seed) => {
      const picker = new Picker(PIECES, new Prng(seed));
      const model = new Model();
      for (const taken of steps) {
        if (taken[0] === 'pick') {
          const allowed = model.candidates(new Set(taken[1]), taken[2]);
          const picked = picker.pick(bits(taken[1]), taken[2]);
          if (allowed.length === 0) assert.equal(picked, undefined);
          else assert.ok(picked !== undefined && allowed.includes(picked), `${picked} of ${allowed.join()}`);
        } else change(picker, model, taken[0], taken[1]);
        assert.equal(picker.wantedCount, model.wanted.size);
        for (let index = 0; index < PIECES; index += 1) {
          assert.equal(picker.wants(index), model.wanted.has(index));
          assert.equal(picker.availability(index), model.available[index]);
        }
      }
    }),
    { numRuns: cases(500) },
  );
});

test('taking out what is picked visits every wanted and offered piece once, rarest first', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(piece),
      fc.uniqueArray(piece),
      fc.array(piece, { maxLength: 40 }),
      fc.integer(),
      (wanted, offered, gains, seed) => {
        const picker = new Picker(PIECES, new Prng(seed));
        for (const index of wanted) picker.want(index);
        for (const index of gains) picker.gained(index);
        const visited: number[] = [];
        for (
          let next = picker.pick(bits(offered), false);
          next !== undefined;
          next = picker.pick(bits(offered), false)
        ) {
          visited.push(next);
          picker.unwant(next);
        }
        assert.deepEqual(
          [...visited].sort((a, b) => a - b),
          wanted.filter((index) => offered.includes(index)).sort((a, b) => a - b),
        );
        const rarities = visited.map((index) => picker.availability(index));
        assert.deepEqual(
          rarities,
          [...rarities].sort((a, b) => a - b),
        );
      },
    ),
  );
});

function firstPicks(seed: number, anyOrder: boolean): number {
  const picker = new Picker(PIECES, new Prng(seed));
  for (let index = 0; index < PIECES; index += 1) picker.want(index);
  return picker.pick(bits(Array.from({ length: PIECES }, (_, at) => at)), anyOrder) ?? -1;
}

test('ties are broken at random, the same way for the same seed', () => {
  for (const anyOrder of [true, false]) {
    const picks = Array.from({ length: 200 }, (_, seed) => firstPicks(seed, anyOrder));
    assert.equal(new Set(picks).size, PIECES, 'every piece is some seed its first');
    assert.deepEqual(
      picks,
      Array.from({ length: 200 }, (_, seed) => firstPicks(seed, anyOrder)),
    );
  }
});

test('any order ignores rarity', () => {
  const picker = new Picker(PIECES, new Prng(3));
  for (const index of [0, 1]) picker.want(index);
  for (let peer = 0; peer < 5; peer += 1) picker.gained(0);
  const picks = new Set(Array.from({ length: 50 }, () => picker.pick(bits([0, 1]), true)));
  assert.deepEqual(picks, new Set([0, 1]));
  assert.deepEqual(new Set(Array.from({ length: 50 }, () => picker.pick(bits([0, 1]), false))), new Set([1]));
});

test('wanting twice, taking out what is not in, and losing what nobody has are mistakes', () => {
  const picker = new Picker(PIECES, new Prng(1));
  picker.want(3);
  assert.throws(() => picker.want(3), /a piece is wanted once/);
  assert.throws(() => picker.unwant(4), /only a wanted piece is taken out/);
  assert.throws(() => picker.lost(3), /only a counted peer loses a piece/);
});

test('a file without pieces has nothing to pick', () => {
  const picker = new Picker(0, new Prng(1));
  assert.equal(picker.wantedCount, 0);
  assert.equal(picker.pick(new Bitfield(0), true), undefined);
  assert.equal(picker.pick(new Bitfield(0), false), undefined);
});
