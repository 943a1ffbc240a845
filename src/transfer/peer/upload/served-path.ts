// One file that is uploaded from, as it lies on the disk: opened without following a link, looked at before its bytes go out.
// Owns the descriptor; who reads when is decided elsewhere.

import fs from 'node:fs';
import { EMPTY_BYTES } from '../../../foundation/base/bytes.js';
import { errnoOf } from '../../../foundation/base/errors.js';
import { ReadPlace } from './read-place.js';

export interface ServedPath {
  readonly path: string;
  /** Of the complete file when it was right; null while it is written to. */
  readonly mtimeMs: number | null;
  /** -1 while closed: opened again by the next read. */
  fd: number;
  reads: number;
  /** No longer served: closed for good once no read is under way. */
  closing: boolean;
  place: ReadPlace;
}

/** Closed at first. */
export function servedPath(path: string, mtimeMs: number | null): ServedPath {
  return { path, mtimeMs, fd: -1, reads: 0, closing: false, place: new ReadPlace(true) };
}

/** Answers why it is not open: Node's errno, or CHANGED. */
export function openServed(served: ServedPath): string | undefined {
  try {
    served.fd = fs.openSync(served.path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  } catch (error) {
    return systemErrno(error);
  }
  const wrong = whatIsWrong(served, false);
  if (wrong !== undefined) closeServed(served);
  else served.place = new ReadPlace(!isLocal(served.path));
  return wrong;
}

export function closeServed(served: ServedPath): void {
  fs.closeSync(served.fd);
  served.fd = -1;
}

/** Fills `targets`, one after the other, from `offset` on, while the caller waits; `done` is called before this returns. */
export function readHere(
  fd: number,
  targets: readonly Uint8Array[],
  offset: number,
  done: (error: Error | null, count: number) => void,
): void {
  let count = 0;
  let failure: Error | null = null;
  try {
    const [target = EMPTY_BYTES] = targets;
    count =
      targets.length === 1 ? fs.readSync(fd, target, 0, target.length, offset) : fs.readvSync(fd, targets, offset);
  } catch (error) {
    systemErrno(error);
    failure = error as Error;
  }
  done(failure, count);
}

/** File systems of disks of this machine, by the numbers that statfs(2) gives them. */
const LOCAL_FILE_SYSTEMS = new Set([
  0xef53, // ext2, 3, 4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0x2fc12fc1, // ZFS
  0xf2f52010, // F2FS
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
]);

function isLocal(path: string): boolean {
  try {
    return LOCAL_FILE_SYSTEMS.has(fs.statfsSync(path).type);
  } catch (error) {
    // It is gone again: the read will say so.
    systemErrno(error);
    return false;
  }
}

/** A file that was right once, complete, and was deleted or written to since is not what its digests say. */
export function whatIsWrong({ fd, mtimeMs }: ServedPath, isShort: boolean): string | undefined {
  if (mtimeMs !== null) {
    const found = fs.fstatSync(fd);
    if (found.nlink === 0) return 'ENOENT';
    if (found.mtimeMs !== mtimeMs && !isShort) return 'CHANGED';
  }
  return isShort ? 'SHORT_FILE' : undefined;
}

/** Rethrows what is not the system's. */
function systemErrno(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return errno;
}
