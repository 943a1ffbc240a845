// One accepted socket: bytes to requests and replies to bytes, each within its bound. Who speaks another protocol, sends a
// frame that is too large, or leaves replies unread is dropped here; what a request means is not known here.

import { ProtocolError } from '../../foundation/base/errors.js';
import {
  FRAME_BYTES_BEFORE_HELLO_MAX,
  FRAME_BYTES_MAX,
  FRAME_DEADLINE_MS,
  HELLO_DEADLINE_MS,
  LINGER_MS,
} from '../../foundation/base/limits.js';
import { plainHost } from '../../foundation/torrent/address.js';
import { FrameReader } from '../../foundation/wire/framing.js';
import { SENTENCE_BYTES_MAX } from '../../foundation/wire/limits.js';
import { MagicGate } from '../../foundation/wire/magic.js';
import { Outbox } from '../../foundation/wire/outbox.js';
import type { Socket } from '../../foundation/wire/transport.js';
import type { FollowerWire } from '../store/contract.js';
import { TRACKER_UNREAD_BYTES_MAX } from './limits.js';
import { TRACKER_MAGIC, type TrackerReply, type TrackerRequest, trackerReplies, trackerRequests } from './messages.js';

export interface ConnectionOptions {
  readonly socket: Socket;
  readonly nowMs: () => number;
  readonly onRequest: (request: TrackerRequest) => void;
  readonly follower: FollowerWire;
  /** Another tracker speaks here: its first frame and those that follow. May throw ProtocolError. */
  readonly onFollowerFrame: (frame: Uint8Array) => void;
  /** Once, with what ended it. */
  readonly onClosed: (reason: string) => void;
}

export class ClientConnection {
  readonly host: string;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #magic = new MagicGate(TRACKER_MAGIC);
  readonly #reader = new FrameReader(FRAME_BYTES_BEFORE_HELLO_MAX);
  readonly #openedMs: number;
  #phase: 'greeting' | 'open' | 'following' | 'ending' = 'greeting';
  #frameSinceMs: number | undefined;
  #endingSinceMs = 0;
  #isPaused = false;
  #reason = 'closed by the client';

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#outbox = new Outbox(options.socket);
    this.#openedMs = options.nowMs();
    this.host = plainHost(options.socket.remoteAddress ?? '');
    const { socket } = options;
    socket.setNoDelay(true);
    socket.on('data', (received: Buffer) => this.#onBytes(received));
    socket.on('error', (error) => {
      this.#reason = error.message;
    });
    socket.on('close', () => options.onClosed(this.#reason));
    this.#outbox.push(TRACKER_MAGIC);
  }

  reply(message: TrackerReply): void {
    this.send(trackerReplies.framed(message));
  }

  /** @param frame with its length, as it goes onto the stream. */
  send(frame: Uint8Array): void {
    if (this.#phase === 'ending') return;
    this.#outbox.push(frame);
    if (this.#outbox.unsent > TRACKER_UNREAD_BYTES_MAX) this.drop('leaves too many replies unread');
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    // Not from within the machine's turn: what was read already must meet its next `pause`.
    process.nextTick(() => {
      this.#drain();
      if (!this.#isPaused) this.#socket.resume();
    });
  }

  /** What was written leaves first; what still comes is not looked at. */
  hangUp(reason: string): void {
    if (this.#phase === 'ending') return;
    this.#phase = 'ending';
    this.#endingSinceMs = this.#options.nowMs();
    this.#reason = reason;
    this.#outbox.flush();
    this.#socket.end();
    this.#socket.resume();
  }

  /** At once, unwritten bytes and all. */
  drop(reason: string): void {
    this.#phase = 'ending';
    this.#reason = reason;
    this.#socket.destroy();
  }

  /** The deadline that this connection has missed. */
  overdue(nowMs: number): string | undefined {
    if (this.#phase === 'ending') return nowMs - this.#endingSinceMs > LINGER_MS ? this.#reason : undefined;
    if (this.#phase === 'greeting')
      return nowMs - this.#openedMs > HELLO_DEADLINE_MS ? 'said no hello in time' : undefined;
    if (this.#isPaused || this.#frameSinceMs === undefined) return undefined;
    return nowMs - this.#frameSinceMs > FRAME_DEADLINE_MS ? 'left a frame unfinished' : undefined;
  }

  #onBytes(received: Uint8Array): void {
    if (this.#phase === 'ending') return;
    try {
      this.#reader.feed(this.#magic.pass(received));
    } catch (error) {
      this.#broken(error);
      return;
    }
    this.#drain();
  }

  #drain(): void {
    let framesRead = 0;
    try {
      while (!this.#isPaused && this.#phase !== 'ending') {
        const frame = this.#reader.next();
        if (frame === undefined) break;
        framesRead += 1;
        if (this.#phase === 'greeting') {
          this.#phase = this.#options.follower.isFirst(frame) ? 'following' : 'open';
          this.#reader.limit = FRAME_BYTES_MAX;
        }
        if (this.#phase === 'following') this.#options.onFollowerFrame(frame);
        else this.#options.onRequest(trackerRequests.decode(frame));
      }
    } catch (error) {
      this.#broken(error);
    }
    if (!this.#reader.midFrame) this.#frameSinceMs = undefined;
    else if (this.#frameSinceMs === undefined || framesRead > 0) this.#frameSinceMs = this.#options.nowMs();
  }

  #broken(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    const sentence = error.message.slice(0, SENTENCE_BYTES_MAX / 4);
    if (this.#phase === 'following') this.send(this.#options.follower.refusal(sentence));
    else this.reply({ kind: 'error', id: null, code: 'protocol', sentence });
    this.hangUp(`broke the protocol: ${sentence}`);
  }
}
