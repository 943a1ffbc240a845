// Deletes a folder of a list: exactly the files and links that the list names, then the directories that are empty.
// What else lies there stays, as does a file that is not what it was when its pieces were right, and is named. No link
// is followed.

import fs, { constants } from 'node:fs';
import { lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errnoOf, fileError } from '../../../foundation/base/errors.js';
import { type FolderList, NO_STAMP } from '../../../foundation/torrent/folder/folder-list.js';
import { FolderTree } from '../disk/tree.js';
import { KEPT_NAMED_MAX } from '../limits.js';

const ROOT = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Nothing of the list is there. */
const NOT_THERE: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'ELOOP'];
const NOT_EMPTY: readonly (string | undefined)[] = ['ENOTEMPTY', 'EEXIST', ...NOT_THERE];

const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);

/**
 * Resolves to what stays, by its path: the first KEPT_NAMED_MAX of it; nothing when the folder is gone. A link in its
 * place stays, too. Rejects with MiniTorrentError.
 * @param isHeld what belongs to others, by its path.
 */
export async function deleteFolder(
  path: string,
  list: FolderList,
  isHeld: (path: string) => boolean = () => false,
): Promise<readonly string[]> {
  const root = await openRoot(path);
  if (root === undefined) return [];
  try {
    const tree = new FolderTree(root);
    try {
      for (let entry = 0; entry < list.count; entry += 1)
        if (!isHeld(`${path}/${list.pathOf(entry)}`)) await deleteEntry(tree, list, entry, path);
      tree.close();
      for (const directory of directoriesOf(list)) await deleteDirectory(tree, directory, path);
    } finally {
      tree.close();
    }
  } finally {
    await closeFd(root);
  }
  return (await isRemoved(path)) ? [] : namesBelow(path);
}

async function openRoot(path: string): Promise<number | undefined> {
  try {
    return await openFd(path, ROOT);
  } catch (error) {
    if (NOT_THERE.includes(errnoOf(error))) return undefined;
    throw fileError(error, path);
  }
}

async function deleteEntry(tree: FolderTree, list: FolderList, entry: number, root: string): Promise<void> {
  const [kind, path] = [list.kindOf(entry), list.pathOf(entry)];
  if (kind === 'pad' || kind === 'dir' || !list.isChosen(entry)) return;
  try {
    const reached = tree.reach(path);
    const found = await lstat(reached, { bigint: true });
    const isIts = kind === 'link' ? found.isSymbolicLink() : found.isFile() && isUnchanged(list, entry, found);
    if (isIts) await unlink(reached);
  } catch (error) {
    if (!NOT_THERE.includes(errnoOf(error))) throw fileError(error, `${root}/${path}`);
  }
}

/** A file without a stamp was never complete. */
function isUnchanged(list: FolderList, entry: number, { size, mtimeNs }: fs.BigIntStats): boolean {
  const stamp = list.stampOf(entry);
  return stamp === NO_STAMP || (stamp === mtimeNs && size === BigInt(list.sizeOf(entry)));
}

async function deleteDirectory(tree: FolderTree, path: string, root: string): Promise<void> {
  try {
    await rmdir(tree.reach(path));
  } catch (error) {
    if (!NOT_EMPTY.includes(errnoOf(error))) throw fileError(error, `${root}/${path}`);
  }
}

/** All directories of the list, each before the one above it. */
function directoriesOf(list: FolderList): readonly string[] {
  const directories = new Set<string>();
  for (let entry = 0; entry < list.count; entry += 1) {
    const path = list.pathOf(entry);
    if (list.kindOf(entry) === 'dir') directories.add(path);
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const directory = path.slice(0, at);
      if (directories.has(directory)) break;
      directories.add(directory);
    }
  }
  return [...directories].sort((a, b) => depthOf(b) - depthOf(a));
}

function depthOf(path: string): number {
  return path.split('/').length;
}

async function isRemoved(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true;
    if (NOT_EMPTY.includes(errnoOf(error))) return false;
    throw fileError(error, path);
  }
}

/** Everything but directories with something in them. */
async function namesBelow(path: string): Promise<readonly string[]> {
  const names: string[] = [];
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined && names.length < KEPT_NAMED_MAX; next = waiting.pop()) {
    const found = await readdir(next, { withFileTypes: true }).catch((error: unknown) => {
      throw fileError(error, next);
    });
    if (found.length === 0 && next !== path) names.push(next);
    for (const each of found) (each.isDirectory() ? waiting : names).push(`${next}/${each.name}`);
  }
  return names.slice(0, KEPT_NAMED_MAX);
}
