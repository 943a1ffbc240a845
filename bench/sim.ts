// One seeder and up to a thousand leechers in virtual time, with the real machines: how long until everyone has the
// file, against the least that the links allow, what the seeder sent, what was received for nothing, and how long the
// run itself took.

import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { type CrowdOptions, lowerBoundMs } from '../test/sim/crowd.js';
import { printTable, showSpread, spreadOf } from './figures.js';
import { barChart } from './plot.js';
import { OUT_DEFAULT, saveResults } from './results.js';
import type { TimedRun } from './sim-run.js';

/** Bytes a millisecond of 1 Mbit/s. */
const MBIT = 125;
/** For a thousand receivers of 512 pieces; the others are shown beside it. */
const TARGET_RATIO = 1.25;
/** Seconds that this machine may need for it. */
const TARGET_WALL_S = 120;
/** The row that the targets are about; it takes minutes, so it is run only when asked for. */
const TARGET_ROW = '1000';
/**
 * MiB in which a run makes its objects. Nearly all of them are messages that live for less than a millisecond of
 * virtual time; with Node's 16 MiB a fourth of a run goes into copying those that happen to be alive.
 */
const YOUNG_MIB = 64;

interface Row {
  readonly name: string;
  readonly leechers: number;
  readonly pieceCount: number;
  readonly mbits: number;
  readonly latencyMs: number;
  /** One leecher at a tenth of the others' rate. */
  readonly slow: boolean;
  /** As in CrowdOptions. */
  readonly dataEvery?: number;
  /** Runs at most, each with a seed of its own, of what takes minutes. */
  readonly runsMax?: number;
}

interface Measured {
  readonly row: Row;
  readonly boundMs: number;
  readonly runs: readonly (TimedRun & { readonly othersMs: number })[];
}

const ROWS: readonly Row[] = [
  { name: '8', leechers: 8, pieceCount: 512, mbits: 200, latencyMs: 1, slow: false },
  { name: '8 small', leechers: 8, pieceCount: 256, mbits: 200, latencyMs: 1, slow: false },
  { name: '8 slow', leechers: 8, pieceCount: 256, mbits: 200, latencyMs: 1, slow: true },
  { name: '16 small', leechers: 16, pieceCount: 64, mbits: 50, latencyMs: 1, slow: false },
  { name: '8 sparse', leechers: 8, pieceCount: 4_096, mbits: 200, latencyMs: 1, slow: false, dataEvery: 16 },
  { name: '100', leechers: 100, pieceCount: 512, mbits: 200, latencyMs: 1, slow: false, runsMax: 3 },
  { name: '1000', leechers: 1_000, pieceCount: 512, mbits: 200, latencyMs: 1, slow: false, runsMax: 1 },
];

export async function runSimBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      seed: { type: 'string', default: '1' },
      runs: { type: 'string', default: '5' },
      rows: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      out: { type: 'string', default: OUT_DEFAULT },
    },
  });
  setFlagsFromString(`--min-semi-space-size=${YOUNG_MIB}`);
  setFlagsFromString(`--max-semi-space-size=${YOUNG_MIB}`);
  const runs = values.quick ? 1 : Number(values.runs);
  const byDefault = ROWS.filter(({ name }) => name !== TARGET_ROW).map(({ name }) => name);
  const wanted = values.rows === '' ? byDefault : values.rows.split(',');
  const rows = ROWS.filter(({ name, leechers }) => wanted.includes(name) && (!values.quick || leechers <= 100));
  const results: Measured[] = [];
  for (const row of rows) results.push(await measure(row, Number(values.seed), Math.min(runs, row.runsMax ?? runs)));
  const facts = { schema: 1, bench: 'sim', results };
  const saved = saveResults(values.out, 'sim', facts, plot(results));
  if (values.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else show(results, saved);
  return 0;
}

function plot(results: readonly Measured[]): string {
  return barChart({
    title: 'Crowds in virtual time: last receiver complete, over the least time that the links allow',
    unit: '× lower bound (median; line: min–max over seeds)',
    bars: results.map(({ row, boundMs, runs }) => ({
      name: `${row.name}: ${row.leechers} receivers, ${row.pieceCount} pieces`,
      spread: spreadOf(runs.map(({ othersMs }) => othersMs / boundMs)),
    })),
    marks: [
      { name: 'bound', value: 1 },
      { name: 'target', value: TARGET_RATIO },
    ],
  });
}

