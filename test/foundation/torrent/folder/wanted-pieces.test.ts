// Which pieces a choice of entries asks for, beside a model that looks at every byte.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../../src/foundation/base/limits.js';
import { Bitfield } from '../../../../src/foundation/torrent/bitfield.js';
import { type FolderEntry, FolderList } from '../../../../src/foundation/torrent/folder/folder-list.js';
import { wantedPieces, wantedZeroBytes } from '../../../../src/foundation/torrent/folder/wanted-pieces.js';
import { Layout } from '../../../../src/foundation/torrent/layout.js';

function entry(kind: FolderEntry['kind'], size: number, path: string): FolderEntry {
  return { kind, size, path, target: '', digest: undefined, seconds: undefined };
}

const piecesOf = (bits: { readonly pieceCount: number; has(piece: number): boolean }): readonly number[] =>
  Array.from({ length: bits.pieceCount }, (_, piece) => piece).filter((piece) => bits.has(piece));

test('a share that is one file, and a folder of which all is chosen, are wanted whole', () => {
  assert.equal(wantedPieces(new Layout(3 * PIECE_SIZE)), undefined);
  const list = FolderList.of([entry('file', PIECE_SIZE, 'a'), entry('dir', 0, 'b')]);
  assert.equal(wantedPieces(new Layout(list)), undefined);
  list.leaveOut(1);
  assert.equal(wantedPieces(new Layout(list)), undefined, 'what has no bytes concerns no piece');
});

test('a piece is wanted for one chosen entry in it, and whole when no other entry in it was left out', () => {
  const list = FolderList.of([
    entry('file', 10, 'small'),
    entry('file', PIECE_SIZE, 'across'),
    entry('pad', PIECE_SIZE - 10, ''),
    entry('file', 2 * PIECE_SIZE, 'large'),
  ]);
  list.leaveOut(0);
  const choice = wantedPieces(new Layout(list));
  assert.ok(choice !== undefined);
  assert.deepEqual(piecesOf(choice.wanted), [0, 1, 2, 3]);
  assert.deepEqual(piecesOf(choice.whole), [1, 2, 3], 'a pad makes no piece partial');
  list.leaveOut(3);
  const less = wantedPieces(new Layout(list));
  assert.deepEqual(less && piecesOf(less.wanted), [0, 1]);
});

test('zeros count where they lie in chosen entries, byte by byte', () => {
  const pieces = new Bitfield(4);
  for (const piece of [0, 2, 3]) pieces.set(piece);
  const zeros = { pieces, bytes: 3 * PIECE_SIZE };
  assert.equal(wantedZeroBytes(new Layout(4 * PIECE_SIZE), zeros), zeros.bytes);
  const list = FolderList.of([
    entry('file', 10, 'small'),
    entry('file', PIECE_SIZE, 'across'),
    entry('pad', PIECE_SIZE - 10, ''),
    entry('file', 2 * PIECE_SIZE, 'large'),
  ]);
  assert.equal(wantedZeroBytes(new Layout(list), zeros), 3 * PIECE_SIZE);
  list.leaveOut(3);
  assert.equal(wantedZeroBytes(new Layout(list), zeros), PIECE_SIZE);
  list.leaveOut(1);
  assert.equal(wantedZeroBytes(new Layout(list), zeros), 10);
});

test('in any folder, wanted and whole are what its bytes say', () => {
  const sizes = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 * PIECE_SIZE }));
  const kinds = fc.constantFrom('file' as const, 'exec' as const, 'pad' as const);
  const entries = fc.array(fc.record({ kind: kinds, size: sizes, chosen: fc.boolean() }), { maxLength: 12 });
  fc.assert(
    fc.property(entries, (drawn) => {
      const list = FolderList.of(drawn.map(({ kind, size }, at) => entry(kind, size, kind === 'pad' ? '' : `e${at}`)));
      for (const [at, { chosen }] of drawn.entries()) if (!chosen) list.leaveOut(at);
      const layout = new Layout(list);
      const found = wantedPieces(layout);
      for (let piece = 0; piece * PIECE_SIZE < list.size; piece += 1) {
        const inIt = layout.extents(piece * PIECE_SIZE, PIECE_SIZE).filter(({ file }) => !list.isPad(file));
        const isWanted = inIt.some(({ file }) => list.isChosen(file));
        const isWhole = isWanted && inIt.every(({ file }) => list.isChosen(file));
        if (found === undefined) assert.ok(inIt.every(({ file }) => list.isChosen(file)));
        else assert.deepEqual([found.wanted.has(piece), found.whole.has(piece)], [isWanted, isWhole]);
      }
    }),
  );
});
