// The clock that actors run on: a wake-up never comes before its time. Node counts whole milliseconds and is early in a
// few of a hundred cases, which is why many are asked for here, at moments between two milliseconds.

import assert from 'node:assert/strict';
import test from 'node:test';
import { deferred } from '../../../src/foundation/base/deferred.js';
import { systemTimers } from '../../../src/foundation/base/timers.js';

const MANY = 2_000;

/** Without a look of the event loop at its clock. */
function busyFor(ms: number): void {
  const endMs = systemTimers.nowMs() + ms;
  while (systemTimers.nowMs() < endMs);
}

test('of many wake-ups none comes before its time', async () => {
  const early: number[] = [];
  let open = MANY;
  const all = deferred<void>();
  for (let each = 0; each < MANY; each += 1) {
    busyFor(0.03);
    const atMs = systemTimers.nowMs() + 5 + (each % 50);
    systemTimers.at(atMs, () => {
      const nowMs = systemTimers.nowMs();
      if (nowMs < atMs) early.push(atMs - nowMs);
      open -= 1;
      if (open === 0) all.resolve();
    });
    // Now and then the loop gets to ring some.
    if (each % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await all.promise;
  assert.deepEqual(early, []);
});

test('a wake-up that is cancelled does not come', async () => {
  const rings: string[] = [];
  const nowMs = systemTimers.nowMs();
  const cancelled = systemTimers.at(nowMs + 30, () => rings.push('cancelled'));
  const last = deferred<void>();
  systemTimers.at(nowMs + 20, () => cancelled.cancel());
  systemTimers.at(nowMs + 60, () => last.resolve());
  await last.promise;
  assert.deepEqual(rings, []);
});
