// The `.part` of an unfinished download as a file on the disk: whether it exists, how much space it takes, and how it
// is deleted.

import type { Stats } from 'node:fs';
import { lstat, rmdir, stat } from 'node:fs/promises';
import { errnoOf, fileError } from '../../foundation/base/errors.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import { diskBytesBelow } from './disk/entry-looks.js';
import { exists, unlinkIfThere } from './disk/publish.js';
import { deleteFolder } from './folder/removal.js';
import { STAT_BLOCK_BYTES } from './limits.js';
import { claimPathOf, partPathOf } from './target.js';

/**
 * Bytes that the `.part` takes on the disk; undefined when there is none.
 * @param layout of a folder: its files are counted; without it only its directory.
 */
export async function partBytesOf(targetPath: string, layout?: Layout): Promise<number | undefined> {
  const path = partPathOf(targetPath);
  try {
    const { blocks } = await stat(path);
    return layout?.folder === undefined ? blocks * STAT_BLOCK_BYTES : await diskBytesBelow(path, layout.folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileError(error, path);
  }
}

/** Deletes the `.part`, if there is one. Resolves to what stays of that of a folder, as `deleteFolder` does. */
export async function deletePart(targetPath: string, layout?: Layout): Promise<readonly string[]> {
  const path = partPathOf(targetPath);
  if (layout?.folder !== undefined) return deleteFolder(path, layout.folder);
  await unlinkIfThere(path);
  return [];
}

/** Deletes a `.part` that no data was written to, unless somebody has claimed it. */
export async function deleteEmptyPart(targetPath: string): Promise<void> {
  const path = partPathOf(targetPath);
  try {
    const found = await lookAt(path);
    const isEmpty = found !== undefined && (found.isDirectory() || found.blocks === 0);
    if (!isEmpty || (await exists(claimPathOf(targetPath)))) return;
    if (found.isDirectory()) await removeIfEmpty(path);
    else await unlinkIfThere(path);
  } catch (error) {
    throw fileError(error, targetPath);
  }
}

async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function removeIfEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
  }
}

/** A crash between linking and unlinking leaves a complete download with both names: deletes the `.part` then. */
export async function deleteSecondName(targetPath: string): Promise<void> {
  if ((await partBytesOf(targetPath)) === undefined) return;
  const [part, whole] = [await lstat(partPathOf(targetPath)), await lstat(targetPath)];
  if (part.ino === whole.ino && part.dev === whole.dev) await deletePart(targetPath);
}
