// What is written to sockets within one turn of the event loop leaves at its end, in one write a socket: a system call costs as
// much as making ten frames. One list for all sockets of the thread, since a commit answers hundreds of them in one turn.
// Invariant: what waits behind a peer that does not read holds its own bytes and no more; whoever counts `unsent` counts memory.

import type { Socket } from './transport.js';

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
    const [first] = this.#frames;
    if (first === undefined) return;
    const whole = this.#frames.length === 1 ? first : Buffer.concat(this.#frames, this.#size);
    // A frame lies in a pool a thousand times its size, which would wait with it.
    const all = this.#socket.writableLength > 0 ? new Uint8Array(whole) : whole;
    this.#frames = [];
    this.#size = 0;
    if (this.#socket.writable) this.#socket.write(all);
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
