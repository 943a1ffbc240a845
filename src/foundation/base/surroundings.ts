// What a process finds around itself and cannot take for granted: a home directory, a current directory, and paths that
// are UTF-8. What is missing is an error with its cause only where it is needed.

import { lstatSync } from 'node:fs';
import { userInfo } from 'node:os';
import { isAbsolute, resolve, sep } from 'node:path';
import { errnoOf, MiniTorrentError } from './errors.js';
import { type PathWord, readPathWord } from './path-word.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** A directory, or why there is none, as a phrase. */
export type Found = { readonly path: string } | { readonly missing: string };

/** Node shows each byte that is no UTF-8 as this character, and finds no file by the text. */
const NO_UTF8 = '\ufffd';

/** HOME, or what the system knows of this user when it is not set. Absolute. */
export function homeOf(env: Environment = process.env): Found {
  const { HOME } = env;
  if (HOME === undefined) return registeredHome();
  if (HOME === '') return { missing: 'HOME is empty' };
  if (!isAbsolute(HOME)) return { missing: `HOME is "${HOME}", which is not an absolute path` };
  return isGarbled(HOME) ? { missing: `HOME is "${HOME}", which is not valid UTF-8` } : { path: HOME };
}

/** Rejected with when a default place needs a home directory. */
export function homeless(missing: string): MiniTorrentError {
  const sentence = `there is no home directory to keep state in: ${missing}; set HOME or XDG_STATE_HOME to an absolute path, or name every path (--state-dir, --socket, --log)`;
  return new MiniTorrentError('INVALID_ARGUMENTS', sentence);
}

/** Throws MiniTorrentError when it was removed, or is not valid UTF-8. */
export function currentDirectory(): string {
  let directory: string;
  try {
    directory = process.cwd();
  } catch (error) {
    throw directoryGone(error) ?? error;
  }
  refuseGarbled(directory, 'the path of the current directory');
  return directory;
}

/**
 * What a person wrote as a path, as an absolute one. Throws as `currentDirectory` for a relative one, and
 * INVALID_ARGUMENTS for what is no path.
 */
export function absolutePathOf(word: string): string {
  const path = pathIn(readPathWord(word));
  return isAbsolute(path) ? resolve(path) : resolve(currentDirectory(), path);
}

/** As it was written. Throws INVALID_ARGUMENTS for what is no path. */
export function pathIn(read: PathWord): string {
  if ('path' in read) return read.path;
  throw new MiniTorrentError('INVALID_ARGUMENTS', read.mistake);
}

/** The error of whoever needs the current directory, when it has no path; undefined for any other error. */
export function directoryGone(error: unknown): MiniTorrentError | undefined {
  if (!(error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd')) return undefined;
  const remedy = 'change to another one, such as with: cd';
  const errno = errnoOf(error);
  if (errno === 'ERANGE' || errno === 'ENAMETOOLONG' || errno === 'ENOBUFS') {
    const sentence = `the path of the current directory is longer than the system takes; ${remedy}`;
    return new MiniTorrentError('INVALID_ARGUMENTS', sentence, error);
  }
  return new MiniTorrentError('FILE_NOT_FOUND', `the current directory does not exist any more; ${remedy}`, error);
}

/** Throws INVALID_ARGUMENTS for a path that is not valid UTF-8. @param what whose path it is, as a phrase. */
export function refuseGarbled(path: string, what: string): void {
  if (!isGarbled(path)) return;
  const sentence = `${what} is not valid UTF-8: ${path}; each \ufffd stands for a byte that is none; rename that file or directory, or use another one`;
  throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
}

/** It has the character, and no file has it in its name. A relative path starts at the current directory. */
function isGarbled(path: string): boolean {
  if (!path.includes(NO_UTF8)) return false;
  const end = path.indexOf(sep, path.lastIndexOf(NO_UTF8));
  try {
    lstatSync(end < 0 ? path : path.slice(0, end));
    return false;
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '');
  }
}

function registeredHome(): Found {
  try {
    const { homedir } = userInfo();
    if (isAbsolute(homedir)) return { path: homedir };
  } catch {
    // A container may run as a user that nobody has registered.
  }
  return { missing: `HOME is not set, and the system knows none of user ${process.geteuid?.() ?? 'this'}` };
}

/** What paths that people type start from, looked up when it is needed. */
export const SURROUNDINGS = {
  /** Throws MiniTorrentError when it was removed, or is not valid UTF-8. */
  get directory(): string {
    return currentDirectory();
  },
  /** What `~` means: without a home directory itself, as to a shell. */
  get home(): string {
    const home = homeOf();
    return 'path' in home ? home.path : '~';
  },
};
