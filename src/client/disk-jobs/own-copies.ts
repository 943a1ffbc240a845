// The client's own copy of each .mtorrent, in its state directory, so that an entry needs nobody's file. A copy is a
// .mtorrent itself, named by its swarm, which is the checksum of its piece hashes. Invariant: a copy is on the disk
// before its entry counts, and one that does not match its name is never used.

import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import type { Log } from '../../foundation/base/log.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import { ANY_NAMES, type Metainfo } from '../../foundation/torrent/metainfo.js';
import { exists, unlinkIfThere } from '../../transfer/storage/disk/publish.js';
import { readMetainfo, writeMetainfo } from '../../transfer/storage/metainfo-file.js';
import { judgeMetainfo } from '../../transfer/storage/part/reopening.js';
import { namesOf } from '../files/names.js';
import type { Entry } from '../files/record.js';
import type { StatePaths } from '../state/library.js';
import type { OpenFiles } from './open-files.js';

const SUFFIX = '.mtorrent';

export interface OwnCopiesOptions {
  readonly paths: StatePaths;
  /** Reads a .mtorrent of a user, as `readMetainfo` does. */
  readonly read: typeof readMetainfo;
  readonly log: Log;
}

/** All methods reject with MiniTorrentError. */
export class OwnCopies {
  readonly #options: OwnCopiesOptions;

  constructor(options: OwnCopiesOptions) {
    this.#options = options;
  }

  /** Writes the copy durably, unless it is there. */
  async keep(metainfo: Metainfo): Promise<void> {
    const path = this.#pathOf(metainfo.swarm);
    try {
      if (await exists(path)) return;
      await mkdir(this.#options.paths.copies, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw fileError(error, path);
    }
    await writeMetainfo(path, metainfo, { overwrite: true });
  }

  /** From the copy, else from the first of its .mtorrent files that still describes it; that one is copied. */
  async metainfoOf(entry: Entry): Promise<Metainfo> {
    const own = await this.#read(entry, this.#pathOf(entry.swarm), readMetainfo);
    if (!(own instanceof MiniTorrentError)) return own;
    let refusal: MiniTorrentError | undefined;
    for (const path of new Set(namesOf(entry).map(({ mtorrentPath }) => mtorrentPath))) {
      const found = await this.#read({ ...entry, mtorrentPath: path }, path, this.#options.read);
      if (!(found instanceof MiniTorrentError)) {
        await this.#repair(found);
        return found;
      }
      refusal ??= found;
    }
    throw refusal ?? own;
  }

  /**
   * What threads work with. A file that was missing at the start may not have been read yet, and a folder is read again
   * when other files of it are chosen.
   */
  async learned(entry: Entry, files: Pick<OpenFiles, 'knows' | 'learn' | 'metainfo'>): Promise<Metainfo> {
    return files.knows(entry) ? files.metainfo(entry.swarm) : files.learn(await this.metainfoOf(entry), entry.folder);
  }

  /** As the .mtorrent of its first name says if that still describes it, else as the copy does, with its trackers. */
  async namedBy(entry: Entry): Promise<Metainfo> {
    const { mtorrentPath, trackers } = entry;
    const found = await this.#read(entry, mtorrentPath, this.#options.read);
    return found instanceof MiniTorrentError ? { ...(await this.metainfoOf(entry)), trackers } : found;
  }

  async forget(swarm: SwarmKey): Promise<void> {
    await unlinkIfThere(this.#pathOf(swarm));
  }

  #pathOf(swarm: SwarmKey): string {
    return this.#options.paths.copyOf(swarm);
  }

  async #read(entry: Entry, path: string, read: typeof readMetainfo): Promise<Metainfo | MiniTorrentError> {
    try {
      const metainfo = await read(path, ANY_NAMES);
      const refused = judgeMetainfo(entry, metainfo.swarm);
      return refused === undefined ? metainfo : new MiniTorrentError('INVALID_MTORRENT', refused.sentence);
    } catch (error) {
      if (error instanceof MiniTorrentError) return error;
      throw error;
    }
  }

  /** Without a copy the file of the user serves as before. */
  async #repair(metainfo: Metainfo): Promise<void> {
    try {
      await this.forget(metainfo.swarm);
      await this.keep(metainfo);
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      const { log } = this.#options;
      log.warn({ err: error, swarm: metainfo.swarm }, 'no copy of a .mtorrent could be kept; its file must stay');
    }
  }
}

/** Deletes copies that belong to no entry. The caller holds the lock of the state directory. */
export async function sweepCopies(directory: string, entries: readonly Entry[]): Promise<void> {
  const known = new Set(entries.map(({ swarm }) => swarm + SUFFIX));
  try {
    for (const name of await readdir(directory)) if (!known.has(name)) await unlinkIfThere(join(directory, name));
  } catch (error) {
    throw fileError(error, directory);
  }
}
