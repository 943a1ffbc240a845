// A connection that we accepted, by TCP or on a Unix socket: the magic, then frames each way. Ends it for garbage, a
// frame too large or too slow, a late hello, or unread bytes; never knows what a frame means. Invariant: after `hangUp`
// or `drop` it hands out no frame and sends none.

import { ProtocolError } from '../base/errors.js';
import {
  FRAME_BYTES_BEFORE_HELLO_MAX,
  FRAME_BYTES_MAX,
  FRAME_DEADLINE_MS,
  HELLO_DEADLINE_MS,
  LINGER_MS,
} from '../base/limits.js';
import type { Timer, Timers } from '../base/timers.js';
import { FrameReader } from './framing.js';
import { MagicGate } from './magic.js';
import { Outbox } from './outbox.js';
import type { Socket } from './transport.js';

/** What the other side did wrong. */
export type Fault = 'protocol' | 'timeout';

export interface AcceptedOptions {
  readonly socket: Socket;
  readonly timers: Timers;
  readonly magic: Uint8Array;
  /** The socket is one of TLS. */
  readonly isClosed?: boolean;
  /** When its time for a hello began; now, when absent. */
  readonly sinceMs?: number | undefined;
  /** Bytes that the other side may leave unread; beyond them it is dropped. */
  readonly unreadBytesMax: number;
  /** One body, valid until this returns. A ProtocolError that is thrown here is a fault of the other side. */
  readonly onFrame: (frame: Uint8Array) => void;
  /** The last moment to say something: the connection is hung up on afterwards. */
  readonly onFault: (fault: Fault, sentence: string) => void;
  /** Once, when the socket is gone. Undefined: the other side closed it, and we had not. */
  readonly onClosed: (reason: string | undefined) => void;
}

export class AcceptedConnection {
  readonly #options: AcceptedOptions;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #gate: MagicGate;
  readonly #reader = new FrameReader(FRAME_BYTES_BEFORE_HELLO_MAX);
  #phase: 'greeting' | 'open' | 'ending' = 'greeting';
  #isPaused = false;
  /** Of the hello, then of a frame that comes in pieces, at last of the bytes that still leave. */
  #timer: Timer | undefined;
  /** When the frame began that has not ended; undefined while paused. */
  #frameSinceMs: number | undefined;
  #reason: string | undefined;

