// The client's file records, found by number, by swarm and by the names that users type. Every change of a record
// passes here, so nothing needs to walk all records to know which wait, run or have changed. Invariant: a swarm has at
// most one file. Pure.

import { assert } from '../../foundation/base/assert.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { Phase } from './file-life.js';
import { Flow } from './flow.js';
import { KnownNames, type Match } from './known-names.js';
import { type Pair, pairKey, pairsOf } from './names.js';
import {
  type Entry,
  type FileRecord,
  isBusy,
  isGrowing,
  isRunning,
  isWatched,
  type KnownZeros,
  NO_TRANSFER,
} from './record.js';

type Changeable = { -readonly [K in keyof FileRecord]: FileRecord[K] };

/** A change of the library that is not saved yet. `entry` undefined: the swarm left it. */
export interface LibraryChange {
  readonly swarm: SwarmKey;
  readonly entry: Entry | undefined;
}

interface PairUse {
  readonly trackers: Pair;
  entries: number;
}

export class FileTable {
  readonly #files = new Map<number, Changeable>();
  readonly #bySwarm = new Map<SwarmKey, Changeable>();
  readonly #names = new KnownNames();
  readonly #waiting = new Set<FileRecord>();
  /** Those that will still write to their disk. */
  readonly #growing = new Set<FileRecord>();
  #running = 0;
  #busy = 0;
  #watched = 0;
  /** By `pairKey`. */
  readonly #pairs = new Map<string, PairUse>();
  readonly #unsaved = new Set<SwarmKey>();
  #nextFile = 1;

  get size(): number {
    return this.#files.size;
  }

  all(): readonly FileRecord[] {
    return [...this.#files.values()];
  }

  /** In the order in which they began to wait, unless somebody said otherwise. */
  get waiting(): ReadonlySet<FileRecord> {
    return this.#waiting;
  }

  /** @param isFirst before all that wait, or behind them. */
  requeue(record: FileRecord, isFirst: boolean): void {
    assert(this.#waiting.delete(record), 'a download that is put elsewhere in the queue waits');
    const others = [...this.#waiting];
    if (isFirst) this.#waiting.clear();
    this.#waiting.add(record);
    for (const other of others) this.#waiting.add(other);
  }

  get growing(): ReadonlySet<FileRecord> {
    return this.#growing;
  }

  get running(): number {
    return this.#running;
  }

  get hasBusy(): boolean {
    return this.#busy > 0;
  }

  get hasWatched(): boolean {
    return this.#watched > 0;
  }

  /** A new record, in its first phase. */
  add(entry: Entry): FileRecord {
    this.#unsaved.add(entry.swarm);
    return this.load(entry);
  }

  /** The record of an entry that the library has. */
  load(entry: Entry): FileRecord {
    assert(!this.#bySwarm.has(entry.swarm), 'a swarm has one file');
    const record: Changeable = {
      file: this.#nextFile,
      entry,
      geometry: new Geometry(entry.size),
      phase: { at: 'checking' },
      transfer: { ...NO_TRANSFER },
      flow: new Flow(),
      device: undefined,
      zeroBytes: 0,
    };
    this.#nextFile += 1;
    this.#files.set(record.file, record);
    this.#bySwarm.set(entry.swarm, record);
    this.#names.add(record);
    this.#count(record, 1);
    return record;
  }

  forget({ file, entry }: FileRecord): void {
    const record = this.#changeable(file);
    this.#count(record, -1);
    this.#names.remove(record);
    this.#files.delete(file);
    this.#bySwarm.delete(entry.swarm);
    this.#unsaved.add(entry.swarm);
  }

  enter({ file }: FileRecord, phase: Phase): void {
    const record = this.#changeable(file);
    this.#count(record, -1);
    record.phase = phase;
    this.#count(record, 1);
  }

  amend({ file, entry: before }: FileRecord, entry: Entry): void {
    if (entry === before) return;
    const record = this.#changeable(file);
    this.#count(record, -1);
    this.#names.remove(record);
    record.entry = entry;
    this.#names.add(record);
    this.#count(record, 1);
    this.#unsaved.add(entry.swarm);
  }

  /** @param device the file system of its target. */
  liesOn({ file }: FileRecord, device: number, { bytes: zeroBytes }: KnownZeros): void {
    Object.assign(this.#changeable(file), { device, zeroBytes });
  }

  /** What has changed in the library since the last call. */
  takeChanges(): readonly LibraryChange[] {
    const changes = [...this.#unsaved].map((swarm) => ({ swarm, entry: this.#bySwarm.get(swarm)?.entry }));
    this.#unsaved.clear();
    return changes;
  }

  /** Pairs that no entry names any more, each told once. */
  takeUnusedPairs(): readonly Pair[] {
    const unused = [...this.#pairs].filter(([, { entries }]) => entries === 0);
    for (const [key] of unused) this.#pairs.delete(key);
    return unused.map(([, { trackers }]) => trackers);
  }

  get(file: number): FileRecord | undefined {
    return this.#files.get(file);
  }

  ofSwarm(swarm: SwarmKey): FileRecord | undefined {
    return this.#bySwarm.get(swarm);
  }

  /** The files that have, or will have, a copy at `path`. */
  ofPath(path: string): readonly FileRecord[] {
    return this.#names.ofPath(path);
  }

  match(word: string): Match {
    return this.#names.match(word);
  }

  /** The one file that the word means; undefined when none or several are known by it. */
  find(word: string): FileRecord | undefined {
    const match = this.match(word);
    return match.kind === 'file' ? match.record : undefined;
  }

  #changeable(file: number): Changeable {
    const record = this.#files.get(file);
    assert(record !== undefined, 'a record is in the table until it is forgotten');
    return record;
  }

  /** @param by 1 for a record as it is now, -1 for the same before it changes. */
  #count(record: FileRecord, by: 1 | -1): void {
    if (by === -1) this.#waiting.delete(record);
    else if (record.phase.at === 'waiting') this.#waiting.add(record);
    if (by === -1) this.#growing.delete(record);
    else if (isGrowing(record)) this.#growing.add(record);
    if (isRunning(record.phase)) this.#running += by;
    if (isBusy(record)) this.#busy += by;
    if (isWatched(record)) this.#watched += by;
    for (const trackers of pairsOf(record.entry)) {
      const use = this.#pairs.get(pairKey(trackers)) ?? { trackers, entries: 0 };
      use.entries += by;
      this.#pairs.set(pairKey(trackers), use);
    }
  }
}

export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
