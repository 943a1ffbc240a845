// How soon a share at one tracker is in the lists of another one on the same database, while the first takes 5,000
// announces a second. Counted from when the share was sent, so its commit is a part of it.

import { setTimeout as sleep } from 'node:timers/promises';
import { type DatabaseSceneOptions, shareFigures, sharesOf, withDatabase } from './database-stage.js';
import { spreadOf } from './figures.js';
import { connectFleet, PIECE_COUNT, swarmBytes, TrackerClient } from './tracker-driver.js';
import { closedLoad, openLoad } from './tracker-loads.js';
import { type Figure, latencies } from './tracker-stage.js';

const PER_SECOND = 5_000;
const CLIENTS = 200;
const FILES_PER_CLIENT = 50;
const PROBES = 4;
const FIRST_PROBE = 1_001;
const FIRST_PROBED_FILE = 1_000_000;
const FACTS = { name: 'probe.bin', size: PIECE_COUNT * 524_288, pieceCount: PIECE_COUNT };
/** Between two shares of one probe at most; drawn, so that they meet the tracker at any point of its looks. */
const PAUSE_MS = 100;
const LOOK_MS = 4;
const DEADLINE_MS = 20_000;

export function databaseSeen({ quick, note }: DatabaseSceneOptions): Promise<readonly Figure[]> {
  return withDatabase(async (stage) => {
    const { server } = stage;
    const first = await stage.startTracker();
    const second = await stage.startTracker();
    const fleet = await connectFleet(first.address, 1, CLIENTS);
    const fileOf = (client: TrackerClient, at: number): Uint8Array =>
      swarmBytes((client.number * 7 + (at % FILES_PER_CLIENT)) % 2_000);
    await closedLoad(fleet, 8, { perClient: FILES_PER_CLIENT }, (client, at, dueMs) =>
      client.share(fileOf(client, at), 0, dueMs),
    );
    let isOver = false;
    const seenMs: number[] = [];
    const probes = Array.from({ length: PROBES }, async (_, at) => {
      const sharer = new TrackerClient(first.address, FIRST_PROBE + at);
      const onlooker = new TrackerClient(second.address, 0);
      await Promise.all([sharer.greeted(), onlooker.greeted()]);
      for (let file = FIRST_PROBED_FILE + at; !isOver; file += PROBES) {
        await sleep(Math.random() * PAUSE_MS);
        seenMs.push(await untilSeen(sharer, onlooker, swarmBytes(file)));
      }
      sharer.close();
      onlooker.close();
    });
    const durationMs = quick ? 8_000 : 40_000;
    note(`announces at ${PER_SECOND}/s for ${durationMs / 1000} s`);
    const load = openLoad(fleet, PER_SECOND, durationMs, (client, at, dueMs) =>
      client.announce(fileOf(client, at), dueMs),
    ).finally(() => {
      isOver = true;
    });
    const [[announced], shares] = await sharesOf({ server, trackers: [first, second] }, () =>
      Promise.all([load, ...probes]),
    );
    for (const client of fleet) client.close();
    const sorted = seenMs.sort((a, b) => a - b);
    const p99Ms = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
    note(`${seenMs.length} shares looked for`);
    return [
      { what: 'announces sent by the clock', value: announced.perSecond, unit: '/s' },
      ...latencies('announce by the clock', announced),
      { what: 'a share is seen at another tracker after, median', value: spreadOf(seenMs).median, unit: 'ms' },
      { what: 'p99', value: p99Ms, unit: 'ms', atMost: 250 },
      { what: 'max', value: spreadOf(seenMs).max, unit: 'ms' },
      ...shareFigures('meanwhile', shares),
      { what: 'errors', value: announced.errors, unit: '', atMost: 0 },
    ];
  });
}

async function untilSeen(sharer: TrackerClient, onlooker: TrackerClient, swarm: Uint8Array): Promise<number> {
  const beganMs = performance.now();
  const shared = sharer.seed(swarm, FACTS);
  while ((await onlooker.seederCount(swarm)) === 0) {
    if (performance.now() - beganMs > DEADLINE_MS) throw new Error('a share was not seen at the other tracker in time');
    await sleep(LOOK_MS);
  }
  const seenMs = performance.now() - beganMs;
  await shared;
  return seenMs;
}
