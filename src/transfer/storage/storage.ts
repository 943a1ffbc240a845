// A storage holds the bytes of one share, addressed by their offset in the piece space. Opening and creating one never
// follows a link, and finishing a download never overwrites anything. So far each share is one file; only this folder
// knows that.

import fs, { constants } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { assert } from '../../foundation/base/assert.js';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import type { Extent, Layout } from '../../foundation/torrent/layout.js';
import { STAT_BLOCK_BYTES } from './leftovers.js';
import { type HandedStorage, layoutOf, type StorageHandle } from './messages.js';
import { moveWithoutOverwriting, syncDirectory } from './publish.js';
import { partPathOf } from './target.js';

// Plain descriptors: a number is valid in all threads.
const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);
const truncateFd = promisify(fs.ftruncate);
const syncFd = promisify(fs.fsync);
const unlinkPath = promisify(fs.unlink);
const NS_PER_S = 1_000_000_000n;

/** The bytes of a storage, by their offset in the piece space. */
export interface StorageBytes {
  readonly layout: Layout;
  /**
   * Fills `targets`, one after the other, with the bytes from `offset` on. Returns how many were read: fewer at the end
   * of the storage. Blocks; throws system errors.
   */
  readAt(offset: number, targets: readonly Uint8Array[]): number;
  /** The same on the system's read threads. */
  readLater(offset: number, targets: readonly Uint8Array[], done: ReadDone): void;
  /** Writes all of `bytes`. Blocks; throws system errors. */
  writeAt(offset: number, bytes: Uint8Array): void;
}

/** @param count bytes read. */
export type ReadDone = (error: Error | null, count: number) => void;

/** The state of a storage, to compare with a later one. */
export interface Stamp {
  readonly inode: number;
  /** In bytes. */
  readonly size: number;
  readonly mtimeMs: number;
  readonly mtimeNs: bigint;
}

