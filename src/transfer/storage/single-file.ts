// A share that is one file: the bytes of its one descriptor. Opening and creating it never follows a link, and
// finishing a download never overwrites anything.

import fs, { constants } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { Layout } from '../../foundation/torrent/layout.js';
import { type CloneCall, type CloneResult, cloneInto } from './disk/clone.js';
import { makeOwn } from './disk/own-inode.js';
import { moveWithoutOverwriting, syncDirectory } from './disk/publish.js';
import { bytesOf, within } from './disk/read-targets.js';
import { STAT_BLOCK_BYTES } from './limits.js';
import type { HandedStorage, StorageHandle } from './messages.js';
import type { ReuseSource } from './reuse/plan.js';
import type { ExaminedPart, FoundPart, ReadDone, Stamp, Storage, StorageBytes } from './storage.js';
import { copyPathOf } from './target.js';

// Plain descriptors: a number is valid in all threads.
const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);
const truncateFd = promisify(fs.ftruncate);
const syncFd = promisify(fs.fsync);
const unlinkPath = promisify(fs.unlink);
const NS_PER_S = 1_000_000_000n;

/** @param path of the file. */
export async function openFile(path: string, size: number): Promise<Storage> {
  return new FileStorage({ fd: await openFd(path, 'r'), size, list: 0 }, path, path);
}

/** @param path of the `.part`, whose directory is real. */
export async function createFilePart(path: string, targetPath: string, size: number): Promise<Storage> {
  const fd = await openFd(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW);
  try {
    await truncateFd(fd, size);
  } catch (error) {
    await closeFd(fd);
    await unlinkPath(path);
    throw error;
  }
  return new FileStorage({ fd, size, list: 0 }, path, targetPath);
}

/** @param path of the `.part`, which gets its size back. */
export async function openFilePart(path: string, targetPath: string, size: number): Promise<FoundPart> {
  const { fd, stats } = await openOwn(path, targetPath);
  try {
    const found = stampOf(stats);
    if (found.size !== size) await truncateFd(fd, size);
    return { storage: new FileStorage({ fd, size, list: 0 }, path, targetPath), found, times: undefined, linked: [] };
  } catch (error) {
    await closeFd(fd);
    throw fileError(error, path);
  }
}

/** @param path of the `.part`, which is flushed and not changed. */
export async function examineFilePart(path: string): Promise<ExaminedPart> {
  const { fd, stats } = await openRegular(path);
  try {
    // Its pieces are recorded as flushed, whoever wrote them.
    await syncFd(fd);
    return { stamp: stampOf(stats), times: undefined, diskBytes: Number(stats.blocks) * STAT_BLOCK_BYTES };
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await closeFd(fd);
  }
}

/** As `openRegular`, after what lies there got bytes of its own. */
async function openOwn(path: string, targetPath: string): ReturnType<typeof openRegular> {
  const opened = await openRegular(path);
  if (opened.stats.nlink <= 1n) return opened;
  try {
    await makeOwn(path, copyPathOf(targetPath));
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await closeFd(opened.fd);
  }
  return openRegular(path);
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

/** Of a file's state. */
export function stampOf({ ino, size, mtimeNs }: fs.BigIntStats): Stamp {
  // Exactly Node's mtimeMs, with its fraction, which a BigIntStats leaves out.
  const mtimeMs = Number(mtimeNs / NS_PER_S) * 1_000 + Number(mtimeNs % NS_PER_S) / 1_000_000;
  return { inode: Number(ino), size: Number(size), mtimeMs, mtimeNs };
}

export class FileBytes implements StorageBytes {
  readonly layout: Layout;
  protected readonly fd: number;

  constructor({ fd, size }: StorageHandle) {
    this.layout = new Layout(size);
    this.fd = fd;
  }

  readAt(offset: number, targets: readonly Uint8Array[]): number {
    const length = this.#lengthWithin(offset, bytesOf(targets));
    const wanted = within(targets, 0, length);
    const [only] = wanted;
    if (length === 0 || only === undefined) return 0;
    if (wanted.length > 1) return fs.readvSync(this.fd, wanted, offset);
    return fs.readSync(this.fd, only, 0, length, offset);
  }

  readLater(offset: number, targets: readonly Uint8Array[], done: ReadDone): void {
    const length = this.#lengthWithin(offset, bytesOf(targets));
    if (length === 0) done(null, 0);
    else fs.readv(this.fd, within(targets, 0, length), offset, done);
  }

  writeAt(offset: number, bytes: Uint8Array): void {
    const end = this.#lengthWithin(offset, bytes.length);
    for (let at = 0; at < end; ) at += fs.writeSync(this.fd, bytes, at, end - at, offset + at);
  }

  /** A new `.part` has its size from the start. */
  extend(): void {}

  detach(): void {}

  #lengthWithin(offset: number, length: number): number {
    return Math.max(0, Math.min(offset + length, this.layout.size) - offset);
  }
}

export class FileStorage extends FileBytes implements Storage {
  readonly path: string;
  readonly handle: StorageHandle;
  readonly #targetPath: string;

  constructor(handle: StorageHandle, path: string, targetPath: string) {
    super(handle);
    this.handle = handle;
    this.path = path;
    this.#targetPath = targetPath;
  }

  pathOf(): string {
    return this.path;
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

  async times(): Promise<undefined> {
    return undefined;
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

  cloneFrom(_file: number, source: ReuseSource, call?: CloneCall): Promise<CloneResult> {
    return this.#attempt(cloneInto(this.fd, this.layout.size, source, call));
  }

  /** It has been, since it was opened. */
  async makeOwn(): Promise<void> {}

  diskBytesOf(): Promise<number> {
    return this.#attempt(statFd(this.fd).then(({ blocks }) => Number(blocks) * STAT_BLOCK_BYTES));
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
