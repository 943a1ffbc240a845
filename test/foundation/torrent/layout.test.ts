// Which bytes of which file lie where in the piece space, against a list of every byte.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type FolderEntry, FolderList } from '../../../src/foundation/torrent/folder/folder-list.js';
import { Layout } from '../../../src/foundation/torrent/layout.js';

test('the extents of a range are its bytes, in order, each once, and of no file more than it has', () => {
  const ranges = fc.tuple(fc.array(fc.nat(5), { maxLength: 8 }), fc.nat(45), fc.nat(45));
  fc.assert(
    fc.property(ranges, ([sizes, offset, length]) => {
      const every = sizes.flatMap((size, file) => Array.from({ length: size }, (_, at) => `${file}:${at}`));
      const layout = new Layout(FolderList.of(sizes.map((size, at) => entry(`${at}`, size))));
      const extents = layout.extents(offset, length);
      const covered = extents.flatMap((extent) =>
        Array.from({ length: extent.length }, (_, at) => `${extent.file}:${extent.offset + at}`),
      );
      assert.equal(layout.size, every.length);
      assert.deepEqual(covered, every.slice(offset, offset + length));
      assert.ok(extents.every((extent) => extent.length > 0));
    }),
  );
});

test('one file is one extent wherever one looks', () => {
  const layout = new Layout(2 ** 40);
  assert.deepEqual(layout.extents(2 ** 39, 7), [{ file: 0, offset: 2 ** 39, length: 7 }]);
  assert.deepEqual(layout.extents(2 ** 40, 7), []);
  assert.deepEqual(new Layout(0).extents(0, 7), []);
});

function entry(path: string, size: number): FolderEntry {
  return { kind: 'file', size, path, target: '', digest: undefined, seconds: undefined };
}
