// A folder that one peer thread uploads from. Each file is compared with its stamp after its bytes were read, so no
// byte of a file that has changed since it was right leaves this machine; such a file is marked in the list. Small
// files are opened for each read and read in steps, so that other connections have their turns.

import fs, { constants } from 'node:fs';
import { promisify } from 'node:util';
import { present } from '../../../foundation/base/assert.js';
import type { Timers } from '../../../foundation/base/timers.js';
import { type FolderList, NO_STAMP } from '../../../foundation/torrent/folder/folder-list.js';
import type { Extent, Layout } from '../../../foundation/torrent/layout.js';
import { bytesOf, within } from '../disk/read-targets.js';
import { FolderTree, LaterWalk } from '../disk/tree.js';
import {
  FOLDER_DIRECTORIES_OPEN_MAX,
  KEPT_FILE_BYTES_MIN,
  KEPT_FILES_MAX,
  PACK_READ_BYTES,
  READ_HERE_MS_MAX,
} from '../limits.js';
import { layoutOf, type ServedStorage } from '../messages.js';
import { type OpenServed, type ReadEnd, type ServeFailure, systemErrno } from './file.js';
import { ReadPlace } from './read-place.js';

const ROOT = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** What a file that is not the right one any more answers. */
const OTHER_FILE: readonly string[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EISDIR', 'CHANGED', 'SHORT_FILE'];

export const FOLDER_DESCRIPTORS = 1 + FOLDER_DIRECTORIES_OPEN_MAX + KEPT_FILES_MAX;

const openFd = promisify(fs.open);
const readFd = promisify(fs.readv);
const statFd = promisify(fs.fstat);
const closeFd = promisify(fs.close);

export interface ServedFolderOptions {
  readonly timers: Pick<Timers, 'nowMs'>;
  /** Closes descriptors of storages that nobody reads. */
  readonly makeRoom: () => void;
}

interface Reading {
  readonly extents: readonly Extent[];
  readonly targets: readonly Uint8Array[];
  readonly done: ReadEnd;
}

export class ServedFolder implements OpenServed {
  readonly descriptors = FOLDER_DESCRIPTORS;
  readonly #path: string;
  readonly #root: number;
  readonly #options: ServedFolderOptions;
  readonly #layout: Layout;
  readonly #list: FolderList;
  readonly #tree: FolderTree;
  readonly #place: ReadPlace;
  readonly #mayHang: boolean;
  /** Descriptors of large files by entry, least recently used first. */
  readonly #kept = new Map<number, number>();

  private constructor(root: number, name: ServedStorage, options: ServedFolderOptions, mayHang: boolean) {
    this.#path = name.path;
    this.#root = root;
    this.#options = options;
    this.#layout = layoutOf(name);
    this.#list = present(this.#layout.folder, 'a served folder has its list');
    this.#tree = new FolderTree(root, this.#list.followsLinks);
    this.#mayHang = mayHang;
    this.#place = new ReadPlace(mayHang);
  }

  /** Returns Node's errno when it cannot be opened. */
  static open(name: ServedStorage, options: ServedFolderOptions): ServedFolder | string {
    try {
      return new ServedFolder(fs.openSync(name.path, ROOT), name, options, false);
    } catch (error) {
      return systemErrno(error);
    }
  }

  /** The same where the disk may hang. */
  static async openLater(name: ServedStorage, options: ServedFolderOptions): Promise<ServedFolder | string> {
    try {
      return new ServedFolder(await openFd(name.path, ROOT), name, options, true);
    } catch (error) {
      return systemErrno(error);
    }
  }

  read(offset: number, targets: readonly Uint8Array[], done: ReadEnd): void {
    const reading = { extents: this.#layout.extents(offset, bytesOf(targets)), targets, done };
    if (this.#place.isHere) this.#step(reading, 0, 0);
    else void this.#readAway(reading, 0, 0);
  }

  close(): void {
    this.#closeKept();
    this.#tree.close();
    if (!this.#mayHang) fs.closeSync(this.#root);
    // Nothing was written, so there is nothing to lose.
    else fs.close(this.#root, () => undefined);
  }

  /**
   * Reads some of it on this thread, and the rest in a later turn: what a slow disk takes long for ends a turn after
   * one file. @param at index of the next extent. @param filled bytes so far.
   */
  #step(reading: Reading, at: number, filled: number): void {
    const { extents, targets, done } = reading;
    const { timers } = this.#options;
    const begunMs = timers.nowMs();
    let [next, end] = [at, filled];
    while (next < extents.length && end - filled < PACK_READ_BYTES && timers.nowMs() - begunMs <= READ_HERE_MS_MAX) {
      const extent = present(extents[next], 'an extent within the list');
      const errno = this.#readHere(extent, within(targets, end, extent.length));
      if (errno !== undefined) {
        done(this.#failureOf(extent.file, errno));
        return;
      }
      end += extent.length;
      next += 1;
    }
    this.#place.read(timers.nowMs() - begunMs);
    if (next === extents.length) done(undefined);
    else if (this.#place.isHere) setImmediate(() => this.#step(reading, next, end));
    else void this.#readAway(reading, next, end);
  }

  /** Returns the errno of a failure. */
  #readHere({ file, offset, length }: Extent, targets: readonly Uint8Array[]): string | undefined {
    if (this.#list.isPad(file)) {
      for (const target of targets) target.fill(0);
      return undefined;
    }
    const isLarge = this.#list.sizeOf(file) >= KEPT_FILE_BYTES_MIN;
    let fd: number | undefined;
    try {
      fd = isLarge ? this.#openKept(file) : this.#open(file);
      const count = fs.readvSync(fd, targets, offset);
      return this.#whatIsWrong(file, fs.fstatSync(fd, { bigint: true }), count < length);
    } catch (error) {
      return systemErrno(error);
    } finally {
      if (!isLarge && fd !== undefined) fs.closeSync(fd);
    }
  }

  #open(entry: number): number {
    const path = this.#list.pathOf(entry);
    try {
      return this.#tree.openToRead(path);
    } catch (error) {
      const errno = systemErrno(error);
      if (errno === 'EMFILE' || errno === 'ENFILE') {
        this.#closeKept();
        this.#options.makeRoom();
      } else if (errno !== 'ENOENT') throw error;
      // A directory that stayed open may have been deleted and made again.
      this.#tree.close();
      return this.#tree.openToRead(path);
    }
  }

  #openKept(entry: number): number {
    const fd = this.#kept.get(entry) ?? this.#open(entry);
    this.#kept.delete(entry);
    this.#kept.set(entry, fd);
    for (const [oldest, its] of this.#kept) {
      if (this.#kept.size <= KEPT_FILES_MAX) break;
      this.#kept.delete(oldest);
      fs.closeSync(its);
    }
    return fd;
  }

  #closeKept(): void {
    for (const fd of this.#kept.values()) fs.closeSync(fd);
    this.#kept.clear();
  }

  /**
   * The same for a slow disk, on the system's threads. That takes several times the work, so each file counts as a read
   * away: where only a core was busy, the rest of many small files is read here again.
   */
  async #readAway(reading: Reading, at: number, filled: number): Promise<void> {
    const { extents, targets, done } = reading;
    const walk = new LaterWalk(this.#root, this.#list.followsLinks);
    let failure: ServeFailure | undefined;
    let [next, end] = [at, filled];
    while (failure === undefined && next < extents.length) {
      const extent = present(extents[next], 'an extent within the list');
      const begunMs = this.#options.timers.nowMs();
      const errno = await this.#readOneAway(walk, extent, within(targets, end, extent.length));
      if (errno !== undefined) failure = this.#failureOf(extent.file, errno);
      else this.#place.read(this.#options.timers.nowMs() - begunMs);
      end += extent.length;
      next += 1;
      if (this.#place.isHere) break;
    }
    await walk.close();
    if (failure !== undefined || next === extents.length) done(failure);
    else this.#step(reading, next, end);
  }

  async #readOneAway(
    walk: LaterWalk,
    { file, offset, length }: Extent,
    targets: readonly Uint8Array[],
  ): Promise<string | undefined> {
    if (this.#list.isPad(file)) {
      for (const target of targets) target.fill(0);
      return undefined;
    }
    try {
      const fd = await walk.open(this.#list.pathOf(file));
      try {
        const { bytesRead } = await readFd(fd, targets, offset);
        return this.#whatIsWrong(file, await statFd(fd, { bigint: true }), bytesRead < length);
      } finally {
        await closeFd(fd);
      }
    } catch (error) {
      return systemErrno(error);
    }
  }

  /** After the read, so that a write before it shows in the file's time. */
  #whatIsWrong(entry: number, found: fs.BigIntStats, isShort: boolean): string | undefined {
    const stamp = this.#list.stampOf(entry);
    if (stamp !== NO_STAMP) {
      if (found.nlink === 0n) return 'ENOENT';
      if (found.mtimeNs !== stamp || found.size !== BigInt(this.#list.sizeOf(entry))) return 'CHANGED';
    }
    return isShort ? 'SHORT_FILE' : undefined;
  }

  #failureOf(entry: number, errno: string): ServeFailure {
    // Without a stamp it is still being written.
    if (this.#list.stampOf(entry) !== NO_STAMP && OTHER_FILE.includes(errno)) this.#list.markChanged(entry, true);
    return { path: `${this.#path}/${this.#list.pathOf(entry)}`, errno };
  }
}
