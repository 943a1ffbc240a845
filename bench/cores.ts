// `npm run bench -- cores [--cores 8,64] [--threads N] [--runs N] [--quick] [--json] [--out DIR]`: one limited seeder
// and three receivers, each a real process that believes to have many cores. Time against that of one copy at the
// limit, copies that the seeder sent, and memory. Ends with 1 when a bar is missed.

import { existsSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import type { ClientProcess } from '../src/app/demo/processes.js';
import { Swarm } from '../src/app/demo/swarm.js';
import { formatBytes } from '../src/foundation/base/bytes.js';
import { atRest } from './at-rest.js';
import { withCleanup } from './cleanup.js';
import { printTable, showSpread, spreadOf } from './figures.js';
import { barChart } from './plot.js';
import { OUT_DEFAULT, saveResults } from './results.js';
import { cpuSeconds } from './tracker-vitals.js';

const MIB = 2 ** 20;
const LIMIT = 20 * MIB;
const RECEIVERS = 3;
const DEADLINE_MS = 600_000;
const COUNTED_MS = 5_000;
const RATIO_MAX = 1.15;
const COPIES_MAX = 1.3;
/** Peak with the most cores against that with the fewest. */
const MEMORY_MAX = 1.3;
const PRETENDER = new URL('pretended-cores.js', import.meta.url).href;

interface CoresRun {
  readonly seconds: number;
  /** Of each receiver. */
  readonly finishSeconds: readonly number[];
  /** Of the time that one copy takes at the limit. */
  readonly ratio: number;
  readonly copies: number;
  /** Of processor, all clients, while the file was fetched. */
  readonly cpuSeconds: number;
  /** Peaks of all clients, added up. */
  readonly peakBytes: number;
  readonly peerThreads: number;
}

interface Row {
  readonly cores: number;
  readonly runs: readonly CoresRun[];
}

export async function runCoresBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      cores: { type: 'string', default: '8,64' },
      threads: { type: 'string' },
      runs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      out: { type: 'string', default: OUT_DEFAULT },
    },
  });
  const size = (values.quick ? 64 : 128) * MIB;
  const runs = Number(values.runs ?? (values.quick ? 1 : 3));
  const counts = values.cores.split(',').map(Number);
  const rows: Row[] = counts.map((cores) => ({ cores, runs: [] }));
  // In turns, so that what else runs on this machine meets each of them.
  for (let run = 0; run < runs; run += 1)
    for (const [at, { cores, runs: before }] of rows.entries()) {
      process.stderr.write(`cores: ${cores}, run ${run + 1} of ${runs}\n`);
      rows[at] = { cores, runs: [...before, await measure(cores, values.threads, size)] };
    }
  const facts = {
    schema: 1,
    bench: 'cores',
    size,
    limit: LIMIT,
    cores: cpus().length,
    node: process.versions.node,
    rows,
  };
  const saved = saveResults(values.out, 'cores', facts, plot(rows));
  const bars = barsOf(rows);
  if (values.json) process.stdout.write(`${JSON.stringify({ ...facts, bars })}\n`);
  else show(rows, bars, saved);
  return bars.every(({ value, most }) => value <= most) ? 0 : 1;
}

