// What people are told when a seeder list cannot be opened: the file, what is wrong with it and what to do next.
// Repairs nothing. Pure.

import { fileError, MiniTorrentError } from '../../../foundation/base/errors.js';

interface SqliteError extends Error {
  readonly code: string;
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_');
}

export function damaged(path: string, what: string, cause?: unknown): MiniTorrentError {
  const sentence = `${path} is damaged (${what.slice(0, 200)}); restore it, or move it away to start with an empty list that clients fill again`;
  return new MiniTorrentError('STATE_DAMAGED', sentence, cause);
}

/** @param wish what the opener wanted of it. */
export function openError(error: unknown, path: string, wish: 'write' | 'read' = 'write'): MiniTorrentError {
  if (error instanceof MiniTorrentError) return error;
  if (!isSqliteError(error)) return fileError(error, path);
  if (error.code === 'SQLITE_FULL')
    return new MiniTorrentError('DISK_FULL', `${path} has no room left on its disk; free some space`, error);
  if (/^SQLITE_(BUSY|LOCKED)/.test(error.code)) {
    return new MiniTorrentError(
      'ALREADY_RUNNING',
      `${path} is locked by another program; end it or name another file`,
      error,
    );
  }
  if (/^SQLITE_(READONLY|PERM|CANTOPEN|AUTH)/.test(error.code)) {
    const participle = wish === 'read' ? 'read' : 'written';
    return new MiniTorrentError(
      'PERMISSION_DENIED',
      `${path} may not be ${participle} by this user; check its permissions and its directory's`,
      error,
    );
  }
  if (error.code.startsWith('SQLITE_IOERR')) {
    return new MiniTorrentError(
      'IO_ERROR',
      `${path} could not be read or written (${error.message}); check the disk`,
      error,
    );
  }
  return damaged(path, error.message, error);
}
