// Paths compared as bytes where they lie: the orders are those that strings and buffers give, whatever the paths are.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PathTable, PathText } from '../../../../src/foundation/torrent/folder/path-table.js';

const path = fc
  .array(fc.constantFrom('a', 'b', '-', '.', 'ü', '\u{1f600}', '\uffee'), { minLength: 1, maxLength: 4 })
  .chain((parts) => fc.constantFrom(parts.join('/'), parts.join('')));
const paths = fc.array(path, { maxLength: 40 });

const tableOf = (all: readonly string[]): PathTable => PathTable.of(all.length, (index) => all[index] as string);
const indicesOf = (all: readonly string[]): Uint32Array => Uint32Array.from(all.keys());

test('an order is that of the bytes, keeps equal paths as they were, and leaves what it was given', () => {
  fc.assert(
    fc.property(paths, (all) => {
      const given = indicesOf(all);
      const order = tableOf(all).inByteOrder(given);
      const expected = [...all.keys()].sort((one, two) =>
        Buffer.compare(Buffer.from(all[one] as string), Buffer.from(all[two] as string)),
      );
      assert.deepEqual([...order], expected);
      assert.deepEqual(given, indicesOf(all));
    }),
  );
});

test('in the order of a tree whatever lies below a path follows it directly', () => {
  fc.assert(
    fc.property(paths, (all) => {
      const table = tableOf(all);
      const order = [...table.inTreeOrder(indicesOf(all))].map((index) => all[index] as string);
      const keyOf = (one: string): Buffer => Buffer.from(one.replaceAll('/', '\0'));
      assert.deepEqual(
        order,
        all.toSorted((one, two) => Buffer.compare(keyOf(one), keyOf(two))),
      );
      for (const [one, above] of all.entries()) {
        for (const [two, below] of all.entries()) {
          assert.equal(table.isAtOrBelow(two, one), `${below}/`.startsWith(`${above}/`), `${below} below ${above}`);
          assert.equal(table.isSamePath(one, two), above === below);
        }
      }
    }),
  );
});

test('text that takes more memory than was expected is all there, and memory is used again', () => {
  const text = new PathText(1);
  for (let round = 0; round < 2; round += 1) {
    const ends = Array.from({ length: 100 }, (_, at) => text.append(`ü${at}`));
    assert.equal(ends.at(-1), text.length);
    assert.equal(text.bytes.toString(), Array.from({ length: 100 }, (_, at) => `ü${at}`).join(''));
    text.clear();
    assert.equal(text.bytes.length, 0);
  }
});
