// The clock that actors run on: a wake-up never comes before its time, however long the loop was busy when it was asked for.

import assert from 'node:assert/strict';
import test from 'node:test';
import { systemTimers } from '../../src/actor/timers.js';
import { deferred } from '../../src/base/deferred.js';

/** Keeps the event loop from looking at its clock. */
function busyFor(ms: number): void {
  const endMs = systemTimers.nowMs() + ms;
  while (systemTimers.nowMs() < endMs);
}

test('no wake-up comes before its time, also when it is asked for after a long turn of the loop', async () => {
  for (const waitMs of [1, 10, 30]) {
    busyFor(50);
    const atMs = systemTimers.nowMs() + waitMs;
    const rung = deferred<number>();
    systemTimers.at(atMs, () => rung.resolve(systemTimers.nowMs()));
    assert.ok((await rung.promise) >= atMs, `${waitMs} ms`);
  }
});

test('a wake-up that is cancelled does not come, also when it was put off', async () => {
  busyFor(50);
  const rings: string[] = [];
  const nowMs = systemTimers.nowMs();
  const cancelled = systemTimers.at(nowMs + 30, () => rings.push('cancelled'));
  const last = deferred<void>();
  systemTimers.at(nowMs + 20, () => cancelled.cancel());
  systemTimers.at(nowMs + 60, () => last.resolve());
  await last.promise;
  assert.deepEqual(rings, []);
});
