// Ten thousand clients whose tracker is killed: how soon the other one has greeted them, and how many gave up in its
// line. The announcers are those of real clients, with their deadlines and their back-off. In a closed swarm a fifth as
// many of another swarm come as well, in the scene `mixed`.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Swarm } from '../src/app/demo/swarm.js';
import type { Address } from '../src/foundation/torrent/address.js';
import type { Handshakes } from '../src/foundation/wire/handshake-tally.js';
import type { Passage } from '../src/foundation/wire/passage.js';
import { trackerStatus } from '../src/tracking/tracker/status.js';
import { ClosedSwarm } from './closed-swarm.js';
import { Members } from './tracker-members.js';
import { type Figure, MIB, type SceneOptions, withPair } from './tracker-stage.js';
import { cpuSeconds, machineBusySeconds, rssPeakBytes } from './tracker-vitals.js';

const MEMBERS = 10_000;
const MEMBERS_QUICK = 2_000;
const PROCESSES = 2;
/** Of the members' number, those of another swarm that dial the same trackers. */
const FOREIGN_SHARE = 0.2;
const LOOK_MS = 50;
const DEADLINE_MS = 300_000;

export function returnScene(options: SceneOptions): Promise<readonly Figure[]> {
  return returned(options, 0);
}

/** Nothing in an open swarm, where nobody is of another one. */
export async function mixedScene(options: SceneOptions): Promise<readonly Figure[]> {
  return options.isClosed ? returned(options, FOREIGN_SHARE) : [];
}

async function returned(
  { root, quick, isClosed, note }: SceneOptions,
  foreignShare: number,
): Promise<readonly Figure[]> {
  const count = quick ? MEMBERS_QUICK : MEMBERS;
  return withPair({ root, isClosed }, async ({ swarm, first, second, identities, passages }) => {
    const each = count / PROCESSES;
    const members = Array.from(
      { length: PROCESSES },
      (_, at) => new Members(swarm.trackers, 1 + at * each, each, identities),
    );
    const foreign = identities === undefined ? [] : await foreignersOf(swarm, count, foreignShare);
    const sum = (of: 'first' | 'second' | 'gaveUp'): number =>
      members.reduce((total, { talking }) => total + talking[of], 0);
    try {
      if (!(await until(() => sum('first') + sum('second') >= count)))
        throw new Error(`only ${sum('first') + sum('second')} members were greeted within ${DEADLINE_MS / 1000} s`);
      const shaken = () => handshakesOf(swarm.trackers[1], passages[0]);
      const shakenBefore = await shaken();
      const before = { second: sum('second'), gaveUp: sum('gaveUp'), cpu: cpuOf(second.pid, members) };
      note(`${sum('first')} members at the first tracker, ${before.second} at the second; the first is killed`);
      const beganMs = performance.now();
      first.kill('SIGKILL');
      const seconds = async (share: number): Promise<number> => {
        const isDone = await until(() => sum('second') >= before.second + (count - before.second) * share);
        if (!isDone) note(`${sum('second')} members were greeted by the other tracker when this was given up`);
        return isDone ? (performance.now() - beganMs) / 1000 : Number.POSITIVE_INFINITY;
      };
      const half = await seconds(0.5);
      const most = await seconds(0.95);
      const used = cpuOf(second.pid, members);
      const all = await seconds(1);
      const shakenSince = sharesOf(shakenBefore, await shaken());
      const spent = (of: keyof Used): number => used[of] - before.cpu[of];
      return [
        { what: 'until half were greeted by the other tracker', value: half, unit: 's' },
        { what: 'until 95 % were greeted by the other tracker', value: most, unit: 's' },
        { what: 'until all were', value: all, unit: 's' },
        ...shakenSince,
        { what: 'members that gave up waiting', value: ((sum('gaveUp') - before.gaveUp) / count) * 100, unit: '%' },
        { what: 'CPU of the other tracker until 95 %', value: spent('tracker'), unit: 's' },
        { what: 'CPU of the members themselves until 95 %', value: spent('members'), unit: 's' },
        { what: 'CPU that others on this machine took meanwhile', value: spent('others'), unit: 's' },
        { what: 'peak memory of the other tracker', value: rssPeakBytes(second.pid) / MIB, unit: 'MiB' },
      ];
    } finally {
      for (const one of [...members, ...foreign]) one.end();
    }
  });
}

/** Behind the members in number. */
async function foreignersOf(swarm: Swarm, count: number, share: number): Promise<readonly Members[]> {
  if (share === 0) return [];
  const identities = swarm.path('foreign-identities');
  await ClosedSwarm.make(identities, swarm.trackers);
  return [new Members(swarm.trackers, count + 1, count * share, identities, 'foreign')];
}

/** Undefined in the clear. */
async function handshakesOf(tracker: Address, passage: Passage | undefined): Promise<Handshakes | undefined> {
  return JSON.parse(await trackerStatus(tracker, { json: true, passage })).handshakes;
}

function sharesOf(before: Handshakes | undefined, after: Handshakes | undefined): readonly Figure[] {
  if (before === undefined || after === undefined) return [];
  const [begun, forNobody] = [after.begun - before.begun, after.forNobody - before.forNobody];
  return [
    { what: 'handshakes of the other tracker', value: begun, unit: '' },
    { what: 'handshakes of the other tracker for nobody', value: (forNobody / begun) * 100, unit: '%' },
  ];
}

interface Used {
  readonly tracker: number;
  /** What the driver costs: on a machine without its own cores for it, that much of the time is not the tracker's. */
  readonly members: number;
  readonly others: number;
}

/** Seconds so far. */
function cpuOf(tracker: number, members: readonly Members[]): Used {
  const own = cpuSeconds(tracker);
  const driver = members.reduce((total, { pid }) => total + cpuSeconds(pid), cpuSeconds(process.pid));
  return { tracker: own, members: driver, others: machineBusySeconds() - own - driver };
}

/** False: not within DEADLINE_MS. */
async function until(isSo: () => boolean): Promise<boolean> {
  for (const endMs = performance.now() + DEADLINE_MS; !isSo(); await sleep(LOOK_MS))
    if (performance.now() > endMs) return false;
  return true;
}