async function measure(cores: number, threads: string | undefined, size: number): Promise<CoresRun> {
  return withCleanup(async (cleanup) => {
    const swarm = await Swarm.create(existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
    cleanup.add(() => swarm.end());
    await swarm.startTrackers();
    const source = await swarm.makeFile('source.bin', size);
    const env = {
      NODE_OPTIONS: `--import=${PRETENDER}`,
      PRETENDED_CORES: String(cores),
      ...(threads === undefined ? {} : { MTORRENT_PEER_THREADS: threads }),
    };
    const seeder = swarm.startClient('seeder', 0, ['--upload-limit', String(LIMIT)], { env });
    const receivers = Array.from({ length: RECEIVERS }, (_, at) => swarm.startClient(`receiver-${at}`, 0, [], { env }));
    const clients = [seeder, ...receivers];
    await Promise.all(clients.map((client) => client.address()));
    await seeder.succeed(`share ${source} ${swarm.path('x.mtorrent')}`, DEADLINE_MS);
    await atRest(clients);
    const cpuOf = (): number => clients.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
    const cpuBefore = cpuOf();
    const startedMs = performance.now();
    const finishSeconds = await Promise.all(
      receivers.map(async (receiver) => {
        await fetched(receiver, swarm);
        return (performance.now() - startedMs) / 1000;
      }),
    );
    const seconds = Math.max(...finishSeconds);
    const spent = cpuOf() - cpuBefore;
    const sent = await sentBy(clients, RECEIVERS * size);
    const stats = await Promise.all(clients.map(statsOf));
    return {
      seconds,
      finishSeconds,
      ratio: seconds / (size / LIMIT),
      copies: sent / size,
      cpuSeconds: spent,
      peakBytes: stats.reduce((sum, { rssPeakBytes }) => sum + rssPeakBytes, 0),
      peerThreads: Object.keys(stats[0]?.threads ?? {}).filter((name) => name.startsWith('peer-')).length,
    };
  });
}

async function fetched(receiver: ClientProcess, swarm: Swarm): Promise<void> {
  const target = swarm.path(`${receiver.name}.bin`);
  await receiver.succeed(`get ${swarm.path('x.mtorrent')} ${target}`);
  const event = await receiver.event((line) => line.includes(target), DEADLINE_MS);
  if (!event.startsWith('COMPLETED:'))
    throw new Error(`${receiver.name} did not complete: ${event} ${receiver.stderr}`);
}

function statsOf(client: ClientProcess): Promise<{ readonly rssPeakBytes: number; readonly threads: object }> {
  return client.json('show stats');
}

/** Bytes that the first has sent, once all of them have counted `total`: they count a few times a second. */
async function sentBy(clients: readonly ClientProcess[], total: number): Promise<number> {
  for (const endMs = performance.now() + COUNTED_MS; ; ) {
    const sent = await Promise.all(clients.map(sentOf));
    const isCounted = sent.reduce((sum, bytes) => sum + bytes, 0) >= total;
    if (isCounted || performance.now() > endMs) return sent[0] ?? Number.NaN;
  }
}

async function sentOf(client: ClientProcess): Promise<number> {
  const { files } = await client.json<{ files: readonly { readonly sent: number }[] }>('show downloads --json');
  return files[0]?.sent ?? Number.NaN;
}

interface Bar {
  readonly name: string;
  readonly value: number;
  readonly most: number;
}

function barsOf(rows: readonly Row[]): readonly Bar[] {
  const medianOf = ({ runs }: Row, figure: (run: CoresRun) => number): number => spreadOf(runs.map(figure)).median;
  const peaks = rows.map((row) => medianOf(row, ({ peakBytes }) => peakBytes));
  return [
    ...rows.flatMap((row) => [
      { name: `${row.cores} cores: time / one copy's`, value: medianOf(row, ({ ratio }) => ratio), most: RATIO_MAX },
      { name: `${row.cores} cores: copies sent`, value: medianOf(row, ({ copies }) => copies), most: COPIES_MAX },
    ]),
    { name: 'memory, most cores / fewest', value: (peaks.at(-1) ?? Number.NaN) / (peaks[0] ?? 0), most: MEMORY_MAX },
  ];
}

function show(rows: readonly Row[], bars: readonly Bar[], saved: readonly string[]): void {
  process.stdout.write(`${cpus().length} cores that run it, Node ${process.versions.node}; median (min–max)\n`);
  const of = ({ runs }: Row, figure: (run: CoresRun) => number, digits: number): string =>
    showSpread(spreadOf(runs.map(figure)), digits);
  printTable([
    [
      'pretended cores',
      'peer threads',
      'seconds',
      'time / one copy',
      'copies sent',
      'processor, s',
      'peak memory of all 4, MiB',
    ],
    ...rows.map((row) => [
      String(row.cores),
      String(row.runs[0]?.peerThreads ?? ''),
      of(row, ({ seconds }) => seconds, 2),
      of(row, ({ ratio }) => ratio, 2),
      of(row, ({ copies }) => copies, 2),
      of(row, (run) => run.cpuSeconds, 2),
      of(row, ({ peakBytes }) => peakBytes / MIB, 0),
    ]),
  ]);
  process.stdout.write('\n');
  printTable([
    ['bar', 'measured', 'at most', ''],
    ...bars.map(({ name, value, most }) => [name, value.toFixed(2), String(most), value <= most ? 'met' : 'MISSED']),
  ]);
  process.stdout.write(`\nwritten: ${saved.join(' ')}\n`);
}

function plot(rows: readonly Row[]): string {
  return barChart({
    title: `One seeder limited to ${formatBytes(LIMIT)}/s to ${RECEIVERS} receivers, each with many cores`,
    unit: '× the time of one copy (median; line: min–max)',
    bars: rows.map(({ cores, runs }) => ({ name: `${cores} cores`, spread: spreadOf(runs.map(({ ratio }) => ratio)) })),
    marks: [
      { name: 'one copy', value: 1 },
      { name: 'bar', value: RATIO_MAX },
    ],
  });
}
