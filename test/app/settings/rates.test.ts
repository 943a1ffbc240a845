// Rates as people write them and read them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { RATE_MAX, RATE_MIN } from '../../../src/app/settings/limits.js';
import { formatRate, parseRate, rateSentence } from '../../../src/app/settings/rates.js';

test('a rate is bytes a second, with powers of 1024 as aria2 and rclone write them; off and 0 are none', () => {
  const table: readonly [string, number | undefined][] = [
    ['500K', 500 * 1024],
    ['500k', 500 * 1024],
    ['10M', 10 * 1024 ** 2],
    ['1.5MiB', 1.5 * 1024 ** 2],
    ['1MB/s', 1024 ** 2],
    ['2g', 2 * 1024 ** 3],
    ['65536', 65_536],
    ['0', 0],
    ['off', 0],
    ['OFF', 0],
    ['none', 0],
    [' 1K ', RATE_MIN],
    ['1024G', RATE_MAX],
    ['1023', undefined],
    ['1025G', undefined],
    ['-1K', undefined],
    ['1e6', undefined],
    ['10 Mbit', undefined],
    ['fast', undefined],
    ['/s', undefined],
    ['', undefined],
  ];
  for (const [text, rate] of table) assert.equal(parseRate(text), rate, text);
});

test('what is no rate is told with examples, and nothing of it reaches the terminal as it is', () => {
  assert.equal(
    rateSentence('fa\u001b[2Jst'),
    '"fa\\u{1b}[2Jst" is not a rate; write bytes a second such as 500K, 10M or 1.5MiB, from 1K to 1024G, or off',
  );
});

test('a rate is shown in the units that it is written in', () => {
  assert.deepEqual([512_000, 1024 ** 2, 0].map(formatRate), ['500.0 KiB/s', '1.0 MiB/s', 'no limit']);
});
