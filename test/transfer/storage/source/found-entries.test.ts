// What a look into directories finds is the same on the thread that asked for it, whatever names and times it has.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { decodeFound, FoundEncoder, type FoundEntry } from '../../../../src/transfer/storage/source/found-entries.js';

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const entry: fc.Arbitrary<FoundEntry> = fc.record(
  {
    kind: fc.constantFrom('file', 'exec', 'link', 'directory', 'unsafe', 'unreadable', 'special'),
    path: text,
    size: fc.maxSafeNat(),
    mtimeNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    text,
    identity: text,
  },
  { noNullPrototype: true },
);

test('what was found comes out as it was, one list for each directory', () => {
  fc.assert(
    fc.property(fc.array(fc.array(entry, { maxLength: 30 }), { maxLength: 10 }), (directories) => {
      const encoder = new FoundEncoder();
      for (const directory of directories) encoder.add(directory);
      assert.equal(encoder.entries, directories.flat().length);
      // A field of a frame begins anywhere in its memory.
      const frame = Buffer.concat([Buffer.alloc(3), encoder.finish()]);
      assert.deepEqual(
        decodeFound(frame.subarray(3)).map((directory) => [...directory]),
        directories,
      );
    }),
  );
});

test('an encoder that is used again knows nothing of the look before', () => {
  const found: FoundEntry = { kind: 'link', path: 'a', size: 0, mtimeNs: 0n, text: 'x', identity: '' };
  const encoder = new FoundEncoder();
  encoder.add([found, found]);
  const first = encoder.finish();
  encoder.clear();
  encoder.add([{ ...found, path: 'b' }]);
  assert.deepEqual(
    decodeFound(encoder.finish()).map((directory) => [...directory]),
    [[{ ...found, path: 'b' }]],
  );
  assert.equal(encoder.entries, 1);
  assert.deepEqual(
    decodeFound(first).map((directory) => [...directory]),
    [[found, found]],
  );
});

test('a directory of more entries than there was room for comes out as it was', () => {
  const found = Array.from({ length: 5_000 }, (_, at): FoundEntry => {
    return { kind: 'file', path: `folder/file ${at}`, size: at, mtimeNs: -BigInt(at), text: '', identity: '' };
  });
  const encoder = new FoundEncoder();
  encoder.add(found.slice(0, 7));
  encoder.add([]);
  encoder.add(found);
  assert.deepEqual(
    decodeFound(encoder.finish()).map((directory) => [...directory]),
    [found.slice(0, 7), [], found],
  );
});
