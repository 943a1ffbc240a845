// The storages that one peer thread uploads from. Invariant: none is closed during a read, and however many storages
// are served, no more than a bound of descriptors are open.

import { OPEN_FILES_BASE, UPLOAD_FILES_OPEN_MAX } from '../../../foundation/base/limits.js';
import type { Timers } from '../../../foundation/base/timers.js';
import { AwayDisk } from '../disk/away-disk.js';
import { mountThatMayHang } from '../disk/mounts.js';
import { SERVED_FILES_MIN, SERVED_FILES_SHARE } from '../limits.js';
import type { ServedStorage } from '../messages.js';
import { PART_SUFFIX } from '../target.js';
import { AwayServed } from './away.js';
import { type OpenServed, ServedFile, type ServeFailure } from './file.js';
import { FOLDER_DESCRIPTORS, ServedFolder } from './folder.js';

export interface ServedStoragesOptions {
  /** Open descriptors at most, not counting those in use by a read. */
  readonly openMax: number;
  readonly timers: Timers;
  /** What was opened without a failure cannot be opened. */
  readonly onFailed: (file: number, failure: ServeFailure) => void;
  /** For tests: the mount of a path, if it may hang. */
  readonly mountThatMayHang?: typeof mountThatMayHang;
}

export type ReadOutcome =
  | { readonly kind: 'read' }
  | ({ readonly kind: 'failed' } & ServeFailure)
  /** The file is not served any more. */
  | { readonly kind: 'gone' };

interface Served {
  readonly name: ServedStorage;
  /** Undefined while it is closed; the next read opens it again. */
  opened: OpenServed | undefined;
  /** Reads in flight. */
  reads: number;
  /** No longer served: closed for good after the last read. */
  closing: boolean;
}

/** How many a client may hold open when the process may open `limit` files and sockets. */
export function servedFilesMax(limit: number): number {
  const spare = Math.floor((limit - OPEN_FILES_BASE) * SERVED_FILES_SHARE);
  return Math.min(UPLOAD_FILES_OPEN_MAX, Math.max(SERVED_FILES_MIN, spare));
}

export class ServedStorages {
  readonly #options: ServedStoragesOptions;
  /** Those that may hang, by their mounts. */
  readonly #disks = new Map<string, AwayDisk>();
  /** By file number, least recently used first. */
  readonly #served = new Map<number, Served>();
  #openCount = 0;

  constructor(options: ServedStoragesOptions) {
    this.#options = options;
  }

