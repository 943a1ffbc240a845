// The client's file records, found by number, by swarm and by the names that users type. Invariant: a swarm has at most
// one file. Pure.

import { assert } from '../../foundation/base/assert.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import { type Entry, type FileRecord, NO_TRANSFER } from './record.js';

export class FileTable {
  readonly #files = new Map<number, FileRecord>();
  readonly #bySwarm = new Map<SwarmKey, FileRecord>();
  #nextFile = 1;

  get size(): number {
    return this.#files.size;
  }

  all(): readonly FileRecord[] {
    return [...this.#files.values()];
  }

  entries(): readonly Entry[] {
    return this.all().map(({ entry }) => entry);
  }

  /** A new record, in its first phase. */
  add(entry: Entry): FileRecord {
    assert(!this.#bySwarm.has(entry.swarm), 'a swarm has one file');
    const record: FileRecord = {
      file: this.#nextFile,
      entry,
      geometry: new Geometry(entry.size),
      phase: { at: 'checking' },
      transfer: { ...NO_TRANSFER },
      device: undefined,
    };
    this.#nextFile += 1;
    this.#files.set(record.file, record);
    this.#bySwarm.set(entry.swarm, record);
    return record;
  }

  forget(record: FileRecord): void {
    this.#files.delete(record.file);
    this.#bySwarm.delete(record.entry.swarm);
  }

  get(file: number): FileRecord | undefined {
    return this.#files.get(file);
  }

  ofSwarm(swarm: SwarmKey): FileRecord | undefined {
    return this.#bySwarm.get(swarm);
  }

  /** The file that is, or will be, at `path`. */
  ofPath(path: string): FileRecord | undefined {
    return this.all().find(({ entry }) => entry.path === path);
  }

  /**
   * By the path or file name of the .mtorrent, the file's name, the name it was saved under, or its path. Undefined
   * when none or several match. A path matches only itself: a file of the same name elsewhere must never be removed in
   * its place.
   */
  find(name: string): FileRecord | undefined {
    const isPath = name.includes('/');
    for (const fits of [
      (record: FileRecord) => record.entry.mtorrentPath === name,
      (record: FileRecord) => !isPath && basename(record.entry.mtorrentPath) === name,
      (record: FileRecord) => record.entry.name === name,
      (record: FileRecord) => !isPath && basename(record.entry.path) === name,
      (record: FileRecord) => isPath && record.entry.path === name,
    ]) {
      const found = this.all().filter(fits);
      if (found.length > 0) return found.length === 1 ? found[0] : undefined;
    }
    return undefined;
  }
}

/** The name of a tracker pair: its addresses in the order of the .mtorrent. */
export function pairKey(trackers: Entry['trackers']): string {
  return `${formatAddress(trackers[0])} and ${formatAddress(trackers[1])}`;
}

export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
