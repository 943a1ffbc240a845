// Locks a state directory for one instance. On Linux the lock is a socket in the directory, which containers share, and
// a kernel name, which keeps out a client of 0.1; elsewhere it is a pid file, valid while that process lives. A holder
// on another kernel is known by its lease (`lease.ts`).

import { realpath, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deferred } from '../../../foundation/base/deferred.js';
import { placeError } from '../../../foundation/base/directories.js';
import { errnoOf, type MiniTorrentError } from '../../../foundation/base/errors.js';
import { holderLine, isOnThisKernel, parseHolder, thisProcess } from '../../../foundation/base/holder.js';
import {
  askHolder,
  holdName,
  isDenied,
  isHeld,
  lockName,
  type NameLock,
} from '../../../foundation/wire/abstract-lock.js';
import { DirectoryHeld, holdDirectory, lastNumber } from './generation-lock.js';
import { beatOf, heldBy, Lease, outlive, writtenHolder } from './lease.js';

export interface DirectoryLock {
  /** Settles when another machine has taken the directory, because this process stood still for longer than a lease. */
  readonly lost: Promise<MiniTorrentError>;
  release(): Promise<void>;
}

export interface LockOptions {
  /** Gets the reason when it takes some seconds to see whether a holder on another machine lives. */
  readonly onWait?: ((sentence: string) => void) | undefined;
  /** Milliseconds between two signs of life; absent: as the file system asks for. */
  readonly beatMs?: number;
}

const PID_FILE = 'pid';

/** Rejects with ALREADY_RUNNING, naming the holder's pid, when another instance (or this one) holds the directory. */
export async function lockDirectory(stateDir: string, options: LockOptions = {}): Promise<DirectoryLock> {
  try {
    const directory = await realpath(stateDir);
    const { onWait = () => undefined, beatMs = await beatOf(directory) } = options;
    const line = holderLine({ ...thisProcess(), beatMs });
    if (process.platform === 'linux') return await lockBySockets(directory, line, beatMs, onWait);
    return await lockByFile(directory, line, beatMs, onWait);
  } catch (error) {
    throw placeError(error, stateDir, '--state-dir');
  }
}

async function lockBySockets(
  directory: string,
  line: string,
  beatMs: number,
  onWait: (sentence: string) => void,
): Promise<DirectoryLock> {
  const named = await holdKernelName(directory, line);
  let shared: NameLock | undefined;
  const lost = deferred<MiniTorrentError>();
  let lease: Lease;
  try {
    const number = await lastNumber(directory);
    await outlive(directory, onWait);
    shared = await holdDirectory(directory, line, number);
    lease = await Lease.begin(directory, line, beatMs, lost.resolve);
  } catch (error) {
    await shared?.release();
    await named?.release();
    if (error instanceof DirectoryHeld) throw await alreadyRunning(directory, error.line, error);
    throw error;
  }
  return {
    lost: lost.promise,
    async release() {
      await lease.end();
      await shared?.release();
      await named?.release();
    },
  };
}

/** Undefined where a process may not have such names. */
async function holdKernelName(directory: string, line: string): Promise<NameLock | undefined> {
  const name = lockName('mtorrent', directory);
  try {
    return await holdName(name, line);
  } catch (error) {
    if (isHeld(error)) throw await alreadyRunning(directory, (await askHolder(name)) ?? '', error);
    if (isDenied(error)) return undefined;
    throw error;
  }
}

async function lockByFile(
  directory: string,
  line: string,
  beatMs: number,
  onWait: (sentence: string) => void,
): Promise<DirectoryLock> {
  const pidPath = join(directory, PID_FILE);
  await outlive(directory, onWait);
  try {
    await writeFile(pidPath, `${line}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    const holder = await writtenHolder(directory);
    if (holder !== undefined && isOnThisKernel(holder, thisProcess()) && isAlive(holder.pid))
      throw await alreadyRunning(directory, '', error);
    await unlink(pidPath);
    await writeFile(pidPath, `${line}\n`, { flag: 'wx', mode: 0o600 });
  }
  const lost = deferred<MiniTorrentError>();
  const lease = await Lease.begin(directory, line, beatMs, lost.resolve);
  return { lost: lost.promise, release: () => lease.end() };
}

/** Whether an instance uses it now. Changes nothing: what it says may be over at once. */
export async function isInUse(stateDir: string): Promise<boolean> {
  const holder = await writtenHolder(stateDir);
  return holder !== undefined && (!isOnThisKernel(holder, thisProcess()) || isAlive(holder.pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

/** @param line what the holder says about itself; empty when it does not answer. */
async function alreadyRunning(directory: string, line: string, cause: unknown): Promise<MiniTorrentError> {
  const self = thisProcess();
  return heldBy(directory, parseHolder(line, self) ?? (await writtenHolder(directory)), self, cause);
}
