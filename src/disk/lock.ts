// One instance on one state directory. On Linux the lock is a name in the kernel made of the directory's real path
// (`base/abstract-lock.ts`). Elsewhere it is the file with the holder's pid, which counts while that process lives. The pid file is
// what the refusal quotes, also of a holder that stands still; it decides nothing on Linux.

import { realpath, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { holdName, isHeld, lockName, type NameLock } from '../base/abstract-lock.js';
import { errnoOf, fileError, MiniTorrentError } from '../base/errors.js';
import { atomicWriteFile, readBounded } from './file.js';

export interface DirectoryLock {
  release(): Promise<void>;
}

const PID_FILE = 'pid';
const PID_BYTES_MAX = 32;

/** Rejects with ALREADY_RUNNING, naming the holder's pid, when another instance (or this one) holds the directory. */
export async function lockDirectory(stateDir: string): Promise<DirectoryLock> {
  try {
    const directory = await realpath(stateDir);
    return process.platform === 'linux' ? await lockBySocket(directory) : await lockByFile(directory);
  } catch (error) {
    throw fileError(error, stateDir);
  }
}

async function lockBySocket(directory: string): Promise<DirectoryLock> {
  const lock = await hold(directory);
  const pidPath = join(directory, PID_FILE);
  try {
    await atomicWriteFile(pidPath, Buffer.from(`${process.pid}\n`), 0o600, false);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    async release() {
      await rm(pidPath, { force: true });
      await lock.release();
    },
  };
}

async function hold(directory: string): Promise<NameLock> {
  try {
    return await holdName(lockName('mtorrent', directory), `${process.pid}`);
  } catch (error) {
    if (isHeld(error)) throw await alreadyRunning(directory, error);
    throw error;
  }
}

async function lockByFile(directory: string): Promise<DirectoryLock> {
  const pidPath = join(directory, PID_FILE);
  try {
    await writeFile(pidPath, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    const pid = await holder(directory);
    if (pid !== undefined && isAlive(pid)) throw await alreadyRunning(directory, error);
    await unlink(pidPath);
    await writeFile(pidPath, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
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

async function alreadyRunning(directory: string, cause: unknown): Promise<MiniTorrentError> {
  const pid = await holder(directory);
  const who = pid === undefined ? 'another process' : `process ${pid}`;
  const sentence = `${who} uses the state directory ${directory} already; end it or choose another state directory`;
  return new MiniTorrentError('ALREADY_RUNNING', sentence, cause);
}

/** The pid in the directory's pid file; undefined in the moment before its holder wrote it. */
async function holder(directory: string): Promise<number | undefined> {
  try {
    const pid = Number(Buffer.from(await readBounded(join(directory, PID_FILE), PID_BYTES_MAX)).toString('latin1'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch (error) {
    if (error instanceof MiniTorrentError && ['FILE_NOT_FOUND', 'STATE_DAMAGED'].includes(error.code)) return undefined;
    throw error;
  }
}
