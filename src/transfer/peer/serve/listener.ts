// The upload port of one thread: accepts connections, numbers them, reports to the upload machine and performs its
// orders. Invariant: nothing is read from a connection before it is admitted, nor while the upload machine is behind
// with its reports.

import { present, unreachable } from '../../../foundation/base/assert.js';
import { errnoOf } from '../../../foundation/base/errors.js';
import type { Log } from '../../../foundation/base/log.js';
import { nowAndThen } from '../../../foundation/base/now-and-then.js';
import type { Timers } from '../../../foundation/base/timers.js';
import { plainHost } from '../../../foundation/torrent/address.js';
import type { PieceRange } from '../../../foundation/torrent/bitfield.js';
import { blockOf } from '../../../foundation/torrent/block.js';
import type { PeerId } from '../../../foundation/torrent/ids.js';
import { REFUSALS_TOLD_MS } from '../../../foundation/wire/limits.js';
import { type Admitted, type Passage, plainPassage } from '../../../foundation/wire/passage.js';
import { type Socket, SocketServer } from '../../../foundation/wire/transport.js';
import { type MemberTag, memberTagOf } from '../messages.js';
import type { UploadDecider } from '../upload/desk.js';
import { connectionNumber, type UploadOrder, type UploadReport } from '../upload/messages.js';
import type { Uploads } from '../upload/reader.js';
import type { ServedFile } from './machine.js';
import { AcceptedSocket } from './socket.js';

export interface ListenerOptions {
  /** The number of this thread. */
  readonly thread: number;
  readonly peerIdIn: (swarm: Uint8Array) => PeerId;
  readonly uploads: Uploads;
  readonly log: Log;
  readonly timers: Timers;
  readonly lookUp: (swarm: Uint8Array) => ServedFile | undefined;
  readonly onJoined: (file: number, host: string, port: number) => void;
  readonly onCrash: (error: unknown) => void;
  /** How bytes travel; in the clear when absent. */
  readonly passage?: Passage;
}

interface Listening {
  readonly host: string;
  readonly port: number;
  readonly shared: boolean;
}

interface Accepted {
  readonly socket: AcceptedSocket;
  isAdmitted: boolean;
  /** Undefined before its hello, and once it is refused. */
  file: number | undefined;
  /** Whose it is; undefined before its hello. */
  peerId: PeerId | undefined;
  readonly member: MemberTag | null;
}

