// How amounts stand on the page, and that its sources have no type error.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { formatBytes, formatEta, formatSeconds, percentOf } from '../../../src/app/page/figures.js';

const ROOT = new URL('../../../..', import.meta.url).pathname;

test('amounts have a unit, times are short, and 100 % means every piece', () => {
  assert.deepEqual([0, 1023, 1536, 5 * 2 ** 40].map(formatBytes), ['0 B', '1023 B', '1.5 KiB', '5.0 TiB']);
  assert.deepEqual(
    [12, 61, 3_700, 260_000].map((seconds) => formatEta(seconds * 1000, 1000)),
    ['12 s', '1 min 1 s', '1 h 1 min', '3 days'],
  );
  assert.deepEqual([0, 59_940, 135_400].map(formatSeconds), ['0.0 s', '59.9 s', '2 min 15 s']);
  assert.equal(formatEta(1000, 0), '');
  assert.deepEqual([percentOf(9_999_999, 10_000_000), percentOf(0, 0)], [99.9, 100]);
});

test('the page has no type error, checked with the types of a browser', () => {
  const { status, stdout } = spawnSync('node_modules/.bin/tsc', ['-p', 'src/app/page/tsconfig.json'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout);
});
