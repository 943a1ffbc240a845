// What may be asked for at once: bytes of one piece, or whole pieces side by side.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE, RUN_PIECES_MAX } from '../../../src/foundation/base/limits.js';
import { type Block, isAskable, piecesIn } from '../../../src/foundation/torrent/block.js';
import { Geometry } from '../../../src/foundation/torrent/geometry.js';

const PIECES = 7;
const SHORT = 5;
const geometry = new Geometry((PIECES - 1) * PIECE_SIZE + SHORT);

/** Every run that there is, spelled out. */
function* runs(): Generator<Block> {
  for (let piece = 0; piece < PIECES; piece += 1)
    for (let count = 1; count <= Math.min(RUN_PIECES_MAX, PIECES - piece); count += 1)
      yield { piece, begin: 0, length: geometry.runLength(piece, count) };
}

test('whole pieces side by side may be asked for, up to the longest run and the end of the file', () => {
  for (const run of runs()) assert.ok(isAskable(run, geometry), JSON.stringify(run));
  const tooLong = { piece: 0, begin: 0, length: (RUN_PIECES_MAX + 1) * PIECE_SIZE };
  assert.equal(isAskable(tooLong, geometry), false);
  assert.equal(isAskable({ piece: PIECES - 2, begin: 0, length: 2 * PIECE_SIZE }, geometry), false, 'beyond the file');
  assert.equal(isAskable({ piece: PIECES, begin: 0, length: 1 }, geometry), false);
});

test('of more than one piece only whole ones may be asked for', () => {
  const near = fc.constantFrom(-1, 0, 1, SHORT);
  const any = fc.record({
    piece: fc.nat(PIECES),
    begin: fc.tuple(fc.nat(2), near).map(([pieces, by]) => Math.max(0, pieces * PIECE_SIZE + by)),
    length: fc.tuple(fc.nat(RUN_PIECES_MAX + 1), near).map(([pieces, by]) => Math.max(1, pieces * PIECE_SIZE + by)),
  });
  const known = new Set([...runs()].map((run) => `${run.piece}:${run.length}`));
  fc.assert(
    fc.property(any, (block) => {
      const { piece, begin, length } = block;
      const isInPiece = piece < PIECES && begin + length <= geometry.pieceLength(piece);
      const isRun = begin === 0 && known.has(`${piece}:${length}`);
      assert.equal(isAskable(block, geometry), isInPiece || isRun);
    }),
  );
});

test('a block has bytes of as many pieces as its bytes reach', () => {
  for (const run of runs()) {
    const count = [...Array(PIECES - run.piece).keys()].findIndex(
      (at) => geometry.runLength(run.piece, at + 1) === run.length,
    );
    assert.equal(piecesIn(run), count + 1);
  }
  assert.equal(piecesIn({ begin: PIECE_SIZE - 1, length: 1 }), 1);
  assert.equal(piecesIn({ begin: 7, length: PIECE_SIZE - 7 }), 1);
});