export interface FetchingPeer {
  readonly file: number;
  readonly host: string;
  readonly port: number;
  readonly peer: PeerId;
  readonly sentBytes: number;
  /** Null in an open swarm. */
  readonly member: MemberTag | null;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #passage: Passage;
  readonly #accepted = new Map<number, Accepted>();
  #server: SocketServer | undefined;
  #decider: UploadDecider | undefined;
  /** True while the upload machine is behind with our reports: nothing is read then. */
  #isPaused = false;
  readonly #tellRefused: (refused: { readonly host: string; readonly code: string; readonly sentence: string }) => void;
  #count = 0;
  #port = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#passage = options.passage ?? plainPassage;
    this.#tellRefused = nowAndThen(REFUSALS_TOLD_MS, (refused) =>
      options.log.info(refused, `refused ${refused.host}: ${refused.sentence}`),
    );
  }

  /** Set before `listen`. A previous one is lost with all it knew, so its connections end. */
  set decider(decider: UploadDecider) {
    this.#decider = decider;
    for (const { socket } of [...this.#accepted.values()]) socket.drop('the thread that decides about uploads ended');
    this.#accepted.clear();
    this.#isPaused = false;
  }

  /** In place of where it listened before. Answers the port or an errno. shared: other threads listen there, too. */
  async listen({ host, port, shared }: Listening): Promise<{ readonly port: number } | { readonly errno: string }> {
    const server = new SocketServer({
      onSocket: (socket) => this.#arrived(socket),
      paused: this.#passage.isClosed,
      // Out of descriptors, for example: the connection is lost, the listener goes on.
      onAcceptFailed: (error) => this.#options.log.warn({ err: error }, 'could not accept a connection'),
    });
    try {
      this.#port = await server.listen({ host, port }, { shared });
      void this.#server?.close();
      this.#server = server;
      return { port: this.#port };
    } catch (error) {
      return { errno: errnoOf(error) ?? 'EIO' };
    }
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

  *peers(): Generator<FetchingPeer> {
    for (const { socket, file, peerId, member } of this.#accepted.values()) {
      if (file === undefined || peerId === undefined) continue;
      yield { file, host: socket.host, port: socket.port, peer: peerId, sentBytes: socket.sentBytes, member };
    }
  }

  /** No new connections; open ones are told `gone` and end. */
  close(): void {
    void this.#server?.close();
    for (const accepted of [...this.#accepted.values()]) accepted.socket.post({ kind: 'fileGone' });
  }

  obey(order: UploadOrder): void {
    const accepted = this.#accepted.get(order.connection);
    switch (order.kind) {
      case 'admit':
        if (accepted === undefined) break;
        accepted.isAdmitted = true;
        if (!this.#isPaused) accepted.socket.resume();
        break;
      case 'refuse':
        if (accepted !== undefined) accepted.file = undefined;
        accepted?.socket.post({ kind: 'refused' });
        break;
      case 'violated':
        accepted?.socket.post({ kind: 'faulted', fault: 'protocol', sentence: order.sentence });
        break;
      case 'reject':
        accepted?.socket.post({ kind: 'blockFailed', block: blockOf(order) });
        break;
      case 'send':
        this.#send(order, accepted);
        break;
      default:
        unreachable(order);
    }
  }

  /** Our reports are taken again. */
  deciderDrained(): void {
    this.#isPaused = false;
    for (const { socket, isAdmitted } of this.#accepted.values()) if (isAdmitted) socket.resume();
  }

  #send(order: Extract<UploadOrder, { kind: 'send' }>, accepted: Accepted | undefined): void {
    const { report, memory } = present(this.#decider, 'what is to be sent was decided');
    if (accepted?.file === undefined) {
      report({ kind: 'taken', upload: order.upload, ok: false });
      return;
    }
    this.#options.uploads.send(order, accepted.file, accepted.socket, memory, report);
  }

  #report(report: UploadReport): void {
    const decider = present(this.#decider, 'a thread that accepts knows who decides');
    decider.report(report);
    if (this.#isPaused || !decider.isBehind) return;
    this.#isPaused = true;
    for (const { socket } of this.#accepted.values()) socket.pause();
  }

  #arrived(raw: Socket): void {
    const host = plainHost(raw.remoteAddress ?? '');
    this.#passage.accept(raw, {
      opened: (socket, who, sinceMs) => this.#accept(socket, who, sinceMs),
      refused: (code, sentence) => this.#tellRefused({ host, code, sentence }),
    });
  }

  #accept(socket: Socket, who: Admitted | undefined, sinceMs: number | undefined): void {
    const { log, timers, onCrash, onJoined } = this.#options;
    const connection = connectionNumber(this.#options.thread, this.#count);
    this.#count += 1;
    const accepted: Accepted = {
      isAdmitted: false,
      file: undefined,
      peerId: undefined,
      member: who?.kind === 'member' ? memberTagOf(who.member) : null,
      socket: new AcceptedSocket({
        socket,
        timers,
        isClosed: this.#passage.isClosed,
        sinceMs,
        greetsOnly: who?.kind === 'member' && who.member.kind === 'tracker',
        connection,
        peerIdIn: this.#options.peerIdIn,
        uploadPort: () => this.#port,
        lookUp: this.#options.lookUp,
        onCrash,
        tell: (report) => this.#report(report),
        onOpened: ({ file }, peerId, uploadPort) => {
          accepted.file = file;
          accepted.peerId = peerId;
          if (uploadPort > 0) onJoined(file, accepted.socket.host, uploadPort);
        },
        onClosed: (why) => {
          if (this.#accepted.delete(connection)) this.#report({ kind: 'closed', connection });
          log.info(
            { peer: accepted.socket.host, port: accepted.socket.port, sentBytes: accepted.socket.sentBytes },
            `upload connection ended: ${why}`,
          );
        },
      }),
    };
    accepted.socket.pause();
    if (this.#isPaused) {
      // The upload machine cannot even be asked for a place.
      accepted.socket.post({ kind: 'refused' });
      return;
    }
    this.#accepted.set(connection, accepted);
    this.#report({ kind: 'accepted', connection, host: accepted.socket.host });
  }
}
