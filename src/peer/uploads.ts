// Performs what the upload scheduler decides on one peer thread: reads blocks from the shared files into pooled buffers and
// hands them to their sockets. Owns the file descriptors. Invariant: a buffer is in the pool, being read into, or waiting in exactly
// one socket; a file's descriptor is closed only when no read of it is under way, and at most UPLOAD_FILES_OPEN_MAX are open
// however many files are shared. Under a rate limit nothing is read before its
// turn: what waits for the limit is a number in a line, not a buffer; and no more than a few blocks are under way (under-way.ts).

import fs from 'node:fs';
import type { Timer, Timers } from '../actor/timers.js';
import { assert } from '../base/assert.js';
import { Bucket, NO_LIMIT } from '../base/bucket.js';
import { errnoOf } from '../base/errors.js';
import { RUN_BYTES_MAX, UPLOAD_FILES_OPEN_MAX, UPLOAD_READS_MAX, UPLOAD_SMALL_BYTES } from '../base/limits.js';
import type { Prng } from '../base/prng.js';
import type { Block } from '../torrent/block.js';
import { cut, type Lent, UploadBuffers } from './buffers.js';
import { Copies } from './copies.js';
import { blockOffset } from './serve.js';
import { closeServed, openServed, readHere, type ServedPath, servedPath, whatIsWrong } from './served-path.js';
import { UnderWay } from './under-way.js';
import { type Upload, UploadScheduler } from './upload.js';

/** A connection as the uploads see it. */
export interface UploadTarget {
  readonly file: number;
  /** Its peer says when a block has come: `confirmed` follows each `writeBlock`. */
  readonly confirms: boolean;
  /** A block as it was asked for, or a part of one; its bytes lie in one buffer after the other. */
  writeBlock(block: Block, payload: readonly Uint8Array[], taken: (ok: boolean) => void): void;
  /** Bytes were handed to the socket / were taken by it. */
  handed(): void;
  taken(bytes: number): void;
  /** Every byte of `block`, as it was asked for, was taken. */
  blockSent(block: Block): void;
  /** What is left of a block will not be sent. */
  blockFailed(block: Block): void;
}

/** What was handed out of one file, kept while anybody fetches it. */
interface Crowd {
  readonly copies: Copies;
  readonly connections: Set<number>;
}

export interface UploadsOptions {
  readonly timers: Timers;
  readonly prng: Prng;
  readonly onUploaded: (file: number, bytes: number) => void;
  /** The file cannot be read, or has become shorter. */
  readonly onFileFailed: (file: number, path: string, errno: string) => void;
}

export class Uploads {
  readonly #options: UploadsOptions;
  readonly #scheduler: UploadScheduler;
  readonly #underWay = new UnderWay();
  readonly #targets = new Map<number, UploadTarget>();
  readonly #crowds = new Map<number, Crowd>();
  /** In the order of their last use, so that the first open one is the one to close. */
  readonly #files = new Map<number, ServedPath>();
  #openFiles = 0;
  readonly #buffers = new UploadBuffers();
  #reads = 0;
  readonly #bucket: Bucket;
  /** Rings when the limit, or what is under way, allows the next read. */
  #turn: Timer | undefined;

  constructor(options: UploadsOptions) {
    this.#options = options;
    this.#scheduler = new UploadScheduler(options.prng);
    this.#bucket = new Bucket(NO_LIMIT, options.timers.nowMs());
  }

  /** Bytes a second of all connections together, from now on; NO_LIMIT takes the limit away. */
  limit(rate: number): void {
    this.#bucket.setRate(rate, this.#options.timers.nowMs());
    this.#pump();
  }

  /** Serves `file` from `path`, in place of an earlier one. Answers why it cannot: Node's errno, or CHANGED. */
  openFile(file: number, path: string, mtimeMs: number | null): string | undefined {
    const served = servedPath(path, mtimeMs);
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
    const crowd = this.#crowds.get(target.file) ?? { copies: new Copies(), connections: new Set() };
    this.#crowds.set(target.file, crowd);
    crowd.connections.add(connection);
    this.#targets.set(connection, target);
    this.#scheduler.add(connection, crowd.copies);
  }

  leave(connection: number): void {
    const file = this.#targets.get(connection)?.file;
    const crowd = file === undefined ? undefined : this.#crowds.get(file);
    crowd?.connections.delete(connection);
    if (file !== undefined && crowd?.connections.size === 0) this.#crowds.delete(file);
    this.#targets.delete(connection);
    this.#scheduler.remove(connection);
    this.#underWay.forget(connection);
    this.#pump();
  }

