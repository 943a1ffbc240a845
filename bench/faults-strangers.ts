// Floods of a closed tracker from one address of machines that do not belong: what members at work and a newcomer feel
// of each, and what is left of it.

import { setTimeout as sleep } from 'node:timers/promises';
import { formatAddress } from '../src/foundation/torrent/address.js';
import { type Cleanup, withCleanup } from './cleanup.js';
import { Driver, type FaultFigure, type FaultOptions, MIB } from './faults-stage.js';
import { FLOODS, SAID } from './strangers-floods.js';
import { connectFleet, swarmBytes, TrackerClient } from './tracker-driver.js';
import { type Pair, withPair } from './tracker-stage.js';
import { rssBytes } from './tracker-vitals.js';

const MEMBERS = 20;
const RHYTHM_MS = 100;
const FLOOD_MS = 8_000;
const FLOOD_QUICK_MS = 3_000;
/** Newcomers, one after the other, while a flood lasts. */
const NEWCOMERS = 5;
const BACK_DEADLINE_MS = 60_000;
const LOOK_MS = 100;
const ANNOUNCE_P99_MOST_MS = 100;
const GREETED_MOST_S = 2;
const GROWN_MAX = 1.1;

interface Outcome {
  readonly p99Before: number;
  readonly p99: number;
  readonly greeted: number;
  readonly came: number;
  readonly opened: number;
  readonly rssBefore: number;
  readonly rssPeak: number;
  readonly rssAfter: number;
}

export async function strangersScene({ root, runs, quick, note }: FaultOptions): Promise<readonly FaultFigure[]> {
  const figures: FaultFigure[] = [];
  for (const flood of FLOODS) {
    const all: Outcome[] = [];
    for (let run = 1; run <= runs; run += 1) {
      note(`${SAID[flood]}, run ${run} of ${runs}`);
      const flooded = (pair: Pair) =>
        withCleanup((cleanup) => floodOnce(pair, flood, quick ? FLOOD_QUICK_MS : FLOOD_MS, cleanup));
      all.push(await withPair({ root, isClosed: true }, flooded));
    }
    const values = (of: (one: Outcome) => number): readonly number[] => all.map(of);
    const grown = values(({ rssBefore, rssAfter }) => rssAfter / rssBefore);
    figures.push(
      { what: `${SAID[flood]}: came`, unit: '', digits: 0, values: values(({ came }) => came) },
      { what: '  of them a handshake ended well', unit: '', digits: 0, values: values(({ opened }) => opened) },
      { what: '  announces before it, p99', unit: 'ms', digits: 1, values: values(({ p99Before }) => p99Before) },
      {
        what: '  announces meanwhile, p99',
        ...{ unit: 'ms', digits: 1, values: values(({ p99 }) => p99), atMost: ANNOUNCE_P99_MOST_MS },
      },
      {
        what: '  a newcomer is greeted after, at most',
        ...{ unit: 's', digits: 2, values: values(({ greeted }) => greeted), atMost: GREETED_MOST_S },
      },
      { what: '  memory before', unit: 'MiB', digits: 0, values: values(({ rssBefore }) => rssBefore / MIB) },
      { what: '  at the peak', unit: 'MiB', digits: 0, values: values(({ rssPeak }) => rssPeak / MIB) },
      { what: '  after it', unit: 'of it', digits: 2, values: grown, atMost: GROWN_MAX },
    );
  }
  return figures;
}

async function floodOnce(pair: Pair, flood: string, floodMs: number, cleanup: Cleanup): Promise<Outcome> {
  const { address, passages, identities = '', first } = pair;
  const fleet = await connectFleet(address, 1, MEMBERS, passages);
  cleanup.add(async () => {
    for (const client of fleet) client.close();
  });
  const facts = { name: 'bench.bin', size: 512 * 1024, pieceCount: 1 };
  for (const client of fleet) await client.seed(swarmBytes(client.number), facts);
  const words = [flood, formatAddress(address), identities];
  // Not counted: what the tracker loads and grows to when it first sees such a thing.
  const warming = await Driver.start('strangers', words, cleanup);
  await announcing(fleet, floodMs);
  await warming.end();
  const p99Before = await announcing(fleet, floodMs / 2);
  const rssBefore = rssBytes(first.pid);
  const driver = await Driver.start('strangers', words, cleanup);
  const [p99, greeted, rssPeak] = await Promise.all([
    announcing(fleet, floodMs),
    newcomers(pair, floodMs),
    peakFor(first.pid, floodMs),
  ]);
  const { came, opened } = await driver.end<{ came: number; opened: number }>();
  const endMs = performance.now() + BACK_DEADLINE_MS;
  while (rssBytes(first.pid) > GROWN_MAX * rssBefore && performance.now() < endMs) await sleep(LOOK_MS);
  return { p99Before, p99, greeted, came, opened, rssBefore, rssPeak, rssAfter: rssBytes(first.pid) };
}

/** Each member announces in a rhythm of its own; the 99th of a hundred answers, in milliseconds. */
async function announcing(fleet: readonly TrackerClient[], ms: number): Promise<number> {
  const endMs = performance.now() + ms;
  const took: number[] = [];
  const one = async (client: TrackerClient): Promise<void> => {
    while (performance.now() < endMs) {
      const beganMs = performance.now();
      await client.announced(swarmBytes(client.number));
      took.push(performance.now() - beganMs);
      await sleep(RHYTHM_MS);
    }
  };
  await Promise.all(fleet.map(one));
  took.sort((a, b) => a - b);
  return took[Math.floor(took.length * 0.99)] ?? Number.NaN;
}

/** Seconds of the slowest, from its dialing to its greeting. */
async function newcomers({ address, passages }: Pair, ms: number): Promise<number> {
  let slowest = 0;
  for (let at = 0; at < NEWCOMERS; at += 1) {
    await sleep(ms / (NEWCOMERS + 1));
    const beganMs = performance.now();
    const client = new TrackerClient(address, MEMBERS + 1 + at, 1, passages[at % passages.length]);
    await client.greeted();
    slowest = Math.max(slowest, (performance.now() - beganMs) / 1000);
    client.close();
  }
  return slowest;
}

async function peakFor(pid: number, ms: number): Promise<number> {
  let peak = 0;
  for (const endMs = performance.now() + ms; performance.now() < endMs; await sleep(LOOK_MS))
    peak = Math.max(peak, rssBytes(pid));
  return peak;
}
