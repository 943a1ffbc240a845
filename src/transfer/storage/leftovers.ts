// The `.part` of an unfinished download as a file on the disk: whether it exists, how much space it takes, and how it
// is deleted.

import { lstat, stat, unlink } from 'node:fs/promises';
import { errnoOf, fileError } from '../../foundation/base/errors.js';
import { exists } from './publish.js';
import { claimPathOf, partPathOf } from './target.js';

/** Bytes of a block, as stat(2) counts them. */
export const STAT_BLOCK_BYTES = 512;

/** Bytes that the `.part` takes on the disk; undefined when there is none. */
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

/** Deletes a `.part` that no data was written to, unless somebody has claimed it. */
export async function deleteEmptyPart(targetPath: string): Promise<void> {
  if ((await partBytesOf(targetPath)) !== 0) return;
  try {
    if (!(await exists(claimPathOf(targetPath)))) await deletePart(targetPath);
  } catch (error) {
    throw fileError(error, targetPath);
  }
}

/** A crash between linking and unlinking leaves a complete download with both names: deletes the `.part` then. */
export async function deleteSecondName(targetPath: string): Promise<void> {
  if ((await partBytesOf(targetPath)) === undefined) return;
  const [part, whole] = [await lstat(partPathOf(targetPath)), await lstat(targetPath)];
  if (part.ino === whole.ino && part.dev === whole.dev) await deletePart(targetPath);
}

/** Rejects with MiniTorrentError, but not when nothing is at `path`. */
export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(error, path);
  }
}
