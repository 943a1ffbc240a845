// What takes the clients of banned members off every list: each leaves at its own last word, which both trackers of a
// pair know to be later than anything that it said. Pure.

import type { KeyId } from '../../../foundation/identity/keys.js';
import { listedPrefix, prefixOf } from '../../membership/listed-id.js';
import type { Change } from '../../registry/changes.js';
import type { Registry } from '../../registry/registry.js';
import { TRACKER_FORGET_MAX } from '../limits.js';

/** In commits that the store can take; none when nothing of them is listed. */
export function unlistedOf(registry: Registry, members: ReadonlySet<KeyId>): readonly (readonly Change[])[] {
  const prefixes = new Set([...members].map(listedPrefix));
  const changes: Change[] = [];
  for (const { id: client, liveCount } of registry.clients())
    if (liveCount > 0 && prefixes.has(prefixOf(client)))
      changes.push({ kind: 'leave', client, ...registry.highestVersion(client) });
  const commits: Change[][] = [];
  for (let at = 0; at < changes.length; at += TRACKER_FORGET_MAX)
    commits.push(changes.slice(at, at + TRACKER_FORGET_MAX));
  return commits;
}
