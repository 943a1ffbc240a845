// A ban beside many members of a closed swarm: how soon the last of them is told, and whether it outlives both
// trackers. The members are the announcers of real clients, each with ears of its own.

import { setTimeout as sleep } from 'node:timers/promises';
import { Swarm } from '../src/app/demo/swarm.js';
import { Questions } from '../src/client/administration/questions.js';
import { MiniTorrentError } from '../src/foundation/base/errors.js';
import { ClosedSwarm, memberOf } from './closed-swarm.js';
import type { FaultFigure, FaultOptions } from './faults-stage.js';
import { Members } from './tracker-members.js';

const MEMBERS = 10_000;
const MEMBERS_QUICK = 200;
const PROCESSES = 2;
const LOOK_MS = 50;
const DEADLINE_MS = 300_000;
const TOLD_MOST_S = 1;

interface BanRun {
  /** Seconds from the administrator's command. */
  readonly answered: number;
  readonly lastTold: number;
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
    swarm.environment = (name) => closed.environment(name);
    const trackers = await swarm.startTrackers();
    const [admin, victim] = [await memberOf(identities, 'admin'), await memberOf(identities, 'victim')];
    await new Questions(victim, swarm.trackers).renew();
    const each = count / PROCESSES;
    for (let at = 0; at < PROCESSES; at += 1)
      members.push(new Members(swarm.trackers, 1 + at * each, each, identities, 'apart'));
    const sum = (of: 'first' | 'second' | 'told'): number =>
      members.reduce((total, { talking }) => total + talking[of], 0);
    await until(() => sum('first') + sum('second') >= count);
    const beganMs = Date.now();
    await new Questions(admin, swarm.trackers).ban(victim.id, true);
    const answered = (Date.now() - beganMs) / 1000;
    await until(() => sum('told') >= count);
    const lastTold = (Math.max(...members.map(({ talking }) => talking.lastToldMs)) - beganMs) / 1000;
    for (const one of members) one.end();
    for (const tracker of trackers) tracker.kill('SIGKILL');
    await Promise.all(trackers.map(({ exited }) => exited));
    await swarm.startTrackers();
    let letIn = 0;
    for (const tracker of swarm.trackers) if (await isLetIn(new Questions(victim, [tracker]))) letIn += 1;
    return { answered, lastTold, letIn };
  } finally {
    for (const one of members) one.end();
    await swarm.end();
  }
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

async function until(isSo: () => boolean): Promise<void> {
  for (const endMs = performance.now() + DEADLINE_MS; !isSo(); await sleep(LOOK_MS))
    if (performance.now() > endMs) throw new Error(`not within ${DEADLINE_MS / 1000} s`);
}