function optionsOf({ leechers, pieceCount, dataEvery = 1, mbits, latencyMs, slow }: Row, seed: number): CrowdOptions {
  const link = (rate: number) => ({ up: rate * MBIT, down: rate * MBIT });
  const rateOf = (at: number): number => (slow && at === 0 ? mbits / 10 : mbits);
  return {
    seed,
    pieceCount,
    dataEvery,
    latencyMs,
    seeder: link(mbits),
    leechers: Array.from({ length: leechers }, (_, at) => ({ rates: link(rateOf(at)) })),
  };
}

async function measure(row: Row, seed: number, count: number): Promise<Measured> {
  const runs: Measured['runs'][number][] = [];
  for (let at = 0; at < count; at += 1) {
    const run = await runCrowd(optionsOf(row, seed + at));
    const others = run.completedMs.slice(row.slow ? 1 : 0);
    runs.push({ ...run, othersMs: Math.max(...others.map((atMs) => atMs ?? 0)) });
    process.stderr.write(`${row.name}: seed ${seed + at}, ${(run.wallMs / 1000).toFixed(1)} s\n`);
  }
  // The others are measured against what they could do without the slow one.
  return { row, boundMs: lowerBoundMs(optionsOf({ ...row, slow: false }, seed)), runs };
}

async function runCrowd(options: CrowdOptions): Promise<TimedRun> {
  const thread = new Worker(new URL('./sim-run.js', import.meta.url), { workerData: options });
  // A run that fails ends its thread with an error, which `once` throws.
  const [run] = (await once(thread, 'message')) as [TimedRun];
  await thread.terminate();
  return run;
}

function show(results: readonly Measured[], saved: readonly string[]): void {
  process.stdout.write(
    'virtual time; median (min–max) over seeds; × is makespan (of those at full rate) over its bound\n',
  );
  printTable([
    [
      'leechers',
      'MiB',
      'Mbit/s',
      'makespan s',
      'bound s',
      '×',
      'copies sent',
      'waste %',
      'wall s',
      'events/s',
      'RSS MiB',
    ],
    ...results.map(({ row, boundMs, runs }) => {
      const of = (figure: (run: Measured['runs'][number]) => number, digits: number): string =>
        showSpread(spreadOf(runs.map(figure)), digits);
      return [
        row.name,
        String(row.pieceCount / 2),
        String(row.mbits),
        of(({ othersMs }) => othersMs / 1000, 2),
        (boundMs / 1000).toFixed(2),
        of(({ othersMs }) => othersMs / boundMs, 2),
        of(({ seederCopies }) => seederCopies, 2),
        of(({ wasteShare }) => wasteShare * 100, 1),
        of(({ wallMs }) => wallMs / 1000, 1),
        of(({ events, wallMs }) => (events / wallMs) * 1000, 0),
        of(({ rssBytes }) => rssBytes / 2 ** 20, 0),
      ];
    }),
  ]);
  const measured = results.find(({ row }) => row.name === TARGET_ROW);
  if (measured === undefined) {
    process.stdout.write(`\nnot run: ${TARGET_ROW} receivers, some minutes long (--rows ${TARGET_ROW})\n`);
  } else {
    const worst = (figure: (run: Measured['runs'][number]) => number): number => Math.max(...measured.runs.map(figure));
    const ratio = worst(({ othersMs }) => othersMs / measured.boundMs);
    const wallS = worst(({ wallMs }) => wallMs / 1000);
    process.stdout.write(`\n${TARGET_ROW} receivers, worst run:\n`);
    process.stdout.write(
      `  ${verdict(ratio, TARGET_RATIO)}: ${ratio.toFixed(2)} × the bound (at most ${TARGET_RATIO})\n`,
    );
    process.stdout.write(
      `  ${verdict(wallS, TARGET_WALL_S)}: ${wallS.toFixed(0)} s (at most ${TARGET_WALL_S}, on a quiet machine)\n`,
    );
  }
  process.stdout.write(`\nwritten: ${saved.join(' ')}\n`);
}

function verdict(figure: number, most: number): string {
  return figure <= most ? 'held' : 'MISSED';
}
