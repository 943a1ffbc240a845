// The tracker's port: accepts connections, numbers them and knows them by their number. `foundation/base/admission.ts`
// decides whether there is room for one more, and at whose cost.

import { Admission, type Verdict } from '../../foundation/base/admission.js';
import { Complaints } from '../../foundation/base/complaints.js';
import { errnoOf, MiniTorrentError } from '../../foundation/base/errors.js';
import { familyOf } from '../../foundation/base/hosts.js';
import type { Log } from '../../foundation/base/log.js';
import { nowAndThen } from '../../foundation/base/now-and-then.js';
import type { Timers } from '../../foundation/base/timers.js';
import { type Address, formatAddress, plainHost } from '../../foundation/torrent/address.js';
import type { Handshakes } from '../../foundation/wire/handshake-tally.js';
import { REFUSALS_TOLD_MS } from '../../foundation/wire/limits.js';
import { type Admitted, type Passage, plainPassage } from '../../foundation/wire/passage.js';
import { type Socket, SocketServer } from '../../foundation/wire/transport.js';
import type { FollowerWire } from '../store/contract.js';
import { ClientConnection, type ConnectionOptions } from './connection.js';
import { TRACKER_CONNECTIONS_MAX, TRACKER_CONNECTIONS_PER_ADDRESS_MAX, TRACKER_LISTEN_BACKLOG } from './limits.js';
import { type TrackerReply, type TrackerRequest, trackerReplies } from './messages.js';

export interface ListenerOptions {
  readonly log: Log;
  readonly timers: Timers;
  readonly connectionsMax?: number;
  readonly connectionsPerAddressMax?: number;
  /** How bytes travel; in the clear when absent. */
  readonly passage?: Passage;
  /** @param who undefined in the clear. */
  readonly onOpened: (connection: number, host: string, who: Admitted | undefined) => void;
  readonly onRequest: (connection: number, request: TrackerRequest) => void;
  readonly follower: FollowerWire;
  /** Of a follower, its first one included. May throw ProtocolError. */
  readonly onFollowerFrame: (connection: number, frame: Uint8Array, isFirst: boolean) => void;
  readonly onClosed: (connection: number) => void;
}

