// The only door to libsql: opens a file and names SQLite's errors. Knows nothing of what is in the file.

import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import Libsql from 'libsql';
import { creationError, MiniTorrentError } from '../../../foundation/base/errors.js';
import { STORE_BUSY_MS } from './limits.js';

export type Row = readonly (string | number)[];
export type Bound = string | number | Uint8Array;
export type Database = Libsql.Database;
export type Statement = Libsql.Statement<Bound[]>;

/** For writing. */
export function openDatabase(path: string, busyMs = STORE_BUSY_MS): Database {
  try {
    return opened(path, path, busyMs);
  } catch (error) {
    refuseUnwritable(path);
    throw error;
  }
}

/** SQLite says only that it could not open a file; the system says why nothing can be made beside it. */
function refuseUnwritable(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    throw creationError(error, path);
  }
}

/**
 * For reading, also while a tracker writes it. Nothing is written, neither into the file nor beside it: without a log
 * nobody has the file open, and the file is read as it is. The first statement throws SQLITE_CANTOPEN when there is a
 * log without an index that this user may read.
 */
export function openForReading(path: string): Database {
  const { href } = pathToFileURL(path);
  const how = existsSync(`${path}-wal`) ? 'mode=ro&readonly_shm=1' : 'mode=ro&immutable=1';
  return opened(`${href}?${how}`, path, STORE_BUSY_MS);
}

/** A copy that is ours alone. */
export function openCopy(path: string): Database {
  return opened(path, path, STORE_BUSY_MS);
}

function opened(name: string, path: string, busyMs: number): Database {
  try {
    return new Libsql(name, { timeout: busyMs });
  } catch (error) {
    throw new MiniTorrentError(
      'PERMISSION_DENIED',
      `${path} could not be opened as an SQLite file; check its permissions and its directory's`,
      error,
    );
  }
}

/** 'SQLITE_BUSY', …; undefined when it is no error of SQLite's. */
export function sqliteCodeOf(error: unknown): string | undefined {
  return error instanceof Libsql.SqliteError ? error.code : undefined;
}

/** The first value of the first row. */
export function single(database: Database, sql: string): string | number | undefined {
  return (database.prepare(sql).raw().get() as Row | undefined)?.[0];
}
