// From the partner's records to the changes that they are here. What this tracker knows already costs nothing; what it has
// forgotten on purpose does not come back; and whether a client's lease goes on is decided by whichever tracker knows of
// the longer one. Pure.

import { TOMBSTONE_MS } from '../base/limits.js';
import { type ClientId, clientId, swarmKey } from '../torrent/ids.js';
import { type Change, compareVersions, outranks, replacesFacts } from './changes.js';
import type { Records } from './pair-messages.js';
import type { Registry } from './registry.js';

type EntryRow = Records['entries'][number];

export function changesOf({ facts, entries, leaves }: Records, registry: Registry, nowMs: number): Change[] {
  const changes: Change[] = [];
  for (const [key, name, size, pieceCount, proven] of facts) {
    const swarm = swarmKey(key);
    const known = registry.swarm(swarm);
    const told = { name, size, pieceCount, proven };
    // Without an entry a swarm may be forgotten before this is written, so its facts are written again.
    if (known === undefined || known.entryCount === 0 || replacesFacts(told, known))
      changes.push({ kind: 'facts', swarm, ...told });
  }
  for (const [id, epoch, sequence, ms] of leaves) {
    const client = clientId(id);
    const known = registry.client(client);
    const isNews = known?.left === undefined || compareVersions({ epoch, sequence }, known.left) > 0;
    if (isNews && (known !== undefined || ms < TOMBSTONE_MS))
      changes.push({ kind: 'toldLeave', client, epoch, sequence, ms });
  }
  for (const row of entries) changes.push(...entryChanges(row, registry, nowMs));
  return changes;
}

function entryChanges(row: EntryRow, registry: Registry, nowMs: number): Change[] {
  const [key, id, host, port, have, epoch, sequence] = row;
  const [swarm, client] = [swarmKey(key), clientId(id)];
  const { state, ms } = ownState(row, client, registry, nowMs);
  const known = registry.client(client);
  const entry = known?.entries.get(swarm);
  if (entry === undefined && state !== 'live' && ms >= TOMBSTONE_MS) return [];
  if (entry !== undefined) {
    const order = compareVersions({ epoch, sequence }, entry);
    const isNews = order > 0 || (order === 0 && outranks(state, entry.state));
    if (!isNews) {
      if (entry.client.liveCount > 0 && state === 'live')
        entry.client.leaseEndsMs = Math.max(entry.client.leaseEndsMs, nowMs + ms);
      return [];
    }
  }
  const told = { kind: 'told', swarm, client, host, port, have, epoch, sequence } as const;
  const former = state === 'live' ? registry.occupant(host, port, client) : undefined;
  if (former === undefined) return [{ ...told, state, ms }];
  // Two clients at one address: the one that was heard last has taken the other's place.
  if ((registry.client(former)?.leaseEndsMs ?? 0) > nowMs + ms) return [{ ...told, state: 'lapsed', ms: 0 }];
  return [
    { kind: 'lapse', client: former },
    { ...told, state, ms },
  ];
}

/** An entry that lapsed at the partner is live here while its client's lease is. */
function ownState(
  [, , , , , , , state, ms]: EntryRow,
  id: ClientId,
  registry: Registry,
  nowMs: number,
): { readonly state: EntryRow[7]; readonly ms: number } {
  const client = registry.client(id);
  if (state !== 'lapsed' || client === undefined || client.liveCount === 0 || client.leaseEndsMs <= nowMs)
    return { state, ms };
  return { state: 'live', ms: Math.round(client.leaseEndsMs - nowMs) };
}
