// Which files begin as clones, and what may lie in them: only bytes that a plan has at the same place in the source
// that was cloned, and nothing that was believed before where a clone may have written.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../../src/foundation/base/limits.js';
import { Bitfield } from '../../../../src/foundation/torrent/bitfield.js';
import { choose } from '../../../../src/foundation/torrent/folder/choice.js';
import { FolderList } from '../../../../src/foundation/torrent/folder/folder-list.js';
import { Geometry } from '../../../../src/foundation/torrent/geometry.js';
import { Layout } from '../../../../src/foundation/torrent/layout.js';
import { CLONES_MAX } from '../../../../src/transfer/storage/limits.js';
import { clonesOf, placedBy, spoiledBy } from '../../../../src/transfer/storage/reuse/clone-plan.js';
import type { Coverable } from '../../../../src/transfer/storage/reuse/cover.js';
import { ReusePlanBuilder } from '../../../../src/transfer/storage/reuse/plan.js';

/** In pieces, of the piece space and of the source; `offset` absent: the same place. */
type Run = readonly [first: number, count: number, source: number, offset?: number];

function coverableOf(content: number | FolderList, ...runs: readonly Run[]): Coverable {
  const layout = new Layout(content);
  const builder = new ReusePlanBuilder();
  for (let at = 0; at < 4; at += 1) builder.source({ path: `/old/${at}`, size: 1e9, mtimeMs: 1, group: 0 });
  for (const [first, count, source, offset = first] of runs) {
    const begin = first * PIECE_SIZE;
    const length = Math.min(count * PIECE_SIZE, layout.size - begin);
    builder.run({ begin, length, source, offset: offset * PIECE_SIZE });
  }
  return { plan: builder.build(), geometry: new Geometry(layout.size), layout };
}

function piecesOf(of: { readonly geometry: Geometry }, ...pieces: readonly number[]): Bitfield {
  const bits = new Bitfield(of.geometry.pieceCount);
  for (const piece of pieces) bits.set(piece);
  return bits;
}

const setIn = (bits: Bitfield): readonly number[] =>
  Array.from({ length: bits.pieceCount }, (_, at) => at).filter((at) => bits.has(at));
const cloned = (file: number, source: number, pieces: number) => ({ file, source, spoiled: pieces * PIECE_SIZE });

/** Sizes in pieces; pads before those that would begin within a piece. */
function folderOf(...sizes: readonly number[]): FolderList {
  const entry = { kind: 'file', path: '', target: '', digest: undefined, seconds: undefined } as const;
  let begin = 0;
  return FolderList.of(
    sizes.flatMap((pieces, at) => {
      const pad = (PIECE_SIZE - (begin % PIECE_SIZE)) % PIECE_SIZE;
      const size = pieces * PIECE_SIZE;
      begin += pad + size;
      const file = { ...entry, path: `${at}`, size };
      return pad === 0 ? [file] : [{ ...entry, kind: 'pad' as const, size: pad }, file];
    }),
  );
}

test('a file is cloned from the source that has the most of it at the same place', () => {
  const of = coverableOf(20 * PIECE_SIZE, [0, 4, 0], [4, 4, 1, 9], [8, 12, 2]);
  assert.deepEqual(clonesOf(of, piecesOf(of)), [
    { file: 0, source: 2, bytes: 12 * PIECE_SIZE, missing: 20 * PIECE_SIZE },
  ]);
});

test('a file is not cloned for less than half of what is missing, nor when it is small', () => {
  const few = coverableOf(20 * PIECE_SIZE, [0, 9, 0], [9, 8, 1, 3]);
  assert.deepEqual(clonesOf(few, piecesOf(few)), []);
  const [order] = clonesOf(few, piecesOf(few, 18, 19));
  assert.equal(order?.bytes, 9 * PIECE_SIZE, 'zeros are there already');
  const small = coverableOf(7 * PIECE_SIZE, [0, 7, 0]);
  assert.deepEqual(clonesOf(small, piecesOf(small)), []);
});

