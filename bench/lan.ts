// `npm run bench -- lan [--closed] [--quick] [--runs N] [--json] [--out DIR]`: how long one seeder takes to reach many
// machines whose links are shaped, against what any protocol would need at least. Needs root for network namespaces;
// without it says so and ends with 77, the code by which test tools know what was skipped.

import { existsSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { formatBytes } from '../src/foundation/base/bytes.js';
import { printTable, showSpread, spreadOf } from './figures.js';
import { measureClosed, showClosed } from './lan-closed.js';
import { type LanRun, type LanScene, runLanScene } from './lan-scene.js';
import { barChart } from './plot.js';
import { OUT_DEFAULT, saveResults } from './results.js';
import { leftNamespaces, whyNoNetwork } from './shaped-network.js';

interface Row {
  readonly name: string;
  readonly runs: readonly LanRun[];
  /** The same receivers without the slow one, run by run. */
  readonly without?: readonly LanRun[];
}

const SKIPPED = 77;
const MIB = 2 ** 20;
const TARGET_RATIO = 1.2;
const TARGET_COPIES = 1.25;
const TARGET_SLOWED_PERCENT = 5;

const FULL: readonly LanScene[] = [
  { size: 128 * MIB, mbitPerSecond: 200, leechers: 8 },
  { size: 32 * MIB, mbitPerSecond: 50, leechers: 16 },
  { size: 128 * MIB, mbitPerSecond: 200, leechers: 7, slowMbitPerSecond: 20 },
];
const QUICK: readonly LanScene[] = [
  { size: 64 * MIB, mbitPerSecond: 200, leechers: 4 },
  { size: 16 * MIB, mbitPerSecond: 50, leechers: 8 },
  { size: 64 * MIB, mbitPerSecond: 200, leechers: 3, slowMbitPerSecond: 20 },
];

export async function runLanBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      runs: { type: 'string' },
      scene: { type: 'string' },
      quick: { type: 'boolean', default: false },
      closed: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      out: { type: 'string', default: OUT_DEFAULT },
    },
  });
  const reason = whyNoNetwork();
  if (reason !== undefined) {
    process.stderr.write(`the lan bench cannot run here: ${reason}\n`);
    return SKIPPED;
  }
  const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const runs = Number(values.runs ?? (values.quick ? 1 : 3));
  if (values.closed) return runClosed(root, runs, values);
  const scenes = values.quick ? QUICK : FULL;
  const wanted = values.scene === undefined ? scenes : scenes.slice(Number(values.scene) - 1, Number(values.scene));
  const rows: Row[] = [];
  for (const scene of wanted) rows.push(await measure(root, scene, runs));
  lookForNamespaces();
  const facts = {
    schema: 1,
    bench: 'lan',
    quick: values.quick,
    cores: cpus().length,
    node: process.versions.node,
    rows,
  };
  const saved = saveResults(values.out, 'lan', facts, plot(rows));
  if (values.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else show(rows, saved);
  return 0;
}

async function runClosed(
  root: string,
  runs: number,
  { quick, scene, json }: { readonly quick: boolean; readonly scene?: string | undefined; readonly json: boolean },
): Promise<number> {
  const rows = await measureClosed(root, runs, quick, scene === undefined ? undefined : Number(scene));
  lookForNamespaces();
  if (json) process.stdout.write(`${JSON.stringify({ schema: 1, bench: 'lan --closed', rows })}\n`);
  else showClosed(rows);
  return 0;
}

function lookForNamespaces(): void {
  const left = leftNamespaces();
  if (left.length > 0) throw new Error(`network namespaces are left behind: ${left.join(' ')}`);
}

