// What a switch that fails does to a tracker pair: of a whole fleet nobody is heard again, and all leases end in the
// same moment, one lease after the start of a tracker whose list has them.

import { setTimeout as sleep } from 'node:timers/promises';
import { Swarm } from '../src/app/demo/swarm.js';
import { clientId, swarmKey } from '../src/foundation/torrent/ids.js';
import type { Change } from '../src/tracking/registry/changes.js';
import { STORE_GROUP_MAX } from '../src/tracking/store/limits.js';
import { storeCommandsOf } from '../src/tracking/store/sqlite/rows.js';
import { SeederStore } from '../src/tracking/store/sqlite/store.js';
import { LEASE_MS } from '../src/tracking/tracker/limits.js';
import { showSpread, spreadOf } from './figures.js';
import { clientBytes, clientHost, clientPort, swarmBytes, TrackerClient } from './tracker-driver.js';
import { type Figure, MIB, type SceneOptions } from './tracker-stage.js';
import { rssPeakBytes } from './tracker-vitals.js';

const FILES = 1_000;
const LOOK_MS = 50;
const DEADLINE_MS = 3 * LEASE_MS;

interface Standing {
  readonly liveEntries: number;
}

export async function silenceScene({ root, quick, note }: SceneOptions): Promise<readonly Figure[]> {
  const clients = quick ? 5_000 : 50_000;
  const swarm = await Swarm.create(root);
  try {
    fillList(swarm.path('tracker-1.db'), clients);
    const [first, second] = await swarm.startTrackers();
    const startedMs = performance.now();
    const looks = swarm.trackers.map((tracker) => new TrackerClient(tracker, 0));
    for (const look of looks) await look.greeted();
    const listed = async (): Promise<number[]> =>
      Promise.all(looks.map(async (look) => ((await look.stats()) as unknown as Standing).liveEntries));
    while ((await listed())[1] !== clients) await sleep(LOOK_MS);
    note(`both list ${clients} clients, of which none is there`);
    const beganMs = [0, 0];
    const emptyMs = [0, 0];
    const answersMs: number[] = [];
    while (emptyMs.includes(0) && performance.now() - startedMs < DEADLINE_MS) {
      await sleep(LOOK_MS);
      const askedMs = performance.now();
      for (const [at, left] of (await listed()).entries()) {
        if (left < clients && beganMs[at] === 0) beganMs[at] = performance.now();
        if (left === 0 && emptyMs[at] === 0) emptyMs[at] = performance.now();
      }
      if (beganMs.some((ms) => ms > 0)) answersMs.push(performance.now() - askedMs);
    }
    const seconds = emptyMs.map((ms, at) => (ms - (beganMs[at] ?? 0)) / 1000);
    note(`answers meanwhile after ${showSpread(spreadOf(answersMs), 0)} ms`);
    for (const look of looks) look.close();
    return [
      {
        what: `${clients} clients silent at once: until nobody is listed at the first`,
        value: seconds[0] ?? 0,
        unit: 's',
      },
      { what: 'the same at the second', value: seconds[1] ?? 0, unit: 's' },
      { what: 'median answer of both to a question meanwhile', value: spreadOf(answersMs).median, unit: 'ms' },
      { what: 'slowest', value: Math.max(...answersMs), unit: 'ms' },
      { what: 'peak memory of the first', value: rssPeakBytes(first.pid) / MIB, unit: 'MiB' },
      { what: 'peak memory of the second', value: rssPeakBytes(second.pid) / MIB, unit: 'MiB' },
    ];
  } finally {
    await swarm.end();
  }
}

/** Each of `clients` shares one of FILES files. */
function fillList(path: string, clients: number): void {
  const store = SeederStore.open(path);
  const changes: Change[] = [];
  for (let file = 0; file < FILES; file += 1)
    changes.push({ kind: 'swarm', swarm: swarmKey(swarmBytes(file)), name: `${file}`, size: 1, pieceCount: 1 });
  for (let number = 1; number <= clients; number += 1) {
    const place = { host: clientHost(number), port: clientPort(number), have: 1, epoch: 1, sequence: 1 };
    const swarm = swarmKey(swarmBytes(number % FILES));
    changes.push({ kind: 'put', swarm, client: clientId(clientBytes(number)), ...place });
  }
  for (let at = 0; at < changes.length; at += STORE_GROUP_MAX) {
    const group = changes.slice(at, at + STORE_GROUP_MAX);
    store.commit(storeCommandsOf(group, at + 1), Date.now(), at + group.length);
  }
  store.close();
}
