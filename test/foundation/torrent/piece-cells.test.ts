// A map of pieces says of each cell no more and no less than is there.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import { pieceCells, wholeCells } from '../../../src/foundation/torrent/piece-cells.js';

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

test('a bit of a cell is set exactly when the share of the cell is whole', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 64 }),
      fc.infiniteStream(fc.boolean()),
      (pieces, most, bits) => {
        const have = new Bitfield(pieces);
        for (let piece = 0; piece < pieces; piece += 1) if (bits.next().value === true) have.set(piece);
        const [cells, whole] = [pieceCells(have, most), wholeCells(have, most)];
        assert.equal(whole.length, Math.ceil(cells.length / 8));
        cells.forEach((cell, at) => {
          assert.equal(((whole[at >>> 3] ?? 0) & (0x80 >>> (at & 7))) !== 0, cell === 255);
        });
      },
    ),
  );
});
