// Times as people write them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, parseDuration } from '../../../src/app/settings/durations.js';

test('a time is a number of seconds, or numbers with units in falling order', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['90', 90_000],
    ['0', 0],
    ['0.5', 500],
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5h', 5_400_000],
    [' 1m30s ', 90_000],
    ['1d2h3m4s5ms', 93_784_005],
    ['366d', 366 * 86_400_000],
    ['367d', undefined],
    ['1e9', undefined],
    ['', undefined],
    ['-1s', undefined],
    ['1s1m', undefined],
    ['1m1m', undefined],
    ['m', undefined],
    ['1 m', undefined],
    ['soon', undefined],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

test('a time is shown with the units that it needs', () => {
  for (const [ms, text] of [
    [0, '0s'],
    [500, '500ms'],
    [90_000, '1m30s'],
    [93_784_005, '1d2h3m4s5ms'],
  ] as const)
    assert.equal(formatDuration(ms), text);
});
