// Locks a state directory for one instance. On Linux the lock is a socket in the directory, which containers share, and
// a kernel name, which keeps out a client of 0.1; elsewhere it is a pid file, valid while that process lives. On Linux
// the pid file only names a holder that does not answer.

import { realpath, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, MiniTorrentError, placeError } from '../../foundation/base/errors.js';
import { type Holder, holderLine, nameOf, parseHolder, thisProcess } from '../../foundation/base/holder.js';
import { LOCK_ANSWER_BYTES_MAX } from '../../foundation/base/limits.js';
import { askHolder, holdName, isHeld, lockName, type NameLock } from '../../foundation/wire/abstract-lock.js';
import { DirectoryHeld, holdDirectory } from './generation-lock.js';
import { atomicWriteFile, readBounded } from './state-file.js';

export interface DirectoryLock {
  release(): Promise<void>;
}

const PID_FILE = 'pid';

/** Rejects with ALREADY_RUNNING, naming the holder's pid, when another instance (or this one) holds the directory. */
export async function lockDirectory(stateDir: string): Promise<DirectoryLock> {
  try {
    const directory = await realpath(stateDir);
    return process.platform === 'linux' ? await lockBySockets(directory) : await lockByFile(directory);
  } catch (error) {
    throw placeError(error, stateDir, '--state-dir');
  }
}

async function lockBySockets(directory: string): Promise<DirectoryLock> {
  const line = holderLine(thisProcess());
  const named = await holdKernelName(directory, line);
  let shared: NameLock | undefined;
  const pidPath = join(directory, PID_FILE);
  try {
    shared = await holdDirectory(directory, line);
    await atomicWriteFile(pidPath, Buffer.from(`${line}\n`), 0o600, false);
  } catch (error) {
    await shared?.release();
    await named.release();
    if (error instanceof DirectoryHeld) throw await alreadyRunning(directory, error.line, error);
    throw error;
  }
  return {
    async release() {
      await rm(pidPath, { force: true });
      await shared?.release();
      await named.release();
    },
  };
}

async function holdKernelName(directory: string, line: string): Promise<NameLock> {
  const name = lockName('mtorrent', directory);
  try {
    return await holdName(name, line);
  } catch (error) {
    if (isHeld(error)) throw await alreadyRunning(directory, (await askHolder(name)) ?? '', error);
    throw error;
  }
}

async function lockByFile(directory: string): Promise<DirectoryLock> {
  const pidPath = join(directory, PID_FILE);
  const line = holderLine(thisProcess());
  try {
    await writeFile(pidPath, `${line}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    const holder = await writtenHolder(directory);
    if (holder !== undefined && isAlive(holder.pid)) throw await alreadyRunning(directory, '', error);
    await unlink(pidPath);
    await writeFile(pidPath, `${line}\n`, { flag: 'wx', mode: 0o600 });
  }
  return { release: () => rm(pidPath, { force: true }) };
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
  const who = nameOf(parseHolder(line, self) ?? (await writtenHolder(directory)), self);
  const sentence = `${who} is already using the state directory ${directory}; stop it or choose another state directory`;
  return new MiniTorrentError('ALREADY_RUNNING', sentence, cause);
}

/** From the directory's pid file; undefined before its holder has written it. */
async function writtenHolder(directory: string): Promise<Holder | undefined> {
  try {
    const bytes = await readBounded(join(directory, PID_FILE), LOCK_ANSWER_BYTES_MAX);
    return parseHolder(Buffer.from(bytes).toString('latin1'), thisProcess());
  } catch (error) {
    if (error instanceof MiniTorrentError && ['FILE_NOT_FOUND', 'STATE_DAMAGED'].includes(error.code)) return undefined;
    throw error;
  }
}
