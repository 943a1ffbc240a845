// How long `mtorrent list` waits at a tracker with nearly as many files as it takes, and how long announces take beside
// a walk through all of them, there and at its partner. The seeder list is made once, by the real store.

import { createHash } from 'node:crypto';
import { Swarm } from '../src/app/demo/swarm.js';
import { PIECE_SIZE } from '../src/foundation/base/limits.js';
import { clientId, swarmKey } from '../src/foundation/torrent/ids.js';
import type { InfoDigest } from '../src/foundation/torrent/info-text.js';
import type { Change } from '../src/tracking/registry/changes.js';
import { storeCommandsOf } from '../src/tracking/store/sqlite/rows.js';
import { SeederStore } from '../src/tracking/store/sqlite/store.js';
import { caughtUp } from './tracker-catchup.js';
import { clientBytes, clientHost, clientPort, PIECE_COUNT, swarmBytes, TrackerClient } from './tracker-driver.js';
import type { Figure, SceneOptions } from './tracker-stage.js';

/** With room below the 200,000 that a tracker takes for the file that is shared while it is measured. */
const FILES = 199_000;
const CLIENTS = 200;
/** Files of one transaction while the list is made. */
const FILES_PER_COMMIT = 1_000;
const ANNOUNCES = 1_000;
/** Announces alone and beside a walk, in turn. */
const TURNS = 10;
/** Of the time that an announce takes alone. */
const BESIDE_WALK_MAX = 1.1;
const FACTS = { name: 'busy.bin', size: PIECE_COUNT * PIECE_SIZE, pieceCount: PIECE_COUNT };

export async function catalogueScene({ root, quick, note }: SceneOptions): Promise<readonly Figure[]> {
  const swarm = await Swarm.create(root);
  try {
    note(`a list of ${FILES} files`);
    fillList(swarm.path('tracker-1.db'));
    await swarm.startTrackers();
    // A partner that is told of all of it would be measured, too.
    await caughtUp(swarm.trackers[1]);
    const guest = new TrackerClient(swarm.trackers[0], 0);
    const [first = 0, ...others] = await walk(guest, 'no name has this', quick ? 10 : Number.POSITIVE_INFINITY);
    const busy = new TrackerClient(swarm.trackers[0], CLIENTS + 1);
    const file = swarmBytes(FILES * 2);
    await busy.seed(file, FACTS);
    const rounds = quick ? ANNOUNCES / 10 : ANNOUNCES;
    await announces(busy, file, rounds);
    // Its walk takes the same of the machine and of this driver, and nothing of the tracker that is measured.
    const partner = new TrackerClient(swarm.trackers[1], 0);
    const [alone, elsewhere, beside]: [number[], number[], number[]] = [[], [], []];
    const work = (): Promise<number[]> => announces(busy, file, rounds / TURNS);
    for (let turn = 0; turn < TURNS; turn += 1) {
      alone.push(...(await work()));
      elsewhere.push(...(await besideWalks(partner, work)));
      beside.push(...(await besideWalks(guest, work)));
    }
    for (const client of [guest, partner, busy]) client.close();
    return [
      { what: `${FILES} files: the first page`, value: first, unit: 'ms', atMost: 50 },
      { what: 'pages without a match: median', value: percentile(others, 0.5), unit: 'ms' },
      { what: 'all of them', value: [first, ...others].reduce((sum, ms) => sum + ms, 0), unit: 'ms' },
      { what: 'an announce alone: p50', value: percentile(alone, 0.5), unit: 'ms' },
      { what: 'an announce alone: p99', value: percentile(alone, 0.99), unit: 'ms' },
      { what: 'an announce beside a walk at the partner: p50', value: percentile(elsewhere, 0.5), unit: 'ms' },
      { what: 'an announce beside a walk at the partner: p99', value: percentile(elsewhere, 0.99), unit: 'ms' },
      { what: 'an announce beside a walk: p50', value: percentile(beside, 0.5), unit: 'ms' },
      {
        what: 'an announce beside a walk: p99',
        value: percentile(beside, 0.99),
        unit: 'ms',
        atMost: Math.round(10 * BESIDE_WALK_MAX * percentile(alone, 0.99)) / 10,
      },
    ];
  } finally {
    await swarm.end();
  }
}

/** Milliseconds of each page, at most so many pages. */
async function walk(guest: TrackerClient, filter: string, pagesMax: number): Promise<number[]> {
  const tookMs: number[] = [];
  for (let after = new Uint8Array(0); tookMs.length < pagesMax; ) {
    const beganMs = performance.now();
    const { next } = await guest.page(after, filter);
    tookMs.push(performance.now() - beganMs);
    if (next.length === 0) break;
    after = new Uint8Array(next);
  }
  return tookMs;
}

/** While all files are walked through, again and again. */
async function besideWalks<T>(guest: TrackerClient, work: () => Promise<T>): Promise<T> {
  let isOver = false;
  const walks = (async () => {
    while (!isOver) await walk(guest, '', 100);
  })();
  const result = await work();
  isOver = true;
  await walks;
  return result;
}

async function announces(client: TrackerClient, file: Uint8Array, rounds: number): Promise<number[]> {
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const beganMs = performance.now();
    await client.announced(file);
    tookMs.push(performance.now() - beganMs);
  }
  return tookMs;
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function fillList(path: string): void {
  const store = SeederStore.open(path);
  let position = 0;
  for (let first = 0; first < FILES; first += FILES_PER_COMMIT) {
    const changes: Change[] = [];
    for (let file = first; file < first + FILES_PER_COMMIT; file += 1) changes.push(...changesOf(file));
    const commands = storeCommandsOf(changes, position + 1);
    position += changes.length;
    const failure = store.commit(commands, Date.now(), position);
    if (failure !== undefined) throw new Error(`the list could not be made: ${String(failure.error)}`);
  }
  store.close();
}

/** One listed file with one seeder. */
function changesOf(file: number): readonly Change[] {
  const swarm = swarmKey(createHash('sha1').update(String(file)).digest());
  const details = { info: '5'.repeat(64) as InfoDigest, listBytes: 0, files: 1 };
  const number = 1 + (file % CLIENTS);
  const place = { host: clientHost(number), port: clientPort(number), have: 1 };
  const version = { epoch: 1, sequence: file + 1 };
  return [
    { kind: 'swarm', swarm, name: `dataset-${file}-shard.safetensors`, size: PIECE_SIZE, pieceCount: 1, details },
    { kind: 'put', swarm, client: clientId(clientBytes(number)), ...place, ...version, isListed: true },
  ];
}
