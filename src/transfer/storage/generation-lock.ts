// A lock in a directory that all containers of one kernel share: a Unix socket with a path, which is alive while its holder
// is and belongs to no network namespace. The name of a dead one is never taken again, only the next number is: whoever acts
// on an old look finds a higher number and withdraws. Invariant: the highest number is never removed, so two never hold it.

import { randomBytes } from 'node:crypto';
import { close, constants, open } from 'node:fs';
import { link, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errnoOf } from '../../foundation/base/errors.js';
import { LOCK_TRIES_MAX } from '../../foundation/base/limits.js';
import { askHolder, holdName, type NameLock } from '../../foundation/wire/abstract-lock.js';

/** The directory is locked; `line` is what its holder says of itself, empty when it stands still. */
export class DirectoryHeld extends Error {
  override readonly name = 'DirectoryHeld';
  readonly line: string;
  constructor(line: string) {
    super('the directory is locked');
    this.line = line;
  }
}

/** File systems and platforms that have no sockets, or no second names for them. */
const UNABLE = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EINVAL', 'EADDRNOTAVAIL', 'EMLINK']);

/** Rejects with DirectoryHeld. Undefined where this directory cannot hold such a lock. */
export async function holdDirectory(directory: string, line: string): Promise<NameLock | undefined> {
  // A path below the descriptor is short enough for a socket, however long the directory's own is.
  const descriptor = await promisify(open)(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const here = `/proc/self/fd/${descriptor}`;
  const name = `lock-${randomBytes(8).toString('hex')}`;
  let socket: NameLock | undefined;
  let isTaken = false;
  try {
    for (let tries = 0; tries < LOCK_TRIES_MAX && !isTaken; tries += 1) {
      const last = await highest(directory);
      const answer = last === 0 ? undefined : await askHolder(`${here}/lock.${last}`);
      if (answer !== undefined) throw new DirectoryHeld(answer);
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

/** Gives the socket `name` the number that follows the last one seen. True: it is ours, and no higher one came meanwhile. */
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
    // Our look was an old one: others have come and gone since.
    await rm(path, { force: true });
    return false;
  }
  for (const former of numbers) if (former < number) await rm(join(directory, `lock.${former}`), { force: true });
  return true;
}

async function highest(directory: string): Promise<number> {
  return Math.max(0, ...(await numbersIn(directory)));
}

async function numbersIn(directory: string): Promise<number[]> {
  return (await readdir(directory)).flatMap((name) => {
    const number = Number(/^lock\.(\d{1,15})$/.exec(name)?.[1] ?? 0);
    return number === 0 ? [] : [number];
  });
}
