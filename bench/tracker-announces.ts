// Announces, each acknowledged after its commit: at saturation (closed loops of many and of few pipelined requests) and
// at a fixed rate (an open loop, whose latencies count from the moment that the clock says); before them the
// registrations they are about, with what these cost in memory and on the disk.

import { connectFleet, swarmBytes, type TrackerClient } from './tracker-driver.js';
import { type Ask, closedLoad, openLoad } from './tracker-loads.js';
import { cpu, type Figure, latencies, MIB, measured, type Pair, type SceneOptions, withPair } from './tracker-stage.js';
import { fileBytes, rssBytes, rssPeakBytes } from './tracker-vitals.js';

const CLIENTS = 200;
/** Requests that each client keeps open at saturation. */
const DEPTH = 8;
/** And where the delay of each is looked at, not only how many there are. */
const DEPTH_FEW = 3;
const PER_SECOND = 20_000;
const SEEDERS_PER_FILE = 20;
const REGISTRATIONS_UNIT = 100_000;

export function announceScene(options: SceneOptions): Promise<readonly Figure[]> {
  return withPair(options, async (pair) => {
    const perClient = options.quick ? 250 : 500;
    const swarmCount = (CLIENTS * perClient) / SEEDERS_PER_FILE;
    const swarms = Array.from({ length: swarmCount }, (_, number) => swarmBytes(number));
    const fileOf = ({ number }: TrackerClient, at: number): Uint8Array =>
      swarms[(number * perClient + (at % perClient)) % swarmCount] as Uint8Array;
    const emptyBytes = rssBytes(pair.first.pid);
    const fleet = await connectFleet(pair.address, 1, CLIENTS, pair.passages);
    const registered = await register(options, fleet, pair, perClient, fileOf);
    const announced = await announce(options, fleet, pair, fileOf);
    const loadedBytes = registered.rss - emptyBytes;
    const list = pair.swarm.path('tracker-1.db');
    const running = fileBytes(list, `${list}-wal`);
    for (const client of fleet) client.close();
    await pair.first.end();
    const each = REGISTRATIONS_UNIT / (CLIENTS * perClient) / MIB;
    return [
      ...registered.figures,
      { what: 'memory per 100,000 registrations, with garbage', value: loadedBytes * each, unit: 'MiB' },
      ...announced,
      { what: 'file and log per 100,000 registrations, running', value: running * each, unit: 'MiB' },
      { what: 'file per 100,000 registrations, stopped', value: fileBytes(list) * each, unit: 'MiB' },
    ];
  });
}

type FileOf = (client: TrackerClient, at: number) => Uint8Array;

async function register(
  { note }: SceneOptions,
  fleet: readonly TrackerClient[],
  { first, second }: Pair,
  perClient: number,
  fileOf: FileOf,
): Promise<{ readonly figures: readonly Figure[]; readonly rss: number }> {
  note(`${CLIENTS * perClient} registrations`);
  const share: Ask = (client, at, dueMs) => client.share(fileOf(client, at), 0, dueMs);
  const [shares, used] = await measured([first, second], () => closedLoad(fleet, DEPTH, { perClient }, share));
  const { liveEntries = 0 } = await (fleet[0] as TrackerClient).stats();
  const figures = [
    { what: `registrations, ${CLIENTS} × ${DEPTH} open`, value: shares.perSecond, unit: '/s' },
    ...latencies('registration', shares),
    ...cpu('while registering', used),
    { what: 'errors while registering', value: shares.errors, unit: '', atMost: 0 },
    { what: 'entries missing', value: CLIENTS * perClient - liveEntries, unit: '', atMost: 0 },
  ];
  return { figures, rss: rssBytes(first.pid) };
}

async function announce(
  { quick, note }: SceneOptions,
  fleet: readonly TrackerClient[],
  { first, second }: Pair,
  fileOf: FileOf,
): Promise<readonly Figure[]> {
  const ask: Ask = (client, at, dueMs) => client.announce(fileOf(client, at), dueMs);
  const durationMs = quick ? 4_000 : 15_000;
  note(`announces at saturation for ${durationMs / 1000} s`);
  const commits = async (): Promise<number> => (await (fleet[0] as TrackerClient).stats())['storeCommits'] ?? 0;
  const commitsBefore = await commits();
  const [full, fullCpu] = await measured([first, second], () => closedLoad(fleet, DEPTH, { durationMs }, ask));
  const commitsFull = await commits();
  note(`the same with ${CLIENTS} × ${DEPTH_FEW} open`);
  const [few, fewCpu] = await measured([first, second], () => closedLoad(fleet, DEPTH_FEW, { durationMs }, ask));
  const commitsFew = await commits();
  note(`announces at ${PER_SECOND}/s for ${durationMs / 1000} s`);
  const [fixed, fixedCpu] = await measured([first, second], () => openLoad(fleet, PER_SECOND, durationMs, ask));
  const commitsFixed = await commits();
  return [
    { what: `announces, ${CLIENTS} × ${DEPTH} open`, value: full.perSecond, unit: '/s', atLeast: 20_000 },
    ...latencies('announce at saturation', full),
    ...cpu('at saturation', fullCpu),
    { what: 'announces in one commit', value: full.replies / (commitsFull - commitsBefore), unit: '' },
    { what: `announces, ${CLIENTS} × ${DEPTH_FEW} open`, value: few.perSecond, unit: '/s', atLeast: 20_000 },
    ...latencies('announce with few open', few, 50),
    ...cpu('with few open', fewCpu),
    { what: 'announces in one commit with few open', value: few.replies / (commitsFew - commitsFull), unit: '' },
    { what: 'announces sent by the clock', value: fixed.perSecond, unit: '/s' },
    ...latencies('announce by the clock', fixed, 50),
    ...cpu('by the clock', fixedCpu),
    { what: 'announces in one commit by the clock', value: fixed.replies / (commitsFixed - commitsFew), unit: '' },
    { what: 'errors while announcing', value: full.errors + few.errors + fixed.errors, unit: '', atMost: 0 },
    { what: 'peak memory', value: rssPeakBytes(first.pid) / MIB, unit: 'MiB' },
  ];
}
