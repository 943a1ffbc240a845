// A ban beside many members of a closed swarm: how soon the last of them is told, how soon six real clients have cut
// the banned one, which fetches from three and serves three, and whether the ban outlives both trackers. The other
// members are the announcers of real clients, each with ears of its own.

import { copyFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientProcess } from '../src/app/demo/processes.js';
import { Swarm } from '../src/app/demo/swarm.js';
import { Questions } from '../src/client/administration/questions.js';
import { MiniTorrentError } from '../src/foundation/base/errors.js';
import { ClosedSwarm, memberOf } from './closed-swarm.js';
import { type FaultFigure, type FaultOptions, MIB } from './faults-stage.js';
import { Members } from './tracker-members.js';

const MEMBERS = 10_000;
const MEMBERS_QUICK = 200;
const PROCESSES = 2;
const LOOK_MS = 50;
const DEADLINE_MS = 300_000;
const TOLD_MOST_S = 1;
const CUT_MOST_S = 2;
/** That fetch from the banned one, and as many that serve it. */
const EACH_WAY = 3;
/** Nobody is done before the ban. */
const FILE_BYTES = 64 * MIB;
const SLOW = ['--download-limit', '100k'];

interface BanRun {
  /** Seconds from the administrator's command. */
  readonly answered: number;
  readonly lastTold: number;
  readonly lastCut: number;
  /** Trackers, started again after both were killed, that renewed the banned one's card. */
  readonly letIn: number;
}

export async function banScene({ root, runs, quick, note }: FaultOptions): Promise<readonly FaultFigure[]> {
  const count = quick ? MEMBERS_QUICK : MEMBERS;
  const all: BanRun[] = [];
  for (let run = 1; run <= runs; run += 1) {
    note(`${count} members, run ${run} of ${runs}`);
    all.push(await banOnce(root, count));
  }
  const values = (of: (run: BanRun) => number): readonly number[] => all.map(of);
  const seconds = { unit: 's', digits: 2 } as const;
  return [
    { what: `ban beside ${count}: until the command is answered`, ...seconds, values: values((one) => one.answered) },
    {
      what: `ban beside ${count}: until the last member is told`,
      ...{ ...seconds, values: values((one) => one.lastTold), atMost: TOLD_MOST_S },
    },
    {
      what: `ban beside ${count}: until all ${2 * EACH_WAY} connections of the banned one are cut`,
      ...{ ...seconds, values: values((one) => one.lastCut), atMost: CUT_MOST_S, always: true },
    },
    {
      what: 'trackers that let the banned one in after both were killed',
      ...{ unit: '', digits: 0, values: values((one) => one.letIn), atMost: 0, always: true },
    },
  ];
}

async function banOnce(root: string, count: number): Promise<BanRun> {
  const swarm = await Swarm.create(root);
  const members: Members[] = [];
  try {
    const identities = swarm.path('identities');
    const closed = await ClosedSwarm.make(identities, swarm.trackers);
    await closed.makeMember('admin', 'admin');
    await closed.makeMember('victim', 'client');
    swarm.environment = (name) => (name === 'victim' ? closed.environmentOf(name) : closed.environment(name));
    const trackers = await swarm.startTrackers();
    const [admin, victim] = [await memberOf(identities, 'admin'), await memberOf(identities, 'victim')];
    await new Questions(victim, swarm.trackers).renew();
    const neighbours = await withNeighbours(swarm);
    const each = count / PROCESSES;
    for (let at = 0; at < PROCESSES; at += 1)
      members.push(new Members(swarm.trackers, 1 + at * each, each, identities, 'apart'));
    const sum = (of: 'first' | 'second' | 'told'): number =>
      members.reduce((total, { talking }) => total + talking[of], 0);
    await until(() => sum('first') + sum('second') >= count);
    // It would hang up by itself when it hears of it; the others must not need that.
    neighbours.victim.kill('SIGSTOP');
    const beganMs = Date.now();
    const cut = neighbours.untilCut();
    await new Questions(admin, swarm.trackers).ban(victim.id, true);
    const answered = (Date.now() - beganMs) / 1000;
    await until(() => sum('told') >= count);
    const lastTold = (Math.max(...members.map(({ talking }) => talking.lastToldMs)) - beganMs) / 1000;
    const lastCut = ((await cut) - beganMs) / 1000;
    for (const one of members) one.end();
    for (const tracker of trackers) tracker.kill('SIGKILL');
    await Promise.all(trackers.map(({ exited }) => exited));
    await swarm.startTrackers();
    let letIn = 0;
    for (const tracker of swarm.trackers) if (await isLetIn(new Questions(victim, [tracker]))) letIn += 1;
    return { answered, lastTold, lastCut, letIn };
  } finally {
    for (const one of members) one.end();
    await swarm.end();
  }
}

interface Neighbours {
  readonly victim: ClientProcess;
  /** When the last of them shows no connection to the banned one, by the wall clock. */
  readonly untilCut: () => Promise<number>;
}

/** The banned one to be, in the midst of fetching from three clients and of serving three others. */
async function withNeighbours(swarm: Swarm): Promise<Neighbours> {
  const [given, wanted] = [
    await swarm.makeFile('given.bin', FILE_BYTES),
    await swarm.makeFile('wanted.bin', FILE_BYTES),
  ];
  const victim = swarm.startClient('victim', 0, SLOW);
  await victim.succeed(`share ${given} ${swarm.path('given.mtorrent')}`, DEADLINE_MS);
  const numbers = Array.from({ length: EACH_WAY }, (_, at) => at + 1);
  const servers = numbers.map((number) => swarm.startClient(`server-${number}`));
  for (const [at, server] of servers.entries())
    await server.succeed(`share ${wanted} ${swarm.path(`wanted-${at}.mtorrent`)}`, DEADLINE_MS);
  await victim.succeed(`get ${swarm.path('wanted-0.mtorrent')} ${swarm.path('victim.bin')}`);
  const fetchers = numbers.map((number) => swarm.startClient(`fetcher-${number}`, 0, SLOW));
  for (const fetcher of fetchers) {
    const own = swarm.path(`${fetcher.name}.mtorrent`);
    await copyFile(swarm.path('given.mtorrent'), own);
    await fetcher.succeed(`get ${own} ${swarm.path(`${fetcher.name}.bin`)}`);
  }
  const watched = [
    ...servers.map((client) => ({ client, file: 'wanted.bin' })),
    ...fetchers.map((client) => ({ client, file: 'given.bin' })),
  ];
  const isConnected = async ({ client, file }: (typeof watched)[number]): Promise<boolean> => {
    const name = client.name.startsWith('fetcher') ? `${client.name}.mtorrent` : file;
    return (await client.command(`show peers ${name}`)).rows.some((row) => /^(from|to) .*victim/.test(row));
  };
  for (const one of watched) await until(() => isConnected(one));
  const untilCut = async (): Promise<number> => {
    await Promise.all(watched.map((one) => until(async () => !(await isConnected(one)))));
    return Date.now();
  };
  return { victim, untilCut };
}

async function isLetIn(questions: Questions): Promise<boolean> {
  try {
    await questions.renew();
    return true;
  } catch (error) {
    if (error instanceof MiniTorrentError && error.code === 'NOT_ADMITTED') return false;
    throw error;
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + DEADLINE_MS; !(await isSo()); await sleep(LOOK_MS))
    if (performance.now() > endMs) throw new Error(`not within ${DEADLINE_MS / 1000} s`);
}
