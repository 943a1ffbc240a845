// When hash threads count as stuck: as a table of moments, no clock.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Watchdog } from '../../../src/transfer/hash/watchdog.js';

const DEADLINE_MS = 800;
const LOOK_MS = 100;

test('F16: a task past its deadline names the threads that were there all the time, and no younger one', () => {
  const watchdog = new Watchdog<string>(DEADLINE_MS);
  assert.deepEqual(watchdog.look(['old'], 0), []);
  watchdog.begun(0);
  assert.deepEqual(watchdog.look(['old', 'young'], 100), []);
  assert.deepEqual(watchdog.look(['old', 'young'], DEADLINE_MS - 1), []);
  assert.deepEqual(watchdog.look(['old', 'young'], DEADLINE_MS), ['old']);
});

test('F16: the task has a deadline more with the threads that took over, and then those are named', () => {
  const watchdog = new Watchdog<string>(DEADLINE_MS);
  watchdog.look(['first'], 0);
  watchdog.begun(0);
  assert.deepEqual(watchdog.look(['first'], DEADLINE_MS), ['first']);
  assert.deepEqual(watchdog.look(['second'], DEADLINE_MS + LOOK_MS), []);
  assert.deepEqual(watchdog.look(['second'], 2 * DEADLINE_MS + LOOK_MS), ['second']);
});

test('tasks that end in time end no thread, however long the pool works', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: DEADLINE_MS - LOOK_MS }), { maxLength: 60 }), (durations) => {
      const watchdog = new Watchdog<string>(DEADLINE_MS);
      let nowMs = 0;
      for (const ms of durations) {
        const task = watchdog.begun(nowMs);
        const endMs = nowMs + ms;
        for (; nowMs < endMs; nowMs += LOOK_MS) assert.deepEqual(watchdog.look(['one'], nowMs), []);
        watchdog.ended(task);
      }
      assert.deepEqual(watchdog.look(['one'], nowMs + 10 * DEADLINE_MS), [], 'and an idle pool ends none');
    }),
  );
});
