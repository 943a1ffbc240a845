// Publishes a finished file under its name: write a temporary file, flush it, link or rename it, flush the directory.
// After a crash at any instant either the old state is there or the new one. Nothing is overwritten unless the caller
// says so, and a failure leaves no temporary file behind.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, fileError, MiniTorrentError } from '../../../foundation/base/errors.js';

/** File systems without hard links (FAT, some network and FUSE mounts) answer `link` with one of these. */
const NO_LINKS: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK'];
/**
 * Some of them can neither open nor flush a directory; a rename there is as durable as it gets. So it is in a directory
 * that may be written to but not read (a drop box), which is opened to flush it.
 */
const NO_DIRECTORY_SYNC: readonly (string | undefined)[] = [
  'EINVAL',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EPERM',
  'EACCES',
  'EISDIR',
];

/** Temporary files. */
const ASIDE = /^\.mtorrent-[0-9a-f]{16}\.tmp$/;

/** Makes the names in `directory` survive a power loss. */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!isUnflushable(error)) throw error;
  }
}

/** Whether the error says that a directory cannot be flushed there, which is no failure. */
export function isUnflushable(error: unknown): boolean {
  return NO_DIRECTORY_SYNC.includes(errnoOf(error));
}

/**
 * Renames `from` to `to` in the same directory. Rejects with the system error EEXIST, or ALREADY_EXISTS, when `to`
 * exists.
 */
export async function moveWithoutOverwriting(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.includes(errnoOf(error))) throw error;
    // Not atomic: another process may create `to` between the check and the rename.
    if (await exists(to)) throw new MiniTorrentError('ALREADY_EXISTS', `${to} exists already; choose another name`);
    await rename(from, to);
    return;
  }
  await unlink(from);
}

/** True for a dangling symbolic link, too. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

export interface PublishOptions {
  /** Permission bits of the new file. */
  readonly mode: number;
  /** Replaces an existing file. Otherwise that is the system error EEXIST, or ALREADY_EXISTS. */
  readonly overwrite: boolean;
  /** Flushes the file and its directory. Without that a power loss may lose the new file or leave an empty one. */
  readonly durable: boolean;
}

/** Deletes the temporary files of a killed process. Nobody else may be publishing in `directory`. */
export async function removeOrphans(directory: string): Promise<void> {
  for (const name of await readdir(directory)) if (ASIDE.test(name)) await unlinkIfThere(join(directory, name));
}

/** Writes `parts` to a temporary file beside `path`, then renames it. Rejects with system errors. */
export async function publish(path: string, parts: Iterable<Uint8Array>, options: PublishOptions): Promise<void> {
  const { mode, overwrite, durable } = options;
  const aside = join(dirname(path), `.mtorrent-${randomBytes(8).toString('hex')}.tmp`);
  const handle = await open(aside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    await writeAll(handle, parts, durable);
    if (overwrite) await rename(aside, path);
    else await moveWithoutOverwriting(aside, path);
  } catch (error) {
    await unlinkIfThere(aside);
    throw error;
  }
  if (durable) await syncDirectory(dirname(path));
}

async function writeAll(handle: FileHandle, parts: Iterable<Uint8Array>, durable: boolean): Promise<void> {
  try {
    for (const part of parts) {
      for (let at = 0; at < part.length; ) at += (await handle.write(part, at, part.length - at)).bytesWritten;
    }
    if (durable) await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Rejects with MiniTorrentError, but not when nothing is at `path`. */
export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(error, path);
  }
}
