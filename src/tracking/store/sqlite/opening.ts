// What a seeder list is when it is opened: made when it is not there, refused when it is of another kind or damaged,
// brought to this version after the list of before was kept beside it.

import { accessSync, constants, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../../../foundation/base/errors.js';
import { type Database, single } from './database.js';
import { checkVersion } from './header.js';
import { damaged } from './open-errors.js';
import { flush } from './own-file.js';
import { APPLICATION_ID, CREATE, SCHEMA_VERSION, UPGRADES } from './schema.js';

export function isEmpty(database: Database): boolean {
  return single(database, 'select count(*) from sqlite_master') === 0;
}

/** In one transaction, before the log is switched on: a crash leaves an empty file or a whole one. */
export function create(database: Database): void {
  database.exec(
    `begin exclusive; ${CREATE} pragma application_id = ${APPLICATION_ID}; pragma user_version = ${SCHEMA_VERSION}; commit`,
  );
}

/**
 * Answers what was kept. In one transaction, after the list of before was kept beside it: a crash leaves the old
 * version or the new one.
 */
export function upgrade(database: Database, path: string): string | undefined {
  const former = Number(single(database, 'pragma user_version'));
  if (former >= SCHEMA_VERSION) return undefined;
  const kept = keepFormer(database, path, former);
  const steps: string[] = [];
  for (let version = former; version < SCHEMA_VERSION; version += 1) steps.push(UPGRADES[version] ?? '');
  database.exec(`begin exclusive; ${steps.join('')}; pragma user_version = ${SCHEMA_VERSION}; commit`);
  return kept;
}

/** The way back: the whole list as an older program reads it, under a name that says which one. */
function keepFormer(database: Database, path: string, version: number): string {
  const kept = `${path}.format-${version}`;
  const unfinished = `${kept}.unfinished`;
  rmSync(unfinished, { force: true });
  database.prepare('vacuum into ?').run(unfinished);
  flush(unfinished);
  renameSync(unfinished, kept);
  flush(dirname(kept));
  return kept;
}

/** The file of a list that this user may not write; the list itself when it is none of those beside it. */
export function unwritableOf(path: string): string {
  return ['', '-wal', '-shm'].map((suffix) => `${path}${suffix}`).find((file) => !isWritable(file)) ?? path;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    return errnoOf(error) === 'ENOENT';
  }
}

export function checkContents(database: Database, path: string): void {
  const applicationId = single(database, 'pragma application_id');
  if (applicationId === 0) checkVersion(1, 1, path);
  checkVersion(Number(applicationId), Number(single(database, 'pragma user_version')), path);
  const verdict = single(database, 'pragma quick_check(1)');
  if (verdict !== 'ok') throw damaged(path, String(verdict));
}
