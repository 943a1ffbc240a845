// The hashing of local files of one disk: one hash pool, which ends after a while without work. Jobs that would thrash
// the disk run one at a time.

import { errnoError, errnoOf, MiniTorrentError } from '../../foundation/base/errors.js';
import type { Log } from '../../foundation/base/log.js';
import { systemTimers, type Timer } from '../../foundation/base/timers.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import { Permits } from '../../transfer/hash/permits.js';
import type { HashPool } from '../../transfer/hash/pool.js';
import { folderLists } from '../../transfer/storage/folder-lists.js';
import { HASH_POOL_IDLE_MS } from '../limits.js';

export class HashLane {
  readonly #threads: number;
  readonly #log: Log;
  readonly #closing: AbortSignal;
  /** One at a time: each takes the share of the machine that is meant for all. */
  readonly verifications = new Permits(1);
  #jobs = 0;
  #pool: HashPool | undefined;
  #idle: Timer | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param threads of the pool, 1…HASH_THREADS_MAX.
   * @param closing no job is begun once it is aborted.
   */
  constructor(threads: number, log: Log, closing: AbortSignal) {
    this.#threads = threads;
    this.#log = log;
    this.#closing = closing;
  }

  /** After the jobs before it. @param layout as of `lend`. */
  inTurn<T>(layout: Layout, job: (pool: HashPool) => Promise<T>): Promise<T> {
    const done = this.#last.then(() => this.lend(layout, job));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** At once. @param layout of what is hashed: a folder that is removed meanwhile is still known to the threads. */
  async lend<T>(layout: Layout, job: (pool: HashPool) => Promise<T>): Promise<T> {
    const { openHashPool } = await loadPool();
    if (this.#closing.aborted) throw new MiniTorrentError('CANCELLED', 'the client is closing');
    this.#idle?.cancel();
    this.#jobs += 1;
    this.#pool ??= openHashPool({ threads: this.#threads, log: this.#log });
    const list = folderLists.use(layout);
    try {
      return await job(this.#pool);
    } finally {
      folderLists.letGo(list);
      this.#jobs -= 1;
      if (this.#jobs === 0 && !this.#closing.aborted) this.#closeLater();
    }
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    this.#idle?.cancel();
    await this.#pool?.close();
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

/**
 * Loaded with the first job: most starts have none, and the prompt appears sooner. Where descriptors are few, it is
 * loaded before files take them.
 */
export async function loadPool() {
  try {
    return await import('../../transfer/hash/pool.js');
  } catch (error) {
    // Node looks for a module by opening files, and takes one that it cannot open for one that is not there.
    const errno = errnoOf(error);
    if (errno !== 'MODULE_NOT_FOUND' && errno !== 'EMFILE' && errno !== 'ENFILE') throw error;
    throw errnoError('EMFILE', 'a part of this program', error);
  }
}
