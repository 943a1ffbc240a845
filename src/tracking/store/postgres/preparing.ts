// Makes the tables of a new database and upgrades older ones, one program at a time, and refuses those of a newer
// release or of another swarm.

import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { createStatements, DATABASE_SCHEMA_VERSION, DATABASE_UPGRADES, SCHEMA_LOCK } from './schema.js';
import type { DatabaseSession } from './session.js';

/** @param cluster of a closed swarm, in hex; empty: an open one. Throws MiniTorrentError where waiting helps nobody. */
export async function prepareTables(session: DatabaseSession, cluster: string): Promise<void> {
  const [found] = await session.one({ text: `select current_schema(), to_regclass('meta') is not null` });
  const [schema, isThere] = found ?? [];
  if (schema === null || schema === undefined) {
    const sentence = 'the search_path of the role names no schema that exists in this database; create one, or set it';
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  const known = isThere === 't' ? await versionOf(session, schema) : undefined;
  if (known?.version !== DATABASE_SCHEMA_VERSION) await upgrade(session, schema, cluster);
  const now = await versionOf(session, schema);
  checkVersion(now.version);
  if (now.cluster !== cluster) throw new MiniTorrentError('INVALID_ARGUMENTS', otherSwarm(now.cluster));
}

async function upgrade(session: DatabaseSession, schema: string, cluster: string): Promise<void> {
  await session.execute(`begin; select pg_advisory_xact_lock(${SCHEMA_LOCK})`);
  try {
    const [row] = await session.one({ text: `select to_regclass('meta') is not null` });
    const known = row?.[0] === 't' ? await versionOf(session, schema) : undefined;
    checkVersion(known?.version ?? 0);
    if (known === undefined) await session.execute(createStatements(cluster));
    for (let version = known?.version ?? DATABASE_SCHEMA_VERSION; version < DATABASE_SCHEMA_VERSION; version += 1)
      await session.execute(`${DATABASE_UPGRADES[version] ?? ''}; update meta set schema_version = ${version + 1}`);
    await session.execute('commit');
  } catch (error) {
    await session.execute('rollback').catch(() => undefined);
    throw error;
  }
}

async function versionOf(session: DatabaseSession, schema: string): Promise<{ version: number; cluster: string }> {
  const columns = await session.one({
    text: `select count(*) from pg_attribute where attrelid = to_regclass('meta') and attname in ('schema_version', 'feed_position')`,
  });
  if (columns[0]?.[0] !== '2') {
    const sentence = `the schema ${schema} of this database has tables of another program; give the role a schema of its own as its search_path`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  const [row] = await session.one({ text: 'select schema_version, cluster from meta' });
  return { version: Number(row?.[0]), cluster: row?.[1] ?? '' };
}

function checkVersion(version: number): void {
  if (version <= DATABASE_SCHEMA_VERSION) return;
  throw new MiniTorrentError('STATE_DAMAGED', newerTables(version));
}

/** Why a tracker of this release ends. */
export function newerTables(version: number): string {
  return `the tables of this database are of a newer release (version ${version}, this program knows ${DATABASE_SCHEMA_VERSION}); run that release`;
}

function otherSwarm(cluster: string): string {
  return cluster === ''
    ? 'the tables of this database are of an open swarm, and this tracker is of a closed one; give each a schema of its own'
    : 'the tables of this database are of a closed swarm that is not this one; give each a schema of its own';
}
