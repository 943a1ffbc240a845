// Whether the file system of a download can hold the names and links of a folder, found out before anything is fetched:
// by trying, since no system says beforehand. Only a link, and names that some file system refuses or takes for others,
// are tried, in a directory of their own of which nothing is left.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rmdir, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, MiniTorrentError } from '../../../foundation/base/errors.js';
import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import { collidingEntries, collidingFolders } from '../../../foundation/torrent/folder/paths.js';
import { isPortable, printable } from '../../../foundation/torrent/names.js';
import { NAMES_TRIED_MAX } from '../limits.js';

/** Paths that every file system takes, unless a part is long. */
const PLAIN = /^[A-Za-z0-9_/-][A-Za-z0-9._/-]*[A-Za-z0-9_-]$/;
const SHORT_PATH_LENGTH = 100;

/** Errors of symlink(2) on file systems without symbolic links: FAT and exFAT, some network and FUSE mounts. */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'];

/**
 * Rejects with UNSAFE_NAME when chosen entries cannot lie below `targetPath` under their names, or as the links that
 * they are. Other errors are told where they are met.
 */
export async function checkFolderNames(targetPath: string, list: FolderList): Promise<void> {
  const pairs = pairsOf(list);
  const names = doubtfulNames(list);
  const [link] = list.indicesOf((entry) => list.isChosen(entry) && list.kindOf(entry) === 'link');
  if (pairs.length === 0 && names.size === 0 && link === undefined) return;
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
    if (link !== undefined) await tryLink(directory, list.pathOf(link));
  } finally {
    await rmdir(directory);
  }
}

interface Pair {
  readonly paths: readonly [string, string];
  /** Their first parts that differ. */
  readonly names: readonly [string, string];
  /** What one name for both would make of them. */
  readonly harm: 'be one file' | 'lie in one folder';
}

/** Of chosen entries that may be one file, or lie in folders that may be one: each two names once. */
function pairsOf(list: FolderList): readonly Pair[] {
  const pairs = new Map<string, Pair>();
  const isChosen = (entry: number): boolean => list.isChosen(entry);
  const addAll = (entries: readonly number[], harm: Pair['harm']): void => {
    for (const [at, entry] of entries.entries()) {
      for (const other of entries.slice(at + 1)) {
        if (pairs.size === NAMES_TRIED_MAX) return;
        const paths = [list.pathOf(entry), list.pathOf(other)] as const;
        const names = differenceOf(...paths);
        const key = names.join('/');
        if (!pairs.has(key)) pairs.set(key, { paths, names, harm });
      }
    }
  };
  for (const group of collidingEntries(list)) addAll(spellingsOf(list, group).filter(isChosen), 'be one file');
  for (const group of collidingFolders(list, isChosen)) addAll([...group.values()], 'lie in one folder');
  return [...pairs.values()];
}

/** Of a group, one entry for each spelling of the path that all have in common, a chosen one if there is one. */
function spellingsOf(list: FolderList, group: readonly number[]): readonly number[] {
  const depth = group.reduce((least, entry) => Math.min(least, list.pathOf(entry).split('/').length), Infinity);
  const spellings = new Map<string, number>();
  for (const entry of group) {
    const spelling = list.pathOf(entry).split('/').slice(0, depth).join('/');
    const known = spellings.get(spelling);
    if (known === undefined || !list.isChosen(known)) spellings.set(spelling, entry);
  }
  return [...spellings.values()];
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

async function tryPair(directory: string, { paths, names: [one, two], harm }: Pair): Promise<void> {
  const [here, there] = [join(directory, one), join(directory, two)];
  if (one === two || (await make(here)) !== undefined) return;
  // It is made, since a look at it says on some FAT disks that it is not there.
  const errno = await make(there);
  await unlink(here);
  if (errno === undefined) await unlink(there);
  if (errno !== 'EEXIST') return;
  const [first, second] = paths.map(printable);
  throw new MiniTorrentError(
    'UNSAFE_NAME',
    `${first} and ${second} would ${harm} on the file system of ${dirname(directory)}; choose another destination, or leave one of them out with --except`,
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

async function tryLink(directory: string, path: string): Promise<void> {
  const link = join(directory, 'link');
  try {
    await symlink('name', link);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (!NO_LINKS.includes(errno)) return;
    throw new MiniTorrentError(
      'UNSAFE_NAME',
      `the file system of ${dirname(directory)} has no symbolic links (${errno}), and ${printable(path)} is one; choose another destination, leave its links out with --except, or have the folder shared with --follow-links`,
    );
  }
  await unlink(link);
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
