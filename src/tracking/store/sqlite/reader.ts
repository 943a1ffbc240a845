// Reads a seeder list without changing anything, while a tracker runs on it or not, wherever it lies and whoever looks.
// Nothing is left beside the list, so a look never keeps a tracker from starting.

import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, fileError, MiniTorrentError } from '../../../foundation/base/errors.js';
import { type Database, openCopy, openForReading, type Row, sqliteCodeOf } from './database.js';
import { checkHeader } from './header.js';
import { realListPath } from './holding.js';
import { LIST_COPIES_MAX } from './limits.js';
import { openError } from './open-errors.js';
import { checkContents, isEmpty } from './opening.js';
import { STATEMENTS } from './schema.js';

const NO_INDEX = /^SQLITE_(CANTOPEN|READONLY|BUSY|PROTOCOL|IOERR_(SHM|LOCK|RDLOCK))/;

export interface SeederList {
  readonly swarms: readonly Row[];
  readonly seeders: readonly Row[];
}

/** Throws MiniTorrentError. */
export function readSeederList(path: string): SeederList {
  checkHeader(path, 'r');
  try {
    // The log lies beside the file, not beside a link to it.
    return read(openForReading(realListPath(path)), path);
  } catch (error) {
    // The log has no index that this user may read, or its disk has neither locks nor shared memory for it.
    if (!NO_INDEX.test(sqliteCodeOf(error) ?? '')) throw openError(error, path, 'read');
  }
  return readCopy(path);
}

/** Closes the database. */
function read(database: Database, path: string): SeederList {
  try {
    if (isEmpty(database)) return { swarms: [], seeders: [] };
    checkContents(database, path);
    database.exec('begin');
    const swarms = database.prepare(STATEMENTS.listSwarms).raw().all() as Row[];
    const seeders = database.prepare(STATEMENTS.listSeeders).raw().all() as Row[];
    database.exec('commit');
    return { swarms, seeders };
  } finally {
    database.close();
  }
}

/** With a log that SQLite needs an index for: it makes one in a directory of our own. */
function readCopy(path: string): SeederList {
  const directory = privateDirectory(path);
  try {
    const copy = join(directory, 'list.db');
    copyList(path, copy);
    return read(openCopy(copy), path);
  } catch (error) {
    throw openError(error, path, 'read');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function privateDirectory(path: string): string {
  try {
    return mkdtempSync(join(tmpdir(), 'mtorrent-list-'));
  } catch (error) {
    const failure = fileError(error, tmpdir());
    const sentence = `${path} is read through a copy of it, for which ${failure.message}; set TMPDIR to a directory with room for the list`;
    throw new MiniTorrentError(failure.code, sentence, error);
  }
}

/** The file and its log as they were at one moment: a tracker may be moving the log into the file. */
export function copyList(list: string, to: string): void {
  const from = realListPath(list);
  for (let tries = 0; tries < LIST_COPIES_MAX; tries += 1) {
    const before = stampsOf(from);
    for (const suffix of ['', '-wal']) copyIfThere(`${from}${suffix}`, `${to}${suffix}`);
    if (stampsOf(from) === before) return;
  }
  throw new MiniTorrentError('IO_ERROR', `${from} changes faster than it can be copied; look again, or as its owner`);
}

function stampsOf(path: string): string {
  return ['', '-wal']
    .map((suffix) => statSync(`${path}${suffix}`, { bigint: true, throwIfNoEntry: false }))
    .map((found) => (found === undefined ? 'none' : `${found.ino} ${found.size} ${found.mtimeNs}`))
    .join(', ');
}

function copyIfThere(from: string, to: string): void {
  rmSync(to, { force: true });
  if (!existsSync(from)) return;
  try {
    copyFileSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(error, from);
  }
}
