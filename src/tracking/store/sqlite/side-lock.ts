// One tracker on one seeder list, across containers: the write lock of a small SQLite file beside the list, which ends
// with its holder. The file names the holder and is never removed.

import { rmSync } from 'node:fs';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { type Holder, holderLine, parseHolder, thisProcess } from '../../../foundation/base/holder.js';
import { LOCK_TRIES_MAX } from '../../../foundation/base/limits.js';
import { type Database, openDatabase, single, sqliteCodeOf } from './database.js';
import { listHeld, realListPath } from './holding.js';
import { STORE_LOCK_BUSY_MS } from './limits.js';
import { openError } from './open-errors.js';

export interface ListLock {
  release(): void;
}

/** The lock that containers share. Throws MiniTorrentError: ALREADY_RUNNING, or what the file system says. */
export function lockBesideList(listPath: string): ListLock {
  const path = `${realListPath(listPath)}-lock`;
  const self = thisProcess();
  const database = openDatabase(path, STORE_LOCK_BUSY_MS);
  try {
    hold(database, holderLine(self));
  } catch (error) {
    const isLocked = sqliteCodeOf(error)?.startsWith('SQLITE_BUSY') === true;
    const holder = isLocked ? writtenHolder(database, self) : undefined;
    database.close();
    if (!isLocked) throw openError(error, path);
    throw holder === undefined && !hasLocks(path)
      ? withoutLocks(listPath, error)
      : listHeld(listPath, holder, self, error);
  }
  return {
    release() {
      database.exec('rollback');
      database.close();
    },
  };
}

/** SQLite takes a disk without locks for a file that somebody else has locked: nobody else can have a new one. */
function hasLocks(path: string): boolean {
  const probe = `${path}-probe`;
  const database = openDatabase(probe, STORE_LOCK_BUSY_MS);
  try {
    database.exec('begin immediate; rollback');
    return true;
  } catch (error) {
    if (sqliteCodeOf(error) === undefined) throw error;
    return false;
  } finally {
    database.close();
    rmSync(probe, { force: true });
  }
}

function withoutLocks(path: string, cause: unknown): MiniTorrentError {
  const sentence = `${path} is on a disk without file locks (ENOLCK), which keep two trackers from one list; put it on another disk, or mount that one with locks`;
  return new MiniTorrentError('IO_ERROR', sentence, cause);
}

/** Readers may look into the file meanwhile. Who is told another one's name holds the lock all the same. */
function hold(database: Database, line: string): void {
  for (let tries = 0; ; tries += 1) {
    database.exec('begin immediate');
    try {
      database.exec(
        'create table if not exists holder (only integer primary key check (only = 1), line text not null) strict',
      );
      if (tries === LOCK_TRIES_MAX || single(database, 'select line from holder') === line) return;
      database.prepare('insert or replace into holder values (1, ?)').run(line);
      database.exec('commit');
    } catch (error) {
      // A full disk may keep the name out, not the lock.
      if (!/^SQLITE_(FULL|IOERR_WRITE)$/.test(sqliteCodeOf(error) ?? '')) throw error;
      if (!database.inTransaction) database.exec('begin immediate');
      return;
    }
  }
}

function writtenHolder(database: Database, self: Holder): Holder | undefined {
  try {
    return parseHolder(String(single(database, 'select line from holder')), self);
  } catch (error) {
    if (sqliteCodeOf(error) === undefined) throw error;
    return undefined;
  }
}
