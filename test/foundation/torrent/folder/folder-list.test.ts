// A folder's list in shared memory against the entries that it was made of.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  ENTRY_KINDS,
  type FolderEntry,
  FolderList,
  NO_STAMP,
} from '../../../../src/foundation/torrent/folder/folder-list.js';

const entry: fc.Arbitrary<FolderEntry> = fc.record(
  {
    kind: fc.constantFrom(...ENTRY_KINDS),
    size: fc.nat(1_000),
    path: fc.string({ unit: 'grapheme', maxLength: 12 }),
    target: fc.string({ unit: 'grapheme', maxLength: 12 }),
    digest: fc.option(fc.bigInt(0n, 2n ** 64n - 1n), { nil: undefined }),
    seconds: fc.option(fc.nat(), { nil: undefined }),
  },
  { noNullPrototype: true },
);

test('a list gives back its entries, on every thread that has its memory', () => {
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const list = new FolderList(FolderList.of(entries).memory);
      assert.deepEqual(
        entries.map((_, index) => list.entryOf(index)),
        entries,
      );
      let begin = 0;
      for (const [index, { kind, size }] of entries.entries()) {
        assert.equal(list.beginOf(index), begin);
        assert.equal(list.isFile(index), kind === 'file' || kind === 'exec');
        assert.equal(list.isPad(index), kind === 'pad');
        for (const at of [begin, begin + size - 1]) if (size > 0) assert.equal(list.indexAt(at), index);
        begin += size;
      }
      assert.equal(list.size, begin);
      assert.equal(list.indexAt(begin), entries.length);
    }),
  );
});

test('marks and stamps are seen by every thread', () => {
  const here = FolderList.of(['a', 'b'].map((path) => ({ ...EMPTY, path })));
  const there = new FolderList(here.memory);
  here.leaveOut(1);
  here.stamp(0, 12_345_678_901n);
  there.markChanged(1, true);
  assert.deepEqual(
    [there.isChosen(0), there.isChosen(1), there.stampOf(0), there.stampOf(1)],
    [true, false, 12_345_678_901n, NO_STAMP],
  );
  assert.deepEqual([here.hasChanged(0), here.hasChanged(1)], [false, true]);
  there.chooseAll();
  there.markChanged(1, false);
  assert.deepEqual([here.isChosen(1), here.hasChanged(1)], [true, false]);
});

const EMPTY: FolderEntry = { kind: 'file', size: 0, path: '', target: '', digest: undefined, seconds: undefined };
