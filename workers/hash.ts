// Entry of one thread of the hash pool: what it does is in src/transfer/hash/tasks.ts. The slab comes with the thread's birth.

import { workerData } from 'node:worker_threads';
import { type HashWorkerBirth, hashWorker } from '../src/transfer/hash/tasks.js';

const birth = workerData as HashWorkerBirth;

/** Called by piscina, by this name (see `HASH_WORKER_EXPORT` in src/transfer/hash/pool.ts). */
export const runHashTask = hashWorker(birth);
