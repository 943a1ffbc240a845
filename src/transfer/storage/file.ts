// The files of shares and downloads, and small state files: found, created, finished, with every failure as an error that
// names the file. A download is written to `<target>.part`, which only its last step turns into the target; nothing here
// follows a symbolic link to write, or overwrites a file that a user may care about. Piece bytes are written elsewhere.

import { createHash } from 'node:crypto';
import fs, { constants } from 'node:fs';
import { access, lstat, open, realpath, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { assert } from '../../foundation/base/assert.js';
import { formatBytes } from '../../foundation/base/bytes.js';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { NAME_BYTES_MAX } from '../../foundation/base/limits.js';
import { FILE_SIZE_MAX } from '../../foundation/torrent/geometry.js';
import { checkFileName } from '../../foundation/torrent/names.js';
import { exists, moveWithoutOverwriting, publish, syncDirectory } from './publish.js';

// Plain descriptors, since a download's file is written by other threads: a number works in all of them.
const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);
const statFd = promisify(fs.fstat);
const truncateFd = promisify(fs.ftruncate);
const syncFd = promisify(fs.fsync);
const unlinkPath = promisify(fs.unlink);

const PART_SUFFIX = '.part';

export interface Source {
  /** Absolute, with symbolic links resolved. */
  readonly path: string;
  readonly size: number;
  /** With it and the size a later look sees that the file changed. */
  readonly mtimeMs: number;
}

