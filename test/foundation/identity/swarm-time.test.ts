// Clocks: a card has run out only when the own clock and the last tracker's both say so, plus a day.

import assert from 'node:assert/strict';
import test from 'node:test';
import { hasRunOut, TrackerClock } from '../../../src/foundation/identity/swarm-time.js';

const DAY_S = 86_400;
const YEAR_S = 365 * DAY_S;
const NOW_S = 1_800_000_000;
const UNTIL_S = NOW_S + 14 * DAY_S;
/** How far each clock is from the true time. */
const OFF_S = [-50 * YEAR_S, -DAY_S, 0, 13 * DAY_S, 15 * DAY_S - 1, 15 * DAY_S + 1, 50 * YEAR_S];

test('a fresh card has run out only where both clocks are more than 15 days ahead', () => {
  for (const own of OFF_S)
    for (const tracker of OFF_S)
      assert.equal(
        hasRunOut(UNTIL_S, { ownS: NOW_S + own, trackerS: NOW_S + tracker }),
        own > 15 * DAY_S && tracker > 15 * DAY_S,
        `own ${own}, tracker ${tracker}`,
      );
});

test('where no tracker was heard, the own clock decides alone', () => {
  for (const own of OFF_S)
    assert.equal(hasRunOut(UNTIL_S, { ownS: NOW_S + own, trackerS: undefined }), own > 15 * DAY_S);
});

test('what is good for ever does not run out', () => {
  assert.equal(hasRunOut(0, { ownS: 2 ** 47, trackerS: 2 ** 47 }), false);
});

test("a tracker's clock goes on by a clock that nobody sets", () => {
  const clock = new TrackerClock();
  assert.equal(clock.at(5), undefined);
  clock.heard(NOW_S, 1_000);
  assert.equal(clock.at(61_500), NOW_S + 60);
  clock.heard(NOW_S - YEAR_S, 70_000);
  assert.equal(clock.at(71_000), NOW_S - YEAR_S + 1);
});
