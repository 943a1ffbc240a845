// Bytes of files in slots: parts end where they belong, and a file that is not what it was is named and not read.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { type FilePart, partsOf, SlotFiller, slotFillOf } from '../../../src/transfer/hash/fill.js';
import { SOURCE_KEPT_BYTES_MIN, SOURCES_OPEN_MAX } from '../../../src/transfer/hash/limits.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

function partOf(path: string, rest: Partial<FilePart> = {}): FilePart {
  const { size, mtimeMs } = statSync(path);
  return { path, size, mtimeMs, offset: 0, begin: 0, length: size, ...rest };
}

test('parts survive the way to the thread', () => {
  const part = fc.record(
    {
      path: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((path) => !path.includes('\0')),
      size: fc.maxSafeNat(),
      mtimeMs: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(Number.NaN)),
      offset: fc.maxSafeNat(),
      begin: fc.nat(PIECE_SIZE - 1),
      length: fc.integer({ min: 1, max: PIECE_SIZE }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 20 }), (parts) => {
      assert.deepEqual(partsOf(slotFillOf({ slot: 1, parts, zeros: [] })), parts);
    }),
  );
});

test('parts of several files stand where they belong, and nothing else is touched', (t) => {
  const directory = temporaryDirectory(t);
  const [a, b] = [join(directory, 'a'), join(directory, 'b')];
  writeFileSync(a, 'abcdef');
  writeFileSync(b, '0123456789');
  const slot = new Uint8Array(16).fill(46);
  const parts = [partOf(a, { begin: 2, offset: 1, length: 3 }), partOf(b, { begin: 8, offset: 6, length: 4 })];
  const zeros = [{ begin: 5, length: 2 }];
  assert.equal(new SlotFiller().fill(slot, slotFillOf({ slot: 0, parts, zeros })), -1);
  assert.equal(Buffer.from(slot).toString(), '..bcd\0\0.6789....');
});

test('a file that is gone, shorter, newer, a link, a folder or no file is named', (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'file');
  const good = join(directory, 'good');
  writeFileSync(good, 'right');
  const filler = new SlotFiller();
  const badOf = (part: FilePart): number =>
    filler.fill(new Uint8Array(64), slotFillOf({ slot: 0, parts: [partOf(good), part, partOf(good)], zeros: [] }));
  const fresh = (): FilePart => {
    rmSync(path, { recursive: true, force: true });
    writeFileSync(path, 'some bytes');
    return partOf(path);
  };
  const changes: readonly (() => void)[] = [
    () => rmSync(path),
    () => writeFileSync(path, 'some'),
    () => appendFileSync(path, '.'),
    () => utimesSync(path, 1, 1),
    () => {
      rmSync(path);
      symlinkSync(good, path);
    },
    () => {
      rmSync(path);
      mkdirSync(path);
    },
  ];
  for (const change of changes) {
    const part = fresh();
    assert.equal(badOf(part), -1);
    change();
    assert.equal(badOf(part), 1, String(change));
  }
});

test('a file that is being written is read as far as it goes', (t) => {
  const path = join(temporaryDirectory(t), 'part');
  writeFileSync(path, '0123456789');
  const filler = new SlotFiller();
  const part = partOf(path, { mtimeMs: Number.NaN, offset: 4, length: 4 });
  appendFileSync(path, 'more');
  assert.equal(filler.fill(new Uint8Array(16), slotFillOf({ slot: 0, parts: [part], zeros: [] })), -1);
  const beyond = { ...part, offset: 12, length: 4 };
  assert.equal(filler.fill(new Uint8Array(16), slotFillOf({ slot: 0, parts: [beyond], zeros: [] })), 0);
});

test('large files are read through few descriptors', (t) => {
  const directory = temporaryDirectory(t);
  const filler = new SlotFiller();
  for (let round = 0; round < 2; round += 1) {
    for (let file = 0; file < SOURCES_OPEN_MAX + 3; file += 1) {
      const path = join(directory, String(file));
      if (round === 0) {
        writeFileSync(path, '');
        writeFileSync(path, Buffer.alloc(SOURCE_KEPT_BYTES_MIN, String(file)));
      }
      const slot = new Uint8Array(8);
      const part = partOf(path, { offset: SOURCE_KEPT_BYTES_MIN - 8, length: 8 });
      assert.equal(filler.fill(slot, slotFillOf({ slot: 0, parts: [part], zeros: [] })), -1);
      assert.equal(slot[0], String(file).charCodeAt(0));
    }
  }
});
