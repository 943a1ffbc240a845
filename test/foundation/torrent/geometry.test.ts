// Where pieces begin and end, at every edge of size % 512 KiB.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { FILE_SIZE_MAX, Geometry } from '../../../src/foundation/torrent/geometry.js';

test('P26: the last piece is short, or whole, and never empty', () => {
  const table: [size: number, pieceCount: number, lastLength: number][] = [
    [1, 1, 1],
    [PIECE_SIZE - 1, 1, PIECE_SIZE - 1],
    [PIECE_SIZE, 1, PIECE_SIZE],
    [PIECE_SIZE + 1, 2, 1],
    [FILE_SIZE_MAX, FILE_SIZE_MAX / PIECE_SIZE, PIECE_SIZE],
  ];
  for (const [size, pieceCount, lastLength] of table) {
    const geometry = new Geometry(size);
    assert.equal(geometry.pieceCount, pieceCount);
    assert.equal(geometry.pieceLength(pieceCount - 1), lastLength);
  }
  assert.equal(new Geometry(0).pieceCount, 0);
});

test('pieces cover the file without gap or overlap', () => {
  fc.assert(
    fc.property(fc.nat(20 * PIECE_SIZE), (size) => {
      const geometry = new Geometry(size);
      let end = 0;
      for (let index = 0; index < geometry.pieceCount; index += 1) {
        assert.equal(geometry.pieceOffset(index), end);
        end += geometry.pieceLength(index);
      }
      assert.equal(end, size);
    }),
  );
});

test('a number from outside is a piece index only when it names a piece', () => {
  const geometry = new Geometry(3 * PIECE_SIZE);
  for (const index of [0, 1, 2]) assert.equal(geometry.pieceIndex(index), index);
  for (const index of [-1, 3, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32]) {
    assert.equal(geometry.pieceIndex(index), undefined);
  }
});

test('a size outside the bounds is a mistake', () => {
  for (const size of [-1, 0.5, FILE_SIZE_MAX + 1, Number.NaN]) {
    assert.throws(() => new Geometry(size), { name: 'AssertionFailed' });
  }
});
