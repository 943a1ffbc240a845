// How many threads and how much payload a client gets from cores and memory, and from a number that somebody names.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PEER_THREADS_MEASURED_MAX, SLAB_SLOTS_MIN } from '../../src/client/limits.js';
import { placementFor } from '../../src/client/threads/placement.js';
import { PROCESS_DESCRIPTORS, THREAD_DESCRIPTORS } from '../../src/foundation/actor/limits.js';
import {
  HASH_THREADS_MAX,
  PEER_THREADS_MAX,
  PIECE_SIZE,
  SLAB_SLOTS,
  UPLOAD_MEMORY_BYTES,
} from '../../src/foundation/base/limits.js';

const MIB = 1024 * 1024;
const PLENTY = 16_384 * MIB;

test('half of the cores are for sockets, within bounds, and each core for hashing, within bounds', () => {
  const counts = [1, 2, 3, 4, 6, 8, 64].map((cores) => {
    const { peerThreads, hashThreads, slots } = placementFor(
      { cores, memoryBytes: PLENTY, sharesPorts: true, openFiles: 1_024 },
      undefined,
    );
    return [cores, peerThreads, hashThreads, slots];
  });
  assert.deepEqual(counts, [
    [1, 1, 1, SLAB_SLOTS],
    [2, 1, 2, SLAB_SLOTS],
    [3, 1, 3, SLAB_SLOTS],
    [4, 2, 4, SLAB_SLOTS],
    [6, 3, 6, SLAB_SLOTS],
    [8, PEER_THREADS_MEASURED_MAX, HASH_THREADS_MAX, SLAB_SLOTS],
    [64, PEER_THREADS_MEASURED_MAX, HASH_THREADS_MAX, SLAB_SLOTS],
  ]);
});

test('with little memory many cores get few threads, and payload fills a quarter of it at most', () => {
  const counts = [64, 128, 256, 512].map((mib) => {
    const { peerThreads, hashThreads, slots } = placementFor(
      { cores: 64, memoryBytes: mib * MIB, sharesPorts: true, openFiles: 1_024 },
      undefined,
    );
    return [mib, peerThreads, hashThreads, slots];
  });
  assert.deepEqual(counts, [
    [64, 1, 1, SLAB_SLOTS_MIN],
    [128, 1, 1, SLAB_SLOTS_MIN],
    [256, 2, 2, 77],
    [512, 4, 4, SLAB_SLOTS],
  ]);
  const { slots } = placementFor({ cores: 64, memoryBytes: 256 * MIB, sharesPorts: true, openFiles: 1_024 }, undefined);
  assert.ok(slots * PIECE_SIZE + UPLOAD_MEMORY_BYTES <= 64 * MIB);
});

test('with few descriptors many cores get few threads, and at the least the process still has what it needs', () => {
  const counts = [48, 64, 100, 128, 256, Number.POSITIVE_INFINITY].map((openFiles) => {
    const { peerThreads, hashThreads } = placementFor(
      { cores: 64, memoryBytes: PLENTY, sharesPorts: true, openFiles },
      undefined,
    );
    return [openFiles, peerThreads, hashThreads];
  });
  assert.deepEqual(counts, [
    [48, 1, 1],
    [64, 1, 1],
    [100, 2, 2],
    [128, PEER_THREADS_MEASURED_MAX, 4],
    [256, PEER_THREADS_MEASURED_MAX, HASH_THREADS_MAX],
    [Number.POSITIVE_INFINITY, PEER_THREADS_MEASURED_MAX, HASH_THREADS_MAX],
  ]);
  const needed = PROCESS_DESCRIPTORS + 3 * THREAD_DESCRIPTORS;
  assert.equal(needed, 48, 'a download thread, a peer thread and one that hashes');
});

test('a number that is named counts whatever the machine has, and the rest is as without it', () => {
  const room = fc.record({
    cores: fc.integer({ min: 1, max: 1_024 }),
    memoryBytes: fc.integer({ min: MIB, max: PLENTY }),
    sharesPorts: fc.constant(true),
    openFiles: fc.integer({ min: 1, max: 65_536 }),
  });
  const named = fc.integer({ min: 1, max: PEER_THREADS_MAX });
  fc.assert(
    fc.property(room, named, (machine, peerThreads) => {
      const forced = placementFor(machine, peerThreads);
      const measured = placementFor(machine, undefined);
      assert.deepEqual([forced.peerThreads, forced.isForced, measured.isForced], [peerThreads, true, false]);
      assert.deepEqual([forced.hashThreads, forced.slots], [measured.hashThreads, measured.slots]);
      for (const { acceptors, peerThreads: all } of [forced, measured])
        assert.equal(acceptors, all, 'all share the port');
      assert.equal(
        placementFor({ ...machine, sharesPorts: false }, peerThreads).acceptors,
        1,
        'where they cannot, one accepts',
      );
    }),
  );
});
