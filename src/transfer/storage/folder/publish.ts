// Makes the `.part` of a folder its target: what has no bytes is made, everything is flushed, and one rename gives the
// folder its name. Invariant: the target is never half there, and nothing that has its name is replaced but an empty
// folder.

import fs from 'node:fs';
import { lstat, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errnoOf, MiniTorrentError } from '../../../foundation/base/errors.js';
import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import { aboutEntry } from '../disk/entry-error.js';
import { NO_FILE } from '../disk/entry-looks.js';
import { flushEntries } from '../disk/flush.js';
import { exists, syncDirectory } from '../disk/publish.js';
import type { FolderTree } from '../disk/tree.js';
import { FOLDER_LOOK_ENTRIES } from '../limits.js';

/** Errors of rename(2) when a folder with contents, or something else, has the name. */
const TAKEN: readonly (string | undefined)[] = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'];
/** Errors of file systems that keep no permissions or times of their own: FAT, some network and FUSE mounts. */
const NOT_KEPT: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'];
const EXECUTABLE = 0o111;
const READABLE = 0o444;

const statFd = promisify(fs.fstat);

export interface FolderToPublish {
  /** Descriptor of the `.part`. */
  readonly root: number;
  readonly tree: FolderTree;
  readonly list: FolderList;
  readonly path: string;
  readonly targetPath: string;
  /** The times of entries, as `timesOf` has them, found by others; undefined: this thread looks. */
  readonly lookAt?: ((entries: Uint32Array) => Promise<BigInt64Array>) | undefined;
}

/** Rejects with MiniTorrentError or EntryError; the target's name is free then, and the `.part` has all its files. */
export async function publishFolder(folder: FolderToPublish): Promise<void> {
  const { root, list, path, targetPath } = folder;
  await complete(folder);
  const entries = list.takeWritten();
  try {
    await flushEntries(root, list, entries);
  } catch (error) {
    for (const entry of entries) list.markWritten(entry);
    throw error;
  }
  const [opened, named] = [await statFd(root), await lstat(path)];
  if (opened.ino !== named.ino || opened.dev !== named.dev) {
    const sentence = `${path} was replaced by another folder while it was downloaded; remove it and start again`;
    throw new MiniTorrentError('FILE_CHANGED', sentence);
  }
  await moveFolder(path, targetPath);
  await syncDirectory(dirname(targetPath));
}

async function moveFolder(path: string, targetPath: string): Promise<void> {
  const taken = (): MiniTorrentError =>
    new MiniTorrentError('ALREADY_EXISTS', `${targetPath} exists already; choose another name or move it away`);
  if (await exists(targetPath)) throw taken();
  try {
    await rename(path, targetPath);
  } catch (error) {
    throw TAKEN.includes(errnoOf(error)) ? taken() : error;
  }
}

/** Makes what no piece has made, and stamps all files. What was made or changed is marked as written. */
async function complete(folder: FolderToPublish): Promise<void> {
  const { tree, list, path } = folder;
  const isDone = await stampAsTheyAre(folder);
  for (let entry = 0; entry < list.count; entry += 1) {
    if (entry % FOLDER_LOOK_ENTRIES === FOLDER_LOOK_ENTRIES - 1) await nextTurn();
    if (!list.isChosen(entry) || list.isPad(entry) || isDone[entry] === 1) continue;
    const wasMade = aboutEntry(entry, () => completeEntry(tree, list, entry, path));
    if (wasMade) list.markWritten(entry);
  }
}

/** Stamps the files that need no more than a look. Answers a 1 for each of them. */
async function stampAsTheyAre({ list, lookAt }: FolderToPublish): Promise<Uint8Array> {
  const isDone = new Uint8Array(list.count);
  if (lookAt === undefined) return isDone;
  const plain = list.indicesOf(
    (entry) => list.kindOf(entry) === 'file' && list.isChosen(entry) && list.secondsOf(entry) === undefined,
  );
  const times = await lookAt(plain);
  for (const [at, entry] of plain.entries()) {
    const mtimeNs = times[at] ?? NO_FILE;
    if (mtimeNs === NO_FILE) continue;
    stamp(list, entry, { mtimeNs });
    isDone[entry] = 1;
  }
  return isDone;
}

function completeEntry(tree: FolderTree, list: FolderList, entry: number, root: string): boolean {
  switch (list.kindOf(entry)) {
    case 'dir':
      tree.makeDirectory(list.pathOf(entry));
      return true;
    case 'link':
      return makeLink(tree, list.pathOf(entry), list.targetOf(entry), root);
    default:
      return completeFile(tree, list, entry, root);
  }
}

function completeFile(tree: FolderTree, list: FolderList, entry: number, root: string): boolean {
  const [path, size, seconds] = [list.pathOf(entry), list.sizeOf(entry), list.secondsOf(entry)];
  const executable = list.kindOf(entry) === 'exec';
  const found = lookAt(tree, path);
  const isThere = found?.isFile() === true && found.size >= BigInt(size);
  if (!isThere && (size > 0 || found !== undefined)) throw changed(`${root}/${path}`);
  const isRight = found?.size === BigInt(size) && (!executable || isExecutable(found)) && seconds === undefined;
  if (isRight) {
    stamp(list, entry, found);
    return false;
  }
  const fd = tree.openToWrite(path, executable);
  try {
    const { size: bytes, mode } = fs.fstatSync(fd);
    if (bytes > size) fs.ftruncateSync(fd, size);
    // Whoever may read it may run it.
    if (executable && (mode & EXECUTABLE) === 0) whereKept(() => fs.fchmodSync(fd, mode | ((mode & READABLE) >> 2)));
    if (seconds !== undefined) whereKept(() => fs.futimesSync(fd, seconds, seconds));
  } finally {
    fs.closeSync(fd);
  }
  const made = lookAt(tree, path);
  if (made?.isFile() !== true) throw changed(`${root}/${path}`);
  stamp(list, entry, made);
  return true;
}

/** A file whose bytes are right is not refused for what its file system cannot keep; `verify` tells it. */
function whereKept(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!NOT_KEPT.includes(errnoOf(error))) throw error;
  }
}

/** Later looks compare the time that it has now. */
function stamp(list: FolderList, entry: number, { mtimeNs }: Pick<fs.BigIntStats, 'mtimeNs'>): void {
  list.stamp(entry, mtimeNs);
  list.markChanged(entry, false);
}

function isExecutable({ mode }: fs.BigIntStats): boolean {
  return (Number(mode) & EXECUTABLE) !== 0;
}

function makeLink(tree: FolderTree, path: string, target: string, root: string): boolean {
  const slash = path.lastIndexOf('/');
  if (slash > 0) tree.makeDirectory(path.slice(0, slash));
  try {
    fs.symlinkSync(target, tree.reach(path));
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  // Of an earlier try, perhaps.
  const found = lookAt(tree, path);
  if (found?.isSymbolicLink() === true && fs.readlinkSync(tree.reach(path)) === target) return false;
  throw inTheWay(`${root}/${path}`);
}

function lookAt(tree: FolderTree, path: string): fs.BigIntStats | undefined {
  try {
    return fs.lstatSync(tree.reach(path), { bigint: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function inTheWay(path: string): MiniTorrentError {
  const sentence = `${path} is in the way of a link of this folder; move it away and run the same command again`;
  return new MiniTorrentError('FILE_CHANGED', sentence);
}

function changed(path: string): MiniTorrentError {
  const sentence = `${path} was removed or replaced while it was downloaded; run the same command again to fetch it`;
  return new MiniTorrentError('FILE_CHANGED', sentence);
}
