// One scene of the seeders' bench: so many seeders, leechers and files, every participant its own process, driven
// through the front door. Each run has fresh leechers, so that their memory and processor time are of this one
// download.

import { rmSync } from 'node:fs';
import type { ClientProcess } from '../src/app/demo/processes.js';
import { Swarm } from '../src/app/demo/swarm.js';
import { atRest } from './at-rest.js';
import { Ceiling, type CeilingRun } from './ceiling.js';
import { type Cleanup, withCleanup } from './cleanup.js';
import { ClosedSwarm } from './closed-swarm.js';

export interface SeedersScene {
  readonly seeders: number;
  readonly leechers: number;
  readonly files: number;
  readonly fileBytes: number;
  /** Next to the ceiling with as many senders: one leecher and one file only. */
  readonly besideCeiling: boolean;
}

export interface SeedersRun {
  /** From the first `get` until the last file of the last leecher is complete. */
  readonly seconds: number;
  readonly leechersCpu: number;
  readonly seedersCpu: number;
  /** The highest of any leecher, of any seeder. */
  readonly leecherRss: number;
  readonly seederRss: number;
  /** Of any leecher's threads, by the thread's name. */
  readonly loopDelayP99Ms: Readonly<Record<string, number>>;
  readonly wasted: number;
  /** Just before, on the same file. */
  readonly ceiling?: CeilingRun;
}

interface Vitals {
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly rssPeakBytes: number;
  /** Of the main thread. */
  readonly loopDelayP99Ms: number;
  readonly threads: Readonly<Record<string, { readonly loopDelayP99Ms: number }>>;
}

const DEADLINE_MS = 600_000;

/** The same in the clear and in a closed swarm, in turn, so that a busy machine is as busy for each. */
export interface InTurn {
  readonly open: readonly SeedersRun[];
  readonly closed: readonly SeedersRun[];
}

export function runSeedersInTurn(root: string, scene: SeedersScene, runs: number): Promise<InTurn> {
  const alone = { ...scene, besideCeiling: false };
  return withCleanup(async (cleanup) => {
    const stages = {
      open: await startStage(root, alone, false, cleanup),
      closed: await startStage(root, alone, true, cleanup),
    };
    const measured = { open: [] as SeedersRun[], closed: [] as SeedersRun[] };
    for (let run = 0; run <= runs; run += 1) {
      const order = run % 2 === 0 ? (['open', 'closed'] as const) : (['closed', 'open'] as const);
      for (const which of order) {
        const { swarm, seeders } = stages[which];
        const one = await download(swarm, seeders, alone, run);
        if (run > 0) measured[which].push(one);
      }
    }
    return measured;
  });
}

async function startStage(
  root: string,
  scene: SeedersScene,
  isClosed: boolean,
  cleanup: Cleanup,
): Promise<{ readonly swarm: Swarm; readonly seeders: readonly ClientProcess[] }> {
  const swarm = await Swarm.create(root);
  cleanup.add(() => swarm.end());
  if (isClosed) {
    const closed = await ClosedSwarm.make(swarm.path('identities'), swarm.trackers);
    swarm.environment = (name) => closed.environment(name);
  }
  await swarm.startTrackers();
  return { swarm, seeders: await startSeeders(swarm, scene) };
}

export function runSeedersScene(root: string, scene: SeedersScene, runs: number): Promise<readonly SeedersRun[]> {
  return withCleanup(async (cleanup) => {
    const { swarm, seeders } = await startStage(root, scene, false, cleanup);
    const ceiling = await startCeiling(swarm, scene, cleanup);
    const measured: SeedersRun[] = [];
    // The first run warms caches, code and the RAM disk's pages; it is not counted.
    for (let run = 0; run <= runs; run += 1) {
      const limit = await ceiling?.run(swarm.path('1-0.mtorrent'), swarm.path('ceiling.bin'));
      const one = await download(swarm, seeders, scene, run);
      if (run > 0) measured.push({ ...one, ...(limit === undefined ? {} : { ceiling: limit }) });
    }
    return measured;
  });
}

