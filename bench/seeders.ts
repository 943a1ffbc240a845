// `npm run bench -- seeders [--size 1GiB] [--seeders 1,2,4,8,16] [--runs N] [--only sweep|leechers|files] [--closed]`:
// throughput on loopback into a RAM disk. One leecher across a sweep of seeders, each next to the ceiling measured in
// the same run; several leechers; many small files against one large. Or each in a closed swarm beside an open one.

import { existsSync, statfsSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { formatBytes, parseBytes } from '../src/foundation/base/bytes.js';
import { printTable, type Spread, showSpread, spreadOf } from './figures.js';
import { lineChart } from './plot.js';
import { OUT_DEFAULT, saveResults } from './results.js';
import { type ClosedRow, seedersClosedTable } from './seeders-closed.js';
import { runSeedersInTurn, runSeedersScene, type SeedersRun, type SeedersScene } from './seeders-scene.js';
import { fileSystemOf } from './tracker-vitals.js';

interface Result {
  readonly scene: SeedersScene;
  readonly runs: readonly SeedersRun[];
}

const MIB = 2 ** 20;
/** Product over ceiling, by number of seeders. */
const TARGETS: Readonly<Record<number, number>> = { 1: 1.35, 4: 1.25 };
const LEECHERS = 4;
const RAM_DISK = '/dev/shm';

export async function runSeedersBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      size: { type: 'string' },
      seeders: { type: 'string' },
      runs: { type: 'string' },
      only: { type: 'string' },
      closed: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      out: { type: 'string', default: OUT_DEFAULT },
    },
  });
  const { quick } = values;
  const size = parseBytes(values.size ?? (quick ? '256MiB' : '1GiB'));
  const runs = Number(values.runs ?? (quick ? 1 : 5));
  const counts = (values.seeders ?? (quick ? '1,4' : '1,2,4,8,16')).split(',').map(Number);
  if (size === undefined || size === 0 || ![runs, ...counts].every((count) => Number.isInteger(count) && count > 0)) {
    process.stderr.write('--size is like 1GiB, --runs a number, --seeders like 1,2,4\n');
    return 2;
  }
  const scenes = scenesOf(size, counts, quick).filter(([kind]) => values.only === undefined || kind === values.only);
  const root = rootFor(scenes.map(([, scene]) => scene));
  if (values.closed) return runClosed(root, scenes, runs, values);
  const results: Result[] = [];
  for (const [, scene] of scenes) {
    process.stderr.write(`seeders: ${nameOf(scene)}\n`);
    results.push({ scene, runs: await runSeedersScene(root, scene, runs) });
  }
  const { node } = process.versions;
  const facts = {
    schema: 2,
    bench: 'seeders',
    quick,
    cores: cpus().length,
    node,
    fileSystem: fileSystemOf(root),
    results,
  };
  const saved = saveResults(values.out, 'seeders', facts, plot(results, size));
  if (values.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else show(root, results, saved);
  return 0;
}

async function runClosed(
  root: string,
  scenes: readonly (readonly [string, SeedersScene])[],
  runs: number,
  { json }: { readonly json: boolean },
): Promise<number> {
  const rows: ClosedRow[] = [];
  for (const [, scene] of scenes) {
    process.stderr.write(`seeders: ${nameOf(scene)}, open and closed in turn\n`);
    rows.push({ name: nameOf(scene), scene, ...(await runSeedersInTurn(root, scene, runs)) });
  }
  if (json) process.stdout.write(`${JSON.stringify({ schema: 1, bench: 'seeders --closed', rows })}\n`);
  else printTable(seedersClosedTable(rows));
  return 0;
}

function scenesOf(
  size: number,
  counts: readonly number[],
  quick: boolean,
): readonly (readonly [string, SeedersScene])[] {
  const one = { leechers: 1, files: 1, besideCeiling: true };
  const alone = { ...one, seeders: 4, besideCeiling: false };
  const files = quick ? 10 : 100;
  const fileBytes = (quick ? 8 : 10) * MIB;
  return [
    ...counts.map((seeders) => ['sweep', { ...one, seeders, fileBytes: size }] as const),
    ['leechers', { ...alone, leechers: LEECHERS, fileBytes: size / 2 }],
    ['files', { ...alone, files, fileBytes }],
    ['files', { ...alone, fileBytes: files * fileBytes }],
  ];
}

/** The RAM disk where it has room for the source, every leecher's copy, and half as much again. */
function rootFor(scenes: readonly SeedersScene[]): string {
  const needed = Math.max(...scenes.map(({ leechers, files, fileBytes }) => (1 + leechers) * files * fileBytes * 1.5));
  if (!existsSync(RAM_DISK)) return tmpdir();
  const { bavail, bsize } = statfsSync(RAM_DISK);
  return bavail * bsize >= needed ? RAM_DISK : tmpdir();
}