  /** False: the peer floods. */
  enqueue(connection: number, block: Block): boolean {
    const taken = this.#scheduler.enqueue(connection, block);
    this.#pump();
    return taken;
  }

  /** The oldest block that was written to it has come whole. */
  confirmed(connection: number): void {
    this.#underWay.ended(connection, this.#options.timers.nowMs());
    this.#pump();
  }

  /** What of the request was withdrawn before it was read, if anything. */
  dequeue(connection: number, block: Block): Block | undefined {
    return this.#scheduler.cancel(connection, block);
  }

  closeAll(): void {
    this.#turn?.cancel();
    for (const file of [...this.#files.keys()]) this.closeFile(file);
  }

  #pump(): void {
    this.#turn?.cancel();
    this.#turn = undefined;
    while (this.#reads < UPLOAD_READS_MAX && this.#buffers.hasAny) {
      if (!this.#scheduler.hasWaiting) return;
      const { timers } = this.#options;
      const nowMs = timers.nowMs();
      const readyMs = Math.max(this.#bucket.readyMs(nowMs), this.#underWay.readyMs(nowMs));
      if (readyMs > nowMs) {
        this.#turn = timers.at(readyMs, () => this.#pump());
        return;
      }
      const bytesMax = this.#bucket.isLimited ? this.#bucket.blockBytes : RUN_BYTES_MAX;
      const { largeBytes } = this.#buffers;
      const upload =
        largeBytes > 0
          ? this.#scheduler.next(Math.min(bytesMax, largeBytes))
          : this.#scheduler.next(Math.min(bytesMax, UPLOAD_SMALL_BYTES), true);
      if (upload === undefined) return;
      this.#bucket.passed(upload.block.length, nowMs);
      this.#read(upload);
    }
  }

  #read(upload: Upload): void {
    const { connection, block } = upload;
    const target = this.#targets.get(connection);
    assert(target !== undefined, 'a scheduled connection is known');
    const served = this.#files.get(target.file);
    if (served === undefined || !this.#ready(target.file, served)) {
      this.#failed(upload);
      return;
    }
    const buffers = this.#buffers.take(block.length);
    const payload = cut(buffers, block.length);
    const { timers } = this.#options;
    const begunMs = timers.nowMs();
    this.#underWay.begun(connection, begunMs);
    const done = (error: Error | null, count: number): void => {
      served.place.read(timers.nowMs() - begunMs);
      const gone = served.closing;
      // After the read: what was written to the file before it shows in the file's time.
      const errno = error === null ? whatIsWrong(served, count < block.length) : (errnoOf(error) ?? 'EIO');
      this.#closeUnused(served);
      if (errno === undefined) {
        this.#write(upload, buffers, payload);
        return;
      }
      this.#buffers.give(buffers);
      if (!gone) this.#options.onFileFailed(target.file, served.path, errno);
      this.#failed(upload);
    };
    if (served.place.isHere) {
      readHere(served.fd, payload, blockOffset(block), done);
      return;
    }
    this.#reads += 1;
    served.reads += 1;
    fs.readv(served.fd, payload, blockOffset(block), (error, count) => {
      this.#reads -= 1;
      served.reads -= 1;
      done(error, count);
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
    const wrong = openServed(served);
    if (wrong === undefined) this.#openFiles += 1;
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
    closeServed(served);
    this.#openFiles -= 1;
  }

  #write({ connection, block, completes }: Upload, buffers: Lent, payload: readonly Uint8Array[]): void {
    const target = this.#targets.get(connection);
    if (target === undefined) {
      this.#buffers.give(buffers);
      return;
    }
    target.handed();
    target.writeBlock(block, payload, (ok) => {
      this.#buffers.give(buffers);
      if (!target.confirms) this.#underWay.ended(connection, this.#options.timers.nowMs());
      const rest = this.#scheduler.sent(connection, block.length);
      if (ok && this.#targets.has(connection)) {
        this.#options.onUploaded(target.file, block.length);
        target.taken(block.length);
        if (completes !== undefined) target.blockSent(completes);
        if (rest !== undefined) target.blockFailed(rest);
      }
      this.#pump();
    });
  }

  /** With the bytes that cannot be read goes what is left of their block. */
  #failed({ connection, block }: Upload): void {
    this.#underWay.ended(connection, this.#options.timers.nowMs());
    const rest = this.#scheduler.sent(connection, block.length, true);
    this.#bucket.gaveBack(block.length, this.#options.timers.nowMs());
    this.#targets.get(connection)?.blockFailed({ ...block, length: block.length + (rest?.length ?? 0) });
  }
}
