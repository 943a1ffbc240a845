// Makes what was written to a folder survive a power loss. A few files are flushed one by one, with their directories;
// many by one call for their whole file system, which a child makes, since Node has no such call.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { within } from '../../../foundation/base/deferred.js';
import { errnoOf } from '../../../foundation/base/errors.js';
import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import { FLUSH_AT_ONCE, FLUSH_EACH_MAX, FLUSH_WHOLE_DEADLINE_MS } from '../limits.js';
import { eachOf } from './each-of.js';
import { EntryError } from './entry-error.js';
import { isUnflushable } from './publish.js';
import { openBelow } from './tree.js';

const closeFd = promisify(fs.close);

/** @param entries that were written or made. Rejects with EntryError. */
export async function flushEntries(root: number, list: FolderList, entries: Uint32Array): Promise<void> {
  if (entries.length > FLUSH_EACH_MAX && (await flushFileSystem(root))) return;
  const directories = new Map<string, number>();
  await eachOf(entries.length, FLUSH_AT_ONCE, async (at) => {
    const entry = entries[at] as number;
    const path = list.pathOf(entry);
    if (list.isFile(entry)) await flushBelow(root, path, entry);
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1))
      directories.set(path.slice(0, slash), entry);
    if (list.kindOf(entry) === 'dir') directories.set(path, entry);
  });
  for (const [path, entry] of directories) await flushBelow(root, path, entry);
  await flushDescriptor(root);
}

async function flushBelow(root: number, path: string, entry: number): Promise<void> {
  try {
    const fd = await openBelow(root, path);
    try {
      await flushDescriptor(fd);
    } finally {
      await closeFd(fd);
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw new EntryError(errno, entry, error);
  }
}

async function flushDescriptor(fd: number): Promise<void> {
  try {
    await promisify(fs.fsync)(fd);
  } catch (error) {
    if (!isUnflushable(error)) throw error;
  }
}

/** syncfs(2) by `sync -f`. Resolves to false where that is missing, fails or takes too long. */
export async function flushFileSystem(root: number, deadlineMs = FLUSH_WHOLE_DEADLINE_MS): Promise<boolean> {
  // The child gets the directory itself, not a path that may mean another one by now.
  const child = spawn('sync', ['-f', '/dev/stdin'], { stdio: [root, 'ignore', 'ignore'] });
  const ended = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false));
    child.once('close', (code) => resolve(code === 0));
  });
  return within(ended, deadlineMs, () => {
    // One that waits for a dead disk ends only with that wait.
    child.kill('SIGKILL');
    child.unref();
    return false;
  });
}
