// A single file that one peer thread uploads from: opened without following a link, and checked for changes after each
// read. On a disk that may hang every call is made on the system's threads.

import fs from 'node:fs';
import { promisify } from 'node:util';
import { errnoOf } from '../../../foundation/base/errors.js';
import type { Timers } from '../../../foundation/base/timers.js';
import { bytesOf } from '../disk/read-targets.js';
import type { ServedStorage } from '../messages.js';
import { FileBytes } from '../single-file.js';
import { ReadPlace } from './read-place.js';

export interface ServeFailure {
  /** Of a folder: of the entry. */
  readonly path: string;
  /** Node's errno; SHORT_FILE when the file is too short; CHANGED when it was written to since it was right. */
  readonly errno: string;
}

export type ReadEnd = (failure: ServeFailure | undefined) => void;

/** What a peer thread has open. */
export interface OpenServed {
  /** Descriptors that it holds at most between reads. */
  readonly descriptors: number;
  /**
   * Fills `targets` with the bytes from `offset` on. `done` may be called before this returns.
   * @param onSlow called at most once, before `done`: others should not wait for this read.
   */
  read(offset: number, targets: readonly Uint8Array[], done: ReadEnd, onSlow?: () => void): void;
  /** No read may be under way, as far as `done` says. */
  close(): void;
}

export interface Opening {
  readonly timers: Pick<Timers, 'nowMs'>;
  /** Its disk may hang. */
  readonly mayHang: boolean;
}

const NO_LINK = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW;
const openFd = promisify(fs.open);
const statFd = promisify(fs.fstat);
const closeFd = promisify(fs.close);

export class ServedFile implements OpenServed {
  readonly descriptors = 1;
  readonly #fd: number;
  readonly #name: ServedStorage;
  readonly #bytes: FileBytes;
  readonly #place: ReadPlace;
  readonly #mayHang: boolean;
  readonly #timers: Pick<Timers, 'nowMs'>;

  private constructor(fd: number, name: ServedStorage, { timers, mayHang }: Opening) {
    this.#fd = fd;
    this.#name = name;
    this.#timers = timers;
    this.#mayHang = mayHang;
    this.#bytes = new FileBytes({ fd, size: name.size, list: 0 });
    this.#place = new ReadPlace(mayHang);
  }

  /** Returns why it cannot be opened: Node's errno, or CHANGED. */
  static open(name: ServedStorage, timers: Pick<Timers, 'nowMs'>): ServedFile | string {
    let fd: number;
    try {
      fd = fs.openSync(name.path, NO_LINK);
    } catch (error) {
      return systemErrno(error);
    }
    const wrong = whatIsWrong(name, false, () => fs.fstatSync(fd));
    if (wrong === undefined) return new ServedFile(fd, name, { timers, mayHang: false });
    fs.closeSync(fd);
    return wrong;
  }

  /** The same where the disk may hang. */
  static async openLater(name: ServedStorage, timers: Pick<Timers, 'nowMs'>): Promise<ServedFile | string> {
    try {
      const fd = await openFd(name.path, NO_LINK);
      const found = await statFd(fd);
      const wrong = whatIsWrong(name, false, () => found);
      if (wrong === undefined) return new ServedFile(fd, name, { timers, mayHang: true });
      await closeFd(fd);
      return wrong;
    } catch (error) {
      return systemErrno(error);
    }
  }

  read(offset: number, targets: readonly Uint8Array[], done: ReadEnd): void {
    if (this.#place.isHere) this.#readHere(offset, targets, done);
    else this.#readAway(offset, targets, done);
  }

  close(): void {
    if (!this.#mayHang) fs.closeSync(this.#fd);
    // Nothing was written, so there is nothing to lose.
    else fs.close(this.#fd, () => undefined);
  }

  #readHere(offset: number, targets: readonly Uint8Array[], done: ReadEnd): void {
    const begunMs = this.#timers.nowMs();
    let errno: string | undefined;
    try {
      const count = this.#bytes.readAt(offset, targets);
      // After the read, so that a write before it shows in the file's time.
      errno = whatIsWrong(this.#name, count < bytesOf(targets), () => fs.fstatSync(this.#fd));
    } catch (error) {
      errno = systemErrno(error);
    }
    this.#place.read(this.#timers.nowMs() - begunMs);
    done(this.#failureOf(errno));
  }

  /** On the system's threads. */
  #readAway(offset: number, targets: readonly Uint8Array[], done: ReadEnd): void {
    this.#bytes.readLater(offset, targets, (readError, count) => {
      this.#place.read(0);
      if (readError !== null) {
        done(this.#failureOf(errnoOf(readError) ?? 'EIO'));
        return;
      }
      fs.fstat(this.#fd, (error, found) => {
        const isShort = count < bytesOf(targets);
        const errno = error === null ? whatIsWrong(this.#name, isShort, () => found) : (errnoOf(error) ?? 'EIO');
        done(this.#failureOf(errno));
      });
    });
  }

  #failureOf(errno: string | undefined): ServeFailure | undefined {
    return errno === undefined ? undefined : { path: this.#name.path, errno };
  }
}

/** A complete file that was deleted or written to since it was right may not match its digests any more. */
function whatIsWrong({ mtimeMs }: ServedStorage, isShort: boolean, look: () => fs.Stats): string | undefined {
  if (mtimeMs !== null) {
    const found = look();
    if (found.nlink === 0) return 'ENOENT';
    if (found.mtimeMs !== mtimeMs && !isShort) return 'CHANGED';
  }
  return isShort ? 'SHORT_FILE' : undefined;
}

/** Rethrows anything but a system error. */
export function systemErrno(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return errno;
}
