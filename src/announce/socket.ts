// One connection to a tracker: requests to bytes, bytes to replies. Garbage, another protocol or a frame that is too large
// ends it with a reason. Decides nothing.

import net, { isIP } from 'node:net';
import { ProtocolError } from '../base/errors.js';
import { FRAME_BYTES_MAX } from '../base/limits.js';
import type { Address } from '../torrent/address.js';
import {
  TRACKER_MAGIC,
  type TrackerReply,
  type TrackerRequest,
  trackerReplies,
  trackerRequests,
} from '../tracker/messages.js';
import { FrameReader, frameBytes } from '../wire/framing.js';
import { MagicGate } from '../wire/magic.js';

export interface TrackerSocketOptions {
  readonly tracker: Address;
  /** Our own address, so that the tracker lists us where we listen; undefined: the system chooses. */
  readonly localHost: string | undefined;
  readonly onConnected: () => void;
  readonly onReply: (reply: TrackerReply) => void;
  /** Once, unless `hangUp` came first. */
  readonly onClosed: (reason: string) => void;
}

export class TrackerSocket {
  readonly #options: TrackerSocketOptions;
  readonly #socket: net.Socket;
  readonly #magic = new MagicGate(TRACKER_MAGIC);
  readonly #reader = new FrameReader(FRAME_BYTES_MAX);
  #isOver = false;
  #isCorked = false;
  #reason = 'the tracker closed the connection';

  constructor(options: TrackerSocketOptions) {
    this.#options = options;
    const { tracker, localHost } = options;
    const local = localHost === undefined ? {} : { localAddress: localHost };
    this.#socket = net.connect({ host: tracker.host, port: tracker.port, noDelay: true, ...local });
    this.#socket.on('connect', () => {
      if (this.#isOver) return;
      this.#socket.write(TRACKER_MAGIC);
      options.onConnected();
    });
    this.#socket.on('data', (received: Buffer) => this.#onBytes(received));
    this.#socket.on('error', (error) => {
      this.#reason = error.message;
    });
    this.#socket.on('close', () => this.#over(this.#reason));
  }

  send(request: TrackerRequest): void {
    if (this.#isOver) return;
    if (!this.#isCorked) {
      // Requests of one turn leave in one write.
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(frameBytes(trackerRequests.encode(request)));
  }

  /** Without a further word to its owner. */
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
        this.#options.onReply(trackerReplies.decode(frame));
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#socket.destroy();
      this.#over(`the tracker broke the protocol: ${error.message}`);
    }
  }

  #over(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onClosed(reason);
  }
}

/** `host` when a socket can be bound to it: one concrete address, not the wildcard. */
export function bindableHost(host: string): string | undefined {
  return isIP(host) === 0 || host === '0.0.0.0' || host === '::' ? undefined : host;
}
