// What a client costs that shares many files while nobody wants one: processor and resident memory over a quiet time,
// which holds heartbeats to its trackers, looks at its clocks, and nothing else; and what sharing them, and a restart,
// cost. Fresh files of one piece each, a client and its trackers as real processes.

import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type ClientProcess, runProgram } from '../src/app/demo/processes.js';
import { Swarm } from '../src/app/demo/swarm.js';
import { formatAddress } from '../src/foundation/torrent/address.js';
import { type Cleanup, withCleanup } from './cleanup.js';
import { printTable, spreadOf } from './figures.js';
import { barChart } from './plot.js';
import { OUT_DEFAULT, saveResults } from './results.js';
import { cpuSeconds, rssBytes, writtenBytes } from './tracker-vitals.js';

const MIB = 2 ** 20;
const FILE_BYTES = 64 * 1024;
const SHARE_DEADLINE_MS = 60_000;
/** After the last share: what it left behind is collected, and its announce is said. */
const SETTLE_MS = 10_000;
/** After a restart: of 20,000 shares on a busy machine. */
const LISTED_DEADLINE_MS = 120_000;
const LOOK_MS = 100;
/** Of a core, and of memory, for a thousand shares. */
const TARGETS = { cpuPercent: 1, rssMib: 150 };

interface IdleRun {
  readonly shares: number;
  readonly seconds: number;
  readonly cpuPercent: number;
  readonly rssMib: number;
  readonly sharingSeconds: number;
  readonly sharingCpuSeconds: number;
  readonly writtenBytes: number;
  readonly restart: Restart;
  readonly removeMs: number;
}

/** From the start of the client until the first tracker lists all that it shares. */
interface Restart {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of a question that somebody asks meanwhile. */
  readonly answerMs: number;
}

export async function runIdleBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      shares: { type: 'string' },
      seconds: { type: 'string' },
      disk: { type: 'boolean', default: false },
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
  const run = await withCleanup((cleanup) => measure(shares, seconds, values.disk, cleanup));
  const facts = { schema: 1, bench: 'idle', targets: TARGETS, run };
  const saved = saveResults(values.out, 'idle', facts, plot(run));
  if (values.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else show(run, saved);
  return run.cpuPercent < TARGETS.cpuPercent && run.rssMib < TARGETS.rssMib ? 0 : 1;
}

async function measure(shares: number, seconds: number, isDisk: boolean, cleanup: Cleanup): Promise<IdleRun> {
  const swarm = await Swarm.create(existsSync('/dev/shm') && !isDisk ? '/dev/shm' : tmpdir());
  cleanup.add(() => swarm.end());
  await swarm.startTrackers();
  const client = swarm.startClient('client');
  const startedMs = performance.now();
  for (let share = 0; share < shares; share += 1) {
    const file = await swarm.makeFile(`shared-${share}.bin`, FILE_BYTES);
    await client.succeed(`share ${file} ${swarm.path(`${share}.mtorrent`)}`, SHARE_DEADLINE_MS);
  }
  const sharingSeconds = (performance.now() - startedMs) / 1_000;
  const [sharingCpuSeconds, written] = [cpuSeconds(client.pid), writtenBytes(client.pid, isDisk)];
  await pause(SETTLE_MS);
  const before = cpuSeconds(client.pid);
  const beganMs = performance.now();
  let rss = 0;
  for (let second = 0; second < seconds; second += 1) {
    await pause(1_000);
    rss = Math.max(rss, rssBytes(client.pid));
  }
  const cpuPercent = ((cpuSeconds(client.pid) - before) / ((performance.now() - beganMs) / 1_000)) * 100;
  const quiet = { shares, seconds, cpuPercent, rssMib: rss / MIB };
  await client.succeed('quit');
  await client.exited;
  const again = swarm.startClient('client');
  const restart = await listedAgain(swarm, again, shares);
  const removingMs = performance.now();
  await again.succeed('remove 0.mtorrent');
  const removeMs = performance.now() - removingMs;
  return { ...quiet, sharingSeconds, sharingCpuSeconds, writtenBytes: written / shares, restart, removeMs };
}

async function listedAgain(swarm: Swarm, client: ClientProcess, shares: number): Promise<Restart> {
  const begunMs = performance.now();
  let answerMs = 0;
  for (;;) {
    const askedMs = performance.now();
    await client.succeed('show trackers', LISTED_DEADLINE_MS);
    answerMs = Math.max(answerMs, performance.now() - askedMs);
    const { stdout } = await runProgram(
      ['tracker-status', formatAddress(swarm.trackers[0]), '--json'],
      swarm.directory,
    );
    const { liveEntries } = JSON.parse(stdout) as { readonly liveEntries: number };
    const seconds = (performance.now() - begunMs) / 1_000;
    if (liveEntries >= shares) return { seconds, cpuSeconds: cpuSeconds(client.pid), answerMs };
    if (seconds * 1_000 > LISTED_DEADLINE_MS) throw new Error(`${liveEntries} of ${shares} shares are listed`);
    await pause(LOOK_MS);
  }
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
    ['  processor for each, ms', ((run.sharingCpuSeconds * 1_000) / run.shares).toFixed(1), '', ''],
    ['  written for each, KiB', (run.writtenBytes / 1_024).toFixed(1), '', ''],
    ['a restart, until all are listed, s', run.restart.seconds.toFixed(1), '', ''],
    ['  its processor, s', run.restart.cpuSeconds.toFixed(1), '', ''],
    ['  longest answer meanwhile, ms', run.restart.answerMs.toFixed(0), '', ''],
    ['remove of one, ms', run.removeMs.toFixed(0), '', ''],
  ]);
  process.stdout.write(`written: ${saved.join(' ')}\n`);
}
