// `mtorrent tracker-import`: everything that a seeder list holds into a database, or the other way round. What is there
// already stays, and the higher version wins as between two trackers, so a second run changes nothing.

import { assert } from '../../../foundation/base/assert.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { DIGEST_SIZE } from '../../../foundation/base/limits.js';
import { printable } from '../../../foundation/torrent/names.js';
import { isDatabaseAddress, parseDatabaseAddress } from '../postgres/address.js';
import type { DatabaseChange } from '../postgres/batch.js';
import type { FedRows, FedSwarm } from '../postgres/messages.js';
import { clusterOfRoot } from '../selection.js';
import type { MoveSource, MoveTarget } from './ends.js';
import { MOVED_GROUP_CHANGES, MOVED_GROUP_PARTS } from './limits.js';

/** Rows that were read, whether or not they were news. */
export interface MovedFigures {
  readonly files: number;
  /** Files with verified piece hashes. */
  readonly proven: number;
  readonly entries: number;
  readonly leaves: number;
  readonly membership: number;
  /** Trackers that went on writing the source. */
  readonly users: number;
}

/**
 * One of `from` and `to` is the path of a seeder list, the other one the address of a database.
 * @param root of a closed swarm. Rejects with MiniTorrentError.
 */
export async function moveSeeders(from: string, to: string, root: Uint8Array | undefined): Promise<MovedFigures> {
  const isFromDatabase = isDatabaseAddress(from);
  if (isFromDatabase === isDatabaseAddress(to)) {
    const sentence = `one of the two is a seeder list and the other one postgres://user@host/database; both are ${isFromDatabase ? 'databases' : 'files'}`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  const address = parseDatabaseAddress(isFromDatabase ? from : to);
  const cluster = clusterOfRoot(root);
  const lists = await import('./list.js');
  const databases = await import('./database.js');
  const source = await (isFromDatabase
    ? databases.openDatabaseSource(address, cluster)
    : lists.openListSource(from, cluster));
  try {
    const rows = await source.rows();
    const target = await (isFromDatabase
      ? lists.openListTarget(to, cluster)
      : databases.openDatabaseTarget(address, cluster));
    try {
      return await move(source, rows, target);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function move(source: MoveSource, rows: readonly FedRows[], target: MoveTarget): Promise<MovedFigures> {
  const changes = rows.flatMap(changesOf);
  for (let at = 0; at < changes.length; at += MOVED_GROUP_CHANGES)
    await target.write(changes.slice(at, at + MOVED_GROUP_CHANGES));
  const swarms = rows.flatMap((part) => part.swarms);
  const proven = swarms.filter(({ isComplete }) => isComplete);
  const known = await target.proven();
  for (const swarm of proven) if (!known.has(swarm.swarm)) await moveHashes(source, swarm, target);
  await target.finish();
  const count = (rowsOf: (part: FedRows) => readonly unknown[]): number =>
    rows.reduce((sum, part) => sum + rowsOf(part).length, 0);
  return {
    files: swarms.length,
    proven: proven.length,
    entries: count(({ entries }) => entries),
    leaves: count(({ leaves }) => leaves),
    membership: count(({ membership }) => membership),
    users: source.users,
  };
}

/** The facts are proven in the group that has the last of the hashes. */
async function moveHashes(source: MoveSource, facts: FedSwarm, target: MoveTarget): Promise<void> {
  const { isComplete, swarm, ...file } = facts;
  assert(isComplete, 'only verified piece hashes are moved');
  const upload = target.newUpload();
  let group: DatabaseChange[] = [];
  let offset = 0;
  for (;;) {
    const part = await source.hashes(swarm, offset);
    if (part.length === 0) break;
    group.push({ kind: 'part', swarm, upload, offset, part });
    offset += part.length;
    if (group.length < MOVED_GROUP_PARTS) continue;
    await target.write(group);
    group = [];
  }
  if (offset !== file.pieceCount * DIGEST_SIZE) {
    const sentence = `${source.name} has ${offset} bytes of the piece hashes of ${printable(file.name)} and not ${file.pieceCount * DIGEST_SIZE}; restore it from a backup`;
    throw new MiniTorrentError('STATE_DAMAGED', sentence);
  }
  await target.write([...group, { kind: 'complete', swarm, upload, ...file }]);
}

/** In the order in which a tracker loads them. */
function changesOf({ membership, swarms, leaves, entries }: FedRows): readonly DatabaseChange[] {
  return [
    ...membership.map((row): DatabaseChange => ({ kind: 'membership', row })),
    ...swarms.map(({ isComplete: proven, ...facts }): DatabaseChange => ({ kind: 'fileInfo', proven, ...facts })),
    ...leaves.map(({ client, epoch, sequence, ageMs }): DatabaseChange => {
      return { kind: 'replicatedLeave', client, epoch, sequence, ms: Math.round(ageMs) };
    }),
    ...entries.map(({ ageMs, changed: _, ...entry }): DatabaseChange => {
      return { kind: 'replicatedEntry', ...entry, ms: Math.round(ageMs) };
    }),
  ];
}
