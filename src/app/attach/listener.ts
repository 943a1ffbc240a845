// The background client's Unix socket, which only its own user may open. Takes the path only when nobody answers there,
// replaces the socket of a killed client, and subscribes everyone who attaches to the client. Decides only whether
// there is room for one more.

import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ClientEvent } from '../../client/messages.js';
import { deferred, within } from '../../foundation/base/deferred.js';
import { makeDirectory, placeError } from '../../foundation/base/directories.js';
import { errnoOf } from '../../foundation/base/errors.js';
import { programVersion } from '../../foundation/base/installation.js';
import { printable } from '../../foundation/torrent/names.js';
import type { NameLock } from '../../foundation/wire/abstract-lock.js';
import { type Socket, SocketServer } from '../../foundation/wire/transport.js';
import type { LocalClient } from '../library/start-client.js';
import type { Subscription } from '../library/subscribers.js';
import { ATTACHED_FAREWELL_MS, ATTACHED_MAX, ATTACHED_REQUESTS_MAX, SOCKET_LOOK_MS } from './limits.js';
import { ATTACH_VERSION, type AttachHello } from './messages.js';
import { lockSocket, removeStaleSocket } from './socket-place.js';
import { AttachedUser } from './user.js';

/** The part of a client that the socket needs. */
export type JoinableClient = Pick<LocalClient, 'facts' | 'join'>;

/**
 * Takes the path before the client starts, so that of two that start at once only one continues. Rejects with
 * ALREADY_RUNNING while a client answers there, ALREADY_EXISTS for a file that is not a socket, PERMISSION_DENIED,
 * IO_ERROR. @param tell gets a sentence when the socket's file was removed.
 */
export async function openAttachListener(
  path: string,
  tell: (sentence: string) => void = () => undefined,
): Promise<AttachListener> {
  try {
    await makeDirectory(dirname(path), '--socket');
    const lock = await lockSocket(path);
    try {
      await removeStaleSocket(path);
      const listener = new AttachListener(path, lock, tell);
      await listener.listen();
      return listener;
    } catch (error) {
      await lock?.release();
      throw error;
    }
  } catch (error) {
    throw placeError(error, printable(path), '--socket');
  }
}

export class AttachListener {
  readonly #path: string;
  readonly #tell: (sentence: string) => void;
  #server: SocketServer;
  #looks: NodeJS.Timeout | undefined;
  #isLooking = false;
  #isTold = false;
  readonly #lock: NameLock | undefined;
  readonly #users = new Set<AttachedUser>();
  /** Accepted before the client was ready. */
  readonly #early: Socket[] = [];
  #client: JoinableClient | undefined;
  #isClosed = false;
  readonly #allLeft = deferred<void>();

  constructor(path: string, lock: NameLock | undefined, tell: (sentence: string) => void) {
    this.#path = path;
    this.#lock = lock;
    this.#tell = tell;
    this.#server = this.#newServer();
  }

  async listen(): Promise<void> {
    await this.#bind();
    this.#looks = setInterval(() => void this.#look(), SOCKET_LOOK_MS).unref();
  }

  /** Answers everyone who attaches from now on, and those who came early. */
  serve(client: JoinableClient): void {
    this.#client = client;
    for (const socket of this.#early.splice(0)) if (!socket.destroyed) this.#greet(socket, client);
  }

  /** The client ends and another one follows: hangs up on everyone, and lets who attaches meanwhile wait for it. */
  suspend(reason: string): void {
    this.#client = undefined;
    for (const user of this.#users) user.hangUp(reason);
  }

  /** Removes the socket, then hangs up on everyone once their events are sent. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#looks);
    void this.#server.close();
    await this.#lock?.release();
    for (const socket of this.#early.splice(0)) socket.destroy();
    for (const user of this.#users) user.hangUp('the client is stopping');
    if (this.#users.size === 0) this.#allLeft.resolve();
    await within<void>(this.#allLeft.promise, ATTACHED_FAREWELL_MS, () => undefined);
    for (const user of this.#users) user.drop('did not read its events');
  }

  #newServer(): SocketServer {
    return new SocketServer({ paused: true, onSocket: (socket) => this.#accept(socket) });
  }

  async #bind(): Promise<void> {
    // `listen` creates the socket at once; what another thread creates at that moment is for this user alone as well.
    const mask = process.umask(0o177);
    let listening: Promise<number>;
    try {
      listening = this.#server.listen({ path: this.#path });
    } finally {
      process.umask(mask);
    }
    await listening;
  }

  /** Makes the socket again when its file is gone: a last logout empties the run-time directory. */
  async #look(): Promise<void> {
    if (this.#isLooking || this.#isClosed || !(await isGone(this.#path))) return;
    this.#isLooking = true;
    const where = printable(this.#path);
    try {
      // First: it removes whatever has its name.
      void this.#server.close();
      this.#server = this.#newServer();
      await makeDirectory(dirname(this.#path), '--socket');
      if (this.#isClosed) return;
      await this.#bind();
      this.#isTold = false;
      this.#tell(`the socket ${where} was removed, and was made again`);
    } catch (error) {
      const { message } = placeError(error, where, '--socket');
      if (!this.#isTold) this.#tell(`the socket was removed and cannot be made again: ${message}`);
      this.#isTold = true;
    } finally {
      this.#isLooking = false;
    }
  }

  #accept(socket: Socket): void {
    if (this.#client !== undefined) this.#greet(socket, this.#client);
    else if (this.#early.length < ATTACHED_MAX) {
      socket.on('error', () => socket.destroy());
      this.#early.push(socket);
    } else socket.destroy();
  }

  #greet(socket: Socket, client: JoinableClient): void {
    let subscription: Subscription | undefined;
    const user: AttachedUser = new AttachedUser({
      socket,
      hello: helloOf(client),
      hasRoom: () => this.#users.size <= ATTACHED_MAX,
      onGreeted: () => {
        subscription = client.join((event) => hear(event));
      },
      onCommand: (command) => subscription?.tell(command),
      isFull: () => (subscription?.openCount() ?? 0) >= ATTACHED_REQUESTS_MAX,
      onClosed: () => {
        subscription?.leave();
        this.#users.delete(user);
        if (this.#isClosed && this.#users.size === 0) this.#allLeft.resolve();
      },
    });
    const hear = (event: ClientEvent): void => {
      user.send(event);
      if ((subscription?.openCount() ?? 0) < ATTACHED_REQUESTS_MAX) user.resume();
    };
    this.#users.add(user);
    socket.resume();
  }
}

async function isGone(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return false;
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '');
  }
}

function helloOf({ facts: { address, trackers: all, pid } }: JoinableClient): AttachHello {
  const [first, second, ...more] = all;
  const trackers = [first, second] as const;
  const facts = { address, trackers, pid, ...(more.length === 0 ? {} : { more }) };
  return { kind: 'hello', version: ATTACH_VERSION, program: programVersion(), ...facts };
}
