// The identity of the swarm that `mtorrent` alone makes: it lies beside that swarm's lists, and no command with
// trackers of its own uses it. One key serves both trackers, which run in one process.

import { join } from 'node:path';
import type { TrackerList } from '../../foundation/torrent/tracker-pair.js';
import { identityFilesIn, loadIdentity, type OwnIdentity, writeSwarmFile } from '../identity/identity-directory.js';
import { makeSwarm, ownMachineName, ownMemberName } from '../identity/making.js';

const HOME_SWARM = 'home';

/** Both parts that a home swarm has in one process. */
export interface HomeIdentity {
  readonly client: OwnIdentity;
  readonly tracker: OwnIdentity;
}

/** @param homeDirectory that of the pair. */
export function homeIdentityDirectory(homeDirectory: string): string {
  return join(homeDirectory, 'swarm');
}

/** Undefined: this home swarm is open, as those of earlier releases are. Rejects as `loadIdentity` does. */
export async function homeIdentity(homeDirectory: string): Promise<HomeIdentity | undefined> {
  const directory = homeIdentityDirectory(homeDirectory);
  if ((await identityFilesIn(directory)).length === 0) return undefined;
  return { client: await loadIdentity(directory, 'client'), tracker: await loadIdentity(directory, 'tracker') };
}

/** Closes it: what is there is used again. Answers the directory. */
export async function makeHomeIdentity(homeDirectory: string, trackers: TrackerList, nowS: number): Promise<string> {
  const directory = homeIdentityDirectory(homeDirectory);
  const names = { name: HOME_SWARM, member: ownMemberName(), tracker: ownMachineName() };
  await makeSwarm(directory, { ...names, trackers, root: undefined, trackerDirectory: undefined }, nowS);
  return directory;
}

/** Its trackers may be at other addresses than in the last run. */
export async function moveHomeIdentity({ client }: HomeIdentity, trackers: TrackerList): Promise<void> {
  const { directory, swarm: name, root } = client;
  const isSame = JSON.stringify(client.trackers) === JSON.stringify(trackers);
  if (!isSame) await writeSwarmFile(directory, { name, root, trackers });
}
