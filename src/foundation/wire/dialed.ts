// A connection that we dialed, by TCP or on a Unix socket: the magic, then messages of one table each way. Ends it with
// a reason for garbage, another protocol or a frame too large. Its owner keeps the deadlines.

import { ProtocolError } from '../base/errors.js';
import { FRAME_BYTES_MAX } from '../base/limits.js';
import { FrameReader } from './framing.js';
import { MagicGate } from './magic.js';
import { Outbox } from './outbox.js';
import type { Protocol } from './protocol.js';
import { dial, type Place, type Socket } from './transport.js';

export interface DialedOptions<Sent, Heard> {
  readonly address: Place;
  /** Where we listen, so that the other side sees us there. Ignored when it is a wildcard or a name. */
  readonly ownHost?: string;
  readonly magic: Uint8Array;
  readonly sent: Protocol<Sent>;
  readonly heard: Protocol<Heard>;
  /** Bytes of one frame from the other side; FRAME_BYTES_MAX when absent. */
  readonly frameBytesMax?: number;
  /** How a reason names the other side, such as `the tracker`. */
  readonly who: string;
  readonly onConnected: () => void;
  readonly onMessage: (message: Heard) => void;
  /** Once, unless `hangUp` came first. `error`: of the socket or the protocol, when there was one. */
  readonly onClosed: (reason: string, error?: Error) => void;
}

export class DialedConnection<Sent, Heard> {
  readonly #options: DialedOptions<Sent, Heard>;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #magic: MagicGate;
  readonly #reader: FrameReader;
  #isOver = false;
  #error: Error | undefined;

  constructor(options: DialedOptions<Sent, Heard>) {
    this.#options = options;
    this.#magic = new MagicGate(options.magic);
    this.#reader = new FrameReader(options.frameBytesMax ?? FRAME_BYTES_MAX);
    this.#socket = dial(options.address, { ownHost: options.ownHost });
    this.#outbox = new Outbox(this.#socket);
    this.#socket.on('connect', () => {
      if (this.#isOver) return;
      this.#socket.write(options.magic);
      options.onConnected();
    });
    this.#socket.on('data', (received: Buffer) => this.#onBytes(received));
    this.#socket.on('error', (error) => {
      this.#error = error;
    });
    this.#socket.on('close', () => this.#over(this.#error?.message ?? `${options.who} closed the connection`));
  }

  send(message: Sent): void {
    if (this.#isOver) return;
    this.#outbox.push(this.#options.sent.framed(message));
  }

  /** Ends it without calling `onClosed`. */
  hangUp(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #onBytes(received: Uint8Array): void {
    try {
      this.#reader.feed(this.#magic.pass(received));
      while (!this.#isOver) {
        const frame = this.#reader.next();
        if (frame === undefined) return;
        this.#options.onMessage(this.#options.heard.decode(frame));
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#socket.destroy();
      this.#error = error;
      this.#over(`${this.#options.who} broke the protocol: ${error.message}`);
    }
  }

  #over(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onClosed(reason, this.#error);
  }
}
