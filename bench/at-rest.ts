// Waits until clients that were just started are at rest, as one is to which somebody says `get`: half a second after
// its start a client makes its hash threads ready, which is no part of a download (what it costs: docs/decisions/021).

import type { ClientProcess } from '../src/app/demo/processes.js';
import { pause } from '../src/foundation/base/deferred.js';
import { HASH_POOL_OPEN_MS } from '../src/transfer/download/limits.js';
import { cpuSeconds } from './tracker-vitals.js';

const LOOK_MS = 300;
/** Of processor in that time, all together: what a client at rest needs is less than a tenth of it. */
const REST_SECONDS_MAX = 0.03;
const DEADLINE_MS = 30_000;

/** Where nothing tells their processor time: some seconds later. */
export async function atRest(clients: readonly ClientProcess[]): Promise<void> {
  const spent = (): number => clients.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
  await pause(HASH_POOL_OPEN_MS);
  for (let before = spent(), waited = 0; waited < DEADLINE_MS; waited += LOOK_MS) {
    await pause(LOOK_MS);
    const after = spent();
    if (after - before <= REST_SECONDS_MAX) return;
    if (Number.isNaN(after) && waited >= 10 * LOOK_MS) return;
    before = after;
  }
  throw new Error(`clients that were just started are not at rest after ${DEADLINE_MS / 1000} s`);
}
