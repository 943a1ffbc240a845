// One tracker on one seeder list: an abstract socket named after the file's real path, which answers with its holder.
// It belongs to a network namespace; containers share the lock beside the list (`side-lock.ts`).

import { fileError } from '../../../foundation/base/errors.js';
import { holderLine, parseHolder, thisProcess } from '../../../foundation/base/holder.js';
import {
  askHolder,
  holdName,
  isDenied,
  isHeld,
  lockName,
  type NameLock,
} from '../../../foundation/wire/abstract-lock.js';
import { listHeld, realListPath } from './holding.js';

/** Rejects with ALREADY_RUNNING, naming the pid of the tracker that holds the list. */
export async function lockList(path: string): Promise<NameLock> {
  if (process.platform !== 'linux') return { release: async () => undefined };
  const name = lockName('mtorrent-list', realListPath(path));
  const self = thisProcess();
  try {
    return await holdName(name, holderLine(self));
  } catch (error) {
    // The lock beside the list holds without it.
    if (isDenied(error)) return { release: async () => undefined };
    if (!isHeld(error)) throw fileError(error, path);
    throw listHeld(path, parseHolder((await askHolder(name)) ?? '', self), self, error);
  }
}
