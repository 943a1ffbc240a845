// Performs on one peer thread what is decided about uploads: reads blocks from the served storages into the client's upload buffers
// and hands them to their sockets. Decides nothing. Invariant: each `send` is answered once, by `taken` or `failed`, and its buffers
// are not touched after that.

import { type Block, blockOf } from '../../../foundation/torrent/block.js';
import type { ServedStorages } from '../../storage/served.js';
import { blockOffset } from '../serve/machine.js';
import type { UploadMemory } from './memory.js';
import type { UploadOrder, UploadReport } from './messages.js';

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
  readonly storages: ServedStorages;
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
    const { storages, onFileFailed } = this.#options;
    const payload = memory.cut(send.buffers, send.length);
    storages.read(target.file, blockOffset(send), payload, (outcome) => {
      if (outcome.kind === 'read') {
        this.#write(send, target, payload, report);
        return;
      }
      if (outcome.kind === 'failed') onFileFailed(target.file, outcome.path, outcome.errno);
      report({ kind: 'failed', upload: send.upload });
    });
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
