// Hashes local files for the disk jobs. Shares and checks run one at a time, so that two do not thrash one disk; each
// disk that may hang has threads and an order of its own. One verification may run beside them, as slowly as its caller
// wants.

import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../foundation/base/log.js';
import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import { Layout } from '../../foundation/torrent/layout.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import type { FolderSource, SurveyOptions } from '../../transfer/hash/survey.js';
import { mountThatMayHang } from '../../transfer/storage/disk/mounts.js';
import { FOLDER_LOOK_ENTRIES } from '../../transfer/storage/limits.js';
import type { Source } from '../../transfer/storage/source/source.js';
import type { Storage } from '../../transfer/storage/storage.js';
import { VERIFY_RANGE_PIECES } from '../limits.js';
import { HashLane, loadPool } from './hash-lane.js';

const NO_FOLDER = new Layout(0);

export interface VerifyOptions {
  /** Undefined: all pieces. */
  readonly only: Bitfield | undefined;
  /** How many milliseconds to rest after so many milliseconds of work. */
  readonly restMs: (workedMs: number) => number;
  readonly signal: AbortSignal;
  /** Called after every few pieces with the number hashed so far. */
  readonly onProgress: (pieces: number) => void;
}

/** All methods reject with MiniTorrentError, and with CANCELLED once this is closed. */
export class LocalHashing {
  readonly #threads: number;
  readonly #log: Log;
  readonly #closing = new AbortController();
  /** By mount; all disks that answer have one. */
  readonly #lanes = new Map<string | undefined, HashLane>();

  /** @param threads of a pool, 1…HASH_THREADS_MAX. */
  constructor(threads: number, log: Log) {
    this.#threads = threads;
    this.#log = log;
  }

  /**
   * SHA-1 of each piece, 20 bytes each. FILE_CHANGED when the source changes meanwhile.
   * @param onProgress called with the pieces done.
   */
  hash({ path, layout }: Source, onProgress: (pieces: number) => void): Promise<Uint8Array> {
    return this.#laneOf(path).inTurn(layout, (pool) => pool.hash(path, layout, { onProgress }));
  }

  /**
   * The pieces at `path` that match their digests.
   * @param only checks these pieces and no others.
   * @param onProgress called with the pieces done.
   */
  check(
    path: string,
    { layout, digests }: Metainfo,
    only?: Bitfield,
    onProgress?: (pieces: number) => void,
  ): Promise<Bitfield> {
    return this.#laneOf(path).inTurn(layout, (pool) => pool.check(path, layout, digests, { only, onProgress }));
  }

  /** What of a folder is shared; see `surveyFolder`. No share or check is waited for. */
  survey(path: string, options: SurveyOptions): Promise<FolderSource> {
    return this.#laneOf(path).lend(NO_FOLDER, (pool) => pool.survey(path, options));
  }

  /** SHA-256 of all bytes. */
  sha256({ path, layout }: Source): Promise<Uint8Array> {
    return this.#laneOf(path).inTurn(layout, (pool) => pool.sha256(path, layout));
  }

  /** Makes these pieces of an open `.part` zeros; resolves to how many had to be written. */
  clear(storage: Storage, pieces: Bitfield): Promise<number> {
    return this.#laneOf(storage.path).inTurn(storage.layout, (pool) => pool.clear(storage, pieces));
  }

  /**
   * The modification times in nanoseconds of these entries of a folder, or NO_FILE; no share or check is waited for.
   * FILE_NOT_FOUND, NOT_A_DIRECTORY, … when there is no folder.
   */
  async look(path: string, layout: Layout, entries: Uint32Array): Promise<BigInt64Array> {
    const times = new BigInt64Array(entries.length);
    await this.#laneOf(path).lend(layout, async (pool) => {
      for (let at = 0; at < entries.length; at += FOLDER_LOOK_ENTRIES)
        times.set(await pool.times(path, layout, entries.subarray(at, at + FOLDER_LOOK_ENTRIES)), at);
    });
    return times;
  }

  /** As `check`, in small ranges with a rest after each; no share or check waits for it. */
  verify(path: string, { layout, digests }: Metainfo, options: VerifyOptions): Promise<Bitfield> {
    const { only, restMs, onProgress } = options;
    const signal = AbortSignal.any([this.#closing.signal, options.signal]);
    const rest = async (workedMs: number): Promise<void> => {
      const forMs = restMs(workedMs);
      // When it is aborted during the rest, the walk notices.
      if (forMs > 0) await pause(forMs, undefined, { signal }).catch(() => undefined);
    };
    const pace = { rangePieces: VERIFY_RANGE_PIECES, rest };
    const lane = this.#laneOf(path);
    return lane.verifications.during(() =>
      lane.lend(layout, (pool) => pool.check(path, layout, digests, { only, signal, pace, onProgress })),
    );
  }

  /** Where descriptors are few: before files take them. */
  async load(): Promise<void> {
    await loadPool();
  }

  /** Ends the threads; work in progress is cancelled. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()));
  }

  #laneOf(path: string): HashLane {
    const mount = mountThatMayHang(path);
    const lane = this.#lanes.get(mount) ?? new HashLane(this.#threads, this.#log, this.#closing.signal);
    this.#lanes.set(mount, lane);
    return lane;
  }
}