test('of a folder the large files are cloned, the largest first, and none that is left out or is not large', () => {
  const list = folderOf(0.5, 8, 12.5, 9, 3);
  // 0 the first file, 1 and 2 a pad and 8 pieces, 3: 12.5 pieces, 4 and 5 a pad and 9 pieces, 6: 3 pieces.
  const same = (file: number, count: number, source: number): Run => [
    list.beginOf(file) / PIECE_SIZE,
    count,
    source,
    0,
  ];
  const of = coverableOf(list, same(2, 8, 0), same(3, 12.5, 1), same(5, 9, 2), same(6, 3, 3));
  const files = (): readonly number[] => clonesOf(of, piecesOf(of)).map(({ file }) => file);
  assert.deepEqual(files(), [3, 5, 2]);
  choose(list, { only: [], except: ['2'] });
  assert.deepEqual(files(), [5, 2]);
});

test('the files of one download that are cloned are bounded', () => {
  const list = folderOf(...new Array<number>(CLONES_MAX + 5).fill(8));
  const runs = Array.from({ length: CLONES_MAX + 5 }, (_, at): Run => [at * 8, 8, at % 4, 0]);
  const of = coverableOf(list, ...runs);
  assert.equal(clonesOf(of, piecesOf(of)).length, CLONES_MAX);
});

test('a piece may lie in a clone when the cloned source has all of it at the same place', () => {
  const of = coverableOf(12.5 * PIECE_SIZE, [0, 3, 0], [3, 1, 1], [4, 2, 0, 5], [6, 0.5, 0], [7, 5.5, 0]);
  assert.deepEqual(setIn(placedBy(of, [cloned(0, 0, 99)])), [0, 1, 2, 7, 8, 9, 10, 11, 12]);
  assert.deepEqual(setIn(placedBy(of, [])), []);
});

test('in a folder a piece ends with its file and a pad, and one that it shares with another file is read', () => {
  const list = folderOf(8.5, 8, 8.25);
  const first: Run = [0, 8.5, 0];
  const packed = FolderList.of([
    { kind: 'file', path: 'a', target: '', digest: undefined, seconds: undefined, size: 8.5 * PIECE_SIZE },
    { kind: 'file', path: 'b', target: '', digest: undefined, seconds: undefined, size: 8 * PIECE_SIZE },
  ]);
  assert.deepEqual(setIn(placedBy(coverableOf(list, first), [cloned(0, 0, 99)])), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(setIn(placedBy(coverableOf(packed, first), [cloned(0, 0, 99)])), [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('what was there is spoiled as far as the clone reaches, and no further', () => {
  const of = coverableOf(20 * PIECE_SIZE, [0, 12, 0]);
  const have = piecesOf(of, 3, 7, 12, 13, 19);
  assert.deepEqual(setIn(spoiledBy(of, [cloned(0, 0, 12.5)], have)), [3, 7, 12]);
  assert.deepEqual(setIn(spoiledBy(of, [cloned(0, 0, 0)], have)), []);
});

test('whatever a plan says, nothing but what it has at the same place may lie in a clone', () => {
  const run = fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 5 }), fc.nat(1), fc.boolean());
  fc.assert(
    fc.property(fc.array(run, { maxLength: 12 }), (list) => {
      const same = new Map<number, number>();
      const runs: Run[] = [];
      let at = 0;
      for (const [gap, count, source, isSame] of list) {
        at += gap;
        if (at + count > 24) break;
        runs.push([at, count, source, isSame ? at : at + 1]);
        for (let piece = at; piece < at + count; piece += 1) if (isSame) same.set(piece, source);
        at += count;
      }
      const of = coverableOf(24 * PIECE_SIZE, ...runs);
      for (const source of [0, 1]) {
        const placed = placedBy(of, [cloned(0, source, 24)]);
        for (let piece = 0; piece < 24; piece += 1) assert.equal(placed.has(piece), same.get(piece) === source);
      }
    }),
  );
});