/** An open storage, as its owner holds it. Its promises reject with MiniTorrentError. */
export interface Storage extends StorageBytes {
  /** Where it is, for messages to people. */
  readonly path: string;
  /** Its name for threads that read or write its bytes. */
  readonly handle: StorageHandle;
  /** Its name for the thread that becomes its owner. The caller must not use it any more. */
  handOver(): HandedStorage;
  /** Resolves when everything written is on the disk. */
  flush(): Promise<void>;
  /** Of the open storage, whatever has its path now. */
  stamp(): Promise<Stamp>;
  /**
   * Flushes a complete download and renames it to its target; it stays open. FILE_CHANGED when something else has its
   * path now, ALREADY_EXISTS when the target exists: nothing has changed then.
   */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** A storage that another thread holds open. */
export function attachStorage(handle: StorageHandle): StorageBytes {
  return new FileBytes(handle);
}

/** A storage that another thread has handed over; the caller owns it. */
export function adoptStorage({ handle, path, targetPath }: HandedStorage): Storage {
  return new FileStorage(handle, path, targetPath);
}

/** Opens what is at `path` for reading, whatever its size. FILE_NOT_FOUND, PERMISSION_DENIED, … */
export async function openSource(path: string, { size }: Layout): Promise<Storage> {
  try {
    return new FileStorage({ fd: await openFd(path, 'r'), size, list: 0 }, path, path);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Creates a `.part` for a download, sparse. ALREADY_EXISTS, DISK_FULL, … */
export async function createPart(targetPath: string, { size }: Layout): Promise<Storage> {
  const path = partPathOf(join(await realParent(targetPath), basename(targetPath)));
  try {
    const fd = await openFd(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW);
    try {
      await truncateFd(fd, size);
    } catch (error) {
      await closeFd(fd);
      await unlinkPath(path);
      throw error;
    }
    return new FileStorage({ fd, size, list: 0 }, path, targetPath);
  } catch (error) {
    throw fileError(error, path);
  }
}

async function realParent(path: string): Promise<string> {
  try {
    return await realpath(dirname(path));
  } catch (error) {
    throw fileError(error, dirname(path));
  }
}

/**
 * Opens the `.part` of an interrupted download and restores its size. Anything but a regular file is refused.
 * `found`: its state before that; resume data is valid for exactly this state.
 */
export async function openPart(
  targetPath: string,
  { size }: Layout,
): Promise<{ readonly storage: Storage; readonly found: Stamp }> {
  const path = partPathOf(targetPath);
  const { fd, stats } = await openRegular(path);
  try {
    const found = stampOf(stats);
    if (found.size !== size) await truncateFd(fd, size);
    return { storage: new FileStorage({ fd, size, list: 0 }, path, targetPath), found };
  } catch (error) {
    await closeFd(fd);
    throw fileError(error, path);
  }
}

/** The `.part` of a download that nobody remembers, flushed and not changed. Anything but a regular file is refused. */
export async function examinePart(
  targetPath: string,
): Promise<{ readonly stamp: Stamp /** That it takes. */; readonly diskBytes: number }> {
  const path = partPathOf(targetPath);
  const { fd, stats } = await openRegular(path);
  try {
    // Its pieces are recorded as flushed, whoever wrote them.
    await syncFd(fd);
    return { stamp: stampOf(stats), diskBytes: Number(stats.blocks) * STAT_BLOCK_BYTES };
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await closeFd(fd);
  }
}

/** For reading and writing. Rejects with MiniTorrentError; NOT_A_FILE for a pipe and its like. */
async function openRegular(path: string): Promise<{ readonly fd: number; readonly stats: fs.BigIntStats }> {
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for its other end.
    const fd = await openFd(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await statFd(fd);
      if (!stats.isFile()) throw new MiniTorrentError('NOT_A_FILE', `${path} is not a regular file; move it away`);
      return { fd, stats };
    } catch (error) {
      await closeFd(fd);
      throw error;
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

function statFd(fd: number): Promise<fs.BigIntStats> {
  return promisify(fs.fstat)(fd, { bigint: true });
}

function stampOf({ ino, size, mtimeNs }: fs.BigIntStats): Stamp {
  // Exactly Node's mtimeMs, with its fraction, which a BigIntStats leaves out.
  const mtimeMs = Number(mtimeNs / NS_PER_S) * 1_000 + Number(mtimeNs % NS_PER_S) / 1_000_000;
  return { inode: Number(ino), size: Number(size), mtimeMs, mtimeNs };
}

class FileBytes implements StorageBytes {
  readonly layout: Layout;
  protected readonly fd: number;

  constructor(handle: StorageHandle) {
    this.layout = layoutOf(handle);
    this.fd = handle.fd;
  }

  readAt(offset: number, targets: readonly Uint8Array[]): number {
    let filled = 0;
    for (const extent of this.layout.extents(offset, bytesOf(targets))) {
      const count = readFile(this.#fdOf(extent), extent.offset, within(targets, filled, extent.length));
      filled += count;
      if (count < extent.length) break;
    }
    return filled;
  }

  readLater(offset: number, targets: readonly Uint8Array[], done: ReadDone): void {
    const extents = this.layout.extents(offset, bytesOf(targets)).values();
    const next = (filled: number): void => {
      const { value: extent } = extents.next();
      if (extent === undefined) {
        done(null, filled);
        return;
      }
      const wanted = within(targets, filled, extent.length);
      fs.readv(this.#fdOf(extent), wanted, extent.offset, (error, count) => {
        if (error !== null || count < extent.length) done(error, filled + count);
        else next(filled + count);
      });
    };
    next(0);
  }

  writeAt(offset: number, bytes: Uint8Array): void {
    let written = 0;
    for (const extent of this.layout.extents(offset, bytes.length)) {
      const fd = this.#fdOf(extent);
      const shift = extent.offset - written;
      const end = written + extent.length;
      while (written < end) written += fs.writeSync(fd, bytes, written, end - written, shift + written);
    }
  }

  #fdOf({ file }: Extent): number {
    assert(file === 0, 'a share is one file');
    return this.fd;
  }
}

function readFile(fd: number, offset: number, targets: readonly Uint8Array[]): number {
  const [only] = targets;
  if (only === undefined || targets.length > 1) return fs.readvSync(fd, targets, offset);
  return fs.readSync(fd, only, 0, only.length, offset);
}

function bytesOf(targets: readonly Uint8Array[]): number {
  return targets.reduce((sum, { length }) => sum + length, 0);
}

/** The `length` bytes of `targets` from `begin` on; `targets` itself when that is all of them. */
function within(targets: readonly Uint8Array[], begin: number, length: number): readonly Uint8Array[] {
  if (begin === 0 && length === bytesOf(targets)) return targets;
  const parts: Uint8Array[] = [];
  let [from, left] = [begin, length];
  for (const target of targets) {
    if (from < target.length && left > 0) {
      const cut = target.subarray(from, from + left);
      parts.push(cut);
      left -= cut.length;
    }
    from = Math.max(0, from - target.length);
  }
  return parts;
}

class FileStorage extends FileBytes implements Storage {
  readonly path: string;
  readonly handle: StorageHandle;
  readonly #targetPath: string;

  constructor(handle: StorageHandle, path: string, targetPath: string) {
    super(handle);
    this.handle = handle;
    this.path = path;
    this.#targetPath = targetPath;
  }

  handOver(): HandedStorage {
    return { handle: this.handle, path: this.path, targetPath: this.#targetPath };
  }

  flush(): Promise<void> {
    return this.#attempt(syncFd(this.fd));
  }

  stamp(): Promise<Stamp> {
    return this.#attempt(statFd(this.fd).then(stampOf));
  }

  async finish(): Promise<void> {
    const targetPath = this.#targetPath;
    try {
      await syncFd(this.fd);
      const [opened, named] = [await statFd(this.fd), await lstat(this.path, { bigint: true })];
      if (opened.ino !== named.ino || opened.dev !== named.dev) {
        const sentence = `${this.path} was replaced by another file while it was downloaded; remove it and start again`;
        throw new MiniTorrentError('FILE_CHANGED', sentence);
      }
      await moveWithoutOverwriting(this.path, targetPath);
      await syncDirectory(dirname(targetPath));
    } catch (error) {
      throw fileError(error, errnoOf(error) === 'EEXIST' ? targetPath : this.path);
    }
  }

  close(): Promise<void> {
    return this.#attempt(closeFd(this.fd));
  }

  async #attempt<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw fileError(error, this.path);
    }
  }
}
