// How soon a client that fetches a file is listed by the other tracker when its own is killed, or stands still; and how
// long `quit` takes when both stand still. Real processes. The trackers do not know each other, so that the second
// lists the client only once the client itself has told it.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientProcess, runProgram, type TrackerProcess } from '../src/app/demo/processes.js';
import { Swarm } from '../src/app/demo/swarm.js';
import { PIECE_SIZE } from '../src/foundation/base/limits.js';
import { type Address, formatAddress } from '../src/foundation/torrent/address.js';
import type { Passage } from '../src/foundation/wire/passage.js';
import { closedPassage } from '../src/foundation/wire/tls.js';
import { TRACKER_WIRE } from '../src/tracking/tracker/messages.js';
import { ClosedSwarm, memberOf } from './closed-swarm.js';
import { showSpread, spreadOf } from './figures.js';
import { TrackerClient } from './tracker-driver.js';
import type { Figure, SceneOptions } from './tracker-stage.js';

const RUNS = 7;
const RUNS_QUICK = 3;
/** Nobody listens on port 1. */
const NOBODY: Address = { host: '127.0.0.1', port: 1 };
const DEADLINE_MS = 30_000;
const LOOK_MS = 2;
/** The client pings in a rhythm of its own, which the signal meets at any point. */
const RHYTHM_MS = 2_000;

interface Stage {
  readonly trackers: readonly [TrackerProcess, TrackerProcess];
  readonly client: ClientProcess;
  /** Milliseconds from now until the second tracker lists the client. */
  readonly untilListed: () => Promise<number>;
}

export async function failoverScene({ root, quick, isClosed, note }: SceneOptions): Promise<readonly Figure[]> {
  const times = { killed: [] as number[], stopped: [] as number[], quit: [] as number[] };
  const runs = quick ? RUNS_QUICK : RUNS;
  for (let run = 1; run <= runs; run += 1) {
    note(`run ${run} of ${runs}`);
    await withStage(root, isClosed, async ({ trackers, untilListed }) => {
      trackers[0].kill('SIGKILL');
      times.killed.push(await untilListed());
    });
    await withStage(root, isClosed, async ({ trackers, client, untilListed }) => {
      await sleep(Math.random() * RHYTHM_MS);
      trackers[0].kill('SIGSTOP');
      times.stopped.push(await untilListed());
      trackers[1].kill('SIGSTOP');
      const beganMs = performance.now();
      client.write('quit');
      await client.exited;
      times.quit.push(performance.now() - beganMs);
    });
  }
  const figures: readonly (readonly [what: string, values: readonly number[], atMost: number])[] = [
    ['from SIGKILL of its tracker until the other lists the client', times.killed, 1_000],
    ['from SIGSTOP of its tracker until the other lists the client', times.stopped, 5_000],
    ['from `quit` to its end, both trackers stopped', times.quit, 1_000],
  ];
  return figures.map(([what, values, atMost]) => {
    const spread = spreadOf(values);
    note(`${what}: ${showSpread(spread, 0)} ms`);
    return { what, value: spread.median, unit: 'ms', atMost };
  });
}

/** A client in mid-download, listed by the first of two trackers only. */
async function withStage(root: string, isClosed: boolean, use: (stage: Stage) => Promise<void>): Promise<void> {
  const swarm = await Swarm.create(root);
  try {
    const passage = isClosed ? await closedPassageIn(swarm) : undefined;
    const trackers = await Promise.all([swarm.startTracker(0, [], NOBODY), swarm.startTracker(1, [], NOBODY)]);
    const mtorrent = await unseeded(swarm);
    const key = await swarmKeyOf(mtorrent);
    const onlookers = swarm.trackers.map((tracker) => new TrackerClient(tracker, 0, 1, passage));
    const [first, second] = onlookers;
    if (first === undefined || second === undefined) throw new Error('there are two trackers');
    for (const onlooker of onlookers) await onlooker.greeted();
    // A tracker that has just started answers its first list late, and clients avoid it meanwhile.
    for (const onlooker of onlookers) await onlooker.seederCount(key);
    const client = swarm.startClient('client');
    await client.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
    await listed(first, key);
    if ((await second.seederCount(key)) > 0) throw new Error('the second tracker was told before the first failed');
    const untilListed = async (): Promise<number> => {
      const beganMs = performance.now();
      await listed(second, key);
      return performance.now() - beganMs;
    };
    await use({ trackers, client, untilListed });
    for (const onlooker of onlookers) onlooker.close();
    for (const tracker of trackers) tracker.kill('SIGKILL');
  } finally {
    await swarm.end();
  }
}

/** Makes it a closed one; answers how its onlookers connect. */
async function closedPassageIn(swarm: Swarm): Promise<Passage | undefined> {
  const identities = swarm.path('identities');
  const closed = await ClosedSwarm.make(identities, swarm.trackers, 2);
  swarm.environment = (name) => closed.environmentOf(name === 'client' ? 'member-0' : name);
  return closedPassage(await memberOf(identities, 'member-1'), TRACKER_WIRE);
}

/** A file that nobody has: its download goes on for as long as it is looked at. */
async function unseeded(swarm: Swarm): Promise<string> {
  const source = await swarm.makeFile('source.bin', PIECE_SIZE);
  const [first = '', second = ''] = swarm.trackers.map(formatAddress);
  const words = ['create', source, '-t', first, '-t', second, '-o', 'file.mtorrent', '-q'];
  const { code, stderr } = await runProgram(words, swarm.directory);
  if (code !== 0) throw new Error(stderr);
  return swarm.path('file.mtorrent');
}

async function swarmKeyOf(mtorrent: string): Promise<Uint8Array> {
  const hashString = (await readFile(mtorrent, 'utf8')).split('\n')[4] ?? '';
  return createHash('sha1').update(Buffer.from(hashString, 'hex')).digest();
}

async function listed(onlooker: TrackerClient, key: Uint8Array): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while ((await onlooker.seederCount(key)) === 0) {
    if (performance.now() > endMs) throw new Error(`the client was not listed within ${DEADLINE_MS / 1000} s`);
    await sleep(LOOK_MS);
  }
}
