// A map of pieces says of each cell no more and no less than is there.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import { pieceCells } from '../../../src/foundation/torrent/piece-cells.js';

const fields = fc.array(fc.boolean(), { maxLength: 400 }).map((pieces) => {
  const have = new Bitfield(pieces.length);
  for (const [piece, is] of pieces.entries()) if (is) have.set(piece);
  return have;
});

test('a cell is whole only when all of its pieces are there, and empty only when none is', () => {
  fc.assert(
    fc.property(fields, fc.integer({ min: 1, max: 64 }), (have, cellsMax) => {
      const cells = pieceCells(have, cellsMax);
      assert.equal(cells.length, Math.min(have.pieceCount, cellsMax));
      let seen = 0;
      for (const [at, cell] of cells.entries()) {
        const begin = Math.floor((at * have.pieceCount) / cells.length);
        const end = Math.floor(((at + 1) * have.pieceCount) / cells.length);
        const there = Array.from({ length: end - begin }, (_, offset) => have.has(begin + offset));
        assert.ok(end > begin, 'no cell is without a piece');
        assert.equal(cell === 255, there.every(Boolean));
        assert.equal(cell === 0, !there.some(Boolean));
        seen += there.length;
      }
      assert.equal(seen, have.pieceCount, 'every piece is in one cell');
    }),
  );
});

test('cells are of equal size, give or take one piece', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 1_024 }), (pieceCount, cellsMax) => {
      const have = new Bitfield(pieceCount);
      have.set(0);
      const count = pieceCells(have, cellsMax).length;
      const sizes = Array.from(
        { length: count },
        (_, at) => Math.floor(((at + 1) * pieceCount) / count) - Math.floor((at * pieceCount) / count),
      );
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
    }),
  );
});
