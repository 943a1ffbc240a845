// Throughput of one download across N seeders on loopback into a RAM disk, every participant its own process, through the
// front door: `mtorrent tracker`, `mtorrent client`. Prints wall time, rate, CPU and peak memory of both sides, the event
// loop delay of the leecher's main thread, and waste.

import { existsSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { formatBytes, parseBytes } from '../src/base/bytes.js';
import type { ClientProcess } from '../src/demo/processes.js';
import { Swarm } from '../src/demo/swarm.js';
import { printTable, showSpread, spreadOf } from './figures.js';

interface Run {
  readonly seconds: number;
  readonly leecherCpu: number;
  readonly seedersCpu: number;
  readonly leecherRss: number;
  readonly seederRss: number;
  readonly loopDelayP99Ms: number;
  readonly wasted: number;
}

interface Vitals {
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly rssPeakBytes: number;
  readonly loopDelayP99Ms: number;
}

const DEADLINE_MS = 600_000;

export async function runSeedersBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      size: { type: 'string', default: '1GiB' },
      seeders: { type: 'string', default: '4' },
      runs: { type: 'string', default: '5' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const size = values.quick ? 256 * 1024 * 1024 : (parseBytes(values.size) ?? 0);
  const runs = values.quick ? 2 : Number(values.runs);
  const counts = values.seeders.split(',').map(Number);
  const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const results: { readonly seeders: number; readonly runs: readonly Run[] }[] = [];
  for (const seeders of counts) results.push({ seeders, runs: await measure(root, size, seeders, runs) });
  if (values.json)
    process.stdout.write(`${JSON.stringify({ schema: 1, bench: 'seeders', size, cores: cpus().length, results })}\n`);
  else show(size, root, results);
  return 0;
}

async function measure(root: string, size: number, seederCount: number, runs: number): Promise<readonly Run[]> {
  const swarm = await Swarm.create(root);
  try {
    await swarm.startTrackers();
    const source = await swarm.makeFile('source.bin', size);
    const seeders: ClientProcess[] = [];
    for (let at = 1; at <= seederCount; at += 1) {
      const seeder = swarm.startClient(`seeder-${at}`);
      await seeder.succeed(`share ${source} ${swarm.path(`s${at}.mtorrent`)}`, DEADLINE_MS);
      seeders.push(seeder);
    }
    const measured: Run[] = [];
    // The first run warms caches, code and the RAM disk's pages; it is not counted.
    for (let run = 0; run <= runs; run += 1) {
      const one = await download(swarm, seeders, `leecher-${run}`);
      if (run > 0) measured.push(one);
    }
    return measured;
  } finally {
    await swarm.end();
  }
}

/** A leecher of its own each time, so that its memory and CPU are of one download. */
async function download(swarm: Swarm, seeders: readonly ClientProcess[], name: string): Promise<Run> {
  const vitalsOf = (client: ClientProcess): Promise<Vitals> => client.json<Vitals>('show stats');
  const cpuOf = ({ cpuUserSeconds, cpuSystemSeconds }: Vitals): number => cpuUserSeconds + cpuSystemSeconds;
  const leecher = swarm.startClient(name);
  await leecher.address();
  const [leecherBefore, ...seedersBefore] = await Promise.all([leecher, ...seeders].map(vitalsOf));
  const startedMs = performance.now();
  const target = await leecher.succeed(`get ${swarm.path('s1.mtorrent')} ${swarm.path(`${name}.bin`)}`);
  const event = await leecher.event((line) => line.includes(target), DEADLINE_MS);
  const seconds = (performance.now() - startedMs) / 1000;
  if (!event.startsWith('COMPLETED:')) throw new Error(`the download failed: ${event} ${leecher.stderr}`);
  const [leecherAfter, ...seedersAfter] = await Promise.all([leecher, ...seeders].map(vitalsOf));
  const { files } = await leecher.json<{ files: { wasted: number }[] }>('show downloads --json');
  await leecher.succeed('quit');
  await leecher.exited;
  rmSync(target);
  const sum = (all: readonly Vitals[]): number => all.reduce((total, vitals) => total + cpuOf(vitals), 0);
  return {
    seconds,
    leecherCpu: cpuOf(leecherAfter as Vitals) - cpuOf(leecherBefore as Vitals),
    seedersCpu: sum(seedersAfter) - sum(seedersBefore),
    leecherRss: (leecherAfter as Vitals).rssPeakBytes,
    seederRss: Math.max(...seedersAfter.map(({ rssPeakBytes }) => rssPeakBytes)),
    loopDelayP99Ms: (leecherAfter as Vitals).loopDelayP99Ms,
    wasted: files[0]?.wasted ?? 0,
  };
}

function show(
  size: number,
  root: string,
  results: readonly { readonly seeders: number; readonly runs: readonly Run[] }[],
): void {
  process.stdout.write(
    `${formatBytes(size)} into ${root}, ${cpus().length} cores, Node ${process.versions.node}; median (min–max)\n`,
  );
  const of = (runs: readonly Run[], figure: (run: Run) => number, digits: number): string =>
    showSpread(spreadOf(runs.map(figure)), digits);
  printTable([
    [
      'seeders',
      'seconds',
      'MB/s',
      'CPU s leecher',
      'CPU s seeders',
      'RSS MiB leecher',
      'RSS MiB seeder',
      'main loop p99 ms',
      'waste MiB',
    ],
    ...results.map(({ seeders, runs }) => [
      String(seeders),
      of(runs, ({ seconds }) => seconds, 2),
      of(runs, ({ seconds }) => size / 1e6 / seconds, 0),
      of(runs, ({ leecherCpu }) => leecherCpu, 2),
      of(runs, ({ seedersCpu }) => seedersCpu, 2),
      of(runs, ({ leecherRss }) => leecherRss / 2 ** 20, 0),
      of(runs, ({ seederRss }) => seederRss / 2 ** 20, 0),
      of(runs, ({ loopDelayP99Ms }) => loopDelayP99Ms, 1),
      of(runs, ({ wasted }) => wasted / 2 ** 20, 1),
    ]),
  ]);
}
