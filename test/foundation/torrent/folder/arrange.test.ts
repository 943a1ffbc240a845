// The order of a folder's files in the piece space.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MIB, PIECE_SIZE } from '../../../../src/foundation/base/limits.js';
import { arrange, arranged as listOf } from '../../../../src/foundation/torrent/folder/arrange.js';
import { type FolderEntry, FolderList, NO_STAMP } from '../../../../src/foundation/torrent/folder/folder-list.js';

const LARGE = 4 * MIB;

function entry(path: string, size: number, kind: FolderEntry['kind'] = 'file'): FolderEntry {
  return { kind, size, path, target: '', digest: undefined, seconds: undefined };
}

/** The list that is made of what was found. */
function arrangedOf(entries: readonly FolderEntry[]): readonly FolderEntry[] {
  const found = FolderList.of(entries);
  const arrangement = arrange(found);
  const list = listOf(found, arrangement);
  assert.equal(list.size, arrangement.size);
  return Array.from({ length: list.count }, (_, index) => list.entryOf(index));
}

test('small files are packed in byte order, large ones begin at a piece, folders and links come last', () => {
  const arranged = arrangedOf([
    entry('z', 0, 'link'),
    entry('large/b', LARGE + 1),
    entry('a/b', 5),
    entry('a.txt', 7, 'exec'),
    entry('large/a', LARGE),
    entry('empty', 0, 'dir'),
    entry('x', LARGE - 1),
    entry('.keep', 0),
  ]);
  assert.deepEqual(
    arranged.map(({ kind, size, path }) => `${kind} ${size} ${path}`),
    [
      'file 0 .keep',
      'exec 7 a.txt',
      'file 5 a/b',
      `file ${LARGE - 1} x`,
      `pad ${PIECE_SIZE - 11} `,
      `file ${LARGE} large/a`,
      `file ${LARGE + 1} large/b`,
      'dir 0 empty',
      'link 0 z',
    ],
  );
});

test('paths are in the order of their bytes, which is not that of their units', () => {
  const paths = ['\u{1f600}', '\uffee', 'ü', 'Z', 'a', '\u{10000}'];
  const arranged = arrangedOf(paths.map((path) => entry(path, 1))).map(({ path }) => path);
  assert.deepEqual(
    arranged,
    paths.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  );
});

test('each entry keeps what is known of it: its digest, its times, its target; a pad knows nothing', () => {
  const found = FolderList.of([
    { ...entry('b', 0, 'link'), target: '../x' },
    { ...entry('large', LARGE, 'exec'), seconds: 7 },
    { ...entry('a', 5), digest: 9n },
  ]);
  for (const index of [0, 1, 2]) found.stamp(index, BigInt(index));
  const list = listOf(found, arrange(found));
  assert.deepEqual(
    Array.from({ length: list.count }, (_, index) => [list.entryOf(index), list.stampOf(index)]),
    [
      [found.entryOf(2), 2n],
      [{ ...entry('', PIECE_SIZE - 5, 'pad') }, NO_STAMP],
      [found.entryOf(1), 1n],
      [found.entryOf(0), 0n],
    ],
  );
});

test('no two large files share a piece, pads are as few and short as can be, and the order found does not count', () => {
  const size = fc.oneof(fc.nat(100), fc.integer({ min: LARGE - 2, max: LARGE + 2 * PIECE_SIZE }));
  const found = fc
    .uniqueArray(fc.stringMatching(/^[a-c.\-/]{1,6}$/), { maxLength: 12 })
    .chain((paths) => fc.tuple(...paths.map((path) => size.map((bytes) => entry(path, bytes)))));
  fc.assert(
    fc.property(found, fc.nat(), (entries, seed) => {
      const arranged = arrangedOf(entries);
      const shuffled = entries.map((one, at) => ({ one, key: (at * 7919 + seed) % 13 })).sort((a, b) => a.key - b.key);
      assert.deepEqual(arrangedOf(shuffled.map(({ one }) => one)), arranged);
      assert.deepEqual(
        arranged
          .filter(({ kind }) => kind !== 'pad')
          .map(({ path }) => path)
          .sort(),
        entries.map(({ path }) => path).sort(),
      );
      let begin = 0;
      for (const [at, { kind, size: bytes }] of arranged.entries()) {
        if (kind === 'pad') assert.ok(bytes < PIECE_SIZE && (arranged[at + 1]?.size ?? 0) >= LARGE);
        else if (bytes >= LARGE) assert.equal(begin % PIECE_SIZE, 0);
        begin += bytes;
      }
    }),
  );
});
