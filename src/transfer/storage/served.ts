// The storages that one peer thread uploads from: opened without following a link, and checked for changes after each
// read. Owns their descriptors. Invariant: none is closed during a read, and however many storages are served, no more
// than a bound are open.

import fs from 'node:fs';
import { errnoOf } from '../../foundation/base/errors.js';
import { OPEN_FILES_BASE, UPLOAD_FILES_OPEN_MAX } from '../../foundation/base/limits.js';
import type { Timers } from '../../foundation/base/timers.js';
import { SERVED_FILES_MIN, SERVED_FILES_SHARE } from './limits.js';
import type { ServedStorage } from './messages.js';
import { ReadPlace } from './read-place.js';
import { attachStorage, type StorageBytes } from './storage.js';

export interface ServedStoragesOptions {
  /** Open descriptors at most, not counting those in use by a read. */
  readonly openMax: number;
  readonly timers: Pick<Timers, 'nowMs'>;
}

export interface ServeFailure {
  readonly path: string;
  /** Node's errno; SHORT_FILE when the file is too short; CHANGED when it was written to since it was right. */
  readonly errno: string;
}

export type ReadOutcome =
  | { readonly kind: 'read' }
  | ({ readonly kind: 'failed' } & ServeFailure)
  /** The file is not served any more. */
  | { readonly kind: 'gone' };

interface Opened {
  readonly fd: number;
  readonly bytes: StorageBytes;
  readonly place: ReadPlace;
}

interface Served {
  readonly name: ServedStorage;
  /** Undefined while it is closed; the next read opens it again. */
  opened: Opened | undefined;
  /** Reads in flight. */
  reads: number;
  /** No longer served: closed for good after the last read. */
  closing: boolean;
}

/** How many a client may hold open when the process may open `limit` files and sockets. */
export function servedFilesMax(limit: number): number {
  const spare = Math.floor((limit - OPEN_FILES_BASE) * SERVED_FILES_SHARE);
  return Math.min(UPLOAD_FILES_OPEN_MAX, Math.max(SERVED_FILES_MIN, spare));
}

export class ServedStorages {
  readonly #openMax: number;
  readonly #timers: Pick<Timers, 'nowMs'>;
  /** By file number, least recently used first. */
  readonly #served = new Map<number, Served>();
  #openCount = 0;

  constructor({ openMax, timers }: ServedStoragesOptions) {
    this.#openMax = openMax;
    this.#timers = timers;
  }

  /** Serves `file` from this storage instead of an earlier one. The first read opens it. */
  learn(file: number, name: ServedStorage): undefined {
    this.#replace(file, closed(name));
  }

  /** As `learn`, but opens it at once. Returns why it cannot be opened; the earlier one stays then. */
  open(file: number, name: ServedStorage): ServeFailure | undefined {
    const served = closed(name);
    const opened = this.#open(served);
    if (typeof opened === 'string') return { path: name.path, errno: opened };
    this.#replace(file, served);
    this.#closeLongUnused();
    return undefined;
  }

  close(file: number): void {
    const served = this.#served.get(file);
    if (served === undefined) return;
    this.#served.delete(file);
    served.closing = true;
    this.#closeUnused(served);
  }

