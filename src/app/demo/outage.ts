// The demo's outage: one tracker is killed during the download and restarted later, and both must end with the same
// list. Lists are read with `mtorrent tracker-list`, as a user would.

import { within } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { DEMO_STEP_DEADLINE_MS } from './limits.js';
import { type ClientProcess, runProgram, type TrackerProcess } from './processes.js';
import type { Swarm } from './swarm.js';

interface Progress {
  readonly files: readonly { readonly received: number; readonly state: string }[];
}

interface ListedSwarms {
  readonly swarms: readonly { readonly swarm: string; readonly seeders: readonly object[] }[];
}

/** SIGKILL once the first bytes have arrived. False: the file was complete before. */
export async function killInMidDownload(tracker: TrackerProcess, leecher: ClientProcess): Promise<boolean> {
  for (;;) {
    const { files } = await leecher.json<Progress>('show downloads --json');
    const [file] = files;
    if (file !== undefined && (file.received > 0 || file.state === 'seeding')) {
      tracker.kill('SIGKILL');
      await tracker.exited;
      return file.state !== 'seeding';
    }
  }
}

/**
 * Restarts the killed tracker on its file; resolves to the seconds until both lists are equal and name every client.
 */
export async function bringBack(swarm: Swarm, clientCount: number): Promise<number> {
  const startedMs = performance.now();
  await swarm.startTracker(0);
  const look = async (): Promise<void> => {
    for (;;) {
      const [first, second] = await Promise.all([listOf(swarm, 1), listOf(swarm, 2)]);
      if (first === second && seedersIn(first) === clientCount) return;
    }
  };
  await within(look(), DEMO_STEP_DEADLINE_MS, () => {
    throw new MiniTorrentError(
      'INTERNAL',
      `the trackers' lists differ ${DEMO_STEP_DEADLINE_MS / 1000} s after the restart`,
    );
  });
  return (performance.now() - startedMs) / 1000;
}

/** The list as JSON text in one order, so that equal lists are equal texts. */
async function listOf(swarm: Swarm, tracker: 1 | 2): Promise<string> {
  const { code, stdout, stderr } = await runProgram(
    ['tracker-list', `tracker-${tracker}.db`, '--json'],
    swarm.directory,
  );
  if (code !== 0) throw new MiniTorrentError('INTERNAL', `tracker-list of tracker ${tracker} failed: ${stderr}`);
  const { swarms } = JSON.parse(stdout) as ListedSwarms;
  const sorted = swarms.map((each) => ({
    ...each,
    seeders: each.seeders.map((seeder) => JSON.stringify(seeder)).sort(),
  }));
  return JSON.stringify(sorted.sort((a, b) => (a.swarm < b.swarm ? -1 : 1)));
}

function seedersIn(list: string): number {
  const swarms = JSON.parse(list) as ListedSwarms['swarms'];
  return swarms.reduce((count, { seeders }) => count + seeders.length, 0);
}
