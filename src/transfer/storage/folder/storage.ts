// The folder of a share on the disk, as its owner holds it: the open directory, and the list that says what belongs
// there. A `.part` is a directory with the final tree inside, which grows with what is written.

import fs, { constants } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { errnoOf, fileError, MiniTorrentError } from '../../../foundation/base/errors.js';
import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import { Layout } from '../../../foundation/torrent/layout.js';
import { type CloneCall, type CloneResult, cloneInto } from '../disk/clone.js';
import { aboutEntry, EntryError } from '../disk/entry-error.js';
import { diskBytesBelow, type Looks, looksBelow, NO_FILE } from '../disk/entry-looks.js';
import { flushEntries } from '../disk/flush.js';
import { makeOwn } from '../disk/own-inode.js';
import { descriptorPath } from '../disk/tree.js';
import { folderLists } from '../folder-lists.js';
import { STAT_BLOCK_BYTES } from '../limits.js';
import type { HandedStorage, StorageHandle } from '../messages.js';
import type { ReuseSource } from '../reuse/plan.js';
import { stampOf } from '../single-file.js';
import type { ExaminedPart, FoundPart, LookAtEntries, Stamp, Storage } from '../storage.js';
import { copyPathOf } from '../target.js';
import { FolderBytes } from './bytes.js';
import { publishFolder } from './publish.js';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);
const mkdirPath = promisify(fs.mkdir);
const accessPath = promisify(fs.access);

/** A complete folder. Links to it are followed, but none below it. */
export async function openFolder(path: string, list: FolderList): Promise<Storage> {
  return opened(await openRoot(path, O_RDONLY | O_DIRECTORY), path, path, list);
}

/** @param path of the `.part`. */
export async function createFolderPart(path: string, targetPath: string, list: FolderList): Promise<Storage> {
  await mkdirPath(path);
  list.forgetStamps();
  return opened(await openPartRoot(path), path, targetPath, list);
}

