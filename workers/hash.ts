// Entry of one thread of the hash pool; src/transfer/hash/tasks.ts does its work. The slab comes in the worker data.

import { workerData } from 'node:worker_threads';
import { type HashWorkerData, hashWorker } from '../src/transfer/hash/tasks.js';

const birth = workerData as HashWorkerData;

/** Called by piscina, by this name (see `HASH_WORKER_EXPORT` in src/transfer/hash/pool.ts). */
export const runHashTask = hashWorker(birth);
