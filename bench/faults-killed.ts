// A seeder dies at half of a download. How long nothing is written, with another one alive, is seen from outside: the
// pages of the `.part` on its file system, looked at every two milliseconds. Killed, so that its sockets end; or
// stopped, so that they do not; and the only one, after which another joins.

import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientProcess } from '../src/app/demo/processes.js';
import type { Swarm } from '../src/app/demo/swarm.js';
import { partPathOf } from '../src/transfer/storage/target.js';
import {
  begin,
  completed,
  DEADLINE_MS,
  discard,
  type FaultFigure,
  type FaultOptions,
  MIB,
  type Running,
  type Shared,
  shareNew,
  withSwarm,
} from './faults-stage.js';

const LOOK_MS = 2;
const PAUSE_AT_MOST_MS = 1_000;
const RESUME_AT_MOST_MS = 10_000;
/** A pause that begins later than this after the seeder's end has another reason. */
const AROUND_MS = 2_000;
/** Until another one joins. */
const ALONE_MS = 2_000;
const BLOCK_BYTES = 512;

interface Speed {
  readonly name: string;
  /** Bytes a second of each seeder; 0: none. */
  readonly limit: number;
  readonly size: number;
}

export function killedScene({ root, runs, quick, note }: FaultOptions): Promise<readonly FaultFigure[]> {
  return withSwarm(root, async (swarm) => {
    const speeds: readonly Speed[] = [
      { name: 'full speed', limit: 0, size: (quick ? 512 : 1024) * MIB },
      { name: 'seeders limited to 20 MiB/s', limit: 20 * MIB, size: 96 * MIB },
    ];
    const figures: FaultFigure[] = [];
    for (const speed of speeds) figures.push(...(await oneOfTwo(swarm, speed, runs, note)));
    return [...figures, await theOnlyOne(swarm, quick ? Math.min(runs, 2) : runs, note)];
  });
}

async function oneOfTwo(
  swarm: Swarm,
  { name, limit, size }: Speed,
  runs: number,
  note: (text: string) => void,
): Promise<readonly FaultFigure[]> {
  const options = ['--upload-limit', String(limit)];
  const survivor = swarm.startClient(`survivor-${limit}`, 0, options);
  const shared = await shareNew(swarm, survivor, `halved-${limit}`, size);
  const leecher = swarm.startClient(`leecher-${limit}`);
  const pauses = { SIGKILL: [] as number[], SIGSTOP: [] as number[] };
  const before: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
      note(`${name}: ${signal}, run ${run} of ${runs}`);
      const doomed = await startSeeder(swarm, `doomed-${limit}-${run}-${signal}`, shared, options);
      const running = await begin(swarm, leecher, shared);
      const growth = await watch(running, shared, () => doomed.kill(signal));
      await completed(running, shared);
      await discard(running);
      doomed.kill('SIGKILL');
      await doomed.exited;
      pauses[signal].push(longestPause(growth.times, growth.halfMs, growth.halfMs + AROUND_MS));
      before.push(longestPause(growth.times, growth.times[0] ?? 0, growth.halfMs));
    }
  }
  await leecher.succeed('quit');
  await survivor.succeed('quit');
  const row = { unit: 'ms', digits: 0 };
  return [
    {
      what: `${name}: longest pause after kill -9 of one of two`,
      ...row,
      values: pauses.SIGKILL,
      atMost: PAUSE_AT_MOST_MS,
    },
    // Nobody has died: what is asked of it waits until the endgame asks it of the other one.
    { what: `${name}: the same when it stands still (SIGSTOP)`, ...row, values: pauses.SIGSTOP },
    { what: `${name}: longest pause before`, ...row, values: before },
  ];
}

async function theOnlyOne(swarm: Swarm, runs: number, note: (text: string) => void): Promise<FaultFigure> {
  const options = ['--upload-limit', String(20 * MIB)];
  const maker = swarm.startClient('maker');
  const shared = await shareNew(swarm, maker, 'orphaned', 48 * MIB);
  await maker.succeed('quit');
  const leecher = swarm.startClient('leecher-orphaned');
  const resumedMs: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    note(`the only seeder, run ${run} of ${runs}`);
    const only = await startSeeder(swarm, `only-${run}`, shared, options);
    const running = await begin(swarm, leecher, shared);
    const joins = async (): Promise<{ readonly atMs: number; readonly joined: ClientProcess }> => {
      only.kill('SIGKILL');
      await sleep(ALONE_MS);
      const joined = await startSeeder(swarm, `joined-${run}`, shared, options);
      return { atMs: performance.now(), joined };
    };
    let joining: ReturnType<typeof joins> | undefined;
    const { times } = await watch(running, shared, () => {
      joining = joins();
    });
    await completed(running, shared);
    const { atMs: joinedMs = Number.NaN, joined } = (await joining) ?? {};
    resumedMs.push((times.find((atMs) => atMs >= joinedMs) ?? Number.NaN) - joinedMs);
    await joined?.succeed('quit');
    await discard(running);
  }
  const what = 'the only one killed: from the moment that another shares to the next piece';
  return { what, unit: 'ms', digits: 0, values: resumedMs, atMost: RESUME_AT_MOST_MS };
}

/** A client that shares the file, under a `.mtorrent` of its own. */
async function startSeeder(
  swarm: Swarm,
  name: string,
  { source }: Shared,
  options: readonly string[],
): Promise<ClientProcess> {
  const seeder = swarm.startClient(name, 0, options);
  await seeder.succeed(`share ${source} ${swarm.path(`${name}.mtorrent`)}`, DEADLINE_MS);
  return seeder;
}

interface Growth {
  /** Moments at which the `.part` had grown. */
  readonly times: readonly number[];
  readonly halfMs: number;
}

/** Looks at the `.part` until it has its name; calls `atHalf` once, when half of the file is written. */
async function watch({ target }: Running, { size }: Shared, atHalf: () => void): Promise<Growth> {
  const part = partPathOf(target);
  const times: number[] = [];
  let bytes = 0;
  let halfMs = Number.NaN;
  const endMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const now = writtenBytes(part);
    const atMs = performance.now();
    if (now === undefined && bytes > 0) return { times, halfMs };
    if (now !== undefined && now > bytes) {
      times.push(atMs);
      bytes = now;
    }
    if (Number.isNaN(halfMs) && bytes >= size / 2) {
      halfMs = atMs;
      atHalf();
    }
    if (atMs > endMs) throw new Error(`${part} is not complete after ${DEADLINE_MS / 1000} s`);
    await sleep(LOOK_MS);
  }
}

/** Undefined: it is not there (any more). */
function writtenBytes(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : stat.blocks * BLOCK_BYTES;
}

/** The longest time between two pieces, of those that ended after `fromMs` and began before `toMs`. */
function longestPause(times: readonly number[], fromMs: number, toMs: number): number {
  let longest = 0;
  for (let at = 1; at < times.length; at += 1) {
    const [begun = 0, ended = 0] = [times[at - 1], times[at]];
    if (ended > fromMs && begun < toMs) longest = Math.max(longest, ended - begun);
  }
  return longest;
}
