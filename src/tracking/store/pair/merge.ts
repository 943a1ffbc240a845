// Turns the partner's records into the changes that they are here. Known records cost nothing, forgotten ones do not
// come back, and the longer of two leases counts. Pure.

import { TOMBSTONE_MS } from '../../../foundation/base/limits.js';
import { type ClientId, clientId, keyBytes, type SwarmKey, swarmKey } from '../../../foundation/torrent/ids.js';
import { infoDigestOf } from '../../../foundation/torrent/info-text.js';
import { type Change, compareVersions, type FileFacts, factsOf, outranks } from '../../registry/changes.js';
import { replacesFacts } from '../../registry/facts.js';
import type { Registry } from '../../registry/registry.js';
import type { Records } from './messages.js';

type EntryRow = Records['entries'][number];
type ProgressRow = Records['progress'][number];

interface ToldFacts extends FileFacts {
  readonly swarm: SwarmKey;
  readonly proven: boolean;
}

export function changesOf(news: Records, registry: Registry, nowMs: number): Change[] {
  const { entries, leaves, progress, details: [, listed] = [[], []] } = news;
  const changes: Change[] = [];
  for (const { swarm, ...told } of factsOfFiles(news)) {
    const known = registry.swarm(swarm);
    // Without an entry a swarm may be forgotten before this is written, so its facts are written again.
    if (known === undefined || known.entryCount === 0 || replacesFacts(told, known))
      changes.push({ kind: 'fileInfo', swarm, ...told });
  }
  for (const { client: id, epoch, sequence, ms } of leaves) {
    const client = clientId(id);
    const known = registry.client(client);
    const isNews = known?.left === undefined || compareVersions({ epoch, sequence }, known.left) > 0;
    if (isNews && (known !== undefined || ms < TOMBSTONE_MS))
      changes.push({ kind: 'replicatedLeave', client, epoch, sequence, ms });
  }
  const places = new Set(listed);
  for (const [at, row] of entries.entries()) pushEntryChanges(changes, row, places.has(at), registry, nowMs);
  for (const row of progress) {
    const change = progressChange(row, registry, nowMs);
    if (change !== undefined) changes.push(change);
  }
  return changes;
}

/** What the frame tells of files. */
export function factsOfFiles({ files, details: [told] = [[], []] }: Records): ToldFacts[] {
  const detailsAt = new Map(told.map(({ place, ...details }) => [place, details]));
  return files.map(({ swarm, name, size, pieceCount, isProven: proven }, at) => {
    const found = detailsAt.get(at);
    const details = found === undefined ? undefined : { ...found, info: infoDigestOf(found.info) };
    return { swarm: swarmKey(swarm), ...factsOf({ name, size, pieceCount, details }), proven };
  });
}

function pushEntryChanges(
  changes: Change[],
  row: EntryRow,
  isListed: boolean,
  registry: Registry,
  nowMs: number,
): void {
  const { host, port, have, epoch, sequence } = row;
  const swarm = swarmKey(row.swarm);
  const client = clientId(row.client);
  const known = registry.client(client);
  let { state, ms } = row;
  const entry = known?.entries.get(swarm);
  // What is listed here stays so while its client's lease goes on, whatever expired at the partner. Nothing is listed
  // by it.
  if (state === 'lapsed' && entry?.state === 'live' && entry.client.leaseEndsMs > nowMs) {
    state = 'live';
    ms = Math.round(entry.client.leaseEndsMs - nowMs);
  }
  const word = { swarm, client, host, port, have, epoch, sequence };
  if (entry === undefined) {
    if (state !== 'live' && ms >= TOMBSTONE_MS) return;
  } else {
    const order = compareVersions(word, entry);
    // One whose lease is over there expires there in this moment.
    const isNews = outranks(state, entry.state) && !(state === 'live' && ms === 0);
    if (order < 0 || (order === 0 && !isNews)) {
      if (entry.client.liveCount > 0 && state === 'live')
        entry.client.leaseEndsMs = Math.max(entry.client.leaseEndsMs, nowMs + ms);
      if (order < 0 || !isListed || entry.isListed || entry.state === 'removed') return;
      // This word came through a tracker that does not know what its owner said of lists.
      state = entry.state;
    }
  }
  changes.push({ kind: 'replicatedEntry', ...word, state, ms, ...(isListed ? { isListed } : {}) });
}

function progressChange(row: ProgressRow, registry: Registry, nowMs: number): Change | undefined {
  const { have, epoch, sequence, ms } = row;
  const swarm = swarmKey(row.swarm);
  const client = clientId(row.client);
  const word = { epoch, sequence };
  const known = registry.client(client);
  if (known !== undefined && known.liveCount > 0) known.leaseEndsMs = Math.max(known.leaseEndsMs, nowMs + ms);
  const entry = known?.entries.get(swarm);
  // One that is unknown may be in flight to the disk.
  if (entry !== undefined && compareVersions(word, entry) <= 0) return undefined;
  // Where they are known, the registry's own texts: anyone who looks for them again need not compare their characters.
  const names = { swarm: entry?.swarm.key ?? swarm, client: known?.id ?? client };
  return { kind: 'replicatedProgress', ...names, have, ...word };
}

/** Clients of whom a written frame told progress that meant nothing here: all of theirs must be told. */
export function unknownClientsOf(changes: readonly Change[], registry: Registry): Uint8Array[] {
  const strangers = new Set<ClientId>();
  for (const change of changes) {
    if (change.kind !== 'replicatedProgress') continue;
    const entry = registry.client(change.client)?.entries.get(change.swarm);
    if (entry === undefined || compareVersions(entry, change) < 0) strangers.add(change.client);
  }
  return [...strangers].map(keyBytes);
}
