// A system error about one entry of a folder, which has no path of its own in the threads that meet it.

import { errnoOf, MiniTorrentError } from '../../../foundation/base/errors.js';

export class EntryError extends Error {
  override readonly name = 'EntryError';
  /** The system's name of the error, such as 'ENOSPC'. */
  readonly code: string;
  /** Index in the folder's list. */
  readonly entry: number;

  constructor(code: string, entry: number, cause?: unknown) {
    super(`${code} at entry ${entry}`, { cause });
    this.code = code;
    this.entry = entry;
  }
}

/** What `work` does to the entry; a system error becomes an EntryError. */
export function aboutEntry<T>(entry: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof EntryError || error instanceof MiniTorrentError) throw error;
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw new EntryError(errno, entry, error);
  }
}
