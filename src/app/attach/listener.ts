// The background client's Unix socket, which only its own user may open. Takes the path only when nobody answers there,
// replaces the socket of a killed client, and subscribes everyone who attaches to the client. Decides only whether
// there is room for one more.

import type { Stats } from 'node:fs';
import { lstat, mkdir, realpath, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ClientEvent } from '../../client/messages.js';
import { deferred, within } from '../../foundation/base/deferred.js';
import { errnoOf, MiniTorrentError, placeError } from '../../foundation/base/errors.js';
import { programVersion } from '../../foundation/base/installation.js';
import { HELLO_DEADLINE_MS } from '../../foundation/base/limits.js';
import { printable } from '../../foundation/torrent/names.js';
import { holdName, isHeld, lockName, type NameLock } from '../../foundation/wire/abstract-lock.js';
import { dial, type Socket, SocketServer } from '../../foundation/wire/transport.js';
import type { LocalClient } from '../library/start-client.js';
import type { Subscription } from '../library/subscribers.js';
import { ATTACHED_FAREWELL_MS, ATTACHED_MAX, ATTACHED_REQUESTS_MAX } from './limits.js';
import { ATTACH_VERSION, type AttachHello } from './messages.js';
import { AttachedUser } from './user.js';

/** The part of a client that the socket needs. */
export type JoinableClient = Pick<LocalClient, 'facts' | 'join'>;

/**
 * Takes the path before the client starts, so that of two that start at once only one continues. Rejects with
 * ALREADY_RUNNING while a client answers there, ALREADY_EXISTS for a file that is not a socket, PERMISSION_DENIED,
 * IO_ERROR.
 */
export async function openAttachListener(path: string): Promise<AttachListener> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const lock = await lockSocket(path);
    try {
      await removeStaleSocket(path);
      const listener = new AttachListener(lock);
      await listener.listen(path);
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
  readonly #server: SocketServer;
  readonly #lock: NameLock | undefined;
  readonly #users = new Set<AttachedUser>();
  /** Accepted before the client was ready. */
  readonly #early: Socket[] = [];
  #client: JoinableClient | undefined;
  #isClosed = false;
  readonly #allLeft = deferred<void>();

  constructor(lock: NameLock | undefined) {
    this.#lock = lock;
    this.#server = new SocketServer({ paused: true, onSocket: (socket) => this.#accept(socket) });
  }

  async listen(path: string): Promise<void> {
    // `listen` creates the socket at once, and no other thread of ours runs yet that could create a file meanwhile.
    const mask = process.umask(0o177);
    let listening: Promise<number>;
    try {
      listening = this.#server.listen({ path });
    } finally {
      process.umask(mask);
    }
    await listening;
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
    void this.#server.close();
    await this.#lock?.release();
    for (const socket of this.#early.splice(0)) socket.destroy();
    for (const user of this.#users) user.hangUp('the client is stopping');
    if (this.#users.size === 0) this.#allLeft.resolve();
    await within<void>(this.#allLeft.promise, ATTACHED_FAREWELL_MS, () => undefined);
    for (const user of this.#users) user.drop('did not read its events');
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

function helloOf({ facts: { address, trackers, pid } }: JoinableClient): AttachHello {
  return { kind: 'hello', version: ATTACH_VERSION, program: programVersion(), address, trackers, pid };
}

/**
 * On Linux, of two clients that start at once only one may inspect the path. The kernel frees the lock with its holder.
 */
async function lockSocket(path: string): Promise<NameLock | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const place = join(await realpath(dirname(path)), basename(path));
    return await holdName(lockName('mtorrent-socket', place), `${process.pid}`);
  } catch (error) {
    if (isHeld(error)) throw alreadyRunning(path, error);
    throw error;
  }
}

/** Removes the socket that a killed client left behind. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown): Stats | undefined => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket()) {
    const sentence = `${printable(path)} exists and is not a socket; choose another path with --socket`;
    throw new MiniTorrentError('ALREADY_EXISTS', sentence);
  }
  if (await somebodyAnswers(path)) throw alreadyRunning(path);
  await unlink(path);
}

/** A suspended process answers as well: the kernel accepts for it. */
async function somebodyAnswers(path: string): Promise<boolean> {
  const answer = deferred<boolean>();
  const socket = dial({ path });
  socket.on('connect', () => answer.resolve(true));
  socket.on('error', (error) => {
    const errno = errnoOf(error);
    if (errno === 'ECONNREFUSED' || errno === 'ENOENT') answer.resolve(false);
    // Its backlog is full, so it exists.
    else if (errno === 'EAGAIN') answer.resolve(true);
    else answer.reject(error);
  });
  try {
    return await within(answer.promise, HELLO_DEADLINE_MS, () => true);
  } finally {
    socket.destroy();
  }
}

function alreadyRunning(path: string, cause?: unknown): MiniTorrentError {
  return new MiniTorrentError(
    'ALREADY_RUNNING',
    `a client is already running at ${printable(path)}; use it with mtorrent attach, stop it with mtorrent stop, or choose another --socket`,
    cause,
  );
}
