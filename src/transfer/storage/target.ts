// Where a download goes: the path of its target, of the `.part` that it is written to until it is complete, and of the
// claim of its writer.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, lstat, opendir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { assert } from '../../foundation/base/assert.js';
import { directoryError, errnoOf, FileError, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { NAME_BYTES_MAX } from '../../foundation/base/limits.js';
import type { FolderList } from '../../foundation/torrent/folder/folder-list.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { checkFileName } from '../../foundation/torrent/names.js';
import { TARGET_FILES_LOOKED_AT } from './limits.js';

/** What a download has behind its name until it is complete. */
export const PART_SUFFIX = '.part';
const CLAIM_SUFFIX = '.claim';
const COPY_SUFFIX = '.copy';

/**
 * The target of a download, as an absolute path. `destination` is either a directory, which exists or ends with a
 * slash, and `name` is appended to it; or it is the file to write. Its directory exists.
 * @param name safe by `checkFileName`.
 */
export async function targetPathOf(destination: string, name: string): Promise<string> {
  assert(checkFileName(name) === undefined, 'a name was checked before it becomes a path');
  if (destination === '') {
    throw new MiniTorrentError('INVALID_ARGUMENTS', 'the destination is empty; name a directory or a file');
  }
  try {
    const asDirectory = destination.endsWith('/') || destination.endsWith(sep);
    const target = asDirectory || (await isDirectory(destination)) ? join(destination, name) : destination;
    return join(await realDirectory(dirname(resolve(target))), basename(resolve(target)));
  } catch (error) {
    throw fileError(error, destination);
  }
}

/**
 * As `targetPathOf`. A destination that holds files of this folder is the folder itself, so that the command that has
 * fetched it under another name can be given again.
 */
export async function targetOf(
  destination: string,
  { name, layout }: Pick<Metainfo, 'name' | 'layout'>,
): Promise<string> {
  const { folder } = layout;
  const target = await targetPathOf(destination, name);
  if (folder === undefined || destination.endsWith('/') || dirname(target) !== (await resolved(destination)))
    return target;
  const directory = dirname(target);
  const isFolder = (await holdsFilesOf(directory, folder)) || (await holdsOnlyFilesOf(directory, folder));
  return isFolder ? directory : target;
}

/** Most of the first files are there. */
async function holdsFilesOf(directory: string, list: FolderList): Promise<boolean> {
  let [looked, found] = [0, 0];
  for (let index = 0; index < list.count && looked < TARGET_FILES_LOOKED_AT; index += 1) {
    if (!list.isFile(index) || !list.isChosen(index)) continue;
    looked += 1;
    const there = await lstat(join(directory, list.pathOf(index))).catch(() => undefined);
    if (there?.isFile() === true && there.size === list.sizeOf(index)) found += 1;
  }
  return found * 2 > looked;
}

/** Of the first files that are found there all are of the list: another choice of them was fetched. */
async function holdsOnlyFilesOf(directory: string, list: FolderList): Promise<boolean> {
  const sizes = new Map<string, number>();
  try {
    for await (const entry of await opendir(directory, { recursive: true })) {
      if (sizes.size >= TARGET_FILES_LOOKED_AT) break;
      if (entry.isDirectory()) continue;
      const path = join(entry.parentPath, entry.name);
      sizes.set(relative(directory, path), (await lstat(path)).size);
    }
  } catch {
    return false;
  }
  let isTelling = false;
  for (let index = 0; index < list.count && sizes.size > 0; index += 1) {
    const path = list.pathOf(index);
    const size = sizes.get(path);
    if (size === undefined || (list.isFile(index) && size !== list.sizeOf(index))) continue;
    sizes.delete(path);
    isTelling ||= list.sizeOf(index) > 0;
  }
  return isTelling && sizes.size === 0;
}

async function resolved(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined);
}

/** PERMISSION_DENIED when no file can be made beside `targetPath`. */
export async function checkWritable(targetPath: string): Promise<void> {
  const directory = dirname(targetPath);
  try {
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw (await notWritable(error, directory)) ?? fileError(error, directory);
  }
}

/** What keeps this user from making a file in `directory`; undefined when it is not a permission. */
export async function notWritable(error: unknown, directory: string): Promise<FileError | undefined> {
  const [{ uid } = { uid: undefined }, own] = [await stat(directory).catch(() => undefined), process.geteuid?.()];
  if (errnoOf(error) !== 'EACCES' || uid === undefined) return undefined;
  const sentence =
    uid === own
      ? `${directory} may not be written to by this user, its owner; change its permissions, or choose another destination`
      : `${directory} belongs to the user with the id ${uid}, and this one, ${own}, may not write there; change its owner or permissions, or choose another destination`;
  return new FileError('PERMISSION_DENIED', sentence, { errno: 'EACCES', path: directory }, error);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function realDirectory(path: string): Promise<string> {
  try {
    const real = await realpath(path);
    if (!(await stat(real)).isDirectory()) {
      throw new MiniTorrentError('NOT_A_DIRECTORY', `${path} is not a directory; choose another destination`);
    }
    return real;
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? directoryError(error, path) : fileError(error, path);
  }
}

/** `<target>.part`, or a digest of the name with the same suffix when the name is too long. */
export function partPathOf(targetPath: string): string {
  return join(dirname(targetPath), suffixed(basename(targetPath), PART_SUFFIX));
}

/** The claim on the `.part`: hidden, beside it. */
export function claimPathOf(targetPath: string): string {
  return join(dirname(targetPath), suffixed(`.${basename(partPathOf(targetPath))}`, CLAIM_SUFFIX));
}

/** For a moment: the copy of a file of the `.part` that had other names, too. Hidden, beside it. */
export function copyPathOf(targetPath: string): string {
  return join(dirname(targetPath), suffixed(`.${basename(partPathOf(targetPath))}`, COPY_SUFFIX));
}

function suffixed(name: string, suffix: string): string {
  if (Buffer.byteLength(name) + suffix.length <= NAME_BYTES_MAX) return name + suffix;
  return createHash('sha1').update(name).digest('hex') + suffix;
}
