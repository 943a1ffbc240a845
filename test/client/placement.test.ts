// How many threads a client gets from a number of cores, and from a number that somebody names.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { HASH_THREADS_MAX, PEER_THREADS_MAX, PEER_THREADS_MEASURED_MAX } from '../../src/base/limits.js';
import { placementFor } from '../../src/client/placement.js';

test('half of the cores are for sockets, within bounds, and each core for hashing, within bounds', () => {
  const counts = [1, 2, 3, 4, 6, 8, 64].map((cores) => {
    const { peerThreads, hashThreads } = placementFor(cores, undefined);
    return [cores, peerThreads, hashThreads];
  });
  assert.deepEqual(counts, [
    [1, 1, 1],
    [2, 1, 2],
    [3, 1, 3],
    [4, 2, 4],
    [6, 3, 6],
    [8, PEER_THREADS_MEASURED_MAX, HASH_THREADS_MAX],
    [64, PEER_THREADS_MEASURED_MAX, HASH_THREADS_MAX],
  ]);
});

test('a number that is named counts whatever the machine has, and the rest is as without it', () => {
  const cores = fc.integer({ min: 1, max: 1_024 });
  const named = fc.integer({ min: 1, max: PEER_THREADS_MAX });
  fc.assert(
    fc.property(cores, named, (count, peerThreads) => {
      const forced = placementFor(count, peerThreads);
      assert.equal(forced.peerThreads, peerThreads);
      assert.equal(forced.isForced, true);
      assert.equal(forced.hashThreads, placementFor(count, undefined).hashThreads);
      assert.ok(forced.acceptors >= 1 && forced.acceptors <= forced.peerThreads);
    }),
  );
});
