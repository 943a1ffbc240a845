// The only door to piscina: the threads that verify and write pieces, and hash local files, off every event loop. Holds
// every bound of that work; decides nothing about pieces. A thread that dies or spins under a task is replaced, and the task is
// tried once more, when the thread is gone: each task may be repeated, since it reads, or writes the same verified bytes to
// the same place. Threads that die one after the other before any of them did a task are not replaced for ever: the pool is broken then.

import { FixedQueue, Piscina } from 'piscina';
import { assert } from '../../foundation/base/assert.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { bundleUrl } from '../../foundation/base/installation.js';
import { HASH_THREADS_MAX, STOP_DEADLINE_MS } from '../../foundation/base/limits.js';
import type { Log } from '../../foundation/base/log.js';
import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import { Batches } from './batches.js';
import { Lanes } from './lanes.js';
import {
  HASH_BIRTHS_FAILED_MAX,
  HASH_HEAP_MIB_MAX,
  HASH_QUEUE_MAX,
  HASH_RANGES_PER_THREAD,
  HASH_TASK_DEADLINE_MS,
  HASH_TASKS_PER_THREAD,
  HASH_THREAD_IDLE_MS,
  HASH_THREADS_READY,
  HASH_TRIES_MAX,
  HASH_YOUNG_HEAP_MIB,
  WATCHDOG_LOOKS,
} from './limits.js';
import {
  type HashAnswer,
  type HashTask,
  hashAnswers,
  hashTasks,
  type PieceOutcome,
  type PieceToStore,
} from './messages.js';
import { Permits } from './permits.js';
import { checkShare, hashShare, type RangeOptions, type RangeThreads, sha256Of } from './ranges.js';
import { Watchdog } from './watchdog.js';

const HASH_WORKER = bundleUrl('hash');
const HASH_WORKER_EXPORT = 'runHashTask';
/**
 * Piscina requires its entry, and imports it when that fails. A thread that is ended while it requires an ES module aborts the
 * whole program ("v8::Module::IsGraphAsync"); while it imports one, or requires CommonJS, it just ends. Ours is CommonJS; of any
 * other one requiring fails here.
 */
const WITHOUT_REQUIRED_MODULES = process.allowedNodeEnvironmentFlags.has('--experimental-require-module')
  ? { execArgv: ['--no-experimental-require-module'] }
  : {};

export interface HashPoolOptions {
  /** 1…HASH_THREADS_MAX. */
  readonly threads: number;
  /** Slots of PIECE_SIZE bytes; without it, `storePieces` cannot be used. */
  readonly slab?: SharedArrayBuffer | undefined;
  readonly log?: Log | undefined;
  /** Another thread entry with the same export, and another deadline of its tasks: for tests of threads that die or spin. */
  readonly entry?: URL | undefined;
  readonly taskDeadlineMs?: number | undefined;
}

export type CheckOptions = RangeOptions & { readonly only?: Bitfield | undefined };

export interface HashPool {
  /** Settles when all threads that are kept have loaded what they need and done a first task. Rejects as the others do. */
  warmUp(): Promise<void>;
  /**
   * Verifies pieces and writes those that match: an outcome for each, in order. Their slots are the pool's until this settles.
   * @param pieces that came together, 1…VERIFY_BATCH_MAX.
   */
  storePieces(pieces: readonly PieceToStore[]): Promise<readonly PieceOutcome[]>;
  /** SHA-1 of each piece of what lies at `path`, 20 bytes each. FILE_CHANGED, CANCELLED, FILE_NOT_FOUND, … */
  hash(path: string, layout: Layout, options?: RangeOptions): Promise<Uint8Array>;
  /** The pieces that have their digest. Says nothing about bytes past the layout's size. */
  check(path: string, layout: Layout, digests: Uint8Array, options?: CheckOptions): Promise<Bitfield>;
  /** SHA-256 of all bytes, on a thread of its own, so that it delays no verification. */
  sha256(path: string, layout: Layout, signal?: AbortSignal): Promise<Uint8Array>;
  /** Ends the threads after the task each is at. Waiting tasks, and later ones, reject with CANCELLED. */
  close(): Promise<void>;
}

/** All methods reject with MiniTorrentError; INTERNAL when a task failed on two threads, or none can be started. */
export function openHashPool(options: HashPoolOptions): HashPool {
  const { threads, slab, log, entry = HASH_WORKER, taskDeadlineMs = HASH_TASK_DEADLINE_MS } = options;
  assert(threads >= 1 && threads <= HASH_THREADS_MAX, 'a hash pool has a bounded number of threads');
  // A file to hash starts as many as it has ranges, up to all; a download's further ones come when it needs them.
  const kept = slab === undefined ? 1 : Math.min(threads, HASH_THREADS_READY);
  const pool = new Pool({ threads, kept, slab, log, entry, taskDeadlineMs });
  let whole: Pool | undefined;
  const lanes = new Lanes(kept * HASH_TASKS_PER_THREAD, threads * HASH_TASKS_PER_THREAD);
  const batches = new Batches(lanes, (task) => pool.run(task));
  const permits = new Permits(threads * HASH_RANGES_PER_THREAD);
  const ranges: RangeThreads = {
    lanes: threads * HASH_RANGES_PER_THREAD,
    run: (task) => permits.during(() => pool.run(task)),
  };
  return {
    async warmUp() {
      await Promise.all(Array.from({ length: kept }, () => pool.run({ kind: 'warmUp' })));
    },
    storePieces: (pieces) => batches.store(pieces),
    hash: (path, layout, rangeOptions = {}) => hashShare(ranges, path, layout, rangeOptions),
    check: (path, layout, digests, checkOptions = {}) => checkShare(ranges, path, layout, digests, checkOptions),
    sha256(path, layout, signal) {
      whole ??= new Pool({ threads: 1, kept: 1, slab: undefined, log, entry, taskDeadlineMs: undefined });
      const thread = whole;
      return sha256Of((task) => thread.run(task, signal), path, layout);
    },
    async close() {
      await Promise.all([pool.close(), whole?.close()]);
    },
  };
}

