// What a folder has beside the bytes of its files: folders, links, the right to execute a file. Finds what is in the
// way of it, and makes what is missing. Replaces nothing, and follows no link.

import fs, { constants } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errnoOf, fileError } from '../../../foundation/base/errors.js';
import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import { aboutEntry, EntryError } from '../disk/entry-error.js';
import { FolderTree } from '../disk/tree.js';
import { FOLDER_LOOK_ENTRIES } from '../limits.js';

const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);

const EXECUTABLE = 0o111;
const READABLE = 0o444;

/** An entry in whose place something else lies. */
export interface Misfit {
  readonly entry: number;
  /** What that is, for people. */
  readonly what: string;
}

type Found = 'right' | 'missing' | Misfit;

/**
 * Completes a folder whose chosen files are there. Resolves to what is in the way; nothing was made then. Rejects with
 * MiniTorrentError, naming what cannot be made.
 */
export async function completeFolder(path: string, list: FolderList): Promise<readonly Misfit[]> {
  try {
    const root = await openFd(path, constants.O_RDONLY | constants.O_DIRECTORY);
    const tree = new FolderTree(root, list.followsLinks);
    try {
      const misfits: Misfit[] = [];
      const missing: number[] = [];
      for (let entry = 0; entry < list.count; entry += 1) {
        if (entry % FOLDER_LOOK_ENTRIES === FOLDER_LOOK_ENTRIES - 1) await nextTurn();
        if (!list.isChosen(entry)) continue;
        const found = aboutEntry(entry, () => lookAt(tree, list, entry));
        if (found === 'missing') missing.push(entry);
        else if (found !== 'right') misfits.push(found);
      }
      if (misfits.length === 0) for (const entry of missing) aboutEntry(entry, () => make(tree, list, entry));
      return misfits;
    } finally {
      tree.close();
      await closeFd(root);
    }
  } catch (error) {
    throw fileError(error, error instanceof EntryError ? `${path}/${list.pathOf(error.entry)}` : path);
  }
}

function lookAt(tree: FolderTree, list: FolderList, entry: number): Found {
  const kind = list.kindOf(entry);
  if (kind === 'file' || kind === 'pad') return 'right';
  const path = list.pathOf(entry);
  let found: fs.Stats;
  try {
    found = fs.lstatSync(tree.reach(path));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'missing';
    if (['ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return { entry, what: 'lies below what is no folder' };
    throw error;
  }
  if (kind === 'exec') allowToExecute(tree, path, found);
  else if (kind === 'dir') return found.isDirectory() ? 'right' : { entry, what: 'is no folder' };
  else if (!found.isSymbolicLink()) return { entry, what: 'is no link' };
  else if (fs.readlinkSync(tree.reach(path)) !== list.targetOf(entry)) return { entry, what: 'is another link' };
  return 'right';
}

/** As far as that can be: some file systems have no such right, and the file may belong to somebody else. */
function allowToExecute(tree: FolderTree, path: string, { mode }: fs.Stats): void {
  if ((mode & EXECUTABLE) !== 0) return;
  try {
    const fd = tree.openToRead(path);
    try {
      // Whoever may read it may run it.
      fs.fchmodSync(fd, mode | ((mode & READABLE) >> 2));
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

function make(tree: FolderTree, list: FolderList, entry: number): void {
  const path = list.pathOf(entry);
  if (list.kindOf(entry) === 'dir') {
    tree.makeDirectory(path);
    return;
  }
  const slash = path.lastIndexOf('/');
  if (slash > 0) tree.makeDirectory(path.slice(0, slash));
  fs.symlinkSync(list.targetOf(entry), tree.reach(path));
}
