// What a disk can still take: bytes, inodes, the largest file. A file system that does not say is not a full one.
// Finds out which of them was missing when the system refused to write.

import type { StatsFs } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoError, errnoOf, FileError, fileError, MiniTorrentError } from '../../../foundation/base/errors.js';
import { FAT_FILE_BYTES_MAX, INODES_FEW, ROOM_BYTES_FEW } from '../limits.js';
import { PART_SUFFIX } from '../target.js';

/** Undefined: its file system does not say. */
export interface Room {
  /** Bytes that this user may still write. */
  readonly freeBytes: number | undefined;
  readonly totalBytes: number | undefined;
  readonly freeInodes: number | undefined;
  /** What a file takes is a multiple of it. */
  readonly blockBytes?: number | undefined;
}

/** FAT, as statfs(2) names it; exFAT has another number. */
const FAT = 0x4d44;

/** A sandbox that forbids statfs(2), or a file system without it, does not say. */
const NOT_SAID: readonly (string | undefined)[] = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EOVERFLOW'];
const UNKNOWN: Room = { freeBytes: undefined, totalBytes: undefined, freeInodes: undefined };

/**
 * Of the disk of `path`, an existing file or directory. Rejects with MiniTorrentError.
 * @param ask for tests.
 */
export async function roomAt(path: string, ask: (path: string) => Promise<StatsFs> = statfs): Promise<Room> {
  try {
    const { blocks, bavail, bsize, files, ffree } = await ask(path);
    const isKnown = blocks > 0;
    return {
      freeBytes: isKnown ? bavail * bsize : undefined,
      totalBytes: isKnown ? blocks * bsize : undefined,
      // Btrfs and others make inodes as they are needed.
      freeInodes: files > 0 ? ffree : undefined,
      blockBytes: isKnown ? bsize : undefined,
    };
  } catch (error) {
    if (NOT_SAID.includes(errnoOf(error))) return UNKNOWN;
    throw fileError(error, path);
  }
}

/** As `roomAt`; a directory below a `.part` need not be there yet. */
export async function roomNear(path: string): Promise<Room> {
  try {
    return await roomAt(path);
  } catch (error) {
    const isGone = error instanceof MiniTorrentError && error.code === 'FILE_NOT_FOUND';
    if (!isGone || !path.includes(`${PART_SUFFIX}/`)) throw error;
    return roomNear(dirname(path));
  }
}

/** Rejects with DISK_FULL when no file of `size` bytes can be at `path`, in an existing directory. */
export async function checkFileSize(path: string, size: number): Promise<void> {
  const isLimited = size > (await processFileBytesMax());
  if (!isLimited && (size <= FAT_FILE_BYTES_MAX || (await typeAt(dirname(path))) !== FAT)) return;
  throw tooLarge(path, isLimited);
}

/** The same error, with the reason that only the disk knows: inodes, a limit of this process. */
export async function explained(error: MiniTorrentError): Promise<MiniTorrentError> {
  if (!(error instanceof FileError)) return error;
  const { errno, path } = error;
  if (errno === 'EFBIG') return tooLarge(path, Number.isFinite(await processFileBytesMax()));
  // What says more than the system has its reason already.
  if (errno !== 'ENOSPC' || error.message !== errnoError(errno, path).message) return error;
  const room = await roomNear(dirname(path)).catch(() => undefined);
  if (room?.freeBytes === undefined || room.freeBytes < ROOM_BYTES_FEW) return error;
  const sentence =
    room.freeInodes !== undefined && room.freeInodes < INODES_FEW
      ? `${path} has no room left: its disk has free bytes, but no free inodes; delete some files there, or choose another place`
      : `${path} has no room left, although its disk has free bytes and inodes; check the limits of that directory and disk`;
  return new FileError(error.code, sentence, { errno, path }, error);
}

function tooLarge(path: string, isLimited: boolean): FileError {
  const reason = isLimited
    ? 'is larger than this process may write; raise `ulimit -f`, and start it again'
    : 'is larger than its file system allows; choose another place';
  return new FileError('DISK_FULL', `${path} ${reason}`, { errno: 'EFBIG', path });
}

async function typeAt(directory: string): Promise<number | undefined> {
  try {
    return (await statfs(directory)).type;
  } catch (error) {
    if (NOT_SAID.includes(errnoOf(error))) return undefined;
    throw fileError(error, directory);
  }
}

/** Infinity: no limit, or a system that does not say. */
async function processFileBytesMax(): Promise<number> {
  try {
    const limits = await readFile('/proc/self/limits', 'latin1');
    const bytes = Number(/^Max file size\s+(\d+)/m.exec(limits)?.[1] ?? Number.NaN);
    return Number.isFinite(bytes) ? bytes : Number.POSITIVE_INFINITY;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return Number.POSITIVE_INFINITY;
  }
}
