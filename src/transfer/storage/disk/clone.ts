// Makes a new file a clone of another one (reflink) where the file system has that: both share their bytes on the disk
// until one of them is written to. Follows no link. A clone proves nothing, and a file that was not cloned is the hole
// that it was.

import fs, { constants } from 'node:fs';
import { promisify } from 'node:util';
import { errnoOf } from '../../../foundation/base/errors.js';
import type { ReuseSource } from '../reuse/plan.js';
import { descriptorPath } from './tree.js';

const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);
const statFd = promisify(fs.fstat);
const truncateFd = promisify(fs.ftruncate);
const modeFd = promisify(fs.fchmod);
const copyPath = promisify(fs.copyFile);

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const PERMISSIONS = 0o7777;
const OWNER_READS_AND_WRITES = 0o600;
/** Errors of one pair of files; others may still be cloned. */
const OF_THIS_PAIR: readonly string[] = ['EXDEV', 'EACCES', 'EPERM'];

/** Replaces the bytes at `to` by a clone of those at `from`, or rejects with a system error. */
export type CloneCall = (from: string, to: string) => Promise<void>;

/** `cloned`: so many bytes from the first on. `passed`: not this source. `cannot`: no other file need be tried. */
export type CloneResult =
  | { readonly kind: 'cloned'; readonly bytes: number }
  | { readonly kind: 'passed' | 'cannot'; readonly why: string };

const byTheSystem: CloneCall = (from, to) => copyPath(from, to, constants.COPYFILE_FICLONE_FORCE);

/**
 * @param fd of a new file, open for writing, which nobody else writes to. It has `size` bytes afterwards.
 * Rejects with a system error when that file cannot be used.
 */
export async function cloneInto(
  fd: number,
  size: number,
  source: ReuseSource,
  call: CloneCall = byTheSystem,
): Promise<CloneResult> {
  let from: number;
  try {
    from = await openFd(source.path, READ);
  } catch (error) {
    return { kind: 'passed', why: errnoIn(error) };
  }
  try {
    const [found, own] = [await statFd(from), await statFd(fd)];
    const why = whyNot(source, found, own);
    if (why !== undefined) return { kind: 'passed', why };
    const refused = await call(descriptorPath(from), descriptorPath(fd)).then(() => undefined, refusedBy);
    // The call gives the file its source's permissions and size; where it fails, the file is empty.
    if (((found.mode ^ own.mode) & PERMISSIONS) !== 0) await modeFd(fd, own.mode & PERMISSIONS);
    await truncateFd(fd, size);
    return refused ?? { kind: 'cloned', bytes: Math.min(found.size, size) };
  } finally {
    await closeFd(from);
  }
}

function refusedBy(error: unknown): CloneResult {
  const errno = errnoIn(error);
  return { kind: OF_THIS_PAIR.includes(errno) ? 'passed' : 'cannot', why: errno };
}

/** Rethrows anything but a system error. */
function errnoIn(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return errno;
}

/** Undefined: it may be cloned. */
function whyNot({ size, mtimeMs }: ReuseSource, found: fs.Stats, own: fs.Stats): string | undefined {
  if (!found.isFile()) return 'it is no file';
  if (!Number.isNaN(mtimeMs) && (found.size !== size || found.mtimeMs !== mtimeMs)) return 'it has changed';
  if (found.ino === own.ino && found.dev === own.dev) return 'it is the same file';
  // After a crash in the middle, the permissions may stay: no more than the new file has, and enough to go on with it.
  const isWider = (found.mode & ~own.mode & PERMISSIONS) !== 0;
  if (isWider || (found.mode & OWNER_READS_AND_WRITES) !== OWNER_READS_AND_WRITES) return 'its permissions are others';
  return undefined;
}
