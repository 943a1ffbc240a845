// The only door to sockets: dials and listens by TCP and on Unix sockets, and writes to pipes. Never reads a byte, and
// decides nothing about a connection.

import net from 'node:net';
import { errnoOf } from '../base/errors.js';
import { familyOf, isLoopback, isWildcard } from '../base/hosts.js';

/** One connection. Its owner reads and writes it; `net.Socket` in all but name. */
export type Socket = net.Socket;

/** Where a socket listens: a TCP address, or the path or abstract name of a Unix socket. */
export type Place = { readonly host: string; readonly port: number } | { readonly path: string };

export interface DialOptions {
  /**
   * Our own host, so that the other side sees us where we listen. Ignored when it is a wildcard, of another family of
   * addresses than the place, or a loopback while the place is elsewhere.
   */
  readonly ownHost?: string | undefined;
  /** Reads into buffers of the owner's; `data` is not emitted then. */
  readonly onread?: net.OnReadOpts;
  /** Milliseconds of silence after which `timeout` is emitted. */
  readonly timeoutMs?: number;
}

/** Begins to connect; the socket emits `connect`, or `error` and then `close`. */
export function dial(place: Place, options: DialOptions = {}): Socket {
  return net.connect(connectOptions(place, options));
}

/** As node:net and node:tls take them. */
export function connectOptions(place: Place, { ownHost, onread, timeoutMs }: DialOptions): net.NetConnectOpts {
  const common = {
    ...(onread === undefined ? {} : { onread }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
  };
  if ('path' in place) return { path: place.path, ...common };
  const local = ownHost !== undefined && canBindTo(ownHost, place.host) ? { localAddress: ownHost } : {};
  return { host: place.host, port: place.port, noDelay: true, ...local, ...common };
}

/** Writes to an open pipe, which is non-blocking and the socket's from now on. */
export function writerOf(fd: number): Socket {
  return new net.Socket({ fd, readable: false, writable: true });
}

export interface ListenOptions {
  /** Other threads and processes of this user may listen there as well (SO_REUSEPORT). */
  readonly shared?: boolean;
  /** Connections that the kernel accepts ahead of us. */
  readonly backlog?: number;
}

export interface ServerOptions {
  readonly onSocket: (socket: Socket) => void;
  /** Nothing is read from a new socket before its owner resumes it. */
  readonly paused?: boolean;
  /** A connection could not be accepted, for want of a descriptor for example. The server goes on. */
  readonly onAcceptFailed?: (error: Error) => void;
}

export class SocketServer {
  readonly #server: net.Server;
  readonly #onAcceptFailed: (error: Error) => void;

  constructor({ onSocket, paused = false, onAcceptFailed = () => undefined }: ServerOptions) {
    this.#server = net.createServer({ pauseOnConnect: paused }, onSocket);
    this.#onAcceptFailed = onAcceptFailed;
  }

  get isListening(): boolean {
    return this.#server.listening;
  }

  /**
   * Answers the port, 0 for a Unix socket, whose file exists when this returns. A wildcard of either family takes
   * connections of both. Rejects with the system's error.
   */
  async listen(place: Place, options: ListenOptions = {}): Promise<number> {
    if ('path' in place) return this.#listenAt(place, options);
    const [first = place.host, fallback] = hostsToListenOn(place.host);
    try {
      return await this.#listenAt({ ...place, host: first }, options);
    } catch (error) {
      if (fallback === undefined || !isWithoutIPv6(error as Error)) throw error;
      return this.#listenAt({ ...place, host: fallback }, options);
    }
  }

  #listenAt(place: Place, { shared = false, backlog }: ListenOptions): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      const options = backlog === undefined ? place : { ...place, backlog };
      this.#server.listen('path' in place ? options : { ...options, reusePort: shared }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', this.#onAcceptFailed);
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  }

  /** It alone keeps no process alive. */
  unref(): void {
    this.#server.unref();
  }

  /** No new connections from now on. Settles when the open ones have ended. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** A server that takes no connection: for whoever wants to know whether a place is free. */
export function closedServer(): SocketServer {
  return new SocketServer({ onSocket: (socket) => socket.destroy() });
}

/** Whether this machine has a numeric address: asked by listening there for a moment at a free port. */
export async function isHostHere(host: string): Promise<boolean> {
  const server = closedServer();
  try {
    await server.listen({ host, port: 0 });
  } catch (error) {
    // An IPv6 address that is still being checked for duplicates answers the same.
    if (errnoOf(error) === 'EADDRNOTAVAIL') return false;
    throw error;
  }
  await server.close();
  return true;
}

/** A socket from there reaches that place. */
function canBindTo(ownHost: string, host: string): boolean {
  const family = familyOf(ownHost);
  if (family === undefined || family !== familyOf(host) || isWildcard(ownHost)) return false;
  return !isLoopback(ownHost) || isLoopback(host);
}

/**
 * A wildcard stands for every address of both families: one IPv6 socket takes both, and where the machine has no IPv6,
 * one of IPv4 does.
 */
function hostsToListenOn(host: string): readonly string[] {
  return isWildcard(host) ? ['::', '0.0.0.0'] : [host];
}

function isWithoutIPv6(error: Error): boolean {
  return ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'].includes(errnoOf(error) ?? '');
}
