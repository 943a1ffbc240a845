// The shell of a connection that we accepted: frames in, frames and payload out. Performs ServeMachine's effects; the
// upload machine decides when a block is written.

import { Host } from '../../../foundation/actor/host.js';
import type { Timers } from '../../../foundation/base/timers.js';
import { plainHost } from '../../../foundation/torrent/address.js';
import { blockOf } from '../../../foundation/torrent/block.js';
import type { PeerId } from '../../../foundation/torrent/ids.js';
import { AcceptedConnection } from '../../../foundation/wire/accepted.js';
import type { Socket } from '../../../foundation/wire/transport.js';
import { mtCodec } from '../codec/mt.js';
import { PEER_UNREAD_BYTES_MAX } from '../limits.js';
import type { UploadReport } from '../upload/messages.js';
import type { Send, UploadTarget } from '../upload/reader.js';
import { type ServedFile, type ServeEffect, type ServeInput, ServeMachine, type ServeOptions } from './machine.js';
import { metadataPart } from './metadata.js';

export interface AcceptOptions extends Omit<ServeOptions, 'startedMs'> {
  readonly socket: Socket;
  readonly timers: Timers;
  /** See AcceptedOptions. */
  readonly isClosed?: boolean;
  readonly sinceMs?: number | undefined;
  /** For the upload machine. */
  readonly tell: (report: UploadReport) => void;
  readonly onOpened: (served: ServedFile, peerId: PeerId, uploadPort: number) => void;
  /** The socket is gone. Called once. */
  readonly onClosed: (why: string) => void;
  readonly onCrash: (error: unknown) => void;
}

export class AcceptedSocket implements UploadTarget {
  readonly host: string;
  readonly port: number;
  /** Payload that the socket took. */
  sentBytes = 0;
  readonly #options: AcceptOptions;
  readonly #host: Host<ServeInput, ServeEffect>;
  readonly #connection: AcceptedConnection;

  constructor(options: AcceptOptions) {
    this.#options = options;
    const { socket, timers, isClosed = false, sinceMs } = options;
    this.host = plainHost(socket.remoteAddress ?? '');
    this.port = socket.remotePort ?? 0;
    this.#host = new Host<ServeInput, ServeEffect>({
      name: `serve/${this.host}:${this.port}`,
      machine: new ServeMachine({ ...options, startedMs: timers.nowMs() }),
      perform: (effect) => this.#perform(effect),
      onCrash: options.onCrash,
      timers,
    });
    this.#connection = new AcceptedConnection({
      socket,
      timers,
      magic: mtCodec.magic,
      isClosed,
      sinceMs,
      unreadBytesMax: PEER_UNREAD_BYTES_MAX,
      onFrame: (frame) => this.#host.post({ kind: 'received', message: mtCodec.decode(frame) }),
      onFault: (fault, sentence) => this.#host.post({ kind: 'faulted', fault, sentence }),
      onClosed: (reason) => {
        this.#host.stop();
        options.onClosed(reason ?? 'the peer closed the connection');
      },
    });
    this.#host.post({ kind: 'wake' });
  }

  post(input: ServeInput): void {
    this.#host.post(input);
  }

  /** Nothing more is heard from the peer until `resume`. */
  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  /** Ends it at once, without a farewell. */
  drop(why: string): void {
    this.#connection.drop(why);
  }

  writePayload(send: Send, payload: readonly Uint8Array[], taken: (ok: boolean) => void): void {
    this.#host.post({ kind: 'handed' });
    this.#connection.sendWith(mtCodec.encode({ ...blockOf(send), kind: 'piece' }), payload, (ok) => {
      if (ok) {
        this.sentBytes += send.length;
        this.#host.post({ kind: 'taken', completes: send.completes });
      }
      taken(ok);
    });
  }

  #perform(effect: ServeEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#connection.send(mtCodec.encode(effect.message));
        break;
      case 'opened':
        this.#connection.greeted();
        this.#options.onOpened(effect.served, effect.peerId, effect.uploadPort);
        break;
      case 'tell':
        this.#options.tell(effect.report);
        break;
      case 'readMetadata':
        void this.#readMetadata(effect);
        break;
      case 'hangUp':
        this.#connection.hangUp(effect.why);
        break;
    }
  }

  async #readMetadata({ metadata, offset, length }: Extract<ServeEffect, { kind: 'readMetadata' }>): Promise<void> {
    this.#host.post({ kind: 'metadataRead', offset, part: await metadataPart(metadata, offset, length) });
  }
}