type Arrived = Pick<ConnectionOptions, 'socket' | 'who' | 'sinceMs'>;

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: SocketServer;
  readonly #passage: Passage;
  readonly #connections = new Map<number, ClientConnection>();
  /** Those that the passage has not let in yet. */
  readonly #arriving = new Map<number, Socket>();
  readonly #places: Admission;
  readonly #complaints = new Complaints();
  readonly #tellRefused: (refused: { readonly host: string; readonly code: string; readonly sentence: string }) => void;
  #lastNumber = 0;
  #refused = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#passage = options.passage ?? plainPassage;
    this.#tellRefused = nowAndThen(REFUSALS_TOLD_MS, (refused) =>
      options.log.info(refused, `refused ${refused.host}: ${refused.sentence}`),
    );
    this.#places = new Admission({
      placesMax: options.connectionsMax ?? TRACKER_CONNECTIONS_MAX,
      perAddressMax: options.connectionsPerAddressMax ?? TRACKER_CONNECTIONS_PER_ADDRESS_MAX,
    });
    this.#server = new SocketServer({
      onSocket: (socket) => this.#arrived(socket),
      paused: this.#passage.isClosed,
      onAcceptFailed: (error) => options.log.warn({ err: error }, 'could not accept a connection'),
    });
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  get refusedCount(): number {
    return this.#refused;
  }

  /** Undefined in the clear. */
  get handshakes(): Handshakes | undefined {
    return this.#passage.handshakes;
  }

  /** The address listened on. Rejects with PORT_IN_USE, ADDRESS_UNUSABLE, PERMISSION_DENIED or IO_ERROR. */
  async listen(own: Address): Promise<Address> {
    try {
      const { host, port } = own;
      return { host, port: await this.#server.listen({ host, port }, { backlog: TRACKER_LISTEN_BACKLOG }) };
    } catch (error) {
      throw listenError(error as Error, own);
    }
  }

  reply(connection: number, message: TrackerReply): void {
    this.#connections.get(connection)?.reply(message);
  }

  /** Written as a frame once, however many hear it. */
  replyAll(connections: readonly number[], message: TrackerReply): void {
    const frame = trackerReplies.framed(message);
    for (const connection of connections) this.send(connection, frame);
  }

  /** @param frame with its length, as it goes onto the stream. */
  send(connection: number, frame: Uint8Array): void {
    this.#connections.get(connection)?.send(frame);
  }

  pause(connection: number): void {
    this.#connections.get(connection)?.pause();
  }

  resume(connection: number): void {
    this.#connections.get(connection)?.resume();
  }

  hangUp(connection: number, reason: string): void {
    this.#connections.get(connection)?.hangUp(reason);
  }

  /** No new connections and no further requests; replies still leave. */
  stopReading(): void {
    void this.#server.close();
    for (const connection of this.#connections.values()) connection.pause();
  }

  hangUpAll(reason: string): void {
    for (const connection of this.#connections.values()) connection.hangUp(reason);
  }

  dropAll(reason: string): void {
    for (const socket of this.#arriving.values()) socket.destroy();
    for (const connection of this.#connections.values()) connection.drop(reason);
  }

  #arrived(socket: Socket): void {
    const host = plainHost(socket.remoteAddress ?? '');
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const verdict: Verdict = host === '' ? { kind: 'refused' } : this.#places.admit(number, host);
    if (verdict.kind === 'refused') {
      this.#refused += 1;
      this.#complain(host, 'refused', 'too many connections');
      socket.on('error', (error) => this.#complain(host, 'refused', error.message));
      socket.destroy();
      return;
    }
    if (verdict.kind === 'displaces') this.#displace(verdict.connection);
    if (this.#passage.isClosed) this.#arriving.set(number, socket);
    this.#passage.accept(socket, {
      opened: (secured, who, sinceMs) => {
        this.#arriving.delete(number);
        this.#accept(number, host, { socket: secured, who, sinceMs });
      },
      refused: (code, sentence) => {
        this.#arriving.delete(number);
        this.#places.leave(number, host);
        this.#refused += 1;
        this.#tellRefused({ host, code, sentence });
      },
    });
  }

  #accept(number: number, host: string, arrived: Arrived): void {
    const { timers, follower, onOpened, onRequest, onFollowerFrame, onClosed } = this.#options;
    const connection = new ClientConnection({
      ...arrived,
      timers,
      onRequest: (request) => {
        this.#places.served(number, host);
        onRequest(number, request);
      },
      follower,
      onFollowerFrame: (frame, isFirst) => {
        this.#places.served(number, host);
        onFollowerFrame(number, frame, isFirst);
      },
      onClosed: (reason) => {
        this.#connections.delete(number);
        this.#places.leave(number, host);
        const { handshakes } = this.#passage;
        if (handshakes !== undefined && !connection.isAnswered) handshakes.forNobody += 1;
        if (reason !== undefined) this.#complain(host, 'connection ended', reason);
        onClosed(number);
      },
    });
    this.#connections.set(number, connection);
    onOpened(number, host, arrived.who);
  }

  /** Its address has most of the places, and it said nothing for longer than the others from there. */
  #displace(number: number): void {
    this.#arriving.get(number)?.destroy();
    const connection = this.#connections.get(number);
    const sentence = 'all places of this tracker are taken; this one went to an address that holds fewer';
    connection?.reply({ kind: 'error', id: null, code: 'limit', sentence });
    connection?.hangUp(sentence);
  }

  #complain(host: string, what: 'refused' | 'connection ended', reason: string): void {
    // After the end the log is closed too, and everybody is hung up on.
    if (!this.#server.isListening) return;
    const times = this.#complaints.note(`${what} ${host}`, this.#options.timers.nowMs());
    if (times > 0) this.#options.log.info({ host, times }, `${what}: ${reason}`);
  }
}

function listenError(error: Error, own: Address): MiniTorrentError {
  const address = formatAddress(own);
  const errno = errnoOf(error);
  if (errno === 'EADDRINUSE') {
    return new MiniTorrentError(
      'PORT_IN_USE',
      `${address} is in use by another process; end it or choose another port`,
      error,
    );
  }
  if (errno === 'EADDRNOTAVAIL' || errno === 'EINVAL') {
    return new MiniTorrentError(
      'ADDRESS_UNUSABLE',
      `${address} is not an address of this machine; name the one of its own by which the partner and the clients know it, or wait until the machine has it`,
      error,
    );
  }
  if (errno === 'EACCES') {
    return new MiniTorrentError(
      'PERMISSION_DENIED',
      `this user may not listen on ${address}; choose a port above 1023`,
      error,
    );
  }
  if (errno === 'EAFNOSUPPORT') {
    const sentence = `${address} cannot be used: this machine has no ${familyOf(own.host) ?? 'such'} addresses; name one that it has`;
    return new MiniTorrentError('ADDRESS_UNUSABLE', sentence, error);
  }
  return new MiniTorrentError('IO_ERROR', `cannot listen on ${address} (${errno ?? error.message})`, error);
}
