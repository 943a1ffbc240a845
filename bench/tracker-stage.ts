// What the scenes of the tracker's bench share: a pair of tracker processes of its own for each, figures with their
// targets, and the processor time that a load cost on either side.

import type { TrackerProcess } from '../src/app/demo/processes.js';
import { Swarm } from '../src/app/demo/swarm.js';
import type { Address } from '../src/foundation/torrent/address.js';
import type { Passage } from '../src/foundation/wire/passage.js';
import { trackerStatus } from '../src/tracking/tracker/status.js';
import { ClosedSwarm, passagesOf } from './closed-swarm.js';
import type { LoadResult } from './tracker-loads.js';
import { cpuSeconds, machineBusySeconds } from './tracker-vitals.js';

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface SceneOptions {
  /** Where the trackers' files are made. */
  readonly root: string;
  readonly quick: boolean;
  /** In a closed swarm. */
  readonly isClosed: boolean;
  /** Called with what is being done, for people who wait. */
  readonly note: (text: string) => void;
}

export const MIB = 1024 * 1024;
const DEADLINE_MS = 20_000;
/** As docs/systemd/mtorrent-tracker@.service starts a tracker. */
const AS_A_SERVICE = { NODE_OPTIONS: '--max-semi-space-size=4' };
const serviceOf = (name: string) => (/^tracker-/.test(name) ? AS_A_SERVICE : {});

export interface Pair {
  readonly swarm: Swarm;
  readonly first: TrackerProcess;
  readonly second: TrackerProcess;
  readonly address: Address;
  /** Of members, for whoever connects; none in an open swarm. */
  readonly passages: readonly Passage[];
  /** Where the members' identities lie; undefined in an open swarm. */
  readonly identities: string | undefined;
}

/** Two tracker processes with empty lists, ended and removed afterwards. */
export async function withPair<T>(
  { root, isClosed }: Pick<SceneOptions, 'root' | 'isClosed'>,
  use: (pair: Pair) => Promise<T>,
): Promise<T> {
  const swarm = await Swarm.create(root);
  swarm.environment = serviceOf;
  try {
    const identities = isClosed ? swarm.path('identities') : undefined;
    if (identities !== undefined) {
      const closed = await ClosedSwarm.make(identities, swarm.trackers);
      swarm.environment = (name) => ({ ...serviceOf(name), ...closed.environment(name) });
    }
    const passages = identities === undefined ? [] : await passagesOf(identities);
    const [first, second] = await swarm.startTrackers();
    await connected(swarm.trackers[0], passages[0]);
    return await use({ swarm, first, second, address: swarm.trackers[0], passages, identities });
  } finally {
    await swarm.end();
  }
}

/** Waits until the two follow each other: what is counted before and after has their connections in it. */
async function connected(tracker: Address, passage: Passage | undefined): Promise<void> {
  for (const endMs = performance.now() + DEADLINE_MS; performance.now() < endMs; ) {
    const { partner } = JSON.parse(await trackerStatus(tracker, { json: true, passage }));
    if (partner.following === true && partner.followedBy === true) return;
  }
  throw new Error('the two trackers did not find each other');
}

/** Per cent of one core. */
export interface Cpu {
  readonly first: number;
  readonly second: number;
  readonly driver: number;
  /** Of all cores: what others on this machine used, and what its host took away. */
  readonly others: number;
  /** Microseconds of the first tracker for one reply. */
  readonly perReplyUs: number;
}

/** What a load cost, on either side and on the machine around them. */
export async function measured(
  [first, second]: readonly [TrackerProcess, TrackerProcess],
  load: () => Promise<LoadResult>,
): Promise<readonly [LoadResult, Cpu]> {
  const look = (): number[] => [...[first.pid, second.pid, process.pid].map(cpuSeconds), machineBusySeconds()];
  const before = look();
  const startedMs = performance.now();
  const result = await load();
  const seconds = (performance.now() - startedMs) / 1000;
  const [one = 0, two = 0, driver = 0, machine = 0] = look().map((after, at) => after - (before[at] ?? 0));
  const used = {
    first: (one / seconds) * 100,
    second: (two / seconds) * 100,
    driver: (driver / seconds) * 100,
    others: ((machine - one - two - driver) / seconds) * 100,
    perReplyUs: (one / result.replies) * 1e6,
  };
  return [result, used];
}

export function latencies(
  what: string,
  { latency, driverLateP99Ms }: LoadResult,
  p99AtMost?: number,
): readonly Figure[] {
  const target = p99AtMost === undefined ? {} : { atMost: p99AtMost };
  return [
    { what: `${what} p50`, value: latency.p50Ms, unit: 'ms' },
    { what: `${what} p99`, value: latency.p99Ms, unit: 'ms', ...target },
    { what: `${what} max`, value: latency.maxMs, unit: 'ms' },
    ...(driverLateP99Ms === undefined
      ? []
      : [{ what: 'of it the driver was late, p99', value: driverLateP99Ms, unit: 'ms' }]),
  ];
}

export function cpu(when: string, used: Cpu, atMost?: number): readonly Figure[] {
  const target = atMost === undefined ? {} : { atMost };
  return [
    { what: `CPU of the tracker ${when}`, value: used.first, unit: '% of a core', ...target },
    { what: 'CPU of its partner', value: used.second, unit: '% of a core' },
    { what: 'CPU of the driver', value: used.driver, unit: '% of a core' },
    { what: 'taken by others on this machine', value: used.others, unit: '% of a core' },
    { what: 'CPU of the tracker for one reply', value: used.perReplyUs, unit: 'µs' },
  ];
}
