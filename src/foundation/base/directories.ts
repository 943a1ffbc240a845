// Makes a directory of this user's own with those above it, and finds the true cause when it cannot: Node reports a
// read-only disk or a dangling link somewhere on the way as a path that does not exist.

import { lstat, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, fileError, MiniTorrentError } from './errors.js';

const MODE = 0o700;
const OWNER = 0o700;

/**
 * Answers the highest directory that it made; undefined when all were there. Rejects with MiniTorrentError.
 * @param flag names another place.
 */
export async function makeDirectory(path: string, flag: string): Promise<string | undefined> {
  try {
    return await mkdir(path, { recursive: true, mode: MODE });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw await causeOf(error, path, flag);
  }
}

/** Of the lowest directory that is there but is none, or in which nothing can be made. */
async function causeOf(error: unknown, path: string, flag: string): Promise<MiniTorrentError> {
  for (let at = path; ; at = dirname(at)) {
    const found = await lstat(at).catch(() => undefined);
    if (found === undefined && dirname(at) !== at) continue;
    const target = await stat(at).catch(() => undefined);
    const instead = `name another place with ${flag}`;
    if (found?.isSymbolicLink() === true && target === undefined)
      return new MiniTorrentError(
        'FILE_NOT_FOUND',
        `${at} is a link to nothing, so ${path} cannot be made; ${instead}`,
      );
    if (target !== undefined && !target.isDirectory())
      return new MiniTorrentError('NOT_A_DIRECTORY', `${at} is not a directory, so ${path} cannot be made; ${instead}`);
    return placeError(await trueError(error, path, at), path, flag);
  }
}

/** What the system says of the first directory that is missing below `above`. */
async function trueError(error: unknown, path: string, above: string): Promise<unknown> {
  let missing = path;
  while (dirname(missing) !== above && dirname(missing) !== missing) missing = dirname(missing);
  if (missing === path && errnoOf(error) !== 'ENOENT') return error;
  return mkdir(missing, { mode: MODE }).then(
    () => error,
    (first: unknown) => (errnoOf(first) === 'EEXIST' ? error : first),
  );
}

const UNWRITABLE = ['EACCES', 'EPERM', 'EROFS'];

/** As `fileError`, for a place that this user may not have. @param flag names another one. */
export function placeError(error: unknown, path: string, flag: string): MiniTorrentError {
  const errno = errnoOf(error) ?? '';
  if (!UNWRITABLE.includes(errno)) return fileError(error, path);
  const denied =
    (process.umask() & OWNER) === 0
      ? 'may not be made or written by this user'
      : `may not be used by this user: its umask (${process.umask().toString(8)}) keeps it out of what it makes`;
  const why = errno === 'EROFS' ? 'is on a read-only file system' : denied;
  const sentence = `${path} ${why}; name another place with ${flag}, or set HOME or XDG_STATE_HOME to a directory of your own`;
  return new MiniTorrentError('PERMISSION_DENIED', sentence, error);
}