interface PoolOptions {
  readonly threads: number;
  /** Of these, with work or without. */
  readonly kept: number;
  readonly slab: SharedArrayBuffer | undefined;
  readonly log: Log | undefined;
  readonly entry: URL;
  /** Undefined: its tasks have no bound. */
  readonly taskDeadlineMs: number | undefined;
}

type Thread = Piscina['threads'][number];

/** Threads that take one frame and answer with one. */
class Pool {
  readonly #piscina: Piscina<Uint8Array, Uint8Array>;
  readonly #watchdog: Watchdog<Thread> | undefined;
  readonly #looks: NodeJS.Timeout | undefined;
  #closed = false;
  /** Deaths of threads without a task since the last answer of any. */
  #deaths = 0;
  #broken: MiniTorrentError | undefined;

  constructor({ threads, kept, slab, log, entry, taskDeadlineMs }: PoolOptions) {
    this.#piscina = new Piscina<Uint8Array, Uint8Array>({
      filename: entry.href,
      name: HASH_WORKER_EXPORT,
      workerData: { slab },
      ...WITHOUT_REQUIRED_MODULES,
      minThreads: kept,
      maxThreads: threads,
      maxQueue: HASH_QUEUE_MAX,
      taskQueue: new FixedQueue(),
      concurrentTasksPerWorker: HASH_TASKS_PER_THREAD,
      idleTimeout: HASH_THREAD_IDLE_MS,
      // Measured with the above: 'disabled' and 'async' cost as much or more time and processor.
      atomics: 'sync',
      resourceLimits: { maxOldGenerationSizeMb: HASH_HEAP_MIB_MAX, maxYoungGenerationSizeMb: HASH_YOUNG_HEAP_MIB },
      closeTimeout: STOP_DEADLINE_MS,
      niceIncrement: 0,
      recordTiming: false,
      workerHistogram: false,
      trackUnmanagedFds: false,
    });
    if (taskDeadlineMs !== undefined) {
      this.#watchdog = new Watchdog(taskDeadlineMs);
      this.#looks = this.#watch(this.#watchdog, taskDeadlineMs, log);
    }
    this.#piscina.on('error', (error: unknown) => this.#diedIdle(error, log));
  }

  /** @param signal ends the thread in the middle of its task; for tasks without a bound. */
  async run(task: HashTask, signal?: AbortSignal): Promise<HashAnswer> {
    const frame = new Uint8Array(hashTasks.encode(task));
    for (let tries = 1; ; tries += 1) {
      if (this.#closed) throw this.#broken ?? new MiniTorrentError('CANCELLED', 'the hash pool is closed');
      const watched = this.#watchdog?.begun(performance.now());
      try {
        const answer = hashAnswers.decode(await this.#piscina.run(frame, { signal: signal ?? null }));
        this.#deaths = 0;
        return answer;
      } catch (error) {
        if (this.#closed || signal?.aborted === true)
          throw this.#broken ?? new MiniTorrentError('CANCELLED', 'hashing was cancelled', error);
        if (tries === HASH_TRIES_MAX) {
          const sentence = `a hash thread failed twice at one task (${String(error)}); please report this`;
          throw new MiniTorrentError('INTERNAL', sentence, error);
        }
      } finally {
        if (watched !== undefined) this.#watchdog?.ended(watched);
      }
    }
  }

  /** It is replaced, and nobody waits for it; but what cannot even load would be replaced for ever. */
  #diedIdle(error: unknown, log: Log | undefined): void {
    log?.error({ err: error }, 'a hash thread died while idle');
    this.#deaths += 1;
    if (this.#broken !== undefined) return;
    if (this.#deaths < HASH_BIRTHS_FAILED_MAX) {
      // After one that died while it loaded, piscina starts none by itself, and tasks would wait for ever. If this one dies, too, we come here again.
      this.run({ kind: 'warmUp' }).catch(() => undefined);
      return;
    }
    const sentence = `no hash thread can be started (${String(error)}); install the program again, or report this`;
    this.#broken = new MiniTorrentError('INTERNAL', sentence, error);
    void this.close();
  }

  /** Looks now and then; tasks of threads that are ended reject when those are gone, since until then a slot may still be read. */
  #watch(watchdog: Watchdog<Thread>, deadlineMs: number, log: Log | undefined): NodeJS.Timeout {
    const look = (): void => {
      const stuck = watchdog.look(this.#piscina.threads, performance.now());
      if (stuck.length > 0) log?.error({ deadlineMs }, 'a hash thread does not end its task: others take over');
      for (const thread of stuck) void thread.terminate();
    };
    look();
    return setInterval(look, deadlineMs / WATCHDOG_LOOKS).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#looks);
    await this.#piscina.close({ force: true });
  }
}
