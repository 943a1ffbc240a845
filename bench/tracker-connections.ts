// Many connections: ten thousand that only exist while others work, and a steady fleet that says what clients say. Open
// loops, so that a stall is charged for everything that it kept waiting.

import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd } from './tracker-crowd.js';
import { connectFleet, swarmBytes, type TrackerClient } from './tracker-driver.js';
import { type Ask, closedLoad, openLoad } from './tracker-loads.js';
import { cpu, type Figure, latencies, MIB, measured, type SceneOptions, withPair } from './tracker-stage.js';
import { cpuSeconds, descriptorCount, descriptorsMax, rssBytes } from './tracker-vitals.js';

const CLIENTS = 10_000;
/** Clients that announce while the others idle, and how often they do together. */
const ACTIVE = 200;
const ACTIVE_PER_SECOND = 2_000;
/** Descriptors of a process beside its clients': stdio, pipes, files, the event loop's. */
const DESCRIPTORS_SPARE = 100;
const BASELINE_WAIT_MS = 10_000;
/** Of the steady fleet: files of one client, seeders of one file, seconds in which each client says everything once. */
const FILES_PER_CLIENT = 2;
const SEEDERS_PER_FILE = 20;
const PERIOD_SECONDS = 30;

/** Ten thousand clients that only hold their connection, and two hundred at work. */
export async function idleScene({ root, quick, isClosed, note }: SceneOptions): Promise<readonly Figure[]> {
  if (!hasDescriptors(CLIENTS + ACTIVE, note)) return [];
  return withPair({ root, isClosed }, async ({ first, address, passages, identities }) => {
    const baseline = descriptorCount(first.pid);
    const active = await connectFleet(address, 1, ACTIVE, passages);
    await closedLoad(active, 1, { perClient: 1 }, (client, _at, dueMs) =>
      client.share(swarmBytes(client.number), 0, dueMs),
    );
    const announce: Ask = (client, _at, dueMs) => client.announce(swarmBytes(client.number), dueMs);
    note(`${CLIENTS} connections, while ${ACTIVE} clients announce ${ACTIVE_PER_SECOND}/s`);
    let isUp = false;
    let [cpuUp, crowdCpu] = [Number.NaN, Number.NaN];
    const cpuBefore = cpuSeconds(first.pid);
    const crowd = new Crowd(address, 1 + ACTIVE, CLIENTS, identities);
    const [seconds, during] = await Promise.all([
      crowd.up().finally(() => {
        isUp = true;
        cpuUp = cpuSeconds(first.pid) - cpuBefore;
        crowdCpu = cpuSeconds(crowd.pid);
      }),
      openLoad(active, ACTIVE_PER_SECOND, () => isUp, announce),
    ]);
    const after = await openLoad(active, ACTIVE_PER_SECOND, quick ? 5_000 : 20_000, announce);
    const bytes = rssBytes(first.pid);
    const { connections = 0 } = await (active[0] as TrackerClient).stats();
    crowd.end();
    for (const client of active) client.close();
    const closed = await backTo(first.pid, baseline);
    return [
      { what: `until ${CLIENTS} more connections were greeted`, value: seconds, unit: 's', atMost: 5 },
      { what: 'CPU of the tracker until then', value: cpuUp, unit: 's' },
      { what: 'CPU of those who connect until then', value: crowdCpu, unit: 's' },
      ...latencies('announce while they connect', during, 50),
      ...latencies('announce while they idle', after, 50),
      { what: 'errors', value: during.errors + after.errors, unit: '', atMost: 0 },
      { what: 'connections missing', value: CLIENTS + ACTIVE - connections, unit: '', atMost: 0 },
      { what: 'memory', value: bytes / MIB, unit: 'MiB', atMost: 300 },
      { what: 'descriptors above the start after closing', value: closed.above, unit: '', atMost: 0 },
      { what: 'until they were closed', value: closed.seconds, unit: 's' },
    ];
  });
}

/** 1,000 files of 20 seeders each, in the hands of ten thousand clients that report, ask and ping as clients do. */
export async function steadyScene({ root, quick, isClosed, note }: SceneOptions): Promise<readonly Figure[]> {
  if (!hasDescriptors(CLIENTS, note)) return [];
  const swarmCount = (CLIENTS * FILES_PER_CLIENT) / SEEDERS_PER_FILE;
  return withPair({ root, isClosed }, async ({ first, second, address, passages }) => {
    note(`${CLIENTS} clients share ${FILES_PER_CLIENT} of ${swarmCount} files each`);
    const fleet = await connectFleet(address, 1, CLIENTS, passages);
    const fileOf = (client: TrackerClient, at: number): Uint8Array =>
      swarmBytes((client.number + at * (swarmCount / FILES_PER_CLIENT)) % swarmCount);
    const shares = await closedLoad(fleet, 1, { perClient: FILES_PER_CLIENT }, (client, at, dueMs) =>
      client.share(fileOf(client, at), 0, dueMs),
    );
    // In each period a client announces each of its files, asks for one list and pings once.
    const kinds = FILES_PER_CLIENT + 2;
    const perSecond = (CLIENTS * kinds) / PERIOD_SECONDS;
    const durationMs = quick ? 10_000 : 60_000;
    note(`${Math.round(perSecond)} requests a second for ${durationMs / 1000} s`);
    const say: Ask = (client, at, dueMs) => {
      const kind = (client.number + at) % kinds;
      if (kind < FILES_PER_CLIENT) client.announce(fileOf(client, kind), dueMs);
      else if (kind === FILES_PER_CLIENT) client.list(fileOf(client, 0), dueMs);
      else client.ping(dueMs);
    };
    const [result, used] = await measured([first, second], () => openLoad(fleet, perSecond, durationMs, say));
    const bytes = rssBytes(first.pid);
    for (const client of fleet) client.close();
    return [
      { what: 'requests', value: result.perSecond, unit: '/s' },
      { what: 'errors', value: shares.errors + result.errors, unit: '', atMost: 0 },
      ...latencies('request', result, 20),
      ...cpu('in steady work', used, 60),
      { what: 'memory', value: bytes / MIB, unit: 'MiB' },
    ];
  });
}

/** Says so when this machine lets a process open too few files: a smaller bench under the same name would mislead. */
function hasDescriptors(connections: number, note: (text: string) => void): boolean {
  const needed = connections + DESCRIPTORS_SPARE;
  const max = descriptorsMax();
  // Where the limit is unknown, the failure to connect will say it.
  if (!(max < needed)) return true;
  note(`NOT MEASURED: a process may open ${max} files here and needs ${needed}; raise it with "ulimit -n ${needed}"`);
  return false;
}

async function backTo(pid: number, baseline: number): Promise<{ readonly seconds: number; readonly above: number }> {
  const startedMs = performance.now();
  while (descriptorCount(pid) > baseline && performance.now() - startedMs < BASELINE_WAIT_MS) await sleep(20);
  return { seconds: (performance.now() - startedMs) / 1000, above: descriptorCount(pid) - baseline };
}