function nameOf({ seeders, leechers, files, fileBytes }: SeedersScene): string {
  const what = files === 1 ? formatBytes(fileBytes) : `${files} × ${formatBytes(fileBytes)}`;
  return `${seeders}→${leechers} ${what}`;
}

const bytesOf = ({ leechers, files, fileBytes }: SeedersScene): number => leechers * files * fileBytes;

function show(root: string, results: readonly Result[], saved: readonly string[]): void {
  const machine = `${cpus().length} cores, Node ${process.versions.node}`;
  process.stdout.write(`into ${root}, ${fileSystemOf(root)}; ${machine}; median (min–max)\n\n`);
  const of = (runs: readonly SeedersRun[], figure: (run: SeedersRun) => number, digits: number): string =>
    showSpread(spreadOf(runs.map(figure)), digits);
  printTable([
    ['seeders→leechers', 's', 'MB/s', 'CPU s leechers', 'CPU s seeders', 'CPU s all', 'waste MiB'],
    ...results.map(({ scene, runs }) => [
      nameOf(scene),
      of(runs, ({ seconds }) => seconds, 2),
      of(runs, ({ seconds }) => bytesOf(scene) / 1e6 / seconds, 0),
      of(runs, ({ leechersCpu }) => leechersCpu, 2),
      of(runs, ({ seedersCpu }) => seedersCpu, 2),
      of(runs, ({ leechersCpu, seedersCpu }) => leechersCpu + seedersCpu, 2),
      of(runs, ({ wasted }) => wasted / MIB, 1),
    ]),
  ]);
  process.stdout.write('\n');
  const threads = Object.keys(results[0]?.runs[0]?.loopDelayP99Ms ?? {});
  printTable([
    ['seeders→leechers', 'RSS MiB leecher', 'RSS MiB seeder', ...threads.map((name) => `${name} loop p99 ms`)],
    ...results.map(({ scene, runs }) => [
      nameOf(scene),
      of(runs, ({ leecherRss }) => leecherRss / MIB, 0),
      of(runs, ({ seederRss }) => seederRss / MIB, 0),
      ...threads.map((name) => of(runs, ({ loopDelayP99Ms }) => loopDelayP99Ms[name] ?? Number.NaN, 1)),
    ]),
  ]);
  process.stdout.write('\n');
  showCeiling(results);
  process.stdout.write(`\nwritten: ${saved.join(' ')}\n`);
}

function showCeiling(results: readonly Result[]): void {
  printTable([
    ['ceiling, same run', 's', 'MB/s', 'CPU s all', 'mtorrent / ceiling', 'target', ''],
    ...results.flatMap(({ scene, runs }) => {
      const pairs = runs.flatMap(({ seconds, ceiling }) => (ceiling === undefined ? [] : [{ seconds, ceiling }]));
      if (pairs.length === 0) return [];
      const limits = pairs.map(({ ceiling }) => ceiling);
      const ratio = spreadOf(pairs.map(({ seconds, ceiling }) => seconds / ceiling.seconds));
      const target = TARGETS[scene.seeders];
      return [
        [
          nameOf(scene),
          showSpread(spreadOf(limits.map(({ seconds }) => seconds)), 2),
          showSpread(spreadOf(limits.map(({ seconds }) => bytesOf(scene) / 1e6 / seconds)), 0),
          showSpread(spreadOf(limits.map(({ receiverCpu, sendersCpu }) => receiverCpu + sendersCpu)), 2),
          showSpread(ratio, 2),
          ...(target === undefined ? ['', ''] : [`≤ ${target}`, ratio.median <= target ? 'met' : 'MISSED']),
        ],
      ];
    }),
  ]);
}

function plot(results: readonly Result[], size: number): string {
  const sweep = results.filter(({ scene }) => scene.besideCeiling);
  const rates = (secondsOf: (run: SeedersRun) => number): readonly Spread[] =>
    sweep.map(({ runs }) => spreadOf(runs.map((run) => size / 1e6 / secondsOf(run))));
  return lineChart({
    title: `One download of ${formatBytes(size)} from N seeders on one machine of ${cpus().length} cores`,
    xName: 'seeders, a process each',
    yName: 'MB/s (median; line: min–max)',
    steps: sweep.map(({ scene }) => String(scene.seeders)),
    series: [
      { name: 'mtorrent', spreads: rates(({ seconds }) => seconds) },
      { name: 'ceiling: raw sockets, SHA-1, file', spreads: rates(({ ceiling }) => ceiling?.seconds ?? Number.NaN) },
    ],
  });
}