  /** Paths of reads on disks that may hang which have not come back. */
  get pending(): readonly string[] {
    return [...this.#disks.values()].flatMap(({ pending }) => pending);
  }

  /** Serves `file` from this storage instead of an earlier one. The first read opens it. */
  learn(file: number, name: ServedStorage): undefined {
    this.#replace(file, closed(name));
  }

  /**
   * As `learn`, but opens it at once. Returns why it cannot be opened; the earlier one stays then. On a disk that may
   * hang that is told later.
   */
  open(file: number, name: ServedStorage): ServeFailure | undefined {
    const served = closed(name);
    const opened = this.#open(served);
    if (typeof opened === 'string') return { path: name.path, errno: opened };
    this.#replace(file, served);
    this.#closeLongUnused(served);
    if (opened instanceof AwayServed)
      opened.probe((failure) => !served.closing && this.#options.onFailed(file, failure));
    return undefined;
  }

  close(file: number): void {
    const served = this.#served.get(file);
    if (served === undefined) return;
    this.#served.delete(file);
    served.closing = true;
    this.#closeUnused(served);
  }

  closeAll(): void {
    for (const file of [...this.#served.keys()]) this.close(file);
  }

  /** As of OpenServed. */
  read(
    file: number,
    offset: number,
    targets: readonly Uint8Array[],
    done: (outcome: ReadOutcome) => void,
    onSlow?: () => void,
  ): void {
    const served = this.#served.get(file);
    if (served === undefined) {
      done({ kind: 'gone' });
      return;
    }
    const opened = this.#ready(file, served);
    if (typeof opened === 'string') {
      done({ kind: 'failed', path: served.name.path, errno: opened });
      return;
    }
    served.reads += 1;
    const ended = (failure: ServeFailure | undefined): void => {
      const wasClosing = served.closing;
      served.reads -= 1;
      this.#closeUnused(served);
      if (failure === undefined) done({ kind: 'read' });
      else done(wasClosing ? { kind: 'gone' } : { kind: 'failed', ...failure });
    };
    opened.read(offset, targets, ended, onSlow);
  }

  /** Opens it again if it was closed to keep the bound. Returns the errno when it cannot be opened. */
  #ready(file: number, served: Served): OpenServed | string {
    this.#served.delete(file);
    this.#served.set(file, served);
    if (served.opened !== undefined) return served.opened;
    const opened = this.#open(served);
    if (typeof opened !== 'string') this.#closeLongUnused(served);
    return opened;
  }

  #replace(file: number, served: Served): void {
    this.close(file);
    this.#served.set(file, served);
  }

  #open(served: Served): OpenServed | string {
    let opened = this.#openNow(served);
    // Sockets have taken the descriptors: those of files that nobody reads now are given up for this one.
    if (opened === 'EMFILE' || opened === 'ENFILE') {
      this.#closeLongUnused(served, 0);
      opened = this.#openNow(served);
    }
    if (typeof opened === 'string') return opened;
    served.opened = opened;
    this.#openCount += opened.descriptors;
    return opened;
  }

  #openNow(served: Served): OpenServed | string {
    const { name } = served;
    const { timers, mountThatMayHang: mayHang = mountThatMayHang } = this.#options;
    const mount = mayHang(name.path);
    if (mount !== undefined) return this.#openAway(served, mount);
    const makeRoom = (): void => this.#closeLongUnused(served, 0);
    const openAs = (as: ServedStorage): OpenServed | string =>
      as.list === 0 ? ServedFile.open(as, timers) : ServedFolder.open(as, { timers, makeRoom });
    const opened = openAs(name);
    const moved = opened === 'ENOENT' ? movedOf(name) : undefined;
    return moved === undefined ? opened : openAs(moved);
  }

  /** What cannot be opened is told by its first read. */
  #openAway(served: Served, mount: string): AwayServed {
    const { timers } = this.#options;
    const { name } = served;
    const makeRoom = (): void => this.#closeLongUnused(served, 0);
    const openAs = (as: ServedStorage): Promise<OpenServed | string> =>
      as.list === 0 ? ServedFile.openLater(as, timers) : ServedFolder.openLater(as, { timers, makeRoom });
    const open = async (): Promise<OpenServed | string> => {
      const opened = await openAs(name);
      if (opened === 'EMFILE' || opened === 'ENFILE') {
        makeRoom();
        return openAs(name);
      }
      const moved = opened === 'ENOENT' ? movedOf(name) : undefined;
      return moved === undefined ? opened : openAs(moved);
    };
    const disk = this.#disks.get(mount) ?? new AwayDisk(timers);
    this.#disks.set(mount, disk);
    return new AwayServed({ name, disk, descriptors: name.list === 0 ? 1 : FOLDER_DESCRIPTORS, open });
  }

  /** @param needed stays open. */
  #closeLongUnused(needed: Served, openMax = this.#options.openMax): void {
    for (const served of this.#served.values()) {
      if (this.#openCount <= openMax) return;
      if (served.reads === 0 && served !== needed) this.#close(served);
    }
  }

  #closeUnused(served: Served): void {
    if (served.closing && served.reads === 0) this.#close(served);
  }

  #close(served: Served): void {
    if (served.opened === undefined) return;
    served.opened.close();
    this.#openCount -= served.opened.descriptors;
    served.opened = undefined;
  }
}

/** A download that may have completed since it was learned: it has its final name then. */
function movedOf(name: ServedStorage): ServedStorage | undefined {
  const isPart = name.mtimeMs === null && name.path.endsWith(PART_SUFFIX);
  return isPart ? { ...name, path: name.path.slice(0, -PART_SUFFIX.length) } : undefined;
}

function closed(name: ServedStorage): Served {
  return { name, opened: undefined, reads: 0, closing: false };
}
