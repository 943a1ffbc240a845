// Whether the file system of a download can hold the names of a folder, found out before anything is fetched: by
// trying, since no system says beforehand. Only names that some file system refuses or takes for others are tried, in a
// directory of their own of which nothing is left.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, MiniTorrentError } from '../../foundation/base/errors.js';
import type { FolderList } from '../../foundation/torrent/folder/folder-list.js';
import { collidingEntries } from '../../foundation/torrent/folder/paths.js';
import { isPortable, printable } from '../../foundation/torrent/names.js';
import { NAMES_TRIED_MAX } from './limits.js';

/** Paths that every file system takes, unless a part is long. */
const PLAIN = /^[A-Za-z0-9_/-][A-Za-z0-9._/-]*[A-Za-z0-9_-]$/;
const SHORT_PATH_LENGTH = 100;

/**
 * Rejects with UNSAFE_NAME when chosen entries cannot lie below `targetPath` under their names. Other errors are told
 * where they are met.
 */
export async function checkFolderNames(targetPath: string, list: FolderList): Promise<void> {
  const pairs = pairsOf(list);
  const names = doubtfulNames(list);
  if (pairs.length === 0 && names.size === 0) return;
  const directory = join(dirname(targetPath), `.mtorrent-${randomBytes(8).toString('hex')}.tmp`);
  try {
    await mkdir(directory);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return;
  }
  try {
    for (const pair of pairs) await tryPair(directory, pair);
    for (const [name, path] of names) await tryName(directory, name, path);
  } finally {
    await rmdir(directory);
  }
}

interface Pair {
  readonly paths: readonly [string, string];
  /** Their first parts that differ. */
  readonly names: readonly [string, string];
}

/** Of each group of chosen entries that may be one file: two of them. */
function pairsOf(list: FolderList): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const group of collidingEntries(list)) {
    const [one, two] = group.filter((entry) => list.isChosen(entry)).map((entry) => list.pathOf(entry));
    if (one !== undefined && two !== undefined) pairs.push({ paths: [one, two], names: differenceOf(one, two) });
    if (pairs.length === NAMES_TRIED_MAX) break;
  }
  return pairs;
}

function differenceOf(one: string, two: string): readonly [string, string] {
  const [ones, twos] = [one.split('/'), two.split('/')];
  const at = ones.findIndex((part, index) => part !== twos[index]);
  return [ones[at] ?? '', twos[at] ?? ''];
}

/** Names of files and directories that some file system refuses, each with a path that has it. */
function doubtfulNames(list: FolderList): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (let entry = 0; entry < list.count && names.size < NAMES_TRIED_MAX; entry += 1) {
    if (list.isPad(entry) || !list.isChosen(entry)) continue;
    const path = list.pathOf(entry);
    if (path.length < SHORT_PATH_LENGTH && PLAIN.test(path)) continue;
    for (const part of path.split('/')) if (!isPortable(part) && !names.has(part)) names.set(part, path);
  }
  return names;
}

async function tryPair(directory: string, { paths, names: [one, two] }: Pair): Promise<void> {
  if ((await make(join(directory, one))) !== undefined) return;
  const isOne = two !== one && (await isThere(join(directory, two)));
  await unlink(join(directory, one));
  if (!isOne) return;
  const [first, second] = paths.map(printable);
  throw new MiniTorrentError(
    'UNSAFE_NAME',
    `${first} and ${second} would be one file on the file system of ${dirname(directory)}; choose another destination, or leave one of them out with --except`,
  );
}

async function tryName(directory: string, name: string, path: string): Promise<void> {
  const errno = await make(join(directory, name));
  if (errno === undefined) await unlink(join(directory, name));
  if (errno === undefined || errno === 'EEXIST') return;
  // Where no name at all is taken, it is not the name.
  const plain = join(directory, 'name');
  if ((await make(plain)) !== undefined) return;
  await unlink(plain);
  throw new MiniTorrentError(
    'UNSAFE_NAME',
    `the file system of ${dirname(directory)} refuses the name of ${printable(path)} (${errno}); choose another destination, or leave it out with --except`,
  );
}

/** Makes an empty file. Resolves to the name of the error. */
async function make(path: string): Promise<string | undefined> {
  try {
    await (await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW)).close();
    return undefined;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
