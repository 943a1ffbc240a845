// A lock that the containers of one kernel share: a Unix socket in the directory, alive while its holder is, in no
// network namespace. A dead lock's number is never taken again, only the next one is: a process that acts on stale
// numbers finds a higher one and withdraws. Invariant: the highest number is never removed, so two processes never hold
// the lock.

import { randomBytes } from 'node:crypto';
import { close, constants, existsSync, open } from 'node:fs';
import { link, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errnoOf } from '../../../foundation/base/errors.js';
import { LOCK_TRIES_MAX, SOCKET_PATH_BYTES_MAX } from '../../../foundation/base/limits.js';
import { askHolder, holdName, type NameLock } from '../../../foundation/wire/abstract-lock.js';

/** The directory is locked. `line`: what its holder says about itself; empty when it does not answer. */
export class DirectoryHeld extends Error {
  override readonly name = 'DirectoryHeld';
  readonly line: string;
  constructor(line: string) {
    super('the directory is locked');
    this.line = line;
  }
}

/** Errors of file systems and platforms without sockets, or without hard links to them. */
const UNABLE = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EXDEV',
  'EINVAL',
  'EADDRNOTAVAIL',
  'EMLINK',
  'ENAMETOOLONG',
]);

/**
 * Rejects with DirectoryHeld. Resolves to undefined when this directory cannot hold such a lock.
 * @param seen the last number when its holder was judged, which may be on another kernel, where its socket is dead to
 * us; a higher one that does not answer is then a living holder. Absent: every holder is on this kernel.
 */
export async function holdDirectory(directory: string, line: string, seen?: number): Promise<NameLock | undefined> {
  // A socket's path is bounded: one through the descriptor is short. Without /proc it is the directory's own.
  const descriptor = await promisify(open)(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const here = existsSync('/proc/self/fd') ? `/proc/self/fd/${descriptor}` : directory;
  const name = `lock-${randomBytes(8).toString('hex')}`;
  const isTooLong = Buffer.byteLength(join(here, name)) > SOCKET_PATH_BYTES_MAX;
  let socket: NameLock | undefined;
  let isTaken = false;
  try {
    if (isTooLong) return undefined;
    for (let tries = 0; tries < LOCK_TRIES_MAX && !isTaken; tries += 1) {
      const last = await lastNumber(directory);
      const answer = last === 0 ? undefined : await askHolder(`${here}/lock.${last}`);
      if (answer !== undefined) throw new DirectoryHeld(answer);
      if (seen !== undefined && last > seen) throw new DirectoryHeld('');
      socket ??= await holdName(`${here}/${name}`, line);
      isTaken = await takeNumber(directory, name, last + 1);
    }
    if (!isTaken) throw new DirectoryHeld('');
  } catch (error) {
    await socket?.release();
    if (UNABLE.has(errnoOf(error) ?? '')) return undefined;
    throw error;
  } finally {
    await rm(join(directory, name), { force: true });
    await promisify(close)(descriptor);
  }
  return socket;
}

/** Links the socket `name` as number `number`. True: the lock is ours, and no higher number appeared meanwhile. */
export async function takeNumber(directory: string, name: string, number: number): Promise<boolean> {
  const path = join(directory, `lock.${number}`);
  try {
    await link(join(directory, name), path);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  const numbers = await numbersIn(directory);
  if (Math.max(...numbers) > number) {
    // The numbers that we saw were stale: others have held and released the lock since.
    await rm(path, { force: true });
    return false;
  }
  for (const former of numbers) if (former < number) await rm(join(directory, `lock.${former}`), { force: true });
  return true;
}

/** 0 when the directory was never locked. */
export async function lastNumber(directory: string): Promise<number> {
  return Math.max(0, ...(await numbersIn(directory)));
}

async function numbersIn(directory: string): Promise<number[]> {
  return (await readdir(directory)).flatMap((name) => {
    const number = Number(/^lock\.(\d{1,15})$/.exec(name)?.[1] ?? 0);
    return number === 0 ? [] : [number];
  });
}
