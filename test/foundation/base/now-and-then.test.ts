// Reports that come too often.

import assert from 'node:assert/strict';
import test from 'node:test';
import { nowAndThen } from '../../../src/foundation/base/now-and-then.js';

test('the first report is passed on, and none again before its time', () => {
  const often: number[] = [];
  const rare: number[] = [];
  const all = nowAndThen(0, (value: number) => often.push(value));
  const first = nowAndThen(3_600_000, (value: number) => rare.push(value));
  for (const value of [1, 2, 3]) {
    all(value);
    first(value);
  }
  assert.deepEqual(often, [1, 2, 3]);
  assert.deepEqual(rare, [1]);
});
