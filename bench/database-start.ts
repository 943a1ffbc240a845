// How long a tracker takes from its start to its first list where its database has 200,000 records, and what it weighs
// then. A tracker makes the tables, and the store's own statements fill them.

import { parseDatabaseAddress } from '../src/tracking/store/postgres/address.js';
import { DatabaseSession } from '../src/tracking/store/postgres/session.js';
import { writeGroup } from '../src/tracking/store/postgres/writing.js';
import { type DatabaseSceneOptions, type DatabaseStage, withDatabase } from './database-stage.js';
import { showSpread, spreadOf } from './figures.js';
import { swarmBytes, TrackerClient } from './tracker-driver.js';
import { type Figure, MIB } from './tracker-stage.js';
import { changesOf, RECORDS, SEEDERS_PER_FILE } from './tracker-start.js';
import { cpuSeconds, rssBytes, rssPeakBytes } from './tracker-vitals.js';

const FILES_PER_GROUP = 200;
const PIECES = 2;
const LEASE_MS = 60_000;
/** No run of a tracker. */
const WRITER = 0;

export function databaseStart({ runs, note }: DatabaseSceneOptions): Promise<readonly Figure[]> {
  return withDatabase(async (stage) => {
    await (await stage.startTracker()).end();
    const beganMs = performance.now();
    await fill(stage);
    note(`${RECORDS} records made in ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
    const answered: number[] = [];
    const used: number[] = [];
    const weights: number[] = [];
    let peak = 0;
    for (let run = 0; run < runs; run += 1) {
      const spawnedMs = performance.now();
      const tracker = await stage.startTracker();
      const guest = new TrackerClient(tracker.address, 0);
      const total = await guest.seederCount(swarmBytes(0));
      answered.push((performance.now() - spawnedMs) / 1000);
      if (total !== SEEDERS_PER_FILE) throw new Error(`the tracker lists ${total} seeders of ${SEEDERS_PER_FILE}`);
      used.push(cpuSeconds(tracker.pid));
      weights.push(rssBytes(tracker.pid) / MIB);
      peak = rssPeakBytes(tracker.pid);
      guest.close();
      await tracker.end();
    }
    note(`first list after ${showSpread(spreadOf(answered), 2)} s`);
    return [
      { what: `${RECORDS} records: until the first list`, value: spreadOf(answered).median, unit: 's', atMost: 5 },
      { what: 'CPU of the tracker until then', value: spreadOf(used).median, unit: 's' },
      { what: 'its memory', value: spreadOf(weights).median, unit: 'MiB' },
      { what: 'its peak memory', value: peak / MIB, unit: 'MiB' },
    ];
  });
}

async function fill({ server }: DatabaseStage): Promise<void> {
  const address = parseDatabaseAddress(server.address());
  const [host] = address.hosts;
  if (host === undefined) throw new Error('the address names a host');
  const onEnded = (error: Error): void => {
    process.stderr.write(`${error.message}\n`);
  };
  const session = await DatabaseSession.open(host, address, { onEnded, onNotified: () => undefined });
  const files = RECORDS / SEEDERS_PER_FILE;
  for (let first = 0; first < files; first += FILES_PER_GROUP) {
    const changes = Array.from({ length: FILES_PER_GROUP }, (_, at) => changesOf(first + at, PIECES)).flat();
    const written = await writeGroup(session, changes, { run: WRITER, cluster: '', leaseMs: LEASE_MS });
    if ('outcome' in written) throw new Error(`the records could not be made: ${written.sentence}`);
  }
  await session.end();
}
