// The rows of the list from one answer to the next.

import assert from 'node:assert/strict';
import test from 'node:test';
import { keptRows } from '../../../src/app/page/rows.js';

test('a row that did not change is the same object, wherever it stands in the list', () => {
  const row = (mtorrentPath: string, have: number) => ({ mtorrentPath, have });
  const before = [row('a', 1), row('b', 1)];
  const now = keptRows(before, [row('c', 1), row('b', 1), row('a', 2)]);
  assert.deepEqual(now, [row('c', 1), row('b', 1), row('a', 2)]);
  assert.equal(now[1], before[1]);
  assert.notEqual(now[2], before[0]);
});

test('a row with another fact than before is another one', () => {
  const before = [{ mtorrentPath: 'a' }];
  const now = keptRows<{ readonly mtorrentPath: string; readonly rate?: number }>(before, [
    { mtorrentPath: 'a', rate: 1 },
  ]);
  assert.deepEqual(now, [{ mtorrentPath: 'a', rate: 1 }]);
});