/** @param path of the `.part`. */
export async function openFolderPart(path: string, targetPath: string, list: FolderList): Promise<FoundPart> {
  const storage = opened(await openPartRoot(path), path, targetPath, list);
  try {
    const found = await storage.stamp();
    const { times, linked } = await storage.looks();
    // Whoever wrote them, the next flush is theirs, too.
    list.forgetStamps();
    for (const [entry, time] of times.entries()) if (time !== NO_FILE) list.markWritten(entry);
    return { storage, found, times, linked };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** @param path of the `.part`, whose files are flushed and not changed. */
export async function examineFolderPart(path: string, list: FolderList): Promise<ExaminedPart> {
  const { storage, found, times } = await openFolderPart(path, path, list);
  try {
    await storage.flush();
    const diskBytes = await diskBytesBelow(path, list);
    // What is not of this list is somebody's, too.
    const isEmpty = diskBytes === 0 && (await readdir(path)).length === 0;
    return { stamp: found, times, diskBytes: isEmpty ? 0 : Math.max(diskBytes, 1) };
  } finally {
    await storage.close();
  }
}

function opened(fd: number, path: string, targetPath: string, list: FolderList): FolderStorage {
  const handle = { fd, size: list.size, list: folderLists.use(new Layout(list)) };
  return new FolderStorage(handle, path, targetPath, true);
}

async function openPartRoot(path: string): Promise<number> {
  try {
    return await openRoot(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ENOTDIR' && errno !== 'ELOOP') throw fileError(error, path);
    throw new MiniTorrentError('NOT_A_DIRECTORY', `${path} is not a folder, but a file or a link; move it away`);
  }
}

async function openRoot(path: string, flags: number): Promise<number> {
  const fd = await openFd(path, flags);
  try {
    await accessPath(descriptorPath(fd));
    return fd;
  } catch (error) {
    await closeFd(fd);
    const sentence = `${path} cannot be used: folders need /proc/self/fd, which this system does not offer; mount /proc`;
    throw new MiniTorrentError('IO_ERROR', sentence, error);
  }
}

export class FolderStorage extends FolderBytes implements Storage {
  readonly path: string;
  readonly handle: StorageHandle;
  readonly #targetPath: string;
  readonly #holdsList: boolean;

  /** @param holdsList until `close` or `handOver`; otherwise somebody else does. */
  constructor(handle: StorageHandle, path: string, targetPath: string, holdsList: boolean) {
    super(handle);
    this.#holdsList = holdsList;
    this.handle = handle;
    this.path = path;
    this.#targetPath = targetPath;
  }

  pathOf(entry: number): string {
    return `${this.path}/${this.list.pathOf(entry)}`;
  }

  handOver(): HandedStorage {
    this.detach();
    if (this.#holdsList) folderLists.letGo(this.handle.list);
    return { handle: this.handle, path: this.path, targetPath: this.#targetPath };
  }

  async flush(): Promise<void> {
    const entries = this.list.takeWritten();
    try {
      await flushEntries(this.root, this.list, entries);
    } catch (error) {
      for (const entry of entries) this.list.markWritten(entry);
      throw this.#named(error);
    }
  }

  async stamp(): Promise<Stamp> {
    try {
      const stats = await promisify(fs.fstat)(this.root, { bigint: true });
      return { ...stampOf(stats), size: this.layout.size };
    } catch (error) {
      throw this.#named(error);
    }
  }

  async times(): Promise<BigInt64Array> {
    return (await this.looks()).times;
  }

  async looks(): Promise<Looks> {
    try {
      return await looksBelow(descriptorPath(this.root), this.list);
    } catch (error) {
      throw this.#named(error);
    }
  }

  async makeOwn(file: number): Promise<void> {
    const [path, aside] = [this.list.pathOf(file), copyPathOf(this.#targetPath)];
    try {
      const name = basename(path);
      const directory = path.slice(0, Math.max(0, path.length - name.length - 1));
      // A descriptor of its own: those of the tree are closed as others are needed.
      const fd = await openFd(descriptorPath(this.tree.directory(directory)), O_RDONLY | O_DIRECTORY);
      try {
        await makeOwn(`${descriptorPath(fd)}/${name}`, aside, this.pathOf(file));
      } finally {
        await closeFd(fd);
      }
      this.list.markWritten(file);
    } catch (error) {
      throw fileError(error, this.pathOf(file));
    }
  }

  async finish(look?: LookAtEntries): Promise<void> {
    const { root, tree, list, path } = this;
    this.detach();
    const lookAt = look && ((entries: Uint32Array) => look(this, entries));
    try {
      await publishFolder({ root, tree, list, path, targetPath: this.#targetPath, lookAt });
    } catch (error) {
      throw this.#named(error);
    } finally {
      this.detach();
    }
  }

  async cloneFrom(file: number, source: ReuseSource, call?: CloneCall): Promise<CloneResult> {
    const { tree, list } = this;
    try {
      const executable = list.kindOf(file) === 'exec';
      const fd = aboutEntry(file, () => tree.openToWrite(list.pathOf(file), executable));
      try {
        list.markWritten(file);
        return await cloneInto(fd, list.sizeOf(file), source, call);
      } finally {
        await closeFd(fd);
      }
    } catch (error) {
      throw this.#named(error);
    }
  }

  async diskBytesOf(file: number): Promise<number> {
    try {
      const found = aboutEntry(file, () => fs.lstatSync(this.tree.reach(this.list.pathOf(file))));
      return found.isFile() ? found.blocks * STAT_BLOCK_BYTES : 0;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return 0;
      throw this.#named(error);
    }
  }

  async close(): Promise<void> {
    this.detach();
    if (this.#holdsList) folderLists.letGo(this.handle.list);
    try {
      await closeFd(this.root);
    } catch (error) {
      throw this.#named(error);
    }
  }

  #named(error: unknown): MiniTorrentError {
    return fileError(error, error instanceof EntryError ? this.pathOf(error.entry) : this.path);
  }
}
