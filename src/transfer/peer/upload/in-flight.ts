// The one book of uploads in flight: which are being read, which the sockets hold and which have not arrived. Never
// decides what is sent next. Invariant: an upload stays in the book until its buffers are free and it has arrived, or
// has failed. Pure.

import { assert, present } from '../../../foundation/base/assert.js';
import type { Block } from '../../../foundation/torrent/block.js';
import type { BufferNumbers } from './buffers.js';

export interface UploadInFlight {
  readonly upload: number;
  readonly connection: number;
  readonly block: Block;
  readonly buffers: BufferNumbers;
  readonly sinceMs: number;
  /** Its bytes were read and handed to the socket. */
  isRead: boolean;
  /** Its disk does not answer: no other read waits for it. */
  isSlow: boolean;
  /** The socket has them: the buffers are free. */
  isTaken: boolean;
  hasArrived: boolean;
}

/** What one connection holds, kept up to date. */
export interface HeldByConnection {
  /** Read, or being read, and not taken by its socket. */
  bytes: number;
  buffers: number;
  /** Uploads that have not arrived. */
  unarrived: number;
}

export class UploadsInFlight {
  readonly #all = new Map<number, UploadInFlight>();
  readonly #unarrived: UploadInFlight[] = [];
  readonly #held = new Map<number, HeldByConnection>();
  #lastUpload = 0;
  #readingCount = 0;

  /** Uploads whose bytes are being read from disks that answer. */
  get readingCount(): number {
    return this.#readingCount;
  }

  /** Oldest first. */
  get unarrived(): readonly UploadInFlight[] {
    return this.#unarrived;
  }

  heldBy(connection: number): HeldByConnection {
    const known = this.#held.get(connection);
    if (known !== undefined) return known;
    const held = { bytes: 0, buffers: 0, unarrived: 0 };
    this.#held.set(connection, held);
    return held;
  }

  begin(connection: number, block: Block, buffers: BufferNumbers, nowMs: number): UploadInFlight {
    this.#lastUpload += 1;
    const upload: UploadInFlight = {
      upload: this.#lastUpload,
      connection,
      block,
      buffers,
      sinceMs: nowMs,
      isRead: false,
      isSlow: false,
      isTaken: false,
      hasArrived: false,
    };
    this.#all.set(upload.upload, upload);
    this.#unarrived.push(upload);
    this.#readingCount += 1;
    const held = this.heldBy(connection);
    held.bytes += block.length;
    held.buffers += buffers.length;
    held.unarrived += 1;
    return upload;
  }

  slow(number: number): void {
    const upload = this.#known(number);
    if (upload.isRead || upload.isSlow) return;
    upload.isSlow = true;
    this.#readingCount -= 1;
  }

  read(number: number): UploadInFlight {
    const upload = this.#known(number);
    this.#readEnded(upload);
    return upload;
  }

  /** Its socket took the bytes, or is gone. The buffers are the caller's again. */
  taken(number: number): UploadInFlight {
    const upload = this.#known(number);
    assert(!upload.isTaken, 'buffers come back once');
    this.#readEnded(upload);
    upload.isTaken = true;
    this.#release(upload);
    if (upload.hasArrived) this.#all.delete(number);
    return upload;
  }

  /** Its bytes cannot be read, or its thread is gone. The buffers are the caller's again. */
  failed(number: number): UploadInFlight {
    const upload = this.taken(number);
    this.arrived(upload);
    return upload;
  }

  arrived(upload: UploadInFlight): void {
    if (upload.hasArrived) return;
    upload.hasArrived = true;
    this.#unarrived.splice(this.#unarrived.indexOf(upload), 1);
    const held = this.#held.get(upload.connection);
    if (held !== undefined) held.unarrived -= 1;
    if (upload.isTaken) this.#all.delete(upload.upload);
  }

  /** The oldest upload that its peer can have acked; undefined: it was sent nothing. */
  oldestUnacked(connection: number): UploadInFlight | undefined {
    return this.#unarrived.find((upload) => upload.isRead && upload.connection === connection);
  }

  /** The connection has gone: nothing of it will arrive. Its buffers come back with `taken` or `failed`. */
  forget(connection: number): void {
    this.#held.delete(connection);
    for (const upload of this.#unarrived.filter((one) => one.connection === connection)) this.arrived(upload);
  }

  /** Uploads whose buffers are not free. */
  *untaken(): Generator<UploadInFlight> {
    for (const upload of [...this.#all.values()]) if (!upload.isTaken) yield upload;
  }

  #known(number: number): UploadInFlight {
    return present(this.#all.get(number), 'what ends was begun and has not ended');
  }

  #readEnded(upload: UploadInFlight): void {
    if (upload.isRead) return;
    upload.isRead = true;
    if (!upload.isSlow) this.#readingCount -= 1;
  }

  #release({ connection, block, buffers }: UploadInFlight): void {
    const held = this.#held.get(connection);
    if (held === undefined) return;
    held.bytes -= block.length;
    held.buffers -= buffers.length;
  }
}
