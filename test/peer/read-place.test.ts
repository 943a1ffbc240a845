// Where blocks are read: on the sending thread only after quick reads, never from a disk that may hang, and not after a slow one.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { READ_HERE_AFTER, READ_HERE_MS_MAX } from '../../src/base/limits.js';
import { ReadPlace } from '../../src/peer/read-place.js';

test('a file is read here after enough quick reads in a row, until one is slow', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 30 }), (quicks) => {
      const place = new ReadPlace(false);
      for (const quick of quicks) place.read(quick ? READ_HERE_MS_MAX : READ_HERE_MS_MAX + 0.1);
      const sinceSlow = quicks.length - 1 - quicks.lastIndexOf(false);
      assert.equal(place.isHere, sinceSlow >= READ_HERE_AFTER);
    }),
  );
});

test('a disk that may hang is never waited for here', () => {
  const place = new ReadPlace(true);
  for (let read = 0; read < 2 * READ_HERE_AFTER; read += 1) place.read(0);
  assert.equal(place.isHere, false);
});
