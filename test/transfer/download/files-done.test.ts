// How many files of a folder are done, beside a model that looks at every piece of every file.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import { FolderList } from '../../../src/foundation/torrent/folder/folder-list.js';
import { servedPieces, wantedBytes } from '../../../src/foundation/torrent/folder/wanted-pieces.js';
import { Geometry } from '../../../src/foundation/torrent/geometry.js';
import { Layout } from '../../../src/foundation/torrent/layout.js';
import { FilesDone } from '../../../src/transfer/download/files-done.js';

const kind = fc.constantFrom('file' as const, 'exec' as const, 'pad' as const, 'dir' as const);
const size = fc.oneof(fc.constantFrom(0, 1, PIECE_SIZE), fc.nat(5 * PIECE_SIZE), fc.nat(3_000));
const drawn = fc.array(fc.record({ kind, size, chosen: fc.boolean(), changed: fc.boolean() }), { maxLength: 20 });

type Drawn = readonly { kind: 'file' | 'exec' | 'pad' | 'dir'; size: number; chosen: boolean; changed: boolean }[];

function listOf(entries: Drawn): FolderList {
  const list = FolderList.of(
    entries.map((entry, at) => ({
      kind: entry.kind,
      size: entry.kind === 'dir' ? 0 : entry.size,
      path: `${at}`,
      target: '',
      digest: undefined,
      seconds: undefined,
    })),
  );
  for (const [at, { chosen, changed }] of entries.entries()) {
    if (!chosen) list.leaveOut(at);
    if (changed) list.markChanged(at, true);
  }
  return list;
}

function piecesOf(list: FolderList, entry: number): readonly number[] {
  const [begin, end] = [list.beginOf(entry), list.beginOf(entry) + list.sizeOf(entry)];
  const count = new Geometry(list.size).pieceCount;
  return Array.from({ length: count }, (_, piece) => piece).filter(
    (piece) => begin < end && piece * PIECE_SIZE < end && (piece + 1) * PIECE_SIZE > begin,
  );
}

test('whatever is stored in whatever order, the count is that of the chosen files with all of their pieces', () => {
  fc.assert(
    fc.property(drawn, fc.infiniteStream(fc.nat()), (entries, choices) => {
      const list = listOf(entries);
      const done = new Bitfield(new Geometry(list.size).pieceCount);
      const open = Array.from({ length: done.pieceCount }, (_, piece) => piece);
      const take = (): number => open.splice((choices.next().value as number) % open.length, 1)[0] as number;
      for (let had = open.length >>> 1; had > 0; had -= 1) done.set(take());
      const files = new FilesDone(list, done);
      const expected = (): number =>
        Array.from({ length: list.count }, (_, entry) => entry).filter(
          (entry) =>
            list.isFile(entry) && list.isChosen(entry) && piecesOf(list, entry).every((piece) => done.has(piece)),
        ).length;
      assert.equal(files.count, expected());
      while (open.length > 0) {
        const piece = take();
        done.set(piece);
        files.stored(piece);
        assert.equal(files.count, expected());
      }
    }),
  );
});

test('a share that is one file has no files to count, and all of its bytes are wanted', () => {
  const files = new FilesDone(undefined, new Bitfield(3));
  files.stored(1);
  assert.equal(files.count, 0);
  assert.equal(wantedBytes(new Layout(77)), 77);
});

test('no piece is served that holds a byte of a file that was left out or has changed, and every other is', () => {
  fc.assert(
    fc.property(drawn, (entries) => {
      const list = listOf(entries);
      const served = servedPieces(new Layout(list));
      for (let piece = 0; piece < served.pieceCount; piece += 1) {
        const files = Array.from({ length: list.count }, (_, entry) => entry).filter(
          (entry) => list.isFile(entry) && piecesOf(list, entry).includes(piece),
        );
        const isRight = files.every((entry) => list.isChosen(entry) && !list.hasChanged(entry));
        assert.equal(served.has(piece), isRight);
      }
    }),
  );
});