async function measure(root: string, scene: LanScene, runs: number): Promise<Row> {
  const { slowMbitPerSecond, ...equal } = scene;
  const name =
    slowMbitPerSecond === undefined
      ? `1→${scene.leechers} at ${scene.mbitPerSecond} Mbit/s, ${formatBytes(scene.size)}`
      : `1→${scene.leechers} at ${scene.mbitPerSecond} Mbit/s and 1 at ${slowMbitPerSecond}, ${formatBytes(scene.size)}`;
  const measured: LanRun[] = [];
  const without: LanRun[] = [];
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`lan: ${name}, run ${run} of ${runs}\n`);
    if (slowMbitPerSecond !== undefined) without.push(await runLanScene(root, equal));
    measured.push(await runLanScene(root, scene));
  }
  return { name, runs: measured, ...(slowMbitPerSecond === undefined ? {} : { without }) };
}

/** By how much the slow receiver delayed the others, pair by pair. */
function slowedPercents({ runs, without = [] }: Row): readonly number[] {
  return without.map(
    ({ makespanSeconds }, at) => ((runs[at]?.makespanSeconds ?? Number.NaN) / makespanSeconds - 1) * 100,
  );
}

function show(rows: readonly Row[], saved: readonly string[]): void {
  process.stdout.write(`${cpus().length} cores, Node ${process.versions.node}; median (min–max)\n`);
  for (const row of rows) {
    const { name, runs } = row;
    const of = (figure: (run: LanRun) => number, digits: number): string =>
      showSpread(spreadOf(runs.map(figure)), digits);
    const verdict = (value: number, most: number): readonly string[] => [`≤ ${most}`, value <= most ? 'met' : 'MISSED'];
    const medianOf = (figure: (run: LanRun) => number): number => spreadOf(runs.map(figure)).median;
    const slowed = slowedPercents(row);
    const slowedSpread = spreadOf(slowed);
    process.stdout.write('\n');
    printTable([
      [name, '', 'target', ''],
      ['payload rate of a link, raw TCP, MB/s', of(({ rawBytesPerSecond }) => rawBytesPerSecond / 1e6, 2)],
      ['lower bound, s', of(({ boundSeconds }) => boundSeconds, 2)],
      ['makespan, s', of(({ makespanSeconds }) => makespanSeconds, 2)],
      [
        'makespan / bound',
        of(({ ratioToBound }) => ratioToBound, 2),
        ...verdict(
          medianOf(({ ratioToBound }) => ratioToBound),
          TARGET_RATIO,
        ),
      ],
      [
        'copies sent by the seeder',
        of(({ seederCopies }) => seederCopies, 2),
        ...verdict(
          medianOf(({ seederCopies }) => seederCopies),
          TARGET_COPIES,
        ),
      ],
      ['the same on its link, headers and all', of(({ seederLinkCopies }) => seederLinkCopies, 2)],
      ['first leecher complete, s', of(({ finishSeconds }) => Math.min(...finishSeconds), 2)],
      ['waste of all leechers, MiB', of(({ wasted }) => wasted / MIB, 1)],
      ['CPU of the seeder, s', of(({ seederCpuSeconds }) => seederCpuSeconds, 2)],
      ['CPU of all leechers, s', of(({ leechersCpuSeconds }) => leechersCpuSeconds, 2)],
      ['machine busy, whoever used it, %', of(({ machineBusy }) => machineBusy * 100, 0)],
      ...(slowed.length === 0
        ? []
        : [
            [
              'the slow one delays the others by, %',
              showSpread(slowedSpread, 1),
              ...verdict(slowedSpread.median, TARGET_SLOWED_PERCENT),
            ],
          ]),
    ]);
  }
  process.stdout.write(`\nwritten: ${saved.join(' ')}\n`);
}

function plot(rows: readonly Row[]): string {
  return barChart({
    title: 'Makespan on shaped links: last leecher complete, over the lower bound',
    unit: '× lower bound (median; line: min–max)',
    bars: rows.map(({ name, runs }) => ({ name, spread: spreadOf(runs.map(({ ratioToBound }) => ratioToBound)) })),
    marks: [
      { name: 'bound', value: 1 },
      { name: 'target', value: TARGET_RATIO },
    ],
  });
}
