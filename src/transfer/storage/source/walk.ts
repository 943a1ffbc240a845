// Walks through a folder that is to be shared: what belongs to it, what is left out on purpose, and what cannot be
// shared. Reads no directory itself; whoever calls it says how. Ends where links lead back to a folder above them.

import { assert, present } from '../../../foundation/base/assert.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { FOLDER_ENTRIES_MAX } from '../../../foundation/torrent/folder/limits.js';
import { WALK_DIRECTORIES_MAX } from '../limits.js';
import type { FoundEntry } from './found-entries.js';

export interface WalkOptions {
  /** Gets files and links; and, as `directory`, directories with nothing below them that is taken. In no order. */
  readonly take: (entry: FoundEntry) => void;
  /** What belongs to the folder is taken unless this says that it does not; of a directory, with all that is in it. */
  readonly isLeftOut: (path: string) => boolean;
  /** Of the folder itself, as `FoundEntry` has it. */
  readonly identity: string;
  readonly signal?: AbortSignal | undefined;
}

/** Looks into directories, given by their paths below the folder; answers the first of them, at least one, in order. */
export type LookInto = (paths: readonly string[]) => Promise<readonly Iterable<FoundEntry>[]>;

interface Directory {
  readonly path: string;
  readonly identity: string;
  readonly parent: Directory | undefined;
}

/**
 * @param lanes how many looks at a time. LIMIT_REACHED for more entries than a list takes, CANCELLED.
 * @returns what cannot be shared, in no order.
 */
export async function walkFolder(
  lookInto: LookInto,
  lanes: number,
  options: WalkOptions,
): Promise<readonly FoundEntry[]> {
  const walk = new Walk(options);
  const underWay = new Set<Promise<void>>();
  try {
    for (;;) {
      while (underWay.size < lanes && walk.hasMore) {
        const directories = walk.take(lanes - underWay.size);
        const look = lookInto(directories.map(({ path }) => path)).then((found) => walk.add(directories, found));
        const done = look.finally(() => underWay.delete(done));
        underWay.add(done);
      }
      if (underWay.size === 0) return walk.unshareable;
      await Promise.race(underWay);
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}

class Walk {
  readonly unshareable: FoundEntry[] = [];
  readonly #options: WalkOptions;
  readonly #waiting: Directory[];
  #taken = 0;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#waiting = [{ path: '', identity: options.identity, parent: undefined }];
  }

  get hasMore(): boolean {
    return this.#waiting.length > 0;
  }

  /** A share of those that wait, for one of `lanes` looks. The latest come first, so that few wait. */
  take(lanes: number): readonly Directory[] {
    return this.#waiting.splice(-Math.min(WALK_DIRECTORIES_MAX, Math.ceil(this.#waiting.length / lanes)));
  }

  add(directories: readonly Directory[], found: readonly Iterable<FoundEntry>[]): void {
    if (this.#options.signal?.aborted === true) throw new MiniTorrentError('CANCELLED', 'hashing was cancelled');
    assert(found.length > 0 && found.length <= directories.length, 'a look answers at least its first directory');
    this.#waiting.push(...directories.slice(found.length));
    for (const [at, entries] of found.entries()) this.#addOne(present(directories[at], 'it was asked for'), entries);
  }

  #addOne(directory: Directory, found: Iterable<FoundEntry>): void {
    let taken = 0;
    for (const entry of found) {
      if (this.#options.isLeftOut(entry.path)) continue;
      taken += 1;
      if (entry.kind === 'directory') this.#descend(directory, entry);
      else if (entry.kind === 'file' || entry.kind === 'exec' || entry.kind === 'link') this.#take(entry);
      else this.#leave(entry);
    }
    if (taken === 0 && directory.path !== '') this.#take(emptyDirectory(directory.path));
  }

  #take(entry: FoundEntry): void {
    this.#taken += 1;
    this.#checkCount();
    this.#options.take(entry);
  }

  #leave(entry: FoundEntry): void {
    this.unshareable.push(entry);
    this.#checkCount();
  }

  #checkCount(): void {
    if (this.#taken + this.unshareable.length <= FOLDER_ENTRIES_MAX) return;
    const sentence = `the folder has more than ${FOLDER_ENTRIES_MAX} entries; share a part of it, or leave some out`;
    throw new MiniTorrentError('LIMIT_REACHED', sentence);
  }

  #descend(parent: Directory, entry: FoundEntry): void {
    const { path, identity } = entry;
    for (let above: Directory | undefined = parent; identity !== '' && above !== undefined; above = above.parent) {
      if (above.identity !== identity) continue;
      this.#leave({ ...entry, kind: 'unsafe', text: 'it leads back to a folder above it' });
      return;
    }
    this.#waiting.push({ path, identity, parent });
  }
}

function emptyDirectory(path: string): FoundEntry {
  return { kind: 'directory', path, size: 0, mtimeNs: 0n, text: '', identity: '' };
}