async function startSeeders(
  swarm: Swarm,
  { seeders, files, fileBytes }: SeedersScene,
): Promise<readonly ClientProcess[]> {
  const sources: string[] = [];
  for (let file = 0; file < files; file += 1) sources.push(await swarm.makeFile(`source-${file}.bin`, fileBytes));
  const started: ClientProcess[] = [];
  for (let at = 1; at <= seeders; at += 1) {
    const seeder = swarm.startClient(`seeder-${at}`);
    const share = (source: string, file: number): Promise<string> =>
      seeder.succeed(`share ${source} ${swarm.path(`${at}-${file}.mtorrent`)}`, DEADLINE_MS);
    await Promise.all(sources.map(share));
    started.push(seeder);
  }
  return started;
}

async function startCeiling(swarm: Swarm, scene: SeedersScene, cleanup: Cleanup): Promise<Ceiling | undefined> {
  if (!scene.besideCeiling) return undefined;
  return Ceiling.start(swarm.path('source-0.bin'), scene.fileBytes, scene.seeders, cleanup);
}

async function download(
  swarm: Swarm,
  seeders: readonly ClientProcess[],
  scene: SeedersScene,
  run: number,
): Promise<SeedersRun> {
  const leechers = Array.from({ length: scene.leechers }, (_, at) => swarm.startClient(`leecher-${run}-${at}`));
  await Promise.all(leechers.map((leecher) => leecher.address()));
  await atRest([...seeders, ...leechers]);
  const vitalsOf = (clients: readonly ClientProcess[]): Promise<readonly Vitals[]> =>
    Promise.all(clients.map((client) => client.json<Vitals>('show stats')));
  const [leechersBefore, seedersBefore] = await Promise.all([vitalsOf(leechers), vitalsOf(seeders)]);
  const startedMs = performance.now();
  const targets = (await Promise.all(leechers.map((leecher) => getAll(swarm, leecher, scene.files)))).flat();
  const seconds = (performance.now() - startedMs) / 1000;
  const [leechersAfter, seedersAfter] = await Promise.all([vitalsOf(leechers), vitalsOf(seeders)]);
  const totals = await Promise.all(
    leechers.map((leecher) => leecher.json<{ files: { wasted: number }[] }>('show downloads --json')),
  );
  // Each leecher quits and takes its state with it: were it left to seed, the next run would have more seeders.
  for (const leecher of leechers) {
    await leecher.succeed('quit');
    await leecher.exited;
  }
  for (const target of targets) rmSync(target);
  return {
    seconds,
    leechersCpu: cpuOf(leechersAfter) - cpuOf(leechersBefore),
    seedersCpu: cpuOf(seedersAfter) - cpuOf(seedersBefore),
    leecherRss: Math.max(...leechersAfter.map(({ rssPeakBytes }) => rssPeakBytes)),
    seederRss: Math.max(...seedersAfter.map(({ rssPeakBytes }) => rssPeakBytes)),
    loopDelayP99Ms: worstDelays(leechersAfter),
    wasted: totals.flatMap(({ files }) => files).reduce((sum, { wasted }) => sum + wasted, 0),
  };
}

/** Every file by one leecher, all asked for at once; answers where they are. */
function getAll(swarm: Swarm, leecher: ClientProcess, files: number): Promise<readonly string[]> {
  const get = async (file: number): Promise<string> => {
    const name = `${leecher.name}-${file}.bin`;
    const target = await leecher.succeed(`get ${swarm.path(`1-${file}.mtorrent`)} ${swarm.path(name)}`, DEADLINE_MS);
    const event = await leecher.event((line) => line.includes(`/${name}`), DEADLINE_MS);
    if (!event.startsWith('COMPLETED:')) throw new Error(`the download failed: ${event} ${leecher.stderr}`);
    return target;
  };
  return Promise.all(Array.from({ length: files }, (_, file) => get(file)));
}

function worstDelays(all: readonly Vitals[]): Readonly<Record<string, number>> {
  const worst: Record<string, number> = {};
  for (const vitals of all) {
    for (const [name, { loopDelayP99Ms }] of Object.entries({ main: vitals, ...vitals.threads }))
      worst[name] = Math.max(worst[name] ?? 0, loopDelayP99Ms);
  }
  return worst;
}

function cpuOf(all: readonly Vitals[]): number {
  return all.reduce((sum, { cpuUserSeconds, cpuSystemSeconds }) => sum + cpuUserSeconds + cpuSystemSeconds, 0);
}
