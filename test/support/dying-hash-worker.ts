// A thread of the hash pool that fails under its first tasks: as many as the first number of the slab's last slot says,
// and in the way that the second one says. The slab outlives the thread, so the number is counted down once for all
// threads.

import { workerData } from 'node:worker_threads';
import { PIECE_SIZE } from '../../src/foundation/base/limits.js';
import { hashWorker } from '../../src/transfer/hash/tasks.js';

const birth = workerData as { readonly slab: SharedArrayBuffer };
const { slab } = birth;
const work = hashWorker(birth);

/** Their indices are what a test writes. */
const WAYS: readonly (() => void)[] = [
  () => process.exit(1),
  () => {
    throw new Error('the test wants this task to fail');
  },
  () => {
    for (const held: unknown[] = []; ; ) held.push(new Array(10_000).fill(held.length));
  },
  () => {
    for (;;);
  },
];

function orders(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, memory.byteLength - PIECE_SIZE, 2);
}

export function runHashTask(frame: Uint8Array): Uint8Array {
  if (Atomics.sub(orders(slab), 0, 1) > 0) WAYS[orders(slab)[1] ?? 0]?.();
  return work(frame);
}
