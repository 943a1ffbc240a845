// Where blocks are read: on the sending thread until a slow read, then elsewhere for a while; never there from a disk that may hang.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { READ_AWAY_COUNT, READ_HERE_MS_MAX } from '../../src/base/limits.js';
import { ReadPlace } from '../../src/peer/read-place.js';

test('after a slow read here a number of reads are made elsewhere, however quick, and then one is tried here', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 500 }), (quicks) => {
      const place = new ReadPlace(false);
      let away = 0;
      for (const quick of quicks) {
        assert.equal(place.isHere, away === 0);
        place.read(quick ? READ_HERE_MS_MAX : READ_HERE_MS_MAX + 0.1);
        if (away > 0) away -= 1;
        else if (!quick) away = READ_AWAY_COUNT;
      }
    }),
  );
});

test('a disk that may hang is never waited for here', () => {
  const place = new ReadPlace(true);
  for (let read = 0; read < 2 * READ_AWAY_COUNT; read += 1) {
    assert.equal(place.isHere, false);
    place.read(0);
  }
});
