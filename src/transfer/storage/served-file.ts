// A single file that one peer thread uploads from: opened without following a link, and checked for changes after each
// read.

import fs from 'node:fs';
import { errnoOf } from '../../foundation/base/errors.js';
import type { Timers } from '../../foundation/base/timers.js';
import { isLocal } from './local-disk.js';
import type { ServedStorage } from './messages.js';
import { ReadPlace } from './read-place.js';
import { bytesOf } from './read-targets.js';
import { FileBytes } from './single-file.js';

export interface ServeFailure {
  /** Of a folder: of the entry. */
  readonly path: string;
  /** Node's errno; SHORT_FILE when the file is too short; CHANGED when it was written to since it was right. */
  readonly errno: string;
}

/** What a peer thread has open. */
export interface OpenServed {
  /** Descriptors that it holds at most between reads. */
  readonly descriptors: number;
  /** Fills `targets` with the bytes from `offset` on. `done` may be called before this returns. */
  read(offset: number, targets: readonly Uint8Array[], done: (failure: ServeFailure | undefined) => void): void;
  /** No read may be under way. */
  close(): void;
}

export class ServedFile implements OpenServed {
  readonly descriptors = 1;
  readonly #fd: number;
  readonly #name: ServedStorage;
  readonly #bytes: FileBytes;
  readonly #place: ReadPlace;
  readonly #timers: Pick<Timers, 'nowMs'>;

  private constructor(fd: number, name: ServedStorage, timers: Pick<Timers, 'nowMs'>) {
    this.#fd = fd;
    this.#name = name;
    this.#timers = timers;
    this.#bytes = new FileBytes({ fd, size: name.size, list: 0 });
    this.#place = new ReadPlace(!isLocal(name.path));
  }

  /** Returns why it cannot be opened: Node's errno, or CHANGED. */
  static open(name: ServedStorage, timers: Pick<Timers, 'nowMs'>): ServedFile | string {
    let fd: number;
    try {
      fd = fs.openSync(name.path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    } catch (error) {
      return systemErrno(error);
    }
    const wrong = whatIsWrong(fd, name, false);
    if (wrong === undefined) return new ServedFile(fd, name, timers);
    fs.closeSync(fd);
    return wrong;
  }

  read(offset: number, targets: readonly Uint8Array[], done: (failure: ServeFailure | undefined) => void): void {
    const begunMs = this.#timers.nowMs();
    const length = bytesOf(targets);
    this.#fill(offset, targets, (error, count) => {
      this.#place.read(this.#timers.nowMs() - begunMs);
      // After the read, so that a write before it shows in the file's time.
      const errno = error === null ? whatIsWrong(this.#fd, this.#name, count < length) : (errnoOf(error) ?? 'EIO');
      done(errno === undefined ? undefined : { path: this.#name.path, errno });
    });
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  /** Reads on this thread, and calls `done` before it returns, or on the system's read threads. */
  #fill(offset: number, targets: readonly Uint8Array[], done: (error: Error | null, count: number) => void): void {
    if (!this.#place.isHere) {
      this.#bytes.readLater(offset, targets, done);
      return;
    }
    let count = 0;
    let failure: Error | null = null;
    try {
      count = this.#bytes.readAt(offset, targets);
    } catch (error) {
      systemErrno(error);
      failure = error as Error;
    }
    done(failure, count);
  }
}

/** A complete file that was deleted or written to since it was right may not match its digests any more. */
function whatIsWrong(fd: number, { mtimeMs }: ServedStorage, isShort: boolean): string | undefined {
  if (mtimeMs !== null) {
    const found = fs.fstatSync(fd);
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
