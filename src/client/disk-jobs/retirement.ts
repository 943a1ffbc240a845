// Looks at what was downloaded before it may be deleted, and deletes it: what lies there under its own path, is as it
// was when its pieces were right, and is open in no other program. Invariant: nothing is deleted before it is recorded
// that it goes, and nothing through a symbolic link.

import { lstat, realpath, unlink } from 'node:fs/promises';
import { within } from '../../foundation/base/deferred.js';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import type { Log } from '../../foundation/base/log.js';
import { choose } from '../../foundation/torrent/folder/choice.js';
import type { FolderList } from '../../foundation/torrent/folder/folder-list.js';
import { openElsewhere } from '../../transfer/storage/disk/open-elsewhere.js';
import { deleteFolder } from '../../transfer/storage/folder/removal.js';
import { loadStamps } from '../../transfer/storage/folder/stamps.js';
import type { ClientEffect, ClientInput, FetchedLook } from '../effects.js';
import type { Fetched } from '../files/completeness.js';
import type { Entry } from '../files/record.js';
import { MOUNT_DEADLINE_MS } from '../limits.js';
import type { StatePaths } from '../state/library.js';
import { heldFile, keptOf } from './content-removal.js';
import type { FolderStates } from './folder-states.js';
import { type Held, heldElsewhere } from './held-elsewhere.js';
import type { OpenFiles } from './open-files.js';
import type { OwnCopies } from './own-copies.js';
import type { Rehash } from './rehash.js';

type EffectOf<K extends ClientEffect['kind']> = Extract<ClientEffect, { readonly kind: K }>;

export interface RetirementOptions {
  readonly paths: StatePaths;
  readonly files: OpenFiles;
  readonly copies: OwnCopies;
  readonly folders: FolderStates;
  readonly rehash: Rehash;
  readonly log: Log;
  /** Settles when the library is on the disk as it is now, or could not be written. */
  readonly recorded: () => Promise<unknown>;
}

/** All methods reject with MiniTorrentError. */
export class Retirement {
  readonly #options: RetirementOptions;
  /** Files that are being deleted: a disk may hang. */
  readonly #running = new Set<number>();
  /** By path. */
  readonly #looks = new Map<string, Promise<string | undefined>>();

  constructor(options: RetirementOptions) {
    this.#options = options;
  }

  /** What each of these downloads is, and why it may not be deleted now. */
  async look({ ask, rules, isTrial, downloads }: EffectOf<'lookAtFetched'>): Promise<ClientInput> {
    const open = await openElsewhere(downloads.map(({ entry }) => entry.path));
    const seen: FetchedLook[] = [];
    for (const { file, entry } of downloads) {
      const user = open.get(entry.path);
      const hold = user === undefined ? await this.#holdSoon(entry) : `it is open in ${user}`;
      seen.push({ file, bytes: await this.#bytesOf(entry), hold });
    }
    return { kind: 'fetchedSeen', ask, rules, isTrial, nowMs: Date.now(), seen };
  }

  /** A disk that hangs keeps the others not waiting, and is not asked twice. */
  async #holdSoon(entry: Entry): Promise<string | undefined> {
    const { path } = entry;
    const look = this.#looks.get(path) ?? settledHold(entry).finally(() => this.#looks.delete(path));
    this.#looks.set(path, look);
    return within(look, MOUNT_DEADLINE_MS, () => 'its disk does not answer');
  }

  /** Of a folder the chosen files; its size is that of all of them. */
  async #bytesOf(entry: Entry): Promise<number> {
    const { folder, size } = entry;
    if (folder === undefined || folder.only.length + folder.except.length === 0) return size;
    const list = await this.#listOf(entry).catch(unknownList);
    if (list === undefined) return size;
    let bytes = 0;
    for (let index = 0; index < list.count; index += 1)
      if (list.isFile(index) && list.isChosen(index)) bytes += list.sizeOf(index);
    return bytes;
  }

