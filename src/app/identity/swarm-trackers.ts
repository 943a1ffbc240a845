// The trackers of a member's swarm, which stand in for the setting `trackers` where nobody set it: a member needs no
// `-t`.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Settings } from '../settings/resolve.js';
import { readSwarmFile, swarmFilePath } from './identity-directory.js';
import { modeOfSettings } from './own-identity.js';
import type { SwarmFile } from './swarm-file.js';

export async function withSwarmTrackers(settings: Settings): Promise<Settings> {
  const { values, origins } = settings;
  if (origins.trackers.kind !== 'default' || values.swarm === 'open') return settings;
  const found = await swarmFile(settings);
  if (found === undefined) return settings;
  // By descriptors: a default place is looked at only when it is needed.
  const overlaid = Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(values),
      trackers: { enumerable: true, value: found.swarm.trackers },
    },
  ) as typeof values;
  return {
    ...settings,
    values: overlaid,
    origins: { ...origins, trackers: { kind: 'file', path: swarmFilePath(found.directory) } },
  };
}

async function swarmFile(settings: Settings): Promise<{ directory: string; swarm: SwarmFile } | undefined> {
  try {
    const mode = await modeOfSettings(settings);
    const swarm = mode.kind === 'open' ? undefined : await readSwarmFile(mode.directory);
    return mode.kind === 'open' || swarm === undefined ? undefined : { directory: mode.directory, swarm };
  } catch (error) {
    // Whoever takes part is told by `ownMode`; whoever only shows settings goes on.
    if (!(error instanceof MiniTorrentError)) throw error;
    return undefined;
  }
}
