// Byte counts and hex, as people write them.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { formatBytes, fromHex, parseBytes, toHex } from '../../../src/foundation/base/bytes.js';
import { canTrace } from '../../support/strace.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const BYTES = new URL('../../../src/foundation/base/bytes.js', import.meta.url).href;
const PAGE_BYTES = 4096;

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

test('memory for what comes from files begins in the middle of a page, as the system sees it', (t) => {
  if (!canTrace(t)) return;
  const out = join(temporaryDirectory(t), 'trace');
  const program = `import { readSync, openSync } from 'node:fs';
    import { midPage } from '${BYTES}';
    const fd = openSync(process.execPath);
    for (const size of [1, 65536, 524288, 524288]) readSync(fd, midPage(size), 0, size, 1);`;
  const trace = ['-f', '-qq', '-o', out, '-e', 'trace=pread64', '-e', 'raw=pread64'];
  execFileSync('strace', [...trace, process.execPath, '--input-type=module', '-e', program]);
  // Descriptor, address, length, and the place that only our reads ask for.
  const addresses = [...readFileSync(out, 'utf8').matchAll(/pread64\(\w+, 0x([0-9a-f]+), \w+, 0x1\)/g)];
  assert.deepEqual(
    addresses.map(([, hex = '']) => Number.parseInt(hex, 16) % PAGE_BYTES),
    Array(4).fill(PAGE_BYTES / 2),
  );
});