  closeAll(): void {
    for (const file of [...this.#served.keys()]) this.close(file);
  }

  /** Fills `targets` with the bytes from `offset` on. `done` may be called before this returns. */
  read(file: number, offset: number, targets: readonly Uint8Array[], done: (outcome: ReadOutcome) => void): void {
    const served = this.#served.get(file);
    if (served === undefined) {
      done({ kind: 'gone' });
      return;
    }
    const opened = this.#ready(file, served);
    if (typeof opened === 'string') {
      done({ kind: 'failed', path: served.name.path, errno: opened });
      return;
    }
    const length = targets.reduce((sum, target) => sum + target.length, 0);
    const begunMs = this.#timers.nowMs();
    served.reads += 1;
    fill(opened, offset, targets, (error, count) => {
      opened.place.read(this.#timers.nowMs() - begunMs);
      const wasClosing = served.closing;
      // After the read, so that a write before it shows in the file's time.
      const errno = error === null ? whatIsWrong(opened, served.name, count < length) : (errnoOf(error) ?? 'EIO');
      served.reads -= 1;
      this.#closeUnused(served);
      if (errno === undefined) done({ kind: 'read' });
      else done(wasClosing ? { kind: 'gone' } : { kind: 'failed', path: served.name.path, errno });
    });
  }

  /** Opens it again if it was closed to keep the bound. Returns the errno when it cannot be opened. */
  #ready(file: number, served: Served): Opened | string {
    this.#served.delete(file);
    this.#served.set(file, served);
    if (served.opened !== undefined) return served.opened;
    const opened = this.#open(served);
    if (typeof opened !== 'string') this.#closeLongUnused();
    return opened;
  }

  #replace(file: number, served: Served): void {
    this.close(file);
    this.#served.set(file, served);
  }

  #open(served: Served): Opened | string {
    let opened = openServed(served.name);
    // Sockets have taken the descriptors: those of files that nobody reads now are given up for this one.
    if (opened === 'EMFILE' || opened === 'ENFILE') {
      this.#closeLongUnused(0);
      opened = openServed(served.name);
    }
    if (typeof opened === 'string') return opened;
    served.opened = opened;
    this.#openCount += 1;
    return opened;
  }

  #closeLongUnused(openMax = this.#openMax): void {
    for (const served of this.#served.values()) {
      if (this.#openCount <= openMax) return;
      if (served.reads === 0) this.#close(served);
    }
  }

  #closeUnused(served: Served): void {
    if (served.closing && served.reads === 0) this.#close(served);
  }

  #close(served: Served): void {
    if (served.opened === undefined) return;
    fs.closeSync(served.opened.fd);
    served.opened = undefined;
    this.#openCount -= 1;
  }
}

function closed(name: ServedStorage): Served {
  return { name, opened: undefined, reads: 0, closing: false };
}

/** Returns why it cannot be opened: Node's errno, or CHANGED. */
function openServed(name: ServedStorage): Opened | string {
  const { path, size } = name;
  let fd: number;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  } catch (error) {
    return systemErrno(error);
  }
  const wrong = whatIsWrong({ fd }, name, false);
  if (wrong === undefined)
    return { fd, bytes: attachStorage({ fd, size, list: 0 }), place: new ReadPlace(!isLocal(path)) };
  fs.closeSync(fd);
  return wrong;
}

/** Reads on this thread, and calls `done` before it returns, or on the system's read threads. */
function fill(
  { bytes, place }: Opened,
  offset: number,
  targets: readonly Uint8Array[],
  done: (error: Error | null, count: number) => void,
): void {
  if (!place.isHere) {
    bytes.readLater(offset, targets, done);
    return;
  }
  let count = 0;
  let failure: Error | null = null;
  try {
    count = bytes.readAt(offset, targets);
  } catch (error) {
    systemErrno(error);
    failure = error as Error;
  }
  done(failure, count);
}

/** File systems on disks of this machine, by their type in statfs(2). */
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
    // It is gone: the read will fail.
    systemErrno(error);
    return false;
  }
}

/** A complete file that was deleted or written to since it was right may not match its digests any more. */
function whatIsWrong({ fd }: Pick<Opened, 'fd'>, { mtimeMs }: ServedStorage, isShort: boolean): string | undefined {
  if (mtimeMs !== null) {
    const found = fs.fstatSync(fd);
    if (found.nlink === 0) return 'ENOENT';
    if (found.mtimeMs !== mtimeMs && !isShort) return 'CHANGED';
  }
  return isShort ? 'SHORT_FILE' : undefined;
}

/** Rethrows anything but a system error. */
function systemErrno(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return errno;
}
