// Refuses work on a disk that does not answer, before anything of it begins. A child asks the disk: a call of our own
// that hangs would keep a thread of this process for ever, and with it the process from ending.

import { spawn } from 'node:child_process';
import { within } from '../../../foundation/base/deferred.js';
import { errnoError } from '../../../foundation/base/errors.js';
import { AWAY_DEADLINE_MS } from '../limits.js';
import { mountThatMayHang } from './mounts.js';

export interface HungDiskOptions {
  readonly deadlineMs?: number;
  /** For tests. */
  readonly mountOf?: (path: string) => string | undefined;
  /** For tests: a command that ends once the disk mounted at its last argument has answered. */
  readonly asker?: readonly [string, ...string[]];
}

/**
 * Rejects with IO_ERROR, naming the first path on a mount that has not answered in time. Disks of this machine are not
 * asked.
 * @param paths absolute.
 */
export async function refuseHungDisk(paths: readonly string[], options: HungDiskOptions = {}): Promise<void> {
  // Only Linux says which mount a path is on without asking its disk.
  if (process.platform !== 'linux') return;
  const { mountOf = mountThatMayHang, asker = ['stat', '-f', '--'], deadlineMs = AWAY_DEADLINE_MS } = options;
  const pathByMount = new Map<string, string>();
  for (const path of paths) {
    const mount = mountOf(path);
    if (mount !== undefined && !pathByMount.has(mount)) pathByMount.set(mount, path);
  }
  const looks = [...pathByMount].map(async ([mount, path]) => {
    if (!(await answers([...asker, mount], deadlineMs))) throw errnoError('ETIMEDOUT', path);
  });
  await Promise.all(looks);
}

/** Also true where the disk cannot be asked. */
async function answers([file = '', ...words]: readonly string[], deadlineMs: number): Promise<boolean> {
  const child = spawn(file, words, { cwd: '/', stdio: 'ignore' });
  const ended = new Promise<true>((resolve) => {
    child.once('error', () => resolve(true));
    child.once('exit', () => resolve(true));
  });
  const hasEnded = await within<boolean>(ended, deadlineMs, () => false);
  // One that hangs dies of this, or once its disk answers; nobody waits for it.
  if (!hasEnded) child.kill('SIGKILL');
  child.unref();
  return hasEnded;
}
