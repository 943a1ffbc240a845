// A thread of the hash pool that dies under its first tasks: as many as the first number of the slab's last slot says.
// The slab outlives the thread, so the number is counted down once for all threads.

import { workerData } from 'node:worker_threads';
import { PIECE_SIZE } from '../../src/base/limits.js';
import { hashWorker } from '../../src/hash/tasks.js';

const birth = workerData as { readonly slab: SharedArrayBuffer; readonly started: SharedArrayBuffer };
const { slab } = birth;
const work = hashWorker(birth);

function deathsIn(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, memory.byteLength - PIECE_SIZE, 1);
}

export function runHashTask(frame: Uint8Array): Uint8Array {
  if (Atomics.sub(deathsIn(slab), 0, 1) > 0) process.exit(1);
  return work(frame);
}
