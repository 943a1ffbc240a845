// How a piece is put together: parts, holes and zeros cover it without overlap, whatever a plan says, with few holes.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../../src/foundation/base/limits.js';
import { Geometry } from '../../../../src/foundation/torrent/geometry.js';
import { Layout } from '../../../../src/foundation/torrent/layout.js';
import { HOLES_PER_PIECE_MAX } from '../../../../src/transfer/storage/limits.js';
import { coverOf } from '../../../../src/transfer/storage/reuse/cover.js';
import { ReusePlanBuilder } from '../../../../src/transfer/storage/reuse/plan.js';

function planOf(runs: readonly (readonly [gap: number, length: number])[], size: number) {
  const builder = new ReusePlanBuilder();
  let at = 0;
  for (const [gap, length] of runs) {
    const begin = at + gap;
    if (begin + length > size) break;
    // A source each: neighbours are not joined.
    builder.run({ begin, length, source: builder.source({ path: '/a', size, mtimeMs: 0, group: 0 }), offset: 3 });
    at = begin + length;
  }
  return builder.build();
}

test('parts and holes cover a piece once, and there are few holes', () => {
  const runs = fc.array(fc.tuple(fc.nat(9_000), fc.integer({ min: 1, max: 20_000 })), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(runs, fc.integer({ min: 1, max: 2 * PIECE_SIZE }), (list, size) => {
      const geometry = new Geometry(size);
      const coverable = { plan: planOf(list, size), geometry, layout: new Layout(size) };
      for (let piece = 0; piece < geometry.pieceCount; piece += 1) {
        const cover = coverOf(coverable, piece, () => true);
        if (cover === undefined) continue;
        const spans = [...cover.parts, ...cover.holes].sort((a, b) => a.begin - b.begin);
        let at = 0;
        for (const { begin, length } of spans) {
          assert.equal(begin, at, 'no byte is missing, and none has two writers');
          at += length;
        }
        assert.equal(at, geometry.pieceLength(piece));
        assert.ok(cover.holes.length <= HOLES_PER_PIECE_MAX);
        const missing = cover.holes.reduce((sum, { length }) => sum + length, 0);
        assert.ok(missing * 2 <= at);
        assert.equal(cover.bytes, at - missing);
      }
    }),
  );
});

test('where there are too many holes, those with the least between them are joined', () => {
  const runs = Array.from({ length: 60 }, (_, at) => [100, at % 2 === 0 ? 50 : 16_000] as const);
  const plan = planOf(runs, PIECE_SIZE);
  const cover = coverOf({ plan, geometry: new Geometry(PIECE_SIZE), layout: new Layout(PIECE_SIZE) }, 0, () => true);
  assert.ok(cover !== undefined);
  assert.equal(cover.holes.length, HOLES_PER_PIECE_MAX);
  assert.ok(cover.parts.filter(({ length }) => length === 16_000).length === 30, 'the long parts are all read');
});
