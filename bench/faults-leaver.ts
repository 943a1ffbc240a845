// One seeder and eight leechers; the seeder quits once it has uploaded 1.1 copies, or is killed then. All eight must
// have the file in the end, from each other. Both sides are limited, so that the moment can be met (a client counts
// what it sent four times a second) and much is left to do then.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  begin,
  completed,
  DEADLINE_MS,
  type FaultFigure,
  type FaultOptions,
  fileOf,
  MIB,
  shareNew,
  withSwarm,
} from './faults-stage.js';

const LEECHERS = 8;
const COPIES = 1.1;
const SIZE = 32 * MIB;
/**
 * Bytes a second of the seeder, and of each leecher: without the latter they would have the file before the seeder is
 * at 1.1 copies.
 */
const SEEDER_LIMIT = 6 * MIB;
const LEECHER_LIMIT = 3 * MIB;
const LOOK_MS = 10;
/** Without their seeder: a few times what their limits allow. */
const REST_DEADLINE_MS = 60_000;

interface Run {
  readonly copies: number;
  readonly finished: number;
  readonly makespan: number;
  /** After the seeder was gone. */
  readonly rest: number;
}

export async function leaverScene(options: FaultOptions): Promise<readonly FaultFigure[]> {
  const { runs, note } = options;
  const ends = { quits: [] as Run[], 'is killed': [] as Run[] };
  for (let run = 1; run <= runs; run += 1) {
    for (const how of ['quits', 'is killed'] as const) {
      note(`the seeder ${how}, run ${run} of ${runs}`);
      ends[how].push(await leave(options, how === 'is killed'));
    }
  }
  return Object.entries(ends).flatMap(([how, all]) => figuresOf(`the seeder ${how}`, all));
}

function figuresOf(name: string, runs: readonly Run[]): readonly FaultFigure[] {
  return [
    {
      what: `${name}: leechers of ${LEECHERS} that finished`,
      unit: '',
      digits: 0,
      values: runs.map(({ finished }) => finished),
      atLeast: LEECHERS,
      always: true,
    },
    { what: `${name}: copies sent by then`, unit: '', digits: 2, values: runs.map(({ copies }) => copies) },
    { what: `${name}: makespan`, unit: 's', digits: 2, values: runs.map(({ makespan }) => makespan) },
    { what: `${name}: of it without the seeder`, unit: 's', digits: 2, values: runs.map(({ rest }) => rest) },
  ];
}

function leave({ root, note }: FaultOptions, kills: boolean): Promise<Run> {
  return withSwarm(root, async (swarm) => {
    const seeder = swarm.startClient('seeder', 0, ['--upload-limit', String(SEEDER_LIMIT)]);
    const shared = await shareNew(swarm, seeder, 'left', SIZE);
    const leechers = Array.from({ length: LEECHERS }, (_, at) =>
      swarm.startClient(`leecher-${at}`, 0, ['--upload-limit', String(LEECHER_LIMIT)]),
    );
    await Promise.all(leechers.map((leecher) => leecher.address()));
    const startedMs = performance.now();
    const downloads = await Promise.all(leechers.map((leecher) => begin(swarm, leecher, shared)));
    let sent = 0;
    for (const endMs = startedMs + DEADLINE_MS; sent < COPIES * SIZE; await sleep(LOOK_MS)) {
      if (performance.now() > endMs) throw new Error(`the seeder sent only ${sent} bytes: ${seeder.stderr}`);
      ({ sent } = await fileOf(seeder));
    }
    if (kills) seeder.kill('SIGKILL');
    else await seeder.succeed('quit');
    await seeder.exited;
    const goneMs = performance.now();
    const outcomes = await Promise.allSettled(downloads.map((one) => completed(one, shared, REST_DEADLINE_MS)));
    const seconds = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    for (const outcome of outcomes) if (outcome.status === 'rejected') note(String(outcome.reason));
    const makespan = seconds.length === LEECHERS ? Math.max(...seconds) : Number.NaN;
    const rest = Math.max(0, makespan - (goneMs - startedMs) / 1000);
    return { copies: sent / SIZE, finished: seconds.length, makespan, rest };
  });
}
