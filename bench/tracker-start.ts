// How long a tracker with a full seeder list takes from its start to its first answer, and what it weighs then. The
// list is made once, by the real store. Once with short hash strings and once with those of large files, which a start
// need not read.

import { Swarm } from '../src/app/demo/swarm.js';
import { DIGEST_SIZE, PART_BYTES_MAX, PIECE_SIZE } from '../src/foundation/base/limits.js';
import { clientId, swarmKey } from '../src/foundation/torrent/ids.js';
import type { Change } from '../src/tracking/registry/changes.js';
import { storeCommandsOf } from '../src/tracking/store/sqlite/rows.js';
import { SeederStore } from '../src/tracking/store/sqlite/store.js';
import { showSpread, spreadOf } from './figures.js';
import { clientBytes, clientHost, clientPort, swarmBytes, TrackerClient } from './tracker-driver.js';
import { type Figure, MIB, type SceneOptions } from './tracker-stage.js';
import { cpuSeconds, fileBytes, machineBusySeconds, rssBytes, rssPeakBytes } from './tracker-vitals.js';

export const RECORDS = 200_000;
export const SEEDERS_PER_FILE = 20;
const CLIENTS = 2_000;
/** Files of one transaction while the list is made. */
const FILES_PER_COMMIT = 200;

export async function startScene(options: SceneOptions): Promise<readonly Figure[]> {
  const small = await starts(options, 'small files', 2);
  // 40 KB of digests a file, 400 MB in all.
  return options.quick ? small : [...small, ...(await starts(options, 'files of 1 GiB', 2_048))];
}

async function starts({ root, quick, note }: SceneOptions, what: string, pieceCount: number): Promise<Figure[]> {
  const swarm = await Swarm.create(root);
  try {
    const list = swarm.path('tracker-1.db');
    note(`a list of ${RECORDS} records of ${what}`);
    fillList(list, pieceCount);
    const empty = await swarm.startTracker(1);
    const emptyBytes = rssBytes(empty.pid);
    const listening: number[] = [];
    const answered: number[] = [];
    const weights: number[] = [];
    const cpuUsed: number[] = [];
    const others: number[] = [];
    let peak = 0;
    for (let run = 0; run < (quick ? 2 : 3); run += 1) {
      const spawnedMs = performance.now();
      const busyBefore = machineBusySeconds() - cpuSeconds(process.pid);
      const tracker = await swarm.startTracker(0);
      listening.push((performance.now() - spawnedMs) / 1000);
      const total = await firstList(swarm);
      answered.push((performance.now() - spawnedMs) / 1000);
      if (total !== SEEDERS_PER_FILE) throw new Error(`the tracker lists ${total} seeders of ${SEEDERS_PER_FILE}`);
      const used = cpuSeconds(tracker.pid);
      cpuUsed.push(used);
      const elsewhere = machineBusySeconds() - cpuSeconds(process.pid) - busyBefore - used;
      others.push((elsewhere / ((performance.now() - spawnedMs) / 1000)) * 100);
      weights.push(rssBytes(tracker.pid) / MIB);
      peak = rssPeakBytes(tracker.pid);
      await tracker.end();
    }
    const answers = spreadOf(answered);
    const weight = spreadOf(weights);
    note(`first list after ${showSpread(answers, 2)} s`);
    return [
      { what: `${RECORDS} records of ${what}: until it listens`, value: spreadOf(listening).median, unit: 's' },
      { what: `${what}: until the first list`, value: answers.median, unit: 's', atMost: 3 },
      { what: `${what}: CPU of the tracker until then`, value: spreadOf(cpuUsed).median, unit: 's' },
      { what: 'taken by others on this machine', value: spreadOf(others).median, unit: '% of a core' },
      { what: `${what}: memory`, value: weight.median, unit: 'MiB' },
      { what: `${what}: peak memory`, value: peak / MIB, unit: 'MiB' },
      {
        what: `${what}: memory per 100,000 records`,
        value: ((weight.median - emptyBytes / MIB) * 100_000) / RECORDS,
        unit: 'MiB',
      },
      { what: `${what}: file`, value: fileBytes(list) / MIB, unit: 'MiB' },
    ];
  } finally {
    await swarm.end();
  }
}

function fillList(path: string, pieceCount: number): void {
  const store = SeederStore.open(path);
  const files = RECORDS / SEEDERS_PER_FILE;
  for (let first = 0; first < files; first += FILES_PER_COMMIT) {
    const changes: Change[] = [];
    for (let file = first; file < first + FILES_PER_COMMIT; file += 1) changes.push(...changesOf(file, pieceCount));
    const failure = store.commit(storeCommandsOf(changes), Date.now());
    if (failure !== undefined) throw new Error(`the list could not be made: ${String(failure.error)}`);
  }
  store.close();
}

/** One file, whole, with its seeders. */
export function changesOf(file: number, pieceCount: number): readonly Change[] {
  const swarm = swarmKey(swarmBytes(file));
  const facts = { name: `file-${file}.bin`, size: pieceCount * PIECE_SIZE, pieceCount };
  const upload = file + 1;
  const digests = new Uint8Array(pieceCount * DIGEST_SIZE).fill(file);
  const parts = Array.from({ length: Math.ceil(digests.length / PART_BYTES_MAX) }, (_, at): Change => {
    const offset = at * PART_BYTES_MAX;
    return { kind: 'part', swarm, upload, offset, part: digests.subarray(offset, offset + PART_BYTES_MAX) };
  });
  const seeders = Array.from({ length: SEEDERS_PER_FILE }, (_, at): Change => {
    const number = 1 + ((file * SEEDERS_PER_FILE + at) % CLIENTS);
    const place = { host: clientHost(number), port: clientPort(number), have: pieceCount };
    return { kind: 'put', swarm, client: clientId(clientBytes(number)), ...place, epoch: 1, sequence: file + 1 };
  });
  return [{ kind: 'swarm', swarm, ...facts }, ...seeders, ...parts, { kind: 'complete', swarm, upload, ...facts }];
}

/** Seeders of file 0, as a client is told that connects now. */
async function firstList(swarm: Swarm): Promise<number> {
  const client = new TrackerClient(swarm.trackers[0], 0);
  const total = await client.seederCount(swarmBytes(0));
  client.close();
  return total;
}
