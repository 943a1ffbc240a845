// What a client costs that shares many files while nobody wants one: processor and resident memory over a quiet time,
// which holds heartbeats to its trackers, looks at its clocks, and nothing else. Fresh files of one piece each, a
// client and its trackers as real processes.

import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Swarm } from '../src/app/demo/swarm.js';
import { type Cleanup, withCleanup } from './cleanup.js';
import { printTable, spreadOf } from './figures.js';
import { barChart } from './plot.js';
import { OUT_DEFAULT, saveResults } from './results.js';
import { cpuSeconds, rssBytes } from './tracker-vitals.js';

const MIB = 2 ** 20;
const FILE_BYTES = 64 * 1024;
const SHARE_DEADLINE_MS = 60_000;
/** After the last share: what it left behind is collected, and its announce is said. */
const SETTLE_MS = 10_000;
/** Of a core, and of memory, for a thousand shares. */
const TARGETS = { cpuPercent: 1, rssMib: 150 };

interface IdleRun {
  readonly shares: number;
  readonly seconds: number;
  readonly cpuPercent: number;
  readonly rssMib: number;
  readonly sharingSeconds: number;
}

export async function runIdleBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      shares: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      out: { type: 'string', default: OUT_DEFAULT },
    },
  });
  const shares = Number(values.shares ?? (values.quick ? 200 : 1_000));
  const seconds = Number(values.seconds ?? (values.quick ? 10 : 60));
  if (![shares, seconds].every((count) => Number.isInteger(count) && count > 0)) {
    process.stderr.write('--shares and --seconds are whole numbers above 0\n');
    return 2;
  }
  const run = await withCleanup((cleanup) => measure(shares, seconds, cleanup));
  const facts = { schema: 1, bench: 'idle', targets: TARGETS, run };
  const saved = saveResults(values.out, 'idle', facts, plot(run));
  if (values.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else show(run, saved);
  return run.cpuPercent < TARGETS.cpuPercent && run.rssMib < TARGETS.rssMib ? 0 : 1;
}

async function measure(shares: number, seconds: number, cleanup: Cleanup): Promise<IdleRun> {
  const swarm = await Swarm.create(existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
  cleanup.add(() => swarm.end());
  await swarm.startTrackers();
  const client = swarm.startClient('client');
  const startedMs = performance.now();
  for (let share = 0; share < shares; share += 1) {
    const file = await swarm.makeFile(`shared-${share}.bin`, FILE_BYTES);
    await client.succeed(`share ${file} ${swarm.path(`${share}.mtorrent`)}`, SHARE_DEADLINE_MS);
  }
  const sharingSeconds = (performance.now() - startedMs) / 1_000;
  await pause(SETTLE_MS);
  const before = cpuSeconds(client.pid);
  const beganMs = performance.now();
  let rss = 0;
  for (let second = 0; second < seconds; second += 1) {
    await pause(1_000);
    rss = Math.max(rss, rssBytes(client.pid));
  }
  const cpuPercent = ((cpuSeconds(client.pid) - before) / ((performance.now() - beganMs) / 1_000)) * 100;
  return { shares, seconds, cpuPercent, rssMib: rss / MIB, sharingSeconds };
}

function plot({ shares, cpuPercent }: IdleRun): string {
  return barChart({
    title: `A client that shares ${shares} files and is left alone`,
    unit: '% of a core',
    bars: [{ name: 'processor', spread: spreadOf([cpuPercent]) }],
    marks: [{ name: 'wanted at most', value: TARGETS.cpuPercent }],
  });
}

function show(run: IdleRun, saved: readonly string[]): void {
  const bar = (value: number, target: number): string => (value < target ? 'met' : 'MISSED');
  const { cpuPercent, rssMib } = TARGETS;
  printTable([
    [`${run.shares} shares, ${run.seconds} s`, '', 'wanted', ''],
    ['processor, % of a core', run.cpuPercent.toFixed(2), `< ${cpuPercent}`, bar(run.cpuPercent, cpuPercent)],
    ['resident memory, MiB', run.rssMib.toFixed(0), `< ${rssMib}`, bar(run.rssMib, rssMib)],
    ['sharing them one by one, s', run.sharingSeconds.toFixed(1), '', ''],
  ]);
  process.stdout.write(`written: ${saved.join(' ')}\n`);
}
