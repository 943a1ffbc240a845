// Byte counts and hex, as people write them.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { formatBytes, fromHex, parseBytes, toHex } from '../../src/base/bytes.js';

test('sizes are powers of 1024, with or without the i and the B', () => {
  const table: [string, number][] = [
    ['0', 0],
    ['4096', 4096],
    ['1k', 1024],
    ['256MiB', 256 * 2 ** 20],
    ['256M', 256 * 2 ** 20],
    ['256mb', 256 * 2 ** 20],
    ['1.5g', 1.5 * 2 ** 30],
    [' 2 TiB ', 2 * 2 ** 40],
    ['7B', 7],
  ];
  for (const [text, bytes] of table) assert.equal(parseBytes(text), bytes, text);
});

test('what is not a size is refused', () => {
  for (const text of ['', 'MiB', '-1', '1e3', '1.', '.5', '1 2', '5x', '5ib', 'NaN', '9999999999t', '0x10']) {
    assert.equal(parseBytes(text), undefined, text);
  }
});

test('a byte count is shown in the largest unit that keeps it at least 1', () => {
  assert.equal(formatBytes(0), '0 B');
  assert.equal(formatBytes(1023), '1023 B');
  assert.equal(formatBytes(1536), '1.5 KiB');
  assert.equal(formatBytes(2 ** 50), '1024.0 TiB');
});

test('hex comes back as the same bytes, in either case', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.deepEqual(fromHex(toHex(bytes)), bytes);
      assert.deepEqual(fromHex(toHex(bytes).toUpperCase()), bytes);
    }),
  );
  for (const text of ['a', 'zz', '0g', ' 00', '00\n', '٠٠']) assert.equal(fromHex(text), undefined);
});
