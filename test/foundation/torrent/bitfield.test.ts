// A bitfield must agree with a plain Set for any sequence of operations, and lay its bits out as BEP 3 does.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Bitfield, type PieceRange, rangesOf } from '../../../src/foundation/torrent/bitfield.js';

test('a bitfield behaves as a set of indices', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(99)), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), steps, (pieceCount, operations) => {
      const bits = new Bitfield(pieceCount);
      const model = new Set<number>();
      for (const [adds, number] of operations) {
        const index = number % pieceCount;
        assert.equal(adds ? bits.set(index) : bits.clear(index), adds !== model.has(index));
        if (adds) model.add(index);
        else model.delete(index);
      }
      for (let index = 0; index < pieceCount; index += 1) assert.equal(bits.has(index), model.has(index));
      assert.equal(bits.count, model.size);
      assert.equal(bits.recount(), model.size);
      assert.equal(bits.isComplete, model.size === pieceCount);
      assert.equal(bits.hasSpareBits, false);
      const ranges = [...bits.ranges()];
      assert.deepEqual(
        indicesOf(ranges),
        [...model].sort((a, b) => a - b),
      );
      for (const [at, [begin]] of ranges.entries()) {
        const before = ranges[at - 1];
        assert.ok(before === undefined || begin > before[0] + before[1], 'ranges are merged');
      }
    }),
  );
});

function indicesOf(ranges: readonly PieceRange[]): number[] {
  return ranges.flatMap(([begin, count]) => Array.from({ length: count }, (_, at) => begin + at));
}

test('the high bit of byte 0 is piece 0', () => {
  const bits = new Bitfield(10);
  bits.set(0);
  bits.set(9);
  assert.deepEqual([...bits.bytes], [0x80, 0x40]);
});

test('a full bitfield leaves the spare bits zero, and a set one is noticed', () => {
  for (let pieceCount = 0; pieceCount <= 17; pieceCount += 1) {
    const bits = new Bitfield(pieceCount);
    bits.setAll();
    assert.equal(bits.count, bits.recount());
    assert.equal(bits.isComplete, true);
    assert.equal(bits.hasSpareBits, false);
  }
  assert.equal(new Bitfield(9, Uint8Array.of(0, 0x40)).hasSpareBits, true);
  assert.equal(new Bitfield(9, Uint8Array.of(0xff, 0x80)).hasSpareBits, false);
});

test('any list of indices becomes the same set in ascending merged ranges', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60)), (indices) => {
      const ranges = rangesOf(indices);
      assert.deepEqual(
        indicesOf(ranges),
        [...new Set(indices)].sort((a, b) => a - b),
      );
    }),
  );
  assert.deepEqual(rangesOf([3, 1, 2, 7]), [
    [1, 3],
    [7, 1],
  ]);
});

test('an index outside the file is a mistake', () => {
  const bits = new Bitfield(8);
  for (const index of [-1, 8]) assert.throws(() => bits.has(index), { name: 'AssertionFailed' });
});

test('with and without are those of sets, and leave both as they were', () => {
  const pieces = fc.uniqueArray(fc.nat(40));
  fc.assert(
    fc.property(pieces, pieces, (left, right) => {
      const of = (some: readonly number[]): Bitfield => {
        const field = new Bitfield(41);
        for (const piece of some) field.set(piece);
        return field;
      };
      const [a, b] = [of(left), of(right)];
      const expected = (some: readonly number[]): Uint8Array => of(some).bytes;
      assert.deepEqual(a.with(b).bytes, expected([...left, ...right]));
      assert.deepEqual(a.without(b).bytes, expected(left.filter((piece) => !right.includes(piece))));
      assert.deepEqual([a.bytes, b.bytes], [expected(left), expected(right)]);
      assert.equal(a.with(b).count, new Set([...left, ...right]).size);
    }),
  );
});

test('hasBeyond tells whether something is in the one that is not in the other', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(40)), fc.uniqueArray(fc.nat(40)), (some, others) => {
      const [a, b] = [new Bitfield(41), new Bitfield(41)];
      for (const index of some) a.set(index);
      for (const index of others) b.set(index);
      assert.equal(a.hasBeyond(b), a.without(b).count > 0);
    }),
  );
});
