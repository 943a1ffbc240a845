// Hashes local files for the disk jobs on one hash pool, which ends after a while without work. Shares and checks run
// one at a time, so that two do not thrash one disk. One verification may run beside them, as slowly as its caller
// wants.

import { setTimeout as pause } from 'node:timers/promises';
import { errnoError, errnoOf, MiniTorrentError } from '../../foundation/base/errors.js';
import type { Log } from '../../foundation/base/log.js';
import { systemTimers, type Timer } from '../../foundation/base/timers.js';
import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import { Layout } from '../../foundation/torrent/layout.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { Permits } from '../../transfer/hash/permits.js';
import type { HashPool } from '../../transfer/hash/pool.js';
import type { FolderSource, SurveyOptions } from '../../transfer/hash/survey.js';
import { folderLists } from '../../transfer/storage/folder-lists.js';
import { FOLDER_LOOK_ENTRIES } from '../../transfer/storage/limits.js';
import type { Source } from '../../transfer/storage/source.js';
import type { Storage } from '../../transfer/storage/storage.js';
import { HASH_POOL_IDLE_MS, VERIFY_RANGE_PIECES } from '../limits.js';

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
  /** One at a time: each takes the share of the machine that is meant for all. */
  readonly #verifications = new Permits(1);
  readonly #closing = new AbortController();
  #jobs = 0;
  #pool: HashPool | undefined;
  #idle: Timer | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param threads of the pool, 1…HASH_THREADS_MAX. */
  constructor(threads: number, log: Log) {
    this.#threads = threads;
    this.#log = log;
  }

  /**
   * SHA-1 of each piece, 20 bytes each. FILE_CHANGED when the source changes meanwhile.
   * @param onProgress called with the pieces done.
   */
  hash({ path, layout }: Source, onProgress: (pieces: number) => void): Promise<Uint8Array> {
    return this.#inTurn(layout, (pool) => pool.hash(path, layout, { onProgress }));
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
    return this.#inTurn(layout, (pool) => pool.check(path, layout, digests, { only, onProgress }));
  }

  /** What of a folder is shared; see `surveyFolder`. No share or check is waited for. */
  survey(path: string, options: SurveyOptions): Promise<FolderSource> {
    return this.#lend(NO_FOLDER, (pool) => pool.survey(path, options));
  }

  /** SHA-256 of all bytes. */
  sha256({ path, layout }: Source): Promise<Uint8Array> {
    return this.#inTurn(layout, (pool) => pool.sha256(path, layout));
  }

  /** Makes these pieces of an open `.part` zeros; resolves to how many had to be written. */
  clear(storage: Storage, pieces: Bitfield): Promise<number> {
    return this.#inTurn(storage.layout, (pool) => pool.clear(storage, pieces));
  }

  /**
   * The modification times in nanoseconds of these entries of a folder, or NO_FILE; no share or check is waited for.
   * FILE_NOT_FOUND, NOT_A_DIRECTORY, … when there is no folder.
   */
  async look(path: string, layout: Layout, entries: Uint32Array): Promise<BigInt64Array> {
    const times = new BigInt64Array(entries.length);
    await this.#lend(layout, async (pool) => {
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
    return this.#verifications.during(() =>
      this.#lend(layout, (pool) => pool.check(path, layout, digests, { only, signal, pace, onProgress })),
    );
  }

  /**
   * Loaded with the first job: most starts have none, and the prompt appears sooner. Where descriptors are few, it is
   * loaded before files take them.
   */
  async load() {
    try {
      return await import('../../transfer/hash/pool.js');
    } catch (error) {
      // Node looks for a module by opening files, and takes one that it cannot open for one that is not there.
      const errno = errnoOf(error);
      if (errno !== 'MODULE_NOT_FOUND' && errno !== 'EMFILE' && errno !== 'ENFILE') throw error;
      throw errnoError('EMFILE', 'a part of this program', error);
    }
  }

  /** Ends the threads; work in progress is cancelled. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#idle?.cancel();
    await this.#pool?.close();
  }

  #inTurn<T>(layout: Layout, job: (pool: HashPool) => Promise<T>): Promise<T> {
    const done = this.#last.then(() => this.#lend(layout, job));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** @param layout of what is hashed: a folder that is removed meanwhile is still known to the threads. */
  async #lend<T>(layout: Layout, job: (pool: HashPool) => Promise<T>): Promise<T> {
    const { openHashPool } = await this.load();
    if (this.#closing.signal.aborted) throw new MiniTorrentError('CANCELLED', 'the client is closing');
    this.#idle?.cancel();
    this.#jobs += 1;
    this.#pool ??= openHashPool({ threads: this.#threads, log: this.#log });
    const list = folderLists.use(layout);
    try {
      return await job(this.#pool);
    } finally {
      folderLists.letGo(list);
      this.#jobs -= 1;
      if (this.#jobs === 0 && !this.#closing.signal.aborted) this.#closeLater();
    }
  }

  /** Starting threads takes longer than hashing a small file, so they stay for the next share of a batch. */
  #closeLater(): void {
    this.#idle = systemTimers.at(systemTimers.nowMs() + HASH_POOL_IDLE_MS, () => {
      const idle = this.#pool;
      this.#pool = undefined;
      idle?.close().catch((error: unknown) => this.#log.error({ err: error }, 'the hash threads could not be stopped'));
    });
  }
}
