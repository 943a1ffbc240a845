// Sends everything that was pushed within one turn of the event loop in one write, for all sockets of the thread.
// Invariant: bytes that wait for a slow reader hold no more memory than their length, so `unsent` counts memory.

import { KIB } from '../base/limits.js';
import type { Socket } from './transport.js';

/** Bytes of frames that are copied into one. */
const JOINED_BYTES_MAX = 64 * KIB;

export class Outbox {
  readonly #socket: Socket;
  #frames: Uint8Array[] = [];
  #size = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes that have not left this process yet. */
  get unsent(): number {
    return this.#size + this.#socket.writableLength;
  }

  /** `frame` is not written to until it has left. */
  push(frame: Uint8Array): void {
    if (this.#frames.length === 0) leavesSoon(this);
    this.#frames.push(frame);
    this.#size += frame.length;
  }

  /** Now, before something else is done to the socket. */
  flush(): void {
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    const size = this.#size;
    this.#frames = [];
    this.#size = 0;
    if (!this.#socket.writable) return;
    // Copying a few small frames together is cheaper than a vector of them; copying large ones is not.
    if (frames.length > 1 && size <= JOINED_BYTES_MAX) this.#write(Buffer.concat(frames, size));
    else if (frames.length === 1) this.#write(frames[0] as Uint8Array);
    else this.#writeEach(frames);
  }

  #writeEach(frames: readonly Uint8Array[]): void {
    this.#socket.cork();
    for (const frame of frames) this.#write(frame);
    this.#socket.uncork();
  }

  /** A frame lies in a pool a thousand times its size, which must not wait with it. */
  #write(frame: Uint8Array): void {
    const waits = this.#socket.writableLength > 0 && frame.buffer.byteLength > frame.length;
    this.#socket.write(waits ? new Uint8Array(frame) : frame);
  }
}

let waiting: Outbox[] = [];

function leavesSoon(outbox: Outbox): void {
  if (waiting.length === 0) process.nextTick(flushAll);
  waiting.push(outbox);
}

function flushAll(): void {
  const full = waiting;
  waiting = [];
  for (const outbox of full) outbox.flush();
}
