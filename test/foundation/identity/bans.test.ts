// Bans: rows may come in any order, in parts and again, and everybody ends with the same; a ban beats what was said
// before it and beside it.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Ban, Bans } from '../../../src/foundation/identity/bans.js';
import { keyId } from '../../../src/foundation/identity/keys.js';
import { BANS_MAX } from '../../../src/foundation/identity/limits.js';

const member = fc.integer({ min: 0, max: 3 }).map((number) => keyId(new Uint8Array(16).fill(number)));
const rows: fc.Arbitrary<Ban[]> = fc.array(
  fc.record({ member, version: fc.integer({ min: 1, max: 4 }), isBanned: fc.boolean() }, { noNullPrototype: true }),
  { maxLength: 12 },
);
const hex = (bans: Bans): string => Buffer.from(bans.digest()).toString('hex');

test('the same rows in any order, again and in parts, are the same bans', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 0, max: 12 }), fc.infiniteStream(fc.nat()), (all, cut, keys) => {
      const shuffled = all.map((row) => [keys.next().value ?? 0, row] as const).sort(([a], [b]) => a - b);
      const one = new Bans(all);
      const other = new Bans([...all.slice(0, cut), ...shuffled.map(([, row]) => row), ...all]);
      assert.equal(hex(one), hex(other));
      for (const { member: id } of all) assert.equal(one.isBanned(id), other.isBanned(id));
    }),
    { numRuns: 10_000 },
  );
});

test('the higher version wins, and banned wins at the same one', () => {
  fc.assert(
    fc.property(rows, (all) => {
      const bans = new Bans(all);
      for (const { member: id } of all) {
        const of = all.filter((row) => row.member === id);
        const highest = Math.max(...of.map(({ version }) => version));
        assert.equal(
          bans.isBanned(id),
          of.some(({ version, isBanned }) => version === highest && isBanned),
        );
      }
    }),
  );
});

test('only what is news says so, and the digest changes with it', () => {
  const bans = new Bans();
  const id = keyId(new Uint8Array(16).fill(7));
  const before = hex(bans);
  assert.equal(bans.add({ member: id, version: 1, isBanned: true }), true);
  assert.notEqual(hex(bans), before);
  assert.equal(bans.add({ member: id, version: 1, isBanned: true }), false);
  assert.equal(bans.add({ member: id, version: 1, isBanned: false }), false);
  assert.equal(bans.add({ member: id, version: 2, isBanned: false }), true);
  assert.equal(bans.isBanned(id), false);
});

test('a full list keeps what it has, and still hears of the keys that it knows', () => {
  const bans = new Bans();
  const id = (number: number) => keyId(Buffer.from(number.toString(16).padStart(32, '0'), 'hex'));
  for (let number = 0; number < BANS_MAX; number += 1) bans.add({ member: id(number), version: 1, isBanned: true });
  assert.equal(bans.add({ member: id(BANS_MAX), version: 1, isBanned: true }), false);
  assert.equal(bans.add({ member: id(0), version: 2, isBanned: false }), true);
  assert.equal(bans.size, BANS_MAX);
});
