// How exact a rate limit is: real clients on loopback, one limited seeder or one limited leecher, the rate over some
// seconds for a few limits, and how far it is off. Counts what the limited client itself has sent or received. For
// uploads to several leechers also how the seeder's bytes were shared out (in whole pieces, so it takes some pieces to
// be even).

import { existsSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ClientProcess } from '../src/app/demo/processes.js';
import { Swarm } from '../src/app/demo/swarm.js';
import { formatBytes, parseBytes } from '../src/foundation/base/bytes.js';
import { printTable } from './figures.js';

interface Measured {
  readonly direction: 'up' | 'down';
  readonly limit: number;
  readonly rate: number;
  /** Bytes that the seeder sent to each leecher; for `up` only. */
  readonly shares: readonly number[];
}

interface FileJson {
  readonly state: string;
  readonly received: number;
  readonly sent: number;
}

const DEADLINE_MS = 120_000;
const ASK_AGAIN_MS = 10;
/** Seconds of the limit before the first look: dialing, and what an idle limit has saved up. */
const WARM_UP_SECONDS = 1.5;
/** Above it one leecher instead of three: their copies would not fit into a small machine's memory. */
const ONE_LEECHER_FROM = 32 * 1024 * 1024;

export async function runLimitsBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      limits: { type: 'string', default: '100K,1M,10M,100M' },
      seconds: { type: 'string', default: '10' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const limits = values.limits.split(',').map((text) => parseBytes(text) ?? 0);
  if (limits.includes(0)) throw new Error(`${values.limits} are no rates; write them like 100K,10M`);
  const seconds = values.quick ? 3 : Number(values.seconds);
  const results: Measured[] = [];
  for (const direction of ['up', 'down'] as const)
    for (const limit of limits) results.push(await measure(direction, limit, seconds));
  if (values.json)
    process.stdout.write(`${JSON.stringify({ schema: 1, bench: 'limits', seconds, cores: cpus().length, results })}\n`);
  else show(results, seconds);
  return 0;
}

async function measure(direction: 'up' | 'down', limit: number, seconds: number): Promise<Measured> {
  const swarm = await Swarm.create(existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
  try {
    await swarm.startTracker(0);
    const source = await swarm.makeFile('source.bin', Math.ceil(limit * (seconds + 2 * WARM_UP_SECONDS)) + 2 ** 22);
    const flag = [`--${direction === 'up' ? 'upload' : 'download'}-limit`, String(limit)];
    const seeder = swarm.startClient('seeder', 0, direction === 'up' ? flag : []);
    await seeder.succeed(`share ${source} ${swarm.path('x.mtorrent')}`, DEADLINE_MS);
    const leecherCount = direction === 'up' && limit < ONE_LEECHER_FROM ? 3 : 1;
    const leechers = Array.from({ length: leecherCount }, (_, at) =>
      swarm.startClient(`leecher-${at}`, 0, direction === 'down' ? flag : []),
    );
    await Promise.all(leechers.map((leecher) => leecher.address()));
    await Promise.all(
      leechers.map((leecher, at) => leecher.succeed(`get ${swarm.path('x.mtorrent')} ${swarm.path(`got-${at}`)}`)),
    );
    const limited = direction === 'up' ? seeder : (leechers[0] as ClientProcess);
    const rate = await rateOf(limited, direction, seconds);
    const { rows } = await seeder.command('show peers x.mtorrent');
    return { direction, limit, rate, shares: direction === 'up' ? rows.map(sentIn) : [] };
  } finally {
    await swarm.end();
    rmSync(swarm.directory, { recursive: true, force: true });
  }
}

/** Bytes a second between two moments at which the count has just changed, so that no half of a report is counted. */
async function rateOf(client: ClientProcess, direction: 'up' | 'down', seconds: number): Promise<number> {
  const from = await nextChange(client, direction, performance.now() + WARM_UP_SECONDS * 1_000);
  const to = await nextChange(client, direction, from.atMs + seconds * 1_000);
  return ((to.bytes - from.bytes) / (to.atMs - from.atMs)) * 1_000;
}

async function nextChange(
  client: ClientProcess,
  direction: 'up' | 'down',
  notBeforeMs: number,
): Promise<{ readonly bytes: number; readonly atMs: number }> {
  const count = async (): Promise<number> => {
    const { files } = await client.json<{ files: readonly FileJson[] }>('show downloads --json');
    const file = files[0];
    if (file === undefined) throw new Error(`${client.name} has no file`);
    return direction === 'up' ? file.sent : file.received;
  };
  await pause(Math.max(0, notBeforeMs - performance.now()));
  const before = await count();
  for (const endMs = performance.now() + DEADLINE_MS; performance.now() < endMs; ) {
    await pause(ASK_AGAIN_MS);
    const bytes = await count();
    if (bytes !== before) return { bytes, atMs: performance.now() };
  }
  throw new Error(`${client.name} moves nothing any more: ${client.stderr}`);
}

/** Bytes of a line such as `to   127.0.0.1:4711  sent 1.5 MiB`. */
function sentIn(row: string): number {
  return parseBytes(/sent (.*)$/.exec(row)?.[1] ?? '') ?? 0;
}

function show(results: readonly Measured[], seconds: number): void {
  process.stdout.write(`rates over ${seconds} s on loopback, ${cpus().length} cores, Node ${process.versions.node}\n`);
  printTable([
    ['direction', 'limit', 'measured', 'off by', 'shares of the seeder’s leechers'],
    ...results.map(({ direction, limit, rate, shares }) => {
      const total = shares.reduce((sum, bytes) => sum + bytes, 0);
      return [
        direction,
        `${formatBytes(limit)}/s`,
        `${formatBytes(Math.round(rate))}/s`,
        `${((rate / limit - 1) * 100).toFixed(1)} %`,
        shares.length > 1
          ? shares.map((bytes) => `${Math.round((bytes / Math.max(1, total)) * 100)} %`).join(', ')
          : '',
      ];
    }),
  ]);
}
