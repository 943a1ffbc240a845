// Where blocks are read: on the sending thread until reads are slow there, then elsewhere for a while; never there from
// a disk that may hang.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  READ_AWAY_COUNT,
  READ_HERE_MS_MAX,
  READ_SLOW_ROW,
  READ_STUCK_MS,
} from '../../../../src/transfer/storage/limits.js';
import { ReadPlace } from '../../../../src/transfer/storage/served/read-place.js';

const QUICK = READ_HERE_MS_MAX;
const SLOW = READ_HERE_MS_MAX + 0.1;
const STUCK = READ_STUCK_MS + 0.1;

function placeAfter(times: readonly number[]): ReadPlace {
  const place = new ReadPlace(false);
  for (const ms of times) place.read(ms);
  return place;
}

test('a slow read among quick ones may have waited for a core: those after it are made here', () => {
  const few = Array.from({ length: READ_SLOW_ROW - 1 }, () => SLOW);
  assert.equal(placeAfter([...few, QUICK, ...few, QUICK, ...few]).isHere, true);
});

test('several slow reads in a row, or one that was stuck, send those after them away', () => {
  assert.equal(placeAfter(Array.from({ length: READ_SLOW_ROW }, () => SLOW)).isHere, false);
  assert.equal(placeAfter([QUICK, STUCK]).isHere, false);
});

test('after a number of reads elsewhere, however quick, one is tried here, and decides alone', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(QUICK, SLOW), { minLength: READ_AWAY_COUNT, maxLength: READ_AWAY_COUNT }),
      (elsewhere) => {
        const place = placeAfter([STUCK]);
        for (const ms of elsewhere) {
          assert.equal(place.isHere, false);
          place.read(ms);
        }
        assert.equal(place.isHere, true);
        place.read(SLOW);
        assert.equal(place.isHere, false);
        for (const ms of elsewhere) place.read(ms);
        place.read(QUICK);
        place.read(SLOW);
        assert.equal(place.isHere, true);
      },
    ),
  );
});

test('a disk that may hang is never waited for here', () => {
  const place = new ReadPlace(true);
  for (let read = 0; read < 2 * READ_AWAY_COUNT; read += 1) {
    assert.equal(place.isHere, false);
    place.read(0);
  }
});
