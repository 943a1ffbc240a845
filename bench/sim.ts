// One seeder and up to a thousand leechers in virtual time, with the real machines: how long until everyone has the file,
// against the least that the links allow, what the seeder sent, and what was received for nothing.

import { parseArgs } from 'node:util';
import { Crowd, type CrowdOptions, type CrowdRun, lowerBoundMs } from '../test/sim/crowd.js';
import { printTable, showSpread, spreadOf } from './figures.js';
import { barChart } from './plot.js';
import { OUT_DEFAULT, saveResults } from './results.js';

/** Bytes a millisecond of 1 Mbit/s. */
const MBIT = 125;
/** For a thousand receivers of 512 pieces; the others are shown beside it. */
const TARGET_RATIO = 1.25;

interface Row {
  readonly name: string;
  readonly leechers: number;
  readonly pieceCount: number;
  readonly mbits: number;
  readonly latencyMs: number;
  /** One leecher at a tenth of the others' rate. */
  readonly slow: boolean;
}

interface Measured {
  readonly row: Row;
  readonly boundMs: number;
  readonly runs: readonly (CrowdRun & { readonly wallMs: number; readonly othersMs: number })[];
}

const ROWS: readonly Row[] = [
  { name: '8', leechers: 8, pieceCount: 512, mbits: 200, latencyMs: 1, slow: false },
  { name: '8 small', leechers: 8, pieceCount: 256, mbits: 200, latencyMs: 1, slow: false },
  { name: '8 slow', leechers: 8, pieceCount: 256, mbits: 200, latencyMs: 1, slow: true },
  { name: '16 small', leechers: 16, pieceCount: 64, mbits: 50, latencyMs: 1, slow: false },
  { name: '100', leechers: 100, pieceCount: 512, mbits: 200, latencyMs: 1, slow: false },
  { name: '1000', leechers: 1_000, pieceCount: 512, mbits: 200, latencyMs: 1, slow: false },
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
  const runs = values.quick ? 2 : Number(values.runs);
  const wanted = values.rows === '' ? ROWS.map(({ name }) => name) : values.rows.split(',');
  const rows = ROWS.filter(({ name, leechers }) => wanted.includes(name) && (!values.quick || leechers <= 100));
  const results = rows.map((row) => measure(row, Number(values.seed), row.leechers > 100 ? Math.min(runs, 3) : runs));
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

function optionsOf({ leechers, pieceCount, mbits, latencyMs, slow }: Row, seed: number): CrowdOptions {
  const link = (rate: number) => ({ up: rate * MBIT, down: rate * MBIT });
  const rateOf = (at: number): number => (slow && at === 0 ? mbits / 10 : mbits);
  return {
    seed,
    pieceCount,
    latencyMs,
    seeder: link(mbits),
    leechers: Array.from({ length: leechers }, (_, at) => ({ rates: link(rateOf(at)) })),
  };
}

function measure(row: Row, seed: number, count: number): Measured {
  const runs = Array.from({ length: count }, (_, at) => {
    const startedMs = performance.now();
    const run = new Crowd(optionsOf(row, seed + at)).run();
    const others = run.completedMs.slice(row.slow ? 1 : 0);
    return { ...run, wallMs: performance.now() - startedMs, othersMs: Math.max(...others.map((atMs) => atMs ?? 0)) };
  });
  // The others are measured against what they could do without the slow one.
  return { row, boundMs: lowerBoundMs(optionsOf({ ...row, slow: false }, seed)), runs };
}

function show(results: readonly Measured[], saved: readonly string[]): void {
  process.stdout.write(
    'virtual time; median (min–max) over seeds; × is makespan (of those at full rate) over its bound\n',
  );
  printTable([
    ['leechers', 'MiB', 'Mbit/s', 'makespan s', 'bound s', '×', 'copies sent', 'waste %', 'wall s', 'events/s'],
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
      ];
    }),
  ]);
  process.stdout.write(`\nwritten: ${saved.join(' ')}\n`);
}
