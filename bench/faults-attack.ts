// What is left of an attack once it is over. For each attack a fresh seeder: the rate of honest downloads and the
// seeder's memory before, while the attack lasts, and after it; and how long after its end both were back. The first
// "attack" does nothing: what it shows is this machine's noise.

import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientProcess } from '../src/app/demo/processes.js';
import type { Swarm } from '../src/app/demo/swarm.js';
import { formatAddress } from '../src/foundation/torrent/address.js';
import type { Cleanup } from './cleanup.js';
import {
  begin,
  completed,
  DEADLINE_MS,
  Driver,
  discard,
  type FaultFigure,
  type FaultOptions,
  fileOf,
  MIB,
  type Shared,
  shareNew,
  withSwarm,
} from './faults-stage.js';
import { spreadOf } from './figures.js';
import { rssBytes } from './tracker-vitals.js';

const NOTHING = 'nothing';
const ATTACKS = [
  NOTHING,
  'garbage',
  'request floods',
  'unread requests',
  'many connections',
  'lying bitfields',
  '4 GiB prefixes',
  'slow drip',
];
const KEPT_MIN = 0.9;
const GROWN_MAX = 1.1;
/** Downloads before and after an attack. */
const DOWNLOADS = 4;
const LOOK_MS = 20;
/** Pieces that are not a multiple of eight, so that a bitfield has spare bits. */
const SIZE = 256 * MIB + 3 * 512 * 1024 + 1;

interface Outcome {
  readonly rateBefore: number;
  readonly rateDuring: number;
  readonly rateAfter: number;
  readonly rssBefore: number;
  readonly rssPeak: number;
  readonly rssAfter: number;
  /** Seconds from the end of the attack until rate and memory were back. */
  readonly backAfter: number;
  readonly dialed: number;
}

interface Scene {
  readonly swarm: Swarm;
  readonly cleanup: Cleanup;
  readonly leecher: ClientProcess;
  readonly shared: Shared;
  readonly attackMs: number;
}

export function attackScene({ root, runs, quick, note }: FaultOptions): Promise<readonly FaultFigure[]> {
  return withSwarm(root, async (swarm, cleanup) => {
    const maker = swarm.startClient('maker');
    const shared = await shareNew(swarm, maker, 'attacked', SIZE);
    const leecher = swarm.startClient('leecher');
    // Warms the leecher, whose code would else be faster after each attack than before.
    await downloadRate(swarm, leecher, shared);
    await downloadRate(swarm, leecher, shared);
    await maker.succeed('quit');
    const scene = { swarm, cleanup, leecher, shared, attackMs: quick ? 2_000 : 4_000 };
    const figures: FaultFigure[] = [];
    for (const name of ATTACKS) {
      const outcomes: Outcome[] = [];
      for (let run = 1; run <= runs; run += 1) {
        note(`${name}: run ${run} of ${runs}`);
        outcomes.push(await attacked(scene, name, run));
      }
      figures.push(...figuresOf(name, outcomes));
    }
    return figures;
  });
}

function figuresOf(name: string, outcomes: readonly Outcome[]): readonly FaultFigure[] {
  const of = (figure: (outcome: Outcome) => number): readonly number[] => outcomes.map(figure);
  const isNothing = name === NOTHING;
  const rates = of(({ rateBefore, rateAfter }) => rateAfter / rateBefore);
  const memory = of(({ rssBefore, rssAfter }) => rssAfter / rssBefore);
  return [
    { what: `${name}: rate before`, unit: 'MiB/s', digits: 0, values: of(({ rateBefore }) => rateBefore / MIB) },
    {
      what: '  while it lasts',
      unit: 'of it',
      digits: 2,
      values: of(({ rateBefore, rateDuring }) => rateDuring / rateBefore),
    },
    { what: '  after it', unit: 'of it', digits: 2, values: rates, ...(isNothing ? {} : { atLeast: KEPT_MIN }) },
    { what: '  memory of the seeder before', unit: 'MiB', digits: 0, values: of(({ rssBefore }) => rssBefore / MIB) },
    { what: '  at the peak', unit: 'of it', digits: 2, values: of(({ rssBefore, rssPeak }) => rssPeak / rssBefore) },
    { what: '  after it', unit: 'of it', digits: 2, values: memory, ...(isNothing ? {} : { atMost: GROWN_MAX }) },
    ...(isNothing
      ? []
      : [
          { what: '  both back after', unit: 's', digits: 2, values: of(({ backAfter }) => backAfter) },
          { what: '  connections dialed', unit: '', digits: 0, values: of(({ dialed }) => dialed) },
        ]),
  ];
}