  constructor(options: AcceptedOptions) {
    const { socket, magic, timers, sinceMs = timers.nowMs() } = options;
    this.#options = options;
    this.#socket = socket;
    this.#outbox = new Outbox(socket);
    this.#gate = new MagicGate(magic);
    this.#ringIn(sinceMs + HELLO_DEADLINE_MS - timers.nowMs(), () => this.#fault('timeout', 'said no hello in time'));
    socket.setNoDelay(true);
    socket.on('data', (received: Buffer) => this.#onBytes(received));
    socket.on('error', (error) => {
      this.#reason ??= error.message;
    });
    socket.on('close', () => {
      this.#phase = 'ending';
      this.#timer?.cancel();
      options.onClosed(this.#reason);
    });
    this.#outbox.push(magic);
  }

  /** The hello was good: frames may be larger from now on, and each has a deadline. */
  greeted(): void {
    if (this.#phase !== 'greeting') return;
    this.#phase = 'open';
    this.#reader.limit = FRAME_BYTES_MAX;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** @param framed a body behind its length; not written to until it has left. */
  send(framed: Uint8Array): void {
    if (this.#phase === 'ending') return;
    this.#outbox.push(framed);
    if (this.#outbox.unsent > this.#options.unreadBytesMax) this.drop('leaves too much unread');
  }

  /** A frame and raw bytes behind it; in the clear in one write. @param taken once: the socket has them, or never. */
  sendWith(framed: Uint8Array, payload: readonly Uint8Array[], taken: (ok: boolean) => void): void {
    const last = payload.at(-1);
    if (this.#phase === 'ending' || last === undefined) {
      process.nextTick(taken, false);
      return;
    }
    // TLS would copy together what is written at once.
    const isJoined = this.#options.isClosed !== true;
    if (isJoined) this.#socket.cork();
    this.#outbox.push(framed);
    this.#outbox.flush();
    for (let at = 0; at < payload.length - 1; at += 1) this.#socket.write(payload[at] as Uint8Array);
    this.#socket.write(last, (error) => {
      const isTaken = error === null || error === undefined;
      // What is written from within this call, to a socket that has failed, makes Node repeat the calls of all that
      // wait.
      if (!isTaken) this.#phase = 'ending';
      taken(isTaken);
    });
    if (isJoined) this.#socket.uncork();
  }

  /** No frame is handed out until `resume`: bytes wait, and TCP slows their sender. */
  pause(): void {
    this.#isPaused = true;
    this.#frameSinceMs = undefined;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    // Not within the turn of its caller: frames that were read already must meet its next `pause`.
    process.nextTick(() => {
      this.#drain();
      if (!this.#isPaused) this.#socket.resume();
    });
  }

  /** What was sent leaves first, within LINGER_MS; what still comes is not looked at. */
  hangUp(reason: string): void {
    if (this.#phase === 'ending') return;
    this.#phase = 'ending';
    this.#reason = reason;
    this.#ringIn(LINGER_MS, () => this.#socket.destroy());
    this.#outbox.flush();
    this.#socket.end();
    // Bytes that nobody reads would make the kernel reset the connection before the last frame is through.
    this.#socket.resume();
  }

  /** At once, unsent bytes and all. */
  drop(reason: string): void {
    this.#phase = 'ending';
    this.#reason ??= reason;
    this.#socket.destroy();
  }

  #onBytes(received: Uint8Array): void {
    if (this.#phase === 'ending') return;
    try {
      this.#reader.feed(this.#gate.pass(received));
    } catch (error) {
      this.#broken(error);
    }
    this.#drain();
  }

  #drain(): void {
    let framesRead = 0;
    try {
      while (!this.#isPaused && !this.#isEnding) {
        const frame = this.#reader.next();
        if (frame === undefined) break;
        framesRead += 1;
        this.#options.onFrame(frame);
      }
    } catch (error) {
      this.#broken(error);
    }
    this.#timeFrame(framesRead > 0);
  }

  /** Asked anew each time: an owner may end the connection while it is handed a frame. */
  get #isEnding(): boolean {
    return this.#phase === 'ending';
  }

  /** One timer for many frames: it looks when it rings whether the frame is still the one that it was set for. */
  #timeFrame(isAnother: boolean): void {
    if (this.#phase !== 'open' || this.#isPaused) return;
    if (!this.#reader.midFrame) this.#frameSinceMs = undefined;
    else if (isAnother || this.#frameSinceMs === undefined) {
      this.#frameSinceMs = this.#options.timers.nowMs();
      if (this.#timer === undefined) this.#ringIn(FRAME_DEADLINE_MS, () => this.#checkFrame());
    }
  }

  #checkFrame(): void {
    this.#timer = undefined;
    if (this.#frameSinceMs === undefined) return;
    const leftMs = this.#frameSinceMs + FRAME_DEADLINE_MS - this.#options.timers.nowMs();
    if (leftMs > 0) this.#ringIn(leftMs, () => this.#checkFrame());
    else this.#fault('timeout', 'left a frame unfinished');
  }

  #ringIn(delayMs: number, ring: () => void): void {
    const { timers } = this.#options;
    this.#timer?.cancel();
    this.#timer = timers.at(timers.nowMs() + delayMs, ring);
  }

  #broken(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    this.#fault('protocol', error.message);
  }

  #fault(fault: Fault, sentence: string): void {
    if (this.#phase === 'ending') return;
    this.#options.onFault(fault, sentence);
    this.hangUp(fault === 'protocol' ? `broke the protocol: ${sentence}` : sentence);
  }
}
