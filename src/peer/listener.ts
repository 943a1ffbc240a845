// The door to the upload port: accepts connections within the limits (in total and per address), gives each a number, and
// knows them all by it. Who gets a place is decided by admission.ts.

import net from 'node:net';
import type { Timers } from '../actor/timers.js';
import { errnoOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { PieceRange } from '../torrent/bitfield.js';
import type { PeerId } from '../torrent/ids.js';
import { AcceptedSocket } from './accepted-socket.js';
import { Admission } from './admission.js';
import type { ServedFile } from './serve.js';
import type { Uploads, UploadTarget } from './uploads.js';

export interface ListenerOptions {
  readonly peerIdIn: (swarm: Uint8Array) => PeerId;
  readonly uploads: Uploads;
  readonly log: Log;
  readonly timers: Timers;
  readonly lookUp: (swarm: Uint8Array) => ServedFile | undefined;
  readonly onJoined: (file: number, host: string, port: number) => void;
  readonly onCrash: (error: unknown) => void;
}

interface Accepted {
  readonly socket: AcceptedSocket;
  file: number | undefined;
  sentBytes: number;
}

export interface FetchingPeer {
  readonly file: number;
  readonly host: string;
  readonly port: number;
  readonly sentBytes: number;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #accepted = new Map<number, Accepted>();
  readonly #admission = new Admission();
  readonly #server: net.Server;
  #nextConnection = 1;
  #port = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = net.createServer((socket) => this.#accept(socket));
  }

  /** Answers the port, or the errno that refused it. */
  listen(host: string, port: number, done: (result: { port: number } | { errno: string }) => void): void {
    const failed = (error: Error): void => done({ errno: errnoOf(error) ?? 'EIO' });
    this.#server.once('error', failed);
    this.#server.listen({ host, port }, () => {
      this.#server.off('error', failed);
      // Out of descriptors: the connection is lost, the listener goes on.
      this.#server.on('error', (error) => this.#options.log.warn({ err: error }, 'could not accept a connection'));
      const address = this.#server.address();
      this.#port = typeof address === 'object' && address !== null ? address.port : port;
      done({ port: this.#port });
    });
  }

  tellHaves(file: number, ranges: readonly PieceRange[]): void {
    for (const accepted of this.#accepted.values()) {
      if (accepted.file === file) accepted.socket.post({ kind: 'haves', ranges });
    }
  }

  fileGone(file: number): void {
    for (const accepted of [...this.#accepted.values()]) {
      if (accepted.file === file) accepted.socket.post({ kind: 'fileGone' });
    }
  }

  connectionCount(file: number): number {
    let count = 0;
    for (const accepted of this.#accepted.values()) if (accepted.file === file) count += 1;
    return count;
  }

  *peers(): Generator<FetchingPeer> {
    for (const { socket, file, sentBytes } of this.#accepted.values()) {
      if (file !== undefined) yield { file, host: socket.host, port: socket.port, sentBytes };
    }
  }

  /** No new connections; those open are told `gone` for each file and end. */
  close(): void {
    this.#server.close();
    for (const accepted of [...this.#accepted.values()]) accepted.socket.post({ kind: 'fileGone' });
  }

  #accept(socket: net.Socket): void {
    const { uploads, log, timers, onCrash, onJoined } = this.#options;
    const connection = this.#nextConnection;
    this.#nextConnection += 1;
    const accepted: Accepted = {
      file: undefined,
      sentBytes: 0,
      socket: new AcceptedSocket({
        socket,
        timers,
        peerIdIn: this.#options.peerIdIn,
        uploadPort: () => this.#port,
        lookUp: this.#options.lookUp,
        onCrash,
        onOpened: (served, uploadPort, confirms) => {
          accepted.file = served.file;
          uploads.join(connection, this.#target(connection, served.file, confirms, accepted));
          if (uploadPort > 0) onJoined(served.file, accepted.socket.host, uploadPort);
        },
        onConfirmed: () => uploads.confirmed(connection),
        onEnqueue: (block) => {
          if (!uploads.enqueue(connection, block)) accepted.socket.post({ kind: 'flooded' });
        },
        onDequeue: (block) => {
          const cancelled = uploads.dequeue(connection, block);
          if (cancelled !== undefined) accepted.socket.post({ kind: 'cancelled', block: cancelled });
        },
        onClosed: (why) => {
          this.#forget(connection, accepted);
          log.info(
            { peer: accepted.socket.host, port: accepted.socket.port, sentBytes: accepted.sentBytes },
            `upload connection ended: ${why}`,
          );
        },
      }),
    };
    this.#admit(connection, accepted);
  }

  #admit(connection: number, accepted: Accepted): void {
    this.#accepted.set(connection, accepted);
    const verdict = this.#admission.admit(connection, accepted.socket.host);
    if (verdict.kind === 'refused') accepted.socket.post({ kind: 'refused' });
    else if (verdict.kind === 'displaces') this.#displace(verdict.connection);
  }

  /** Nothing more is read for it, whether or not it takes its farewell. */
  #displace(connection: number): void {
    const displaced = this.#accepted.get(connection);
    if (displaced === undefined) return;
    if (displaced.file !== undefined) this.#options.uploads.leave(connection);
    displaced.file = undefined;
    displaced.socket.post({ kind: 'refused' });
  }

  #forget(connection: number, accepted: Accepted): void {
    if (!this.#accepted.delete(connection)) return;
    this.#admission.leave(connection, accepted.socket.host);
    if (accepted.file !== undefined) this.#options.uploads.leave(connection);
  }

  #target(connection: number, file: number, confirms: boolean, accepted: Accepted): UploadTarget {
    return {
      file,
      confirms,
      writeBlock: accepted.socket.writeBlock.bind(accepted.socket),
      handed: () => accepted.socket.post({ kind: 'handed' }),
      taken: (bytes) => {
        accepted.sentBytes += bytes;
        this.#admission.served(connection, accepted.socket.host);
        accepted.socket.post({ kind: 'taken' });
      },
      blockSent: (block) => accepted.socket.post({ kind: 'blockSent', block }),
      blockFailed: (block) => accepted.socket.post({ kind: 'blockFailed', block }),
    };
  }
}
