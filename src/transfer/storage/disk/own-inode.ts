// Gives a file of a `.part` that has other names (hard links) bytes of its own, so that nothing that has one of those
// names is changed by a download. The copy is a clone where the file system has that, and its holes stay holes.

import fs, { constants } from 'node:fs';
import { promisify } from 'node:util';
import { formatBytes } from '../../../foundation/base/bytes.js';
import { errnoOf, FileError } from '../../../foundation/base/errors.js';
import { OWN_COPY_BYTES } from '../limits.js';
import { unlinkIfThere } from './publish.js';
import { descriptorPath } from './tree.js';

const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);
const statFd = promisify(fs.fstat);
const readFd = promisify(fs.read);
const writeFd = promisify(fs.write);
const truncateFd = promisify(fs.ftruncate);
const modeFd = promisify(fs.fchmod);
const copyPath = promisify(fs.copyFile);
const renamePath = promisify(fs.rename);

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const MAKE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
const PERMISSIONS = 0o777;
const OWNER_READS_AND_WRITES = 0o600;

/**
 * Replaces the file at `path` by a copy, unless it has this name only. Rejects with system errors, and what was there
 * stays then.
 * @param aside a path on the same file system, for the copy until it is whole. What a killed process left there goes.
 * @param shown the path for people.
 */
export async function makeOwn(path: string, aside: string, shown = path): Promise<void> {
  const from = await openFd(path, READ);
  try {
    const { nlink, size, mode } = await statFd(from);
    if (nlink <= 1) return;
    await unlinkIfThere(aside);
    try {
      await copyTo(aside, from, size, (mode & PERMISSIONS) | OWNER_READS_AND_WRITES);
      await renamePath(aside, path);
    } catch (error) {
      await unlinkIfThere(aside);
      throw withReason(error, shown, size);
    }
  } finally {
    await closeFd(from);
  }
}

/** Once the copy is deleted again, the disk does not look full. */
function withReason(error: unknown, path: string, size: number): unknown {
  const errno = errnoOf(error);
  if (errno !== 'ENOSPC' && errno !== 'EDQUOT') return error;
  const sentence = `${path} has other names as well, and there is no room for a copy that leaves those as they are; free ${formatBytes(size)} on its disk`;
  return new FileError('DISK_FULL', sentence, { errno, path }, error);
}

async function copyTo(aside: string, from: number, size: number, mode: number): Promise<void> {
  const to = await openFd(aside, MAKE, mode);
  try {
    if (!(await isCloned(from, to))) {
      await truncateFd(to, size);
      await copyBytes(from, to, size);
    }
    // A clone has the permissions of what it was made from; others are kept from it by the umask.
    await modeFd(to, mode);
  } finally {
    await closeFd(to);
  }
}

async function isCloned(from: number, to: number): Promise<boolean> {
  try {
    await copyPath(descriptorPath(from), descriptorPath(to), constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** @param to a hole of `size` bytes. */
async function copyBytes(from: number, to: number, size: number): Promise<void> {
  const buffer = Buffer.alloc(Math.min(OWN_COPY_BYTES, size));
  const zeros = Buffer.alloc(buffer.length);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await readFd(from, buffer, 0, Math.min(buffer.length, size - at), at);
    // It was cut meanwhile: what it lacks is fetched.
    if (bytesRead === 0) return;
    if (!buffer.subarray(0, bytesRead).equals(zeros.subarray(0, bytesRead)))
      for (let done = 0; done < bytesRead; )
        done += (await writeFd(to, buffer, done, bytesRead - done, at + done)).bytesWritten;
    at += bytesRead;
  }
}