async function attacked(scene: Scene, name: string, run: number): Promise<Outcome> {
  const { swarm, cleanup, leecher, shared, attackMs } = scene;
  const own = `seeder-${name.replaceAll(' ', '-')}-${run}`;
  const seeder = swarm.startClient(own);
  await seeder.succeed(`share ${shared.source} ${swarm.path(`${own}.mtorrent`)}`, DEADLINE_MS);
  // Not counted: warms the seeder.
  await downloadRate(swarm, leecher, shared);
  const before: number[] = [];
  for (let at = 0; at < DOWNLOADS; at += 1) before.push(await downloadRate(swarm, leecher, shared));
  const rateBefore = spreadOf(before).median;
  const rssBefore = rssBytes(seeder.pid);
  const words = [name, formatAddress(await seeder.address()), formatAddress(swarm.trackers[0]), shared.mtorrent];
  const driver = await Driver.start('attacks', words, cleanup);
  const [rateDuring, rssPeak] = await Promise.all([rateFor(scene, attackMs), peakFor(seeder, attackMs)]);
  const { dialed } = await driver.end<{ dialed: number }>();
  const endedMs = performance.now();
  const after: number[] = [];
  let backAfter = Number.NaN;
  while (after.length < DOWNLOADS) {
    const rate = await downloadRate(swarm, leecher, shared);
    after.push(rate);
    const isBack = rate >= KEPT_MIN * rateBefore && rssBytes(seeder.pid) <= GROWN_MAX * rssBefore;
    if (isBack && Number.isNaN(backAfter)) backAfter = (performance.now() - endedMs) / 1000;
  }
  const rssAfter = rssBytes(seeder.pid);
  await seeder.succeed('quit');
  await seeder.exited;
  return { rateBefore, rateDuring, rateAfter: spreadOf(after).median, rssBefore, rssPeak, rssAfter, backAfter, dialed };
}

/** Bytes a second of one download. */
async function downloadRate(swarm: Swarm, leecher: ClientProcess, shared: Shared): Promise<number> {
  const running = await begin(swarm, leecher, shared);
  const seconds = await completed(running, shared);
  await discard(running);
  return shared.size / seconds;
}

/** Bytes a second of downloads one after the other, over `ms`; the last one is given up. */
async function rateFor({ swarm, leecher, shared }: Scene, ms: number): Promise<number> {
  const startedMs = performance.now();
  let bytes = 0;
  let movingMs = 0;
  for (let leftMs = ms; leftMs > 0; leftMs = startedMs + ms - performance.now()) {
    const running = await begin(swarm, leecher, shared);
    try {
      const seconds = await completed(running, shared, leftMs);
      bytes += shared.size;
      movingMs += seconds * 1_000;
    } catch {
      // Its time is over.
      bytes += (await fileOf(leecher)).received;
      movingMs += performance.now() - running.startedMs;
    }
    await discard(running);
  }
  return (bytes / movingMs) * 1_000;
}

async function peakFor({ pid }: ClientProcess, ms: number): Promise<number> {
  let peak = 0;
  for (const endMs = performance.now() + ms; performance.now() < endMs; await sleep(LOOK_MS))
    peak = Math.max(peak, rssBytes(pid));
  return peak;
}
