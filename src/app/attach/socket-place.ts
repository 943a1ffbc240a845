// The path of the background client's socket: who has it, whether somebody answers there, and what a killed client left
// behind. On Linux the kernel keeps a name for the path, which tells its holder even when the socket's file is gone.

import type { Stats } from 'node:fs';
import { lstat, realpath, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { deferred, within } from '../../foundation/base/deferred.js';
import { errnoOf, MiniTorrentError } from '../../foundation/base/errors.js';
import { HELLO_DEADLINE_MS } from '../../foundation/base/limits.js';
import { command } from '../../foundation/base/shell-line.js';
import { printable } from '../../foundation/torrent/names.js';
import { askHolder, holdName, isDenied, isHeld, lockName, type NameLock } from '../../foundation/wire/abstract-lock.js';
import { dial } from '../../foundation/wire/transport.js';

/**
 * On Linux, of two clients that start at once only one may inspect the path. The kernel frees the lock with its holder.
 */
export async function lockSocket(path: string): Promise<NameLock | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    return await holdName(await nameOf(path), `${process.pid}`);
  } catch (error) {
    if (isHeld(error)) throw alreadyRunning(path, error, await socketHolder(path));
    if (isDenied(error)) return undefined;
    throw error;
  }
}

/** The process whose socket belongs at `path`, as 'process 7', be it there or not; undefined when there is none. */
export async function socketHolder(path: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const line = await askHolder(await nameOf(path));
  if (line === undefined) return undefined;
  return /^\d+$/.test(line.trim()) ? `process ${line.trim()}` : 'another process';
}

async function nameOf(path: string): Promise<string> {
  return lockName('mtorrent-socket', join(await realDirectory(dirname(path)), basename(path)));
}

/** Also of a directory that was removed: its name is that of the nearest one that is there. */
async function realDirectory(directory: string): Promise<string> {
  try {
    return await realpath(directory);
  } catch (error) {
    const above = dirname(directory);
    if (above === directory || !['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '')) throw error;
    return join(await realDirectory(above), basename(directory));
  }
}

/** Removes the socket that a killed client left behind. */
export async function removeStaleSocket(path: string): Promise<void> {
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

function alreadyRunning(path: string, cause?: unknown, holder?: string): MiniTorrentError {
  return new MiniTorrentError(
    'ALREADY_RUNNING',
    `a client${holder === undefined ? '' : ` (${holder})`} is already running at ${printable(path)}; use it with: ${command('attach', '--socket', path)}, stop it with: ${command('stop', '--socket', path)}, or choose another --socket`,
    cause,
  );
}
