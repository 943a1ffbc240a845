// Performs on one peer thread what is decided about uploads: reads blocks from the served files into the client's upload buffers and
// hands them to their sockets. Decides nothing. Invariant: each `send` is answered once, by `taken` or `failed`, and its buffers are
// not touched after that.

import fs from 'node:fs';
import { errnoOf } from '../../../foundation/base/errors.js';
import type { Timers } from '../../../foundation/base/timers.js';
import { type Block, blockOf } from '../../../foundation/torrent/block.js';
import { blockOffset } from '../serve/machine.js';
import type { UploadMemory } from './memory.js';
import type { UploadOrder, UploadReport } from './messages.js';
import type { ServedFiles } from './served-files.js';
import { readHere, type ServedPath, whatIsWrong } from './served-path.js';

type Send = Extract<UploadOrder, { kind: 'send' }>;

/** A connection as the uploads see it. */
export interface UploadTarget {
  readonly file: number;
  /** A block as it was asked for, or a part of one; its bytes lie in one buffer after the other. */
  writeBlock(block: Block, payload: readonly Uint8Array[], taken: (ok: boolean) => void): void;
  /** Bytes were handed to the socket. */
  handed(): void;
  /** It took them all. */
  taken(send: Send): void;
}

export interface UploadsOptions {
  readonly timers: Timers;
  readonly files: ServedFiles;
  readonly onUploaded: (file: number, bytes: number) => void;
  /** The file cannot be read, or has become shorter. */
  readonly onFileFailed: (file: number, path: string, errno: string) => void;
}

export class Uploads {
  readonly #options: UploadsOptions;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** @param report answers whoever decided it. */
  send(send: Send, target: UploadTarget, memory: UploadMemory, report: (report: UploadReport) => void): void {
    const { timers, files, onFileFailed } = this.#options;
    const { upload, length } = send;
    const served = files.get(target.file);
    const closed = served === undefined ? undefined : files.ready(target.file, served);
    if (served === undefined || closed !== undefined) {
      if (served !== undefined && closed !== undefined) onFileFailed(target.file, served.path, closed);
      report({ kind: 'failed', upload });
      return;
    }
    const payload = memory.cut(send.buffers, length);
    const begunMs = timers.nowMs();
    this.#read(served, payload, blockOffset(send), (error, count) => {
      served.place.read(timers.nowMs() - begunMs);
      const gone = served.closing;
      // After the read: what was written to the file before it shows in the file's time.
      const errno = error === null ? whatIsWrong(served, count < length) : (errnoOf(error) ?? 'EIO');
      files.readEnded(served);
      if (errno === undefined) {
        this.#write(send, target, payload, report);
        return;
      }
      if (!gone) onFileFailed(target.file, served.path, errno);
      report({ kind: 'failed', upload });
    });
  }

  #read(
    served: ServedPath,
    payload: readonly Uint8Array[],
    offset: number,
    done: (error: Error | null, count: number) => void,
  ): void {
    this.#options.files.readBegins(served);
    if (served.place.isHere) readHere(served.fd, payload, offset, done);
    else fs.readv(served.fd, payload, offset, done);
  }

  #write(
    send: Send,
    target: UploadTarget,
    payload: readonly Uint8Array[],
    report: (report: UploadReport) => void,
  ): void {
    const { upload, length } = send;
    target.handed();
    target.writeBlock(blockOf(send), payload, (ok) => {
      if (ok) {
        this.#options.onUploaded(target.file, length);
        target.taken(send);
      }
      report({ kind: 'taken', upload, ok });
    });
    report({ kind: 'read', upload });
  }
}
