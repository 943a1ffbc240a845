// Performs what the upload scheduler decides on one peer thread: reads blocks from the shared files into pooled buffers and
// hands them to their sockets. Owns the buffers and the file descriptors. Invariant: a buffer is in the pool, being read
// into, or waiting in exactly one socket; a file's descriptor is closed only when no read of it is under way,
// and at most UPLOAD_FILES_OPEN_MAX are open however many files are shared.

import fs from 'node:fs';
import { assert } from '../base/assert.js';
import { errnoOf } from '../base/errors.js';
import { PIECE_SIZE, UPLOAD_BUFFERS, UPLOAD_FILES_OPEN_MAX, UPLOAD_READS_MAX } from '../base/limits.js';
import { blockOffset } from './serve.js';
import { UploadScheduler } from './upload.js';
import type { Block } from './wire.js';

/** A connection as the uploads see it. */
export interface UploadTarget {
  readonly file: number;
  writeBlock(block: Block, payload: Uint8Array, taken: (ok: boolean) => void): void;
  blockSent(block: Block): void;
  blockFailed(block: Block): void;
}

interface ServedPath {
  readonly path: string;
  /** Of the complete file when it was right; null while it is written to. */
  readonly mtimeMs: number | null;
  /** -1 while closed: opened again by the next read. */
  fd: number;
  reads: number;
  /** No longer served: closed for good once no read is under way. */
  closing: boolean;
}

export interface UploadsOptions {
  readonly onUploaded: (file: number, bytes: number) => void;
  /** The file cannot be read, or has become shorter. */
  readonly onFileFailed: (file: number, path: string, errno: string) => void;
}

export class Uploads {
  readonly #options: UploadsOptions;
  readonly #scheduler = new UploadScheduler();
  readonly #targets = new Map<number, UploadTarget>();
  /** In the order of their last use, so that the first open one is the one to close. */
  readonly #files = new Map<number, ServedPath>();
  #openFiles = 0;
  readonly #buffers: Uint8Array[] = [];
  #buffersMade = 0;
  #reads = 0;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** Serves `file` from `path`, in place of an earlier one. Answers why it cannot: Node's errno, or CHANGED. */
  openFile(file: number, path: string, mtimeMs: number | null): string | undefined {
    const served: ServedPath = { path, mtimeMs, fd: -1, reads: 0, closing: false };
    const errno = this.#open(served);
    if (errno !== undefined) return errno;
    this.closeFile(file);
    this.#files.set(file, served);
    this.#closeLongUnused();
    return undefined;
  }

  closeFile(file: number): void {
    const served = this.#files.get(file);
    if (served === undefined) return;
    this.#files.delete(file);
    served.closing = true;
    this.#closeUnused(served);
  }

  join(connection: number, target: UploadTarget): void {
    this.#targets.set(connection, target);
    this.#scheduler.add(connection);
  }

  leave(connection: number): void {
    this.#targets.delete(connection);
    this.#scheduler.remove(connection);
    this.#pump();
  }

  /** False: the peer floods. */
  enqueue(connection: number, block: Block): boolean {
    const taken = this.#scheduler.enqueue(connection, block);
    this.#pump();
    return taken;
  }

  /** True when the request was withdrawn before it was read. */
  dequeue(connection: number, block: Block): boolean {
    return this.#scheduler.cancel(connection, block);
  }

  closeAll(): void {
    for (const file of [...this.#files.keys()]) this.closeFile(file);
  }

  #pump(): void {
    while (this.#reads < UPLOAD_READS_MAX && (this.#buffers.length > 0 || this.#buffersMade < UPLOAD_BUFFERS)) {
      const upload = this.#scheduler.next();
      if (upload === undefined) return;
      this.#read(upload.connection, upload.block);
    }
  }

  #read(connection: number, block: Block): void {
    const target = this.#targets.get(connection);
    assert(target !== undefined, 'a scheduled connection is known');
    const served = this.#files.get(target.file);
    if (served === undefined || !this.#ready(target.file, served)) {
      this.#failed(connection, block);
      return;
    }
    const buffer = this.#takeBuffer();
    this.#reads += 1;
    served.reads += 1;
    fs.read(served.fd, buffer, 0, block.length, blockOffset(block), (error, count) => {
      this.#reads -= 1;
      served.reads -= 1;
      const gone = served.closing;
      // After the read: what was written to the file before it shows in the file's time.
      const errno = error === null ? whatIsWrong(served, count < block.length) : (errnoOf(error) ?? 'EIO');
      this.#closeUnused(served);
      if (errno !== undefined) {
        this.#buffers.push(buffer);
        if (!gone) this.#options.onFileFailed(target.file, served.path, errno);
        this.#failed(connection, block);
      } else this.#write(connection, block, buffer);
      this.#pump();
    });
  }

  /** Opens the file again if it was closed for want of use. False: it cannot be opened any more. */
  #ready(file: number, served: ServedPath): boolean {
    this.#files.delete(file);
    this.#files.set(file, served);
    if (served.fd >= 0) return true;
    const errno = this.#open(served);
    if (errno === undefined) this.#closeLongUnused();
    else this.#options.onFileFailed(file, served.path, errno);
    return errno === undefined;
  }

  /** Answers why it is not open: Node's errno, or CHANGED. */
  #open(served: ServedPath): string | undefined {
    try {
      served.fd = fs.openSync(served.path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      return errno;
    }
    this.#openFiles += 1;
    const wrong = whatIsWrong(served, false);
    if (wrong !== undefined) this.#close(served);
    return wrong;
  }

  #closeLongUnused(): void {
    for (const served of this.#files.values()) {
      if (this.#openFiles <= UPLOAD_FILES_OPEN_MAX) return;
      if (served.fd >= 0 && served.reads === 0) this.#close(served);
    }
  }

  #closeUnused(served: ServedPath): void {
    if (served.closing && served.reads === 0 && served.fd >= 0) this.#close(served);
  }

  #close(served: ServedPath): void {
    fs.closeSync(served.fd);
    served.fd = -1;
    this.#openFiles -= 1;
  }

  #write(connection: number, block: Block, buffer: Uint8Array): void {
    const target = this.#targets.get(connection);
    if (target === undefined) {
      this.#buffers.push(buffer);
      return;
    }
    target.writeBlock(block, buffer.subarray(0, block.length), (ok) => {
      this.#buffers.push(buffer);
      this.#scheduler.sent(connection, block.length);
      if (ok && this.#targets.has(connection)) {
        this.#options.onUploaded(target.file, block.length);
        target.blockSent(block);
      }
      this.#pump();
    });
  }

  #failed(connection: number, block: Block): void {
    this.#scheduler.sent(connection, block.length);
    this.#targets.get(connection)?.blockFailed(block);
  }

  #takeBuffer(): Uint8Array {
    const free = this.#buffers.pop();
    if (free !== undefined) return free;
    this.#buffersMade += 1;
    assert(this.#buffersMade <= UPLOAD_BUFFERS, 'the buffer pool keeps its bound');
    return new Uint8Array(PIECE_SIZE);
  }
}

/** A file that was right once, complete, and was deleted or written to since is not what its digests say. */
function whatIsWrong({ fd, mtimeMs }: ServedPath, isShort: boolean): string | undefined {
  if (mtimeMs !== null) {
    const found = fs.fstatSync(fd);
    if (found.nlink === 0) return 'ENOENT';
    if (found.mtimeMs !== mtimeMs && !isShort) return 'CHANGED';
  }
  return isShort ? 'SHORT_FILE' : undefined;
}
