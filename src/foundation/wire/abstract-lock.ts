// A lock that one process of this network namespace holds by name: an abstract Unix socket, which the Linux kernel
// frees however its holder ends. Tells one line about the holder to every process that connects.

import { createHash } from 'node:crypto';
import { deferred, within } from '../base/deferred.js';
import { errnoOf } from '../base/errors.js';
import { LOCK_ANSWER_BYTES_MAX, LOCK_ANSWER_DEADLINE_MS } from '../base/limits.js';
import { dial, SocketServer } from './transport.js';

export interface NameLock {
  release(): Promise<void>;
}

/** The socket's name for the real path of what is locked. */
export function lockName(purpose: string, realPath: string): string {
  return `\0${purpose}-${createHash('sha1').update(realPath).digest('hex')}`;
}

/** Rejects with EADDRINUSE while any process holds the name. @param name an abstract name, or a path of a socket. */
export async function holdName(name: string, line: string): Promise<NameLock> {
  const server = new SocketServer({
    onSocket: (socket) => {
      // A peer that hangs up before it has read the line loses it, nothing else.
      socket.on('error', () => socket.destroy());
      socket.end(`${line}\n`);
    },
  });
  await server.listen({ path: name });
  // The lock alone keeps no process alive.
  server.unref();
  return { release: () => server.close() };
}

/** The error of `holdName` that says that the name is held. */
export function isHeld(error: unknown): boolean {
  return errnoOf(error) === 'EADDRINUSE';
}

/** The error of `holdName` where a process may have no such names. */
export function isDenied(error: unknown): boolean {
  return ['EPERM', 'EACCES', 'EINVAL', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(error) ?? '');
}

/** What the holder of a name says of itself: empty when it is stopped, undefined when nobody holds the name. */
export async function askHolder(name: string): Promise<string | undefined> {
  const answer = deferred<string | undefined>();
  let text = '';
  let isThere = false;
  const socket = dial({ path: name });
  socket.on('connect', () => {
    isThere = true;
  });
  socket.on('data', (bytes) => {
    text = (text + bytes.toString('latin1')).slice(0, LOCK_ANSWER_BYTES_MAX);
  });
  socket.on('error', (error) => {
    // A full backlog belongs to a process that listens.
    isThere ||= !['ECONNREFUSED', 'ENOENT'].includes(errnoOf(error) ?? '');
  });
  socket.on('close', () => answer.resolve(isThere ? text : undefined));
  const line = await within(answer.promise, LOCK_ANSWER_DEADLINE_MS, () => text);
  socket.destroy();
  return line;
}
