// The bytes of a folder: pads read as zeros and are never written, entries that are left out neither read nor written,
// and a file comes into being with its first bytes. The last file stays open, since what is next is often in it, too.

import fs from 'node:fs';
import { promisify } from 'node:util';
import { present } from '../../../foundation/base/assert.js';
import { errnoOf } from '../../../foundation/base/errors.js';
import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import type { Extent, Layout } from '../../../foundation/torrent/layout.js';
import { aboutEntry, EntryError } from '../disk/entry-error.js';
import { bytesOf, within } from '../disk/read-targets.js';
import { FolderTree, openBelow } from '../disk/tree.js';
import { layoutOf, type StorageHandle } from '../messages.js';
import type { ReadDone, StorageBytes } from '../storage.js';

const readFd = promisify(fs.readv);
const closeFd = promisify(fs.close);

interface OpenFile {
  readonly entry: number;
  readonly writes: boolean;
  readonly fd: number;
}

export class FolderBytes implements StorageBytes {
  readonly layout: Layout;
  protected readonly root: number;
  protected readonly list: FolderList;
  protected readonly tree: FolderTree;
  #last: OpenFile | undefined;

  constructor(handle: StorageHandle) {
    this.layout = layoutOf(handle);
    this.list = present(this.layout.folder, 'the storage of a folder has its list');
    this.root = handle.fd;
    this.tree = new FolderTree(handle.fd, this.list.followsLinks);
  }

  readAt(offset: number, targets: readonly Uint8Array[]): number {
    let filled = 0;
    for (const extent of this.layout.extents(offset, bytesOf(targets))) {
      const count = this.#read(extent, within(targets, filled, extent.length));
      filled += count;
      if (count < extent.length) break;
    }
    return filled;
  }

  readLater(offset: number, targets: readonly Uint8Array[], done: ReadDone): void {
    this.#readAway(offset, targets).then(
      (count) => done(null, count),
      (error: Error) => done(error, 0),
    );
  }

  writeAt(offset: number, bytes: Uint8Array): void {
    let at = 0;
    for (const extent of this.layout.extents(offset, bytes.length)) {
      if (this.#isOnDisk(extent.file)) this.#write(extent, bytes.subarray(at, at + extent.length));
      at += extent.length;
    }
  }

  extend(offset: number, length: number): void {
    for (const { file } of this.layout.extents(offset, length)) {
      if (!this.#isOnDisk(file)) continue;
      const size = this.list.sizeOf(file);
      aboutEntry(file, () => {
        const fd = this.#openToWrite(file);
        if (fs.fstatSync(fd).size < size) fs.ftruncateSync(fd, size);
      });
    }
  }

  detach(): void {
    this.#closeLast();
    this.tree.close();
  }

  #isOnDisk(entry: number): boolean {
    return !this.list.isPad(entry) && this.list.isChosen(entry);
  }

  #read({ file, offset, length }: Extent, targets: readonly Uint8Array[]): number {
    if (this.list.isPad(file)) return zeroed(targets, length);
    if (!this.list.isChosen(file)) return 0;
    return aboutEntry(file, () => {
      const fd = this.#openToRead(file);
      return fd === undefined ? 0 : readInto(fd, targets, offset);
    });
  }

  async #readAway(offset: number, targets: readonly Uint8Array[]): Promise<number> {
    let filled = 0;
    for (const extent of this.layout.extents(offset, bytesOf(targets))) {
      const count = await this.#readOneAway(extent, within(targets, filled, extent.length));
      filled += count;
      if (count < extent.length) break;
    }
    return filled;
  }

  async #readOneAway({ file, offset, length }: Extent, targets: readonly Uint8Array[]): Promise<number> {
    if (this.list.isPad(file)) return zeroed(targets, length);
    if (!this.list.isChosen(file)) return 0;
    try {
      const fd = await openBelow(this.root, this.list.pathOf(file), this.list.followsLinks);
      try {
        return (await readFd(fd, targets, offset)).bytesRead;
      } finally {
        await closeFd(fd);
      }
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      if (errno === 'ENOENT') return 0;
      throw new EntryError(errno, file, error);
    }
  }

  #write({ file, offset, length }: Extent, bytes: Uint8Array): void {
    aboutEntry(file, () => {
      const fd = this.#openToWrite(file);
      this.list.markWritten(file);
      for (let at = 0; at < length; ) at += fs.writeSync(fd, bytes, at, length - at, offset + at);
    });
  }

  /** Undefined when it is not there. */
  #openToRead(entry: number): number | undefined {
    try {
      return this.#openOnce(entry, false, () => this.tree.openToRead(this.list.pathOf(entry)));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #openToWrite(entry: number): number {
    const executable = this.list.kindOf(entry) === 'exec';
    return this.#openOnce(entry, true, () => this.tree.openToWrite(this.list.pathOf(entry), executable));
  }

  #openOnce(entry: number, writes: boolean, open: () => number): number {
    const last = this.#last;
    if (last !== undefined && last.entry === entry && last.writes === writes) return last.fd;
    this.#closeLast();
    const fd = open();
    this.#last = { entry, writes, fd };
    return fd;
  }

  #closeLast(): void {
    const last = this.#last;
    this.#last = undefined;
    if (last !== undefined) fs.closeSync(last.fd);
  }
}

function readInto(fd: number, targets: readonly Uint8Array[], offset: number): number {
  const [target, ...more] = targets;
  return target !== undefined && more.length === 0
    ? fs.readSync(fd, target, 0, target.length, offset)
    : fs.readvSync(fd, targets, offset);
}

function zeroed(targets: readonly Uint8Array[], length: number): number {
  for (const target of targets) target.fill(0);
  return length;
}