/** A local file to share: regular, readable, not too large; else FILE_NOT_FOUND, NOT_A_FILE, PERMISSION_DENIED, LIMIT_REACHED. */
export async function inspectSource(path: string): Promise<Source> {
  try {
    const real = await realpath(path);
    const found = await stat(real);
    if (!found.isFile()) throw new MiniTorrentError('NOT_A_FILE', `${path} is not a regular file; name a file`);
    if (found.size > FILE_SIZE_MAX) {
      const sentence = `${path} has ${formatBytes(found.size)}; at most ${formatBytes(FILE_SIZE_MAX)} can be shared`;
      throw new MiniTorrentError('LIMIT_REACHED', sentence);
    }
    await access(real, constants.R_OK);
    return { path: real, size: found.size, mtimeMs: found.mtimeMs };
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * Where a download goes: `destination` is a directory (it exists, or the text ends with a slash), then `name` is appended;
 * or it is the file to write. Absolute; its directory is real, exists and is writable; nothing of that name is there.
 * @param name safe by `checkFileName`.
 */
export async function resolveTarget(destination: string, name: string): Promise<string> {
  const path = await targetPathOf(destination, name);
  try {
    if (!(await exists(path))) return path;
  } catch (error) {
    throw fileError(error, destination);
  }
  const sentence = `${path} exists already; choose another destination or move that file away`;
  throw new MiniTorrentError('ALREADY_EXISTS', sentence);
}

/** As `resolveTarget`, whether something of that name is there or not. */
export async function targetPathOf(destination: string, name: string): Promise<string> {
  assert(checkFileName(name) === undefined, 'a name was checked before it becomes a path');
  if (destination === '') {
    throw new MiniTorrentError('INVALID_ARGUMENTS', 'the destination is empty; name a directory or a file');
  }
  try {
    const asDirectory = destination.endsWith('/') || destination.endsWith(sep);
    const target = asDirectory || (await isDirectory(destination)) ? join(destination, name) : destination;
    const parent = await writableDirectory(dirname(resolve(target)));
    return join(parent, basename(resolve(target)));
  } catch (error) {
    throw fileError(error, destination);
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function writableDirectory(path: string): Promise<string> {
  try {
    const real = await realpath(path);
    if (!(await stat(real)).isDirectory()) {
      throw new MiniTorrentError('NOT_A_DIRECTORY', `${path} is not a directory; choose another destination`);
    }
    await access(real, constants.W_OK | constants.X_OK);
    return real;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(error, path);
    throw new MiniTorrentError('FILE_NOT_FOUND', `the directory ${path} does not exist; make it first`, error);
  }
}

/** `<target>.part`; for a name too long for that, a digest of it with the same ending. */
export function partPathOf(targetPath: string): string {
  const name = basename(targetPath);
  if (Buffer.byteLength(name) + PART_SUFFIX.length <= NAME_BYTES_MAX) return targetPath + PART_SUFFIX;
  return join(dirname(targetPath), createHash('sha1').update(name).digest('hex') + PART_SUFFIX);
}

export interface PartFile {
  /** Open for reading and writing; its owner closes it with `closePart`. */
  readonly fd: number;
  readonly partPath: string;
}

/** Creates the file that a download is written to, `size` bytes without blocks behind them. ALREADY_EXISTS, DISK_FULL, … */
export async function createPart(targetPath: string, size: number): Promise<PartFile> {
  const partPath = partPathOf(join(await realParent(targetPath), basename(targetPath)));
  try {
    const fd = await openFd(partPath, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW);
    try {
      await truncateFd(fd, size);
    } catch (error) {
      await closeFd(fd);
      await unlinkPath(partPath);
      throw error;
    }
    return { fd, partPath };
  } catch (error) {
    throw fileError(error, partPath);
  }
}

async function realParent(path: string): Promise<string> {
  try {
    return await realpath(dirname(path));
  } catch (error) {
    throw fileError(error, dirname(path));
  }
}

/** A `.part` as it lies there. */
export interface FoundPart {
  readonly inode: number;
  readonly size: number;
  readonly mtimeMs: number;
}

export interface ReopenedPart extends PartFile {
  /** As it lay there, before its size was corrected: resume data is valid for exactly this state. */
  readonly found: FoundPart;
}

/** Opens the file of an interrupted download again and gives it its size back. A link or anything else is refused. */
export async function openPart(partPath: string, size: number): Promise<ReopenedPart> {
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for its other end.
    const fd = await openFd(partPath, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await statFd(fd);
      if (!found.isFile()) throw new MiniTorrentError('NOT_A_FILE', `${partPath} is not a regular file; move it away`);
      if (found.size !== size) await truncateFd(fd, size);
      return { fd, partPath, found: { inode: found.ino, size: found.size, mtimeMs: found.mtimeMs } };
    } catch (error) {
      await closeFd(fd);
      throw error;
    }
  } catch (error) {
    throw fileError(error, partPath);
  }
}

/**
 * Flushes a complete download and gives it its name; the descriptor stays open and valid. FILE_CHANGED when `partPath` is
 * no longer the file behind `fd`; ALREADY_EXISTS when the target appeared meanwhile: then the `.part` is left as it is.
 */
export async function finishPart(part: PartFile & { readonly targetPath: string }): Promise<void> {
  const { fd, partPath, targetPath } = part;
  try {
    await syncFd(fd);
    const [opened, named] = [await statFd(fd), await lstat(partPath)];
    if (opened.ino !== named.ino || opened.dev !== named.dev) {
      const sentence = `${partPath} was replaced by another file while it was downloaded; remove it and start again`;
      throw new MiniTorrentError('FILE_CHANGED', sentence);
    }
    await moveWithoutOverwriting(partPath, targetPath);
    await syncDirectory(dirname(targetPath));
  } catch (error) {
    throw fileError(error, errnoOf(error) === 'EEXIST' ? targetPath : partPath);
  }
}

/** Flushes what was written so far: before resume data says that it is there. */
export async function flushPart(part: PartFile): Promise<void> {
  try {
    await syncFd(part.fd);
  } catch (error) {
    throw fileError(error, part.partPath);
  }
}

/** Of the file behind the descriptor, whatever has its name now. */
export async function inodeOf(part: PartFile): Promise<number> {
  try {
    return (await statFd(part.fd)).ino;
  } catch (error) {
    throw fileError(error, part.partPath);
  }
}

export async function closePart(part: PartFile): Promise<void> {
  try {
    await closeFd(part.fd);
  } catch (error) {
    throw fileError(error, part.partPath);
  }
}

/** Bytes that this user may still write on the disk of `path`, an existing file or directory. */
export async function freeBytes(path: string): Promise<number> {
  try {
    const disk = await statfs(path);
    return disk.bavail * disk.bsize;
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * Replaces a state file: afterwards, and after a crash at any instant, it holds the old bytes or the new ones, whole.
 * @param durable flush to disk; false for state whose loss costs only work, such as periodic resume data.
 */
export async function atomicWriteFile(path: string, bytes: Uint8Array, mode = 0o600, durable = true): Promise<void> {
  try {
    await publish(path, [bytes], { mode, overwrite: true, durable });
  } catch (error) {
    throw fileError(error, path);
  }
}

/** A state file's bytes. FILE_NOT_FOUND when there is none, STATE_DAMAGED when it is larger than `bytesMax`. */
export async function readBounded(path: string, bytesMax: number): Promise<Uint8Array> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw new MiniTorrentError('NOT_A_FILE', `${path} is not a regular file; move it away`);
      if (found.size > bytesMax) {
        const sentence = `${path} has ${found.size} bytes where at most ${bytesMax} make sense; move it away`;
        throw new MiniTorrentError('STATE_DAMAGED', sentence);
      }
      const bytes = new Uint8Array(found.size);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}
