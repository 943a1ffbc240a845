// Looks at the files of a list below a folder without opening them, a few at a time on the system's threads, so that a
// slow disk keeps nothing else waiting.

import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { errnoOf } from '../../../foundation/base/errors.js';
import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import { LOOKS_AT_ONCE, STAT_BLOCK_BYTES } from '../limits.js';
import { eachOf } from './each-of.js';
import { EntryError } from './entry-error.js';

/** In place of a modification time: there is no file, or none that can be what the list says. */
export const NO_FILE = -(2n ** 63n);

const EXECUTABLE = 0o111;

/** A file that has other names as well. */
export interface LinkedFile {
  readonly file: number;
  /** Its size and permissions are those of the list, which gives it no time. */
  readonly isAsListed: boolean;
}

export interface Looks {
  /** Modification times in nanoseconds, NO_FILE of everything but files that are there. */
  readonly times: BigInt64Array;
  readonly linked: readonly LinkedFile[];
}

/** Rejects with EntryError. */
export async function looksBelow(path: string, list: FolderList): Promise<Looks> {
  const times = new BigInt64Array(list.count).fill(NO_FILE);
  const linked: LinkedFile[] = [];
  await forEachFile(path, list, (file, stats) => {
    times[file] = stats.mtimeNs;
    if (stats.nlink > 1n) linked.push({ file, isAsListed: isAsListed(list, file, stats) });
  });
  return { times, linked };
}

function isAsListed(list: FolderList, file: number, { size, mode }: BigIntStats): boolean {
  const isExecutable = (Number(mode) & EXECUTABLE) !== 0;
  const isRight = size === BigInt(list.sizeOf(file)) && (list.kindOf(file) !== 'exec' || isExecutable);
  return isRight && list.secondsOf(file) === undefined;
}

/** Bytes that the files of the list take below `path`. */
export async function diskBytesBelow(path: string, list: FolderList): Promise<number> {
  let blocks = 0;
  await forEachFile(path, list, (_, stats) => {
    blocks += Number(stats.blocks);
  });
  return blocks * STAT_BLOCK_BYTES;
}

/** Visits the files of the list that lie below `path`, a few at a time, in any order. */
async function forEachFile(
  path: string,
  list: FolderList,
  visit: (entry: number, stats: BigIntStats) => void,
): Promise<void> {
  await eachOf(list.count, LOOKS_AT_ONCE, async (entry) => {
    if (!list.isFile(entry) || !list.isChosen(entry)) return;
    const stats = await lookAt(`${path}/${list.pathOf(entry)}`, entry);
    if (stats?.isFile() === true) visit(entry, stats);
  });
}

async function lookAt(path: string, entry: number): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    if (errno === undefined) throw error;
    throw new EntryError(errno, entry, error);
  }
}
