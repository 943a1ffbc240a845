// When the wall clock counts as set: by its difference from the monotonic clock, and only beyond what a correction
// explains.

import assert from 'node:assert/strict';
import test from 'node:test';
import { ClockSteps } from '../../../src/foundation/base/clock-steps.js';
import { CLOCK_STEP_MS } from '../../../src/foundation/base/limits.js';

test('a step of the wall clock is found until it is settled, whatever time passes, and a correction is none', () => {
  const clock = new ClockSteps(1_000_000, 5);
  assert.equal(clock.stepMs(1_000_000 + 9e9, 5 + 9e9), 0);
  assert.equal(clock.stepMs(1_000_000 + CLOCK_STEP_MS, 5), 0);
  assert.equal(clock.stepMs(1_000_000 + 500_000 + 70, 5 + 70), 500_000);
  clock.settle(500_000);
  assert.equal(clock.stepMs(1_500_000 + 90, 5 + 90), 0);
  assert.equal(clock.stepMs(1_500_000 - 800_000, 5), -800_000);
});
