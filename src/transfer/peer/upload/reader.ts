// Performs the upload machine's orders on one peer thread: reads blocks from the served storages into the upload
// buffers and hands them to sockets. Decides nothing. Invariant: each `send` is answered once, by `taken` or `failed`,
// and its buffers are not touched after that.

import { PIECE_SIZE } from '../../../foundation/base/limits.js';
import type { ReadOutcome, ServedStorages } from '../../storage/served/served.js';
import type { UploadMemory } from './memory.js';
import type { UploadOrder, UploadReport } from './messages.js';

export type Send = Extract<UploadOrder, { kind: 'send' }>;

/** A connection as the uploads see it. */
export interface UploadTarget {
  /** Header and bytes in one write. @param taken once: the buffers are the caller's again. */
  writePayload(send: Send, payload: readonly Uint8Array[], taken: (ok: boolean) => void): void;
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

  /** @param report tells the upload machine how the order ended. */
  send(
    send: Send,
    file: number,
    target: UploadTarget,
    memory: UploadMemory,
    report: (report: UploadReport) => void,
  ): void {
    const { storages, onUploaded, onFileFailed } = this.#options;
    const { upload, length } = send;
    const payload = memory.cut(send.buffers, length);
    const ended = (outcome: ReadOutcome): void => {
      if (outcome.kind !== 'read') {
        if (outcome.kind === 'failed') onFileFailed(file, outcome.path, outcome.errno);
        report({ kind: 'failed', upload });
        return;
      }
      target.writePayload(send, payload, (ok) => {
        if (ok) onUploaded(file, length);
        report({ kind: 'taken', upload, ok });
      });
      report({ kind: 'read', upload });
    };
    const onSlow = (): void => report({ kind: 'slow', upload });
    storages.read(file, send.piece * PIECE_SIZE + send.begin, payload, ended, onSlow);
  }
}
