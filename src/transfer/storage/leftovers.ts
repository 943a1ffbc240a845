// What an unfinished download leaves on the disk beside its target: whether it is there, how much room it takes, and how it is deleted.
// Deletes nothing but what it is named for.

import { lstat, stat, unlink } from 'node:fs/promises';
import { errnoOf, fileError } from '../../foundation/base/errors.js';
import { partPathOf } from './target.js';

/** Bytes of a block, as stat(2) counts them. */
const STAT_BLOCK_BYTES = 512;

/** Bytes that its `.part` takes on the disk; undefined when there is none. */
export async function partBytesOf(targetPath: string): Promise<number | undefined> {
  const path = partPathOf(targetPath);
  try {
    return (await stat(path)).blocks * STAT_BLOCK_BYTES;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileError(error, path);
  }
}

/** Deletes the `.part`, if there is one. */
export async function deletePart(targetPath: string): Promise<void> {
  await unlinkIfThere(partPathOf(targetPath));
}

/** A download that was killed between the two steps of its renaming has both names: then the `.part` is deleted. */
export async function deleteSecondName(targetPath: string): Promise<void> {
  if ((await partBytesOf(targetPath)) === undefined) return;
  const [part, whole] = [await lstat(partPathOf(targetPath)), await lstat(targetPath)];
  if (part.ino === whole.ino && part.dev === whole.dev) await deletePart(targetPath);
}

/** Rejects with MiniTorrentError, but not when nothing is there. */
export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(error, path);
  }
}
