// The shell of a connection that we dial. Reads frames through a small buffer, and payload straight into its slots of
// the slab, without a copy. Performs FetchMachine's effects and decides nothing.

import { Host } from '../../../foundation/actor/host.js';
import { present } from '../../../foundation/base/assert.js';
import { errnoOf, ProtocolError } from '../../../foundation/base/errors.js';
import { FRAME_BYTES_BEFORE_HELLO_MAX, FRAME_BYTES_MAX } from '../../../foundation/base/limits.js';
import type { Timers } from '../../../foundation/base/timers.js';
import type { Address } from '../../../foundation/torrent/address.js';
import { FrameReader } from '../../../foundation/wire/framing.js';
import { MagicGate } from '../../../foundation/wire/magic.js';
import { Outbox } from '../../../foundation/wire/outbox.js';
import { type Passage, type PassageDialOptions, plainPassage } from '../../../foundation/wire/passage.js';
import type { Socket } from '../../../foundation/wire/transport.js';
import { mtCodec } from '../codec/mt.js';
import { HEADER_READ_BYTES, PAYLOAD_TOLD_MS } from '../limits.js';
import { type FetchEvent, memberTagOf } from '../messages.js';
import { type FetchEffect, type FetchInput, FetchMachine, type FetchOptions } from './machine.js';
import { PayloadTarget } from './payload-target.js';

export interface DialOptions extends Omit<FetchOptions, 'startedMs'> {
  readonly address: Address;
  /** Our own host, so that the peer sees us where we listen. */
  readonly ownHost: string;
  readonly slab: SharedArrayBuffer;
  /** How bytes travel; in the clear when absent. */
  readonly passage?: Passage;
  readonly tell: (event: FetchEvent) => void;
  readonly onCrash: (error: unknown) => void;
  readonly timers: Timers;
}

/** The system's errors where a packet never came to the other machine, or was turned away before it. */
const NO_WAY = ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EACCES', 'EPERM'];

export class DialedSocket {
  readonly #options: DialOptions;
  readonly #host: Host<FetchInput, FetchEffect>;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #header = new Uint8Array(HEADER_READ_BYTES);
  readonly #reader = new FrameReader(FRAME_BYTES_BEFORE_HELLO_MAX);
  readonly #gate = new MagicGate(mtCodec.magic);
  /** Where arriving payload goes; undefined between payloads. */
  #target: PayloadTarget | undefined;
  /** Payload bytes not yet reported to the machine, and when it heard last. */
  #untold = 0;
  #toldMs: number;
  #isMidFrame = false;
  #isRefused = false;
  #failure: readonly ['unreachable' | 'noRoute' | 'closed' | 'notAdmitted', string] = [
    'closed',
    'the peer closed the connection',
  ];

  constructor(options: DialOptions) {
    this.#options = options;
    const startedMs = options.timers.nowMs();
    this.#toldMs = startedMs;
    this.#host = new Host<FetchInput, FetchEffect>({
      name: `fetch/${options.address.host}:${options.address.port}`,
      machine: new FetchMachine({ ...options, startedMs }),
      perform: (effect) => this.#perform(effect),
      onCrash: options.onCrash,
      timers: options.timers,
    });
    this.#socket = this.#dial();
    this.#outbox = new Outbox(this.#socket);
    this.#host.post({ kind: 'wake' });
  }

  post(input: FetchInput): void {
    this.#host.post(input);
  }

  /** Used while the download thread is behind: the TCP window closes and the peer slows down. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #dial(): Socket {
    const { address, ownHost, passage = plainPassage } = this.#options;
    const options: PassageDialOptions = {
      ownHost,
      need: 'fetch',
      onread: {
        buffer: () => this.#readBuffer(),
        callback: (count, buffer) => {
          if (this.#target === undefined) this.#onRead(buffer.subarray(0, count));
          else this.#afterPayloadBytes(count);
          return true;
        },
      },
    };
    const socket = passage.dial(address, options, {
      opened: (member) => {
        this.#outbox.push(mtCodec.magic);
        this.#host.post({ kind: 'tcpConnected', ...(member === undefined ? {} : { member: memberTagOf(member) }) });
      },
      refused: (sentence) => {
        this.#isRefused = true;
        this.#failure = ['notAdmitted', sentence];
      },
    });
    if (passage.isClosed) socket.on('connect', () => this.#host.post({ kind: 'tcpReached' }));
    socket.on('error', (error) => {
      if (this.#isRefused) return;
      const errno = errnoOf(error) ?? error.message;
      const isUnheard = socket.bytesRead === 0;
      this.#failure = [isUnheard ? (NO_WAY.includes(errno) ? 'noRoute' : 'unreachable') : 'closed', errno];
    });
    socket.on('close', () => {
      this.#host.post({ kind: 'tcpClosed', reason: this.#failure[0], sentence: this.#failure[1] });
      this.#host.stop();
    });
    return socket;
  }

  #readBuffer(): Uint8Array {
    return this.#target === undefined ? this.#header : this.#target.room;
  }

  #onRead(bytes: Uint8Array): void {
    try {
      this.#readStream(this.#gate.pass(bytes));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#host.post({ kind: 'violated', sentence: error.message });
    }
  }

  #readStream(bytes: Uint8Array): void {
    this.#reader.feed(bytes);
    while (!this.#host.isStopped && !this.#socket.destroyed) {
      if (this.#target !== undefined) {
        if (this.#reader.unread === 0) break;
        this.#afterPayloadBytes(this.#reader.takeRaw(this.#target.room));
        continue;
      }
      const frame = this.#reader.next();
      if (frame === undefined) break;
      const message = mtCodec.decode(frame);
      if (message.kind === 'hello') this.#reader.limit = FRAME_BYTES_MAX;
      this.#host.post({ kind: 'received', message });
    }
    this.#tellFrame();
  }

  /** Most reads end with a frame's end, as the previous one did, which is no news. */
  #tellFrame(): void {
    const { midFrame } = this.#reader;
    if (midFrame === this.#isMidFrame) return;
    this.#isMidFrame = midFrame;
    this.#host.post({ kind: midFrame ? 'frameBegun' : 'frameEnded' });
  }

  #afterPayloadBytes(count: number): void {
    const target = present(this.#target, 'payload has a place');
    target.filled(count);
    this.#untold += count;
    if (!target.isFull) {
      this.#tellPayload();
      return;
    }
    this.#target = undefined;
    this.#untold = 0;
    this.#host.post({ kind: 'payloadDone' });
  }

  /** A block on a slow link arrives in hundreds of reads; a report now and then is enough for the deadlines. */
  #tellPayload(): void {
    const nowMs = this.#options.timers.nowMs();
    if (nowMs - this.#toldMs < PAYLOAD_TOLD_MS) return;
    this.#toldMs = nowMs;
    const count = this.#untold;
    this.#untold = 0;
    this.#host.post({ kind: 'payloadBytes', count });
  }

  #perform(effect: FetchEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#outbox.push(mtCodec.encode(effect.message));
        break;
      case 'receivePayload':
        this.#target = new PayloadTarget(this.#options.slab, effect.slots, effect.begin, effect.length);
        break;
      case 'tell':
        this.#options.tell(effect.event);
        break;
      case 'closeTcp':
        this.#socket.destroy();
        break;
    }
  }
}
