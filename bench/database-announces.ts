// Announces over 200 connections to trackers on one database, each acknowledged after its commit: to one tracker, and
// spread over three, in turn.

import { type DatabaseSceneOptions, type Shares, shareFigures, sharesOf, withDatabase } from './database-stage.js';
import { showSpread, spreadOf } from './figures.js';
import { connectFleet, swarmBytes, type TrackerClient } from './tracker-driver.js';
import { type Ask, closedLoad, type LoadResult } from './tracker-loads.js';
import { type Figure, latencies } from './tracker-stage.js';

const CLIENTS = 200;
const DEPTH = 8;
/** Requests that each client keeps open where the delay of each is looked at. */
const DEPTH_FEW = 3;
const FILES_PER_CLIENT = 250;
const SEEDERS_PER_FILE = 20;
const SWARMS = Array.from({ length: (CLIENTS * FILES_PER_CLIENT) / SEEDERS_PER_FILE }, (_, at) => swarmBytes(at));

interface Measured {
  readonly registered: LoadResult;
  readonly full: LoadResult;
  readonly fullShares: Shares;
  readonly few: LoadResult;
  readonly perGroup: number;
}

export async function databaseAnnounces(options: DatabaseSceneOptions): Promise<readonly Figure[]> {
  const runs: Measured[] = [];
  for (let run = 1; run <= options.runs; run += 1) runs.push(await announceAt(1, options));
  const median = (of: (run: Measured) => number): number => spreadOf(runs.map(of)).median;
  options.note(`announces a second: ${showSpread(spreadOf(runs.map(({ full }) => full.perSecond)), 0)}`);
  options.note(`p99 with few open: ${showSpread(spreadOf(runs.map(({ few }) => few.latency.p99Ms)), 0)} ms`);
  const [last] = runs.slice(-1);
  if (last === undefined) return [];
  return [
    { what: 'registrations', value: median(({ registered }) => registered.perSecond), unit: '/s' },
    {
      what: `announces, ${CLIENTS} × ${DEPTH} open`,
      value: median(({ full }) => full.perSecond),
      unit: '/s',
      atLeast: 12_000,
    },
    ...latencies('announce at saturation, last run,', last.full),
    ...shareFigures('at saturation, last run', last.fullShares),
    { what: 'announces in one commit', value: median(({ perGroup }) => perGroup), unit: '' },
    {
      what: `announces, ${CLIENTS} × ${DEPTH_FEW} open`,
      value: median(({ few }) => few.perSecond),
      unit: '/s',
      atLeast: 12_000,
    },
    { what: 'p99 of them', value: median(({ few }) => few.latency.p99Ms), unit: 'ms', atMost: 100 },
    { what: 'errors', value: runs.reduce((sum, run) => sum + errorsOf(run), 0), unit: '', atMost: 0 },
  ];
}

export async function databaseTogether(options: DatabaseSceneOptions): Promise<readonly Figure[]> {
  const rates = { one: [] as number[], three: [] as number[], busy: [] as number[] };
  const costs = { one: [] as number[], three: [] as number[], busy: [] as number[] };
  let errors = 0;
  let shares: Shares | undefined;
  for (let run = 1; run <= options.runs; run += 1) {
    const one = await announceAt(1, options);
    const three = await announceAt(3, options);
    // With the same requests spread over three, each tracker's groups are a third as large.
    const busy = await announceAt(3, options, 3 * DEPTH);
    for (const [name, measured] of Object.entries({ one, three, busy }) as ['one' | 'three' | 'busy', Measured][]) {
      rates[name].push(measured.full.perSecond);
      costs[name].push(costOf(measured));
      errors += errorsOf(measured);
    }
    shares = three.fullShares;
  }
  const over = (name: 'three' | 'busy') =>
    spreadOf(rates[name].map((rate, at) => rate / (rates.one[at] ?? Number.NaN)));
  const [ratio, busyRatio] = [over('three'), over('busy')];
  options.note(`three together ÷ one: ${showSpread(ratio, 2)}, as busy each ${showSpread(busyRatio, 2)}`);
  const [one, three, busy] = [spreadOf(costs.one), spreadOf(costs.three), spreadOf(costs.busy)];
  options.note(`µs of a core an announce: one ${showSpread(one, 0)}, three ${showSpread(three, 0)}`);
  return [
    { what: 'announces at one tracker', value: spreadOf(rates.one).median, unit: '/s' },
    { what: 'announces at three trackers together', value: spreadOf(rates.three).median, unit: '/s' },
    { what: 'three together ÷ one, same run', value: ratio.median, unit: '×', atLeast: 0.9 },
    { what: 'three, each with as many open as one ÷ one', value: busyRatio.median, unit: '×' },
    { what: 'processor of all an announce, one tracker', value: one.median, unit: 'µs' },
    { what: 'processor of all an announce, three trackers', value: three.median, unit: 'µs' },
    { what: 'the same, each with as many open as one', value: busy.median, unit: 'µs' },
    ...(shares === undefined ? [] : shareFigures('at three, last run', shares)),
    { what: 'errors at either', value: errors, unit: '', atMost: 0 },
  ];
}

/** Microseconds of a core that trackers, database and driver take for one announce. */
function costOf({ full, fullShares: { trackers, database, driver } }: Measured): number {
  return ((trackers + database + driver) * 10_000) / full.perSecond;
}

/** @param depth requests that each client keeps open at saturation. */
function announceAt(count: number, { quick, note }: DatabaseSceneOptions, depth = DEPTH): Promise<Measured> {
  return withDatabase(async (stage) => {
    const trackers = [];
    for (let at = 0; at < count; at += 1) trackers.push(await stage.startTracker());
    const fleets = trackers.map(({ address }, at) =>
      connectFleet(address, 1 + Math.floor((at * CLIENTS) / count), shareOf(at, count)),
    );
    const fleet = (await Promise.all(fleets)).flat();
    const { server } = stage;
    const durationMs = quick ? 4_000 : 15_000;
    const groups = (): number => Number(server.sql('select feed_position from meta'));
    const registered = await closedLoad(fleet, DEPTH, { perClient: FILES_PER_CLIENT }, (client, at, dueMs) =>
      client.share(fileOf(client, at), 0, dueMs),
    );
    const ask: Ask = (client, at, dueMs) => client.announce(fileOf(client, at), dueMs);
    const before = groups();
    const [full, fullShares] = await sharesOf({ server, trackers }, () =>
      closedLoad(fleet, depth, { durationMs }, ask),
    );
    const perGroup = full.replies / (groups() - before);
    const few = await closedLoad(fleet, DEPTH_FEW, { durationMs }, ask);
    const [first] = [registered, full, few].filter(({ errors }) => errors > 0);
    if (first !== undefined) note(`an error: ${first.firstError}`);
    const sized = `in groups of ${perGroup.toFixed(0)}`;
    note(`${count} tracker${count === 1 ? '' : 's'}: ${full.perSecond.toFixed(0)} announces a second, ${sized}`);
    for (const client of fleet) client.close();
    return { registered, full, fullShares, few, perGroup };
  });
}

/** Of so many clients in all, at tracker `at` of `count`. */
function shareOf(at: number, count: number): number {
  return Math.floor(((at + 1) * CLIENTS) / count) - Math.floor((at * CLIENTS) / count);
}

function fileOf({ number }: TrackerClient, at: number): Uint8Array {
  return SWARMS[(number * FILES_PER_CLIENT + (at % FILES_PER_CLIENT)) % SWARMS.length] as Uint8Array;
}

function errorsOf({ registered, full, few }: Measured): number {
  return registered.errors + full.errors + few.errors;
}