  /** A list of its own, which no thread marks. */
  async #listOf(entry: Entry): Promise<FolderList> {
    const { layout } = await this.#options.copies.metainfoOf(entry);
    const { only = [], except = [] } = entry.folder ?? {};
    if (layout.folder === undefined) throw new MiniTorrentError('INTERNAL', 'a folder has a list');
    choose(layout.folder, { only, except });
    return layout.folder;
  }

  /** With the times that its files had. Undefined: they are not known, or not any more. */
  async #stampedList(entry: Entry, mtimeMs: number): Promise<FolderList | undefined> {
    const { paths, log } = this.#options;
    try {
      const list = await this.#listOf(entry);
      return (await loadStamps(paths.stampsOf(entry), entry.swarm, list, mtimeMs)) ? list : undefined;
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      log.warn({ path: entry.path, err: error }, 'a folder that goes could not be compared with its list');
      return undefined;
    }
  }

  /** @returns undefined while an earlier call for this file has not ended. */
  async retire({ file, entry, beside }: EffectOf<'retire'>): Promise<ClientInput | undefined> {
    if (this.#running.has(file)) return undefined;
    this.#running.add(file);
    try {
      await this.#options.recorded();
      return { kind: 'retired', file, kept: await this.#delete(file, entry, beside) };
    } finally {
      this.#running.delete(file);
    }
  }

  /** Resolves to a sentence about what stays. */
  async #delete(file: number, entry: Entry, beside: readonly Entry[]): Promise<string | undefined> {
    const { files, copies, folders, rehash, log } = this.#options;
    rehash.forget(file);
    const { path, swarm } = entry;
    const user = (await openElsewhere([path])).get(path);
    if (user !== undefined)
      throw new MiniTorrentError('IO_ERROR', `it is open in ${user}; it is deleted when that ends`);
    const held = await heldElsewhere(beside, path, (other) => copies.metainfoOf(other));
    const kept = await this.#deleteContent(entry, held);
    log.info({ path, size: entry.size, swarm, kept }, 'a download was deleted by the rules of retention');
    await folders.forget(file, entry);
    files.forget(file, swarm);
    await copies.forget(swarm);
    return kept;
  }

  async #deleteContent(entry: Entry, held: Held): Promise<string | undefined> {
    const { path, completeness, folder } = entry;
    const hold = await holdOf(entry);
    if (hold === GONE) return undefined;
    if (hold !== undefined) return `${path} stays: ${hold}`;
    if (folder === undefined) {
      const holder = held(path);
      if (holder !== undefined) return heldFile(path, holder);
      await unlink(path).catch((error: unknown) => {
        throw fileError(error, path);
      });
      return undefined;
    }
    const list = await this.#stampedList(entry, completeness.kind === 'complete' ? completeness.mtimeMs : 0);
    if (list === undefined) return `${path} stays: it could not be compared with what was downloaded`;
    const kept = await deleteFolder(path, list, (file) => held(file) !== undefined);
    return kept.length === 0 ? undefined : keptOf(path, kept);
  }
}

/** A download that has ended lies there now. Undefined: it is gone already. */
export async function fetchedNow(path: string): Promise<Fetched | undefined> {
  const realPath = await realpath(path).catch(() => undefined);
  return realPath === undefined ? undefined : { atMs: Date.now(), realPath };
}

/** Its .mtorrent cannot be read now. */
function unknownList(error: unknown): undefined {
  if (error instanceof MiniTorrentError) return undefined;
  throw error;
}

const GONE = 'it is gone';

/** As `holdOf`, with what the system refuses as a reason. */
async function settledHold(entry: Entry): Promise<string | undefined> {
  try {
    return await holdOf(entry);
  } catch (error) {
    if (error instanceof MiniTorrentError) return error.message;
    throw error;
  }
}

/** Why what lies there is not what was downloaded; undefined: it is. Files of a folder are looked at later. */
async function holdOf({ path, size, completeness, folder }: Entry): Promise<string | undefined> {
  try {
    const found = await lstat(path);
    if (completeness.kind !== 'complete' || completeness.fetched === undefined) return 'it was not downloaded here';
    if (found.isSymbolicLink() || (await realpath(path)) !== completeness.fetched.realPath)
      return 'it lies behind another symbolic link than when it was downloaded';
    if (folder !== undefined) return found.isDirectory() ? undefined : 'it is no folder any more';
    const isSame = found.isFile() && found.size === size && found.mtimeMs === completeness.mtimeMs;
    return isSame ? undefined : 'it has changed since it was downloaded';
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return GONE;
    throw fileError(error, path);
  }
}
