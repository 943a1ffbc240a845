// What both locks on a seeder list say of it: which file is meant, and who holds it.

import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { directoryError, errnoOf, fileError, MiniTorrentError } from '../../../foundation/base/errors.js';
import { type Holder, nameOf } from '../../../foundation/base/holder.js';

/** For anyone who is refused. */
export function listHeld(path: string, holder: Holder | undefined, self: Holder, cause: unknown): MiniTorrentError {
  const who = nameOf(holder, self);
  return new MiniTorrentError(
    'ALREADY_RUNNING',
    `a tracker (${who}) uses ${path} already; end it or name another file`,
    cause,
  );
}

/** Two names of one file are one lock. The file may not exist yet; its directory must. */
export function realListPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(error, path);
  }
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    throw directoryError(error, dirname(path));
  }
}
