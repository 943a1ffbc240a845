// The rates that the page plots, from counts that it reads now and then.

import assert from 'node:assert/strict';
import test from 'node:test';
import { RateHistory, spanOf } from '../../../src/app/page/rate-history.js';

test('a rate is what was moved between two readings, and never below zero', () => {
  const history = new RateHistory();
  history.read({ atMs: 1_000, received: 100, sent: 50 });
  history.read({ atMs: 2_000, received: 1_100, sent: 50 });
  assert.deepEqual(history.now, { down: 1_000, up: 0 });
  history.read({ atMs: 4_000, received: 0, sent: 100 });
  assert.deepEqual(history.now, { down: 0, up: 25 }, 'what was removed took its counts along');
});

test('a time in which nobody looked is a gap, and what is older than five minutes is forgotten', () => {
  const history = new RateHistory();
  for (const atMs of [0, 1_000, 60_000, 61_000]) history.read({ atMs, received: atMs, sent: 0 });
  assert.deepEqual(history.series(), { at: [1, 60, 61], down: [1_000, null, 1_000], up: [0, null, 0] });
  history.read({ atMs: 362_000, received: 362_000, sent: 0 });
  assert.deepEqual(history.series().at, [362]);
});

test('a plot reaches over a minute at least, and up to now while there is nothing to show', () => {
  assert.deepEqual(spanOf(null, null, 5_000), [4_940, 5_000]);
  assert.deepEqual(spanOf(4_999, 5_001, 6_000), [4_941, 5_001]);
  assert.deepEqual(spanOf(4_700, 5_000, 6_000), [4_700, 5_000]);
});
