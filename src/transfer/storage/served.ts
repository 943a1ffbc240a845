// The storages that one peer thread uploads from. Invariant: none is closed during a read, and however many storages
// are served, no more than a bound of descriptors are open.

import { OPEN_FILES_BASE, UPLOAD_FILES_OPEN_MAX } from '../../foundation/base/limits.js';
import type { Timers } from '../../foundation/base/timers.js';
import { SERVED_FILES_MIN, SERVED_FILES_SHARE } from './limits.js';
import type { ServedStorage } from './messages.js';
import { type OpenServed, ServedFile, type ServeFailure } from './served-file.js';
import { ServedFolder } from './served-folder.js';
import { PART_SUFFIX } from './target.js';

export interface ServedStoragesOptions {
  /** Open descriptors at most, not counting those in use by a read. */
  readonly openMax: number;
  readonly timers: Pick<Timers, 'nowMs'>;
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
  readonly #openMax: number;
  readonly #timers: Pick<Timers, 'nowMs'>;
  /** By file number, least recently used first. */
  readonly #served = new Map<number, Served>();
  #openCount = 0;

  constructor({ openMax, timers }: ServedStoragesOptions) {
    this.#openMax = openMax;
    this.#timers = timers;
  }

  /** Serves `file` from this storage instead of an earlier one. The first read opens it. */
  learn(file: number, name: ServedStorage): undefined {
    this.#replace(file, closed(name));
  }

  /** As `learn`, but opens it at once. Returns why it cannot be opened; the earlier one stays then. */
  open(file: number, name: ServedStorage): ServeFailure | undefined {
    const served = closed(name);
    const opened = this.#open(served);
    if (typeof opened === 'string') return { path: name.path, errno: opened };
    this.#replace(file, served);
    this.#closeLongUnused(served);
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

  /** Fills `targets` with the bytes from `offset` on. `done` may be called before this returns. */
  read(file: number, offset: number, targets: readonly Uint8Array[], done: (outcome: ReadOutcome) => void): void {
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
    opened.read(offset, targets, (failure) => {
      const wasClosing = served.closing;
      served.reads -= 1;
      this.#closeUnused(served);
      if (failure === undefined) done({ kind: 'read' });
      else done(wasClosing ? { kind: 'gone' } : { kind: 'failed', ...failure });
    });
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
    const opened = this.#openAs(served, name);
    // Complete since it was learned: it has its final name.
    const isMoved = opened === 'ENOENT' && name.mtimeMs === null && name.path.endsWith(PART_SUFFIX);
    return isMoved ? this.#openAs(served, { ...name, path: name.path.slice(0, -PART_SUFFIX.length) }) : opened;
  }

  #openAs(served: Served, name: ServedStorage): OpenServed | string {
    if (name.list === 0) return ServedFile.open(name, this.#timers);
    return ServedFolder.open(name, { timers: this.#timers, makeRoom: () => this.#closeLongUnused(served, 0) });
  }

  /** @param needed stays open. */
  #closeLongUnused(needed: Served, openMax = this.#openMax): void {
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

function closed(name: ServedStorage): Served {
  return { name, opened: undefined, reads: 0, closing: false };
}
