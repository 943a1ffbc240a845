// Whether a client's request is too late to change anything: the same or a higher version is known, and it is of
// another request. Never decides which of the two is right. Pure.

import { swarmKey } from '../../../foundation/torrent/ids.js';
import { compareVersions, type Version } from '../../registry/changes.js';
import type { Client } from '../../registry/records.js';
import type { TrackerRequest } from '../messages.js';

export type VersionedRequest = Extract<TrackerRequest, { kind: 'share' | 'announce' | 'remove' | 'leave' }>;

export function isVersioned(request: TrackerRequest): request is VersionedRequest {
  return ['share', 'announce', 'remove', 'leave'].includes(request.kind);
}

/**
 * The version that is known and leaves this word without effect; undefined when there is none, or when it is this word.
 */
export function overridingVersion(client: Client | undefined, word: VersionedRequest): Version | undefined {
  if (client === undefined) return undefined;
  if (word.kind === 'leave') return versionOverridingLeave(client, word);
  if (client.left !== undefined && compareVersions(client.left, word) >= 0) return client.left;
  const entry = client.entries.get(swarmKey(word.swarm));
  const order = entry === undefined ? -1 : compareVersions(entry, word);
  if (entry === undefined || order < 0) return undefined;
  const isRemoval = word.kind === 'remove';
  const isSame = order === 0 && isRemoval === (entry.state === 'removed') && (isRemoval || entry.have === word.have);
  return isSame ? undefined : entry;
}

function versionOverridingLeave(client: Client, word: Version): Version | undefined {
  let known = client.left;
  for (const entry of client.entries.values())
    if (entry.state === 'live' && (known === undefined || compareVersions(entry, known) > 0)) known = entry;
  if (known === undefined) return undefined;
  const order = compareVersions(known, word);
  return order > 0 || (order === 0 && known !== client.left) ? known : undefined;
}
