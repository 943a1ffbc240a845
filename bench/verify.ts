// What a verification costs those who are served meanwhile: real clients on loopback, one seeder and one leecher on the
// same cores, without a limit and under one; the rate of the same transfer with and without a verification of another
// file of the seeder running from its beginning to its end. In turn, so that a busy machine is as busy for both.

import { existsSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ClientProcess } from '../src/app/demo/processes.js';
import { Swarm } from '../src/app/demo/swarm.js';
import { formatBytes } from '../src/foundation/base/bytes.js';
import { type Cleanup, withCleanup } from './cleanup.js';
import { printTable, showSpread, spreadOf } from './figures.js';
import { barChart } from './plot.js';
import { OUT_DEFAULT, saveResults } from './results.js';

/** What seeding has to keep of its rate. */
const KEPT_MIN = 0.9;
const MIB = 1024 * 1024;
const DEADLINE_MS = 120_000;
const ASK_AGAIN_MS = 10;

interface Scene {
  readonly name: string;
  /** Bytes a second of the seeder; 0: none. */
  readonly limit: number;
  /** The rate is taken between these two counts of received bytes. */
  readonly from: number;
  readonly to: number;
}

interface Run {
  /** Bytes a second. */
  readonly rate: number;
  /** The verification ended before the rate was taken: then it says too little. */
  readonly endedEarly: boolean;
}

interface Result {
  readonly scene: Scene;
  readonly without: readonly Run[];
  readonly with: readonly Run[];
}

export async function runVerifyBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      runs: { type: 'string', default: '5' },
      size: { type: 'string', default: '1536' },
      quick: { type: 'boolean', default: false },
      out: { type: 'string', default: OUT_DEFAULT },
      json: { type: 'boolean', default: false },
    },
  });
  const size = (values.quick ? 1_024 : Number(values.size)) * MIB;
  const repetitions = values.quick ? 3 : Number(values.runs);
  const scenes: readonly Scene[] = [
    { name: 'full speed', limit: 0, from: size * 0.15, to: size * 0.9 },
    { name: 'limited to 50 MiB/s', limit: 50 * MIB, from: 50 * MIB, to: 200 * MIB },
  ];
  const results = await withCleanup((cleanup) => measure(size, repetitions, scenes, cleanup));
  const kept = results.map(keptOf);
  const isKept = kept.every((ratio) => ratio >= KEPT_MIN);
  const facts = { schema: 1, bench: 'verify', cores: cpus().length, size, keptMin: KEPT_MIN, kept, isKept, results };
  const saved = saveResults(values.out, 'verify', facts, plot(results));
  if (values.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else show(results, saved);
  return isKept ? 0 : 1;
}

async function measure(
  size: number,
  repetitions: number,
  scenes: readonly Scene[],
  cleanup: Cleanup,
): Promise<readonly Result[]> {
  const swarm = await Swarm.create(existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
  cleanup.add(() => swarm.end());
  await swarm.startTracker(0);
  const [sent, verified] = [await swarm.makeFile('sent.bin', size), await swarm.makeFile('verified.bin', size / 2)];
  const seeder = swarm.startClient('seeder');
  await seeder.succeed(`share ${sent} ${swarm.path('sent.mtorrent')}`, DEADLINE_MS);
  await seeder.succeed(`share ${verified} ${swarm.path('verified.mtorrent')}`, DEADLINE_MS);
  const leecher = swarm.startClient('leecher');
  const results: Result[] = [];
  for (const scene of scenes) {
    await seeder.succeed(`limit up ${scene.limit}`);
    const runs: { readonly without: Run[]; readonly with: Run[] } = { without: [], with: [] };
    for (let turn = 0; turn < repetitions; turn += 1) {
      const order = turn % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const);
      for (const which of order) runs[which].push(await transfer(swarm, seeder, leecher, scene, which === 'with'));
    }
    results.push({ scene, ...runs });
  }
  return results;
}

async function transfer(
  swarm: Swarm,
  seeder: ClientProcess,
  leecher: ClientProcess,
  { from, to }: Scene,
  verifies: boolean,
): Promise<Run> {
  // `remove` deletes it.
  const mtorrent = swarm.path('copy.mtorrent');
  await copyFile(swarm.path('sent.mtorrent'), mtorrent);
  const target = await leecher.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
  // Begun when payload moves already: a verification of an idle client goes as fast as it can, until it hears of any.
  await reaches(leecher, from / 2);
  let isOver = !verifies;
  const verification = verifies ? seeder.succeed('verify verified.mtorrent', DEADLINE_MS) : undefined;
  void verification?.then(() => {
    isOver = true;
  });
  const begin = await reaches(leecher, from);
  const end = await reaches(leecher, to);
  const endedEarly = verifies && isOver;
  await leecher.succeed(`remove ${mtorrent} --force`);
  rmSync(target, { force: true });
  await verification;
  return { rate: ((end.bytes - begin.bytes) / (end.atMs - begin.atMs)) * 1_000, endedEarly };
}

/** The first count of received bytes that is not below `bytes`, and when it was seen first. */
async function reaches(
  client: ClientProcess,
  bytes: number,
): Promise<{ readonly bytes: number; readonly atMs: number }> {
  for (const endMs = performance.now() + DEADLINE_MS; performance.now() < endMs; await pause(ASK_AGAIN_MS)) {
    const { files } = await client.json<{ files: readonly { received: number }[] }>('show downloads --json');
    const received = files[0]?.received ?? 0;
    if (received >= bytes) return { bytes: received, atMs: performance.now() };
  }
  throw new Error(`${client.name} does not receive ${bytes} bytes: ${client.stderr}`);
}

/** Median of the rates with a verification, in parts of the median without. */
function keptOf(result: Result): number {
  const median = (runs: readonly Run[]): number => spreadOf(runs.map(({ rate }) => rate)).median;
  return median(result.with) / median(result.without);
}

function plot(results: readonly Result[]): string {
  return barChart({
    title: 'Upload rate while a file is verified, in per cent of the rate without',
    unit: 'per cent; median, least and most',
    bars: results.map((result) => {
      const base = spreadOf(result.without.map(({ rate }) => rate)).median;
      return { name: result.scene.name, spread: spreadOf(result.with.map(({ rate }) => (rate / base) * 100)) };
    }),
    marks: [{ name: 'to be kept', value: KEPT_MIN * 100 }],
  });
}

function show(results: readonly Result[], saved: readonly string[]): void {
  const rates = (runs: readonly Run[]): string => showSpread(spreadOf(runs.map(({ rate }) => rate / MIB)), 1);
  process.stdout.write(`upload rates on loopback, ${cpus().length} cores, Node ${process.versions.node}\n`);
  printTable([
    ['scene', 'MiB/s without', 'MiB/s while verifying', 'kept', 'wanted', 'verifications that ended early'],
    ...results.map((result) => [
      result.scene.name,
      rates(result.without),
      rates(result.with),
      keptOf(result).toFixed(3),
      `≥ ${KEPT_MIN}`,
      String(result.with.filter(({ endedEarly }) => endedEarly).length),
    ]),
  ]);
  const size = formatBytes(results.reduce((most, { scene }) => Math.max(most, scene.to), 0));
  process.stdout.write(`of transfers of up to ${size}; written: ${saved.join(', ')}\n`);
}
