// Simulations replay by seed: the generator may never change for a given one.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Prng } from '../../../src/foundation/base/prng.js';

test('a seed gives the same numbers for ever', () => {
  const prng = new Prng(7);
  assert.deepEqual(
    Array.from({ length: 5 }, () => prng.below(1000)),
    [11, 61, 976, 699, 521],
  );
});

test('draws lie within their bound, and a bound of one leaves no choice', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 31 }), (seed, bound) => {
      const prng = new Prng(seed);
      const drawn = prng.below(bound);
      assert.ok(Number.isInteger(drawn) && drawn >= 0 && drawn < bound);
      assert.equal(prng.below(1), 0);
    }),
  );
  assert.throws(() => new Prng(1).below(0), { name: 'AssertionFailed' });
});

test('a shuffle loses and doubles nothing, and repeats for a seed', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.nat()), (seed, items) => {
      const once = new Prng(seed).shuffle([...items]);
      assert.deepEqual(new Prng(seed).shuffle([...items]), once);
      assert.deepEqual(
        [...once].sort((a, b) => a - b),
        [...items].sort((a, b) => a - b),
      );
    }),
  );
});

test('every order of three items is drawn about equally often', () => {
  const prng = new Prng(1);
  const seen = new Map<string, number>();
  for (let draw = 0; draw < 6_000; draw += 1) {
    const order = prng.shuffle(['a', 'b', 'c']).join('');
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  assert.equal(seen.size, 6);
  for (const count of seen.values()) assert.ok(count > 850 && count < 1_150);
});
