// The door to sockets we accepted. Reads small frames, writes header and payload of a block with one writev, tells when the
// socket has taken it. Performs ServeMachine's effects; whose block is written is decided by the upload scheduler.

import { Host } from '../../../foundation/actor/host.js';
import { EMPTY_BYTES } from '../../../foundation/base/bytes.js';
import { ProtocolError } from '../../../foundation/base/errors.js';
import { FRAME_BYTES_BEFORE_HELLO_MAX, FRAME_BYTES_MAX } from '../../../foundation/base/limits.js';
import type { Timers } from '../../../foundation/base/timers.js';
import { plainHost } from '../../../foundation/torrent/address.js';
import type { Block } from '../../../foundation/torrent/block.js';
import { FrameReader, frameBytes } from '../../../foundation/wire/framing.js';
import { MagicGate } from '../../../foundation/wire/magic.js';
import type { Socket } from '../../../foundation/wire/transport.js';
import { PEER_MAGIC, peerWire } from '../codec/messages.js';
import { type ServedFile, type ServeEffect, type ServeInput, ServeMachine, type ServeOptions } from './machine.js';

export interface AcceptOptions extends Omit<ServeOptions, 'startedMs'> {
  readonly socket: Socket;
  readonly timers: Timers;
  /** @param acks whether the peer says when a block has come. */
  readonly onOpened: (served: ServedFile, uploadPort: number, acks: boolean) => void;
  readonly onAcked: () => void;
  readonly onEnqueue: (block: Block) => void;
  readonly onDequeue: (block: Block) => void;
  /** The socket is gone. Called once. */
  readonly onClosed: (why: string) => void;
  readonly onCrash: (error: unknown) => void;
}

export class AcceptedSocket {
  readonly host: string;
  readonly port: number;
  readonly #options: AcceptOptions;
  readonly #host: Host<ServeInput, ServeEffect>;
  readonly #reader = new FrameReader(FRAME_BYTES_BEFORE_HELLO_MAX);
  readonly #gate = new MagicGate(PEER_MAGIC);
  #why = 'the peer closed the connection';
  /** What was written still goes out; nothing is read any more. */
  #closing = false;
  #paused = false;
  #isMidFrame = false;

  constructor(options: AcceptOptions) {
    this.#options = options;
    const { socket } = options;
    this.host = plainHost(socket.remoteAddress ?? '');
    this.port = socket.remotePort ?? 0;
    this.#host = new Host<ServeInput, ServeEffect>({
      name: `serve/${this.host}:${this.port}`,
      machine: new ServeMachine({ ...options, startedMs: options.timers.nowMs() }),
      perform: (effect) => this.#perform(effect),
      onCrash: options.onCrash,
      timers: options.timers,
    });
    socket.setNoDelay(true);
    socket.write(PEER_MAGIC);
    socket.on('data', (bytes) => this.#hear(bytes));
    socket.on('error', (error) => {
      this.#why = error.message;
    });
    socket.on('close', () => {
      this.#host.stop();
      options.onClosed(this.#why);
    });
    this.#host.post({ kind: 'wake' });
  }

  post(input: ServeInput): void {
    this.#host.post(input);
  }

  /** Nothing more is heard from the peer until `resume`: its bytes wait, and TCP slows it. */
  pause(): void {
    this.#paused = true;
    this.#options.socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#options.socket.resume();
    this.#hear();
  }

  /** Ends it at once, without a farewell. */
  drop(why: string): void {
    this.#why = why;
    this.#closing = true;
    this.#options.socket.destroy();
  }

  /** Header and bytes of a block, or of a part of one, in one writev. `taken` is called once: the buffers are the caller's again. */
  writeBlock(block: Block, payload: readonly Uint8Array[], taken: (ok: boolean) => void): void {
    const { socket } = this.#options;
    const { piece, begin, length } = block;
    socket.cork();
    socket.write(frameBytes(peerWire.encode({ kind: 'piece', piece, begin, length })));
    const last = payload.length - 1;
    for (let at = 0; at < last; at += 1) socket.write(payload[at] ?? EMPTY_BYTES);
    socket.write(payload[last] ?? EMPTY_BYTES, (error) => taken(error === null || error === undefined));
    socket.uncork();
  }

  /** @param bytes that have come; without, those that have waited. */
  #hear(bytes?: Uint8Array): void {
    if (this.#closing) return;
    try {
      if (bytes !== undefined) this.#reader.feed(this.#gate.pass(bytes));
      while (!this.#closing && !this.#paused) {
        const frame = this.#reader.next();
        if (frame === undefined) break;
        const message = peerWire.decode(frame);
        if (message.kind === 'hello') this.#reader.limit = FRAME_BYTES_MAX;
        this.#host.post({ kind: 'received', message });
      }
      this.#tellFrame();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#host.post({ kind: 'violated', sentence: error.message });
    }
  }

  /** Most reads end with a frame's end, as the one before did: no news. */
  #tellFrame(): void {
    const { midFrame } = this.#reader;
    if (midFrame === this.#isMidFrame) return;
    this.#isMidFrame = midFrame;
    this.#host.post({ kind: midFrame ? 'frameBegun' : 'frameEnded' });
  }

  #perform(effect: ServeEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#options.socket.write(frameBytes(peerWire.encode(effect.message)));
        break;
      case 'opened':
        this.#options.onOpened(effect.served, effect.uploadPort, effect.acks);
        break;
      case 'acked':
        this.#options.onAcked();
        break;
      case 'enqueue':
        this.#options.onEnqueue(effect.block);
        break;
      case 'dequeue':
        this.#options.onDequeue(effect.block);
        break;
      case 'closeTcp':
        this.#why = effect.why;
        this.#closing = true;
        // Bytes that nobody reads would make the system cut the connection before the farewell is through.
        this.#options.socket.resume();
        this.#options.socket.destroySoon();
        break;
      case 'destroyTcp':
        this.#options.socket.destroy();
        break;
    }
  }
}
