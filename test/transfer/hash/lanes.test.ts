// When further hash threads are worth their start.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Lanes } from '../../../src/transfer/hash/lanes.js';
import { HASH_BEHIND_MS, HASH_THREAD_IDLE_MS } from '../../../src/transfer/hash/limits.js';

test('a burst that the threads that are kept work off starts no others', () => {
  const lanes = new Lanes(4, 16);
  for (let nowMs = 0; nowMs < 10_000; nowMs += HASH_BEHIND_MS) {
    lanes.filled(true, nowMs);
    lanes.filled(false, nowMs + HASH_BEHIND_MS / 2);
    assert.equal(lanes.count(nowMs + HASH_BEHIND_MS / 2), 4);
  }
});

test('pieces that wait without a break bring all threads, for as long as these stay without work', () => {
  const lanes = new Lanes(4, 16);
  lanes.filled(true, 1_000);
  lanes.filled(true, 1_000 + HASH_BEHIND_MS - 1);
  assert.equal(lanes.count(1_000 + HASH_BEHIND_MS), 4);
  const behindMs = 1_000 + HASH_BEHIND_MS;
  lanes.filled(true, behindMs);
  assert.equal(lanes.count(behindMs), 16);
  lanes.filled(false, behindMs + 1);
  assert.equal(lanes.count(behindMs + HASH_THREAD_IDLE_MS - 1), 16);
  assert.equal(lanes.count(behindMs + HASH_THREAD_IDLE_MS), 4);
});
