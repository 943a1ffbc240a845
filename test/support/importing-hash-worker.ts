// A thread of the hash pool that works only where its code is imported: Node tells whether it could have been required.

import { workerData } from 'node:worker_threads';
import { assert } from '../../src/foundation/base/assert.js';
import { type HashWorkerData, hashWorker } from '../../src/transfer/hash/tasks.js';

/** Not among the types of the oldest Node that we run on, which has it. */
const { require_module: mayRequire } = process.features as { readonly require_module?: boolean };
assert(mayRequire === false, 'a hash thread does not require ES modules');

export const runHashTask = hashWorker(workerData as HashWorkerData);
