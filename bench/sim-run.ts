// One run of a crowd in a thread of its own: told the options, answers what came of it and how long it took. Its heap
// is its own too, so no run pays for what the one before it left.

import { parentPort, workerData } from 'node:worker_threads';
import { Crowd, type CrowdOptions, type CrowdRun } from '../test/sim/crowd.js';

export interface TimedRun extends CrowdRun {
  readonly wallMs: number;
  /** Bytes of memory that the process held at the end of the run. */
  readonly rssBytes: number;
}

const startedMs = performance.now();
const run = new Crowd(workerData as CrowdOptions).run();
const timed: TimedRun = { ...run, wallMs: performance.now() - startedMs, rssBytes: process.memoryUsage.rss() };
parentPort?.postMessage(timed);
