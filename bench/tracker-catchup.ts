// How long a tracker that was away takes to have what its partner took in meanwhile: registrations are made at one
// tracker while the other is stopped, and the clock runs from the other's start until it says that it has them all.

import { setTimeout as sleep } from 'node:timers/promises';
import { connectFleet, swarmBytes, TrackerClient } from './tracker-driver.js';
import { type Ask, closedLoad } from './tracker-loads.js';
import { type Figure, MIB, type SceneOptions, withPair } from './tracker-stage.js';
import { cpuSeconds, rssPeakBytes } from './tracker-vitals.js';

const CLIENTS = 200;
const DEPTH = 8;
const SEEDERS_PER_FILE = 20;
const DEADLINE_MS = 60_000;
const LOOK_MS = 20;

/** As far as the bench needs them; see `pair.ts`. */
interface PartnerFigures {
  readonly behindChanges: number | null;
  readonly lastCatchUp: { readonly isWhole: boolean; readonly tookMs: number; readonly records: number } | null;
}

export function catchUpScene({ root, quick, note }: SceneOptions): Promise<readonly Figure[]> {
  return withPair({ root, isClosed: false }, async ({ swarm, first, second, address }) => {
    const changes = quick ? 20_000 : 100_000;
    const perClient = changes / CLIENTS;
    const swarmCount = changes / SEEDERS_PER_FILE;
    await caughtUp(swarm.trackers[1]);
    await second.end();
    const fleet = await connectFleet(address, 1, CLIENTS);
    note(`${changes} registrations while the partner is away`);
    const share: Ask = (client, at, dueMs) =>
      client.share(swarmBytes((client.number * perClient + at) % swarmCount), 0, dueMs);
    const shares = await closedLoad(fleet, DEPTH, { perClient }, share);
    note('the partner comes back');
    const usedBefore = cpuSeconds(first.pid);
    const beganMs = performance.now();
    const back = await swarm.startTracker(1);
    const listening = performance.now() - beganMs;
    const { isWhole, tookMs, records } = await caughtUp(swarm.trackers[1]);
    const seconds = (performance.now() - beganMs) / 1000;
    for (const client of fleet) client.close();
    return [
      { what: 'errors while registering', value: shares.errors, unit: '', atMost: 0 },
      { what: 'records that were missed', value: records, unit: '', atLeast: changes },
      { what: 'sent everything instead of what was missed', value: isWhole ? 1 : 0, unit: '', atMost: 0 },
      { what: 'from its start until it listens', value: listening / 1000, unit: 's' },
      { what: 'from its start until it has them all', value: seconds, unit: 's' },
      { what: 'the catch-up itself', value: tookMs / 1000, unit: 's', atMost: 5 },
      { what: 'records', value: records / (tookMs / 1000), unit: '/s' },
      { what: 'CPU of the one that came back', value: cpuSeconds(back.pid), unit: 's' },
      { what: 'CPU of its partner', value: cpuSeconds(first.pid) - usedBefore, unit: 's' },
      { what: 'peak memory of the one that came back', value: rssPeakBytes(back.pid) / MIB, unit: 'MiB' },
    ];
  });
}

/** Waits until this tracker has what its partner has. */
export async function caughtUp(tracker: {
  host: string;
  port: number;
}): Promise<NonNullable<PartnerFigures['lastCatchUp']>> {
  const guest = new TrackerClient(tracker, 0);
  await guest.greeted();
  const endMs = performance.now() + DEADLINE_MS;
  try {
    for (;;) {
      const { partner } = (await guest.stats()) as unknown as { readonly partner: PartnerFigures };
      if (partner.lastCatchUp !== null && partner.behindChanges === 0) return partner.lastCatchUp;
      if (performance.now() > endMs) throw new Error(`no catch-up within ${DEADLINE_MS / 1000} s`);
      await sleep(LOOK_MS);
    }
  } finally {
    guest.close();
  }
}
