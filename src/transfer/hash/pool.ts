// The only door to piscina: threads that verify and write pieces and hash local files, off every event loop. Decides
// nothing about pieces. A task whose thread dies or spins runs once more on another thread: each task may be repeated,
// since it only reads, or writes the same verified bytes to the same place.

import { FixedQueue, Piscina } from 'piscina';
import { shortageOf } from '../../foundation/actor/thread-shortage.js';
import { assert } from '../../foundation/base/assert.js';
import { type Deferred, deferred } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { bundleUrl } from '../../foundation/base/installation.js';
import { HASH_THREADS_MAX, STOP_DEADLINE_MS } from '../../foundation/base/limits.js';
import type { Log } from '../../foundation/base/log.js';
import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import { folderLists } from '../storage/folder-lists.js';
import type { Storage } from '../storage/storage.js';
import { type PartsOfSlot, slotFillOf } from './fill.js';
import { Lanes } from './lanes.js';
import {
  HASH_HEAP_MIB_MAX,
  HASH_QUEUE_MAX,
  HASH_RANGES_PER_THREAD,
  HASH_STARTS_FAILED_MAX,
  HASH_TASK_DEADLINE_MS,
  HASH_TASKS_PER_THREAD,
  HASH_THREAD_IDLE_MS,
  HASH_THREADS_READY,
  HASH_TRIES_MAX,
  HASH_YOUNG_HEAP_MIB,
  VERIFY_BATCH_MAX,
  WATCHDOG_LOOKS,
} from './limits.js';
import {
  type HashAnswer,
  type HashJob,
  type HashTask,
  hashAnswers,
  hashTasks,
  listsOf,
  type PieceOutcome,
  type PieceToStore,
} from './messages.js';
import { Permits } from './permits.js';
import {
  checkShare,
  clearPieces,
  hashShare,
  lookAtEntries,
  type RangeOptions,
  type RangeThreads,
  settlePieces,
  sha256Of,
  takeTimes,
} from './ranges.js';
import { type FolderSource, type SurveyOptions, surveyFolder } from './survey.js';
import { Watchdog } from './watchdog.js';

const HASH_WORKER = bundleUrl('hash');
const HASH_WORKER_EXPORT = 'runHashTask';
/**
 * Piscina requires its entry, and imports it when that fails. Terminating a thread while it requires an ES module
 * aborts the whole process ("v8::Module::IsGraphAsync"). Our entry is CommonJS; this option makes requiring any other
 * entry fail.
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
  /** For tests of threads that die or spin: another thread entry with the same export, and another task deadline. */
  readonly entry?: URL | undefined;
  readonly taskDeadlineMs?: number | undefined;
}

export type CheckOptions = RangeOptions & { readonly only?: Bitfield | undefined };

export interface HashPool {
  /** Settles when every thread that is kept has loaded its code and done a first task. */
  warmUp(): Promise<void>;
  /**
   * Verifies pieces and writes those that match. Resolves to an outcome for each, in order. The pool owns their slots
   * until then.
   * @param pieces that arrived together, 1…VERIFY_BATCH_MAX.
   */
  storePieces(pieces: readonly PieceToStore[]): Promise<readonly PieceOutcome[]>;
  /**
   * Reads parts of files into slots, on a thread of its own, so that a slow disk delays no verification. Resolves to
   * the index of the first part of each slot that cannot be read, or whose file has changed; -1: all are there.
   * @param fills 1…VERIFY_BATCH_MAX. The pool owns their slots until then, as far as they are not read from peers.
   */
  fillSlots(fills: readonly PartsOfSlot[]): Promise<readonly number[]>;
  /**
   * Which pieces from `first` on have their digest where they lie; one of zeros is made so. On threads of its own, for
   * the same reason. The caller has the storage open for writing.
   * @param digests 20 bytes a piece.
   */
  settlePieces(storage: Storage, first: number, digests: Uint8Array): Promise<readonly boolean[]>;
  /** SHA-1 of each piece of what lies at `path`, 20 bytes each. FILE_CHANGED, CANCELLED, FILE_NOT_FOUND, … */
  hash(path: string, layout: Layout, options?: RangeOptions): Promise<Uint8Array>;
  /** What of a folder is shared; see `surveyFolder`. */
  survey(path: string, options?: SurveyOptions): Promise<FolderSource>;
  /** The pieces that have their digest. Says nothing about bytes past the layout's size. */
  check(path: string, layout: Layout, digests: Uint8Array, options?: CheckOptions): Promise<Bitfield>;
  /** The times of entries of a folder, as `takeTimes` of ranges.ts has them. */
  times(path: string, layout: Layout, entries: Uint32Array): Promise<BigInt64Array>;
  /** The same of an open folder, and of any number of entries. */
  lookAt(storage: Storage, entries: Uint32Array): Promise<BigInt64Array>;
  /** Makes these pieces zeros, as `clearPieces` of ranges.ts does; resolves to how many had to be written. */
  clear(storage: Storage, pieces: Bitfield): Promise<number>;
  /** SHA-256 of all bytes, on a thread of its own, so that it delays no verification. */
  sha256(path: string, layout: Layout, signal?: AbortSignal): Promise<Uint8Array>;
  /** Ends each thread after its current task. Tasks in the queue, and later ones, reject with CANCELLED. */
  close(): Promise<void>;
}

/**
 * All methods reject with MiniTorrentError; with INTERNAL when a task failed on two threads, or no thread can be
 * started.
 */
export function openHashPool(options: HashPoolOptions): HashPool {
  const { threads, slab, log, entry = HASH_WORKER, taskDeadlineMs = HASH_TASK_DEADLINE_MS } = options;
  assert(threads >= 1 && threads <= HASH_THREADS_MAX, 'a hash pool has a bounded number of threads');
  // Hashing a file starts a thread for each range, up to all. A download starts more threads only when it falls behind.
  const kept = slab === undefined ? 1 : Math.min(threads, HASH_THREADS_READY);
  const pool = new HashThreads({ threads, kept, slab, log, entry, taskDeadlineMs });
  let whole: HashThreads | undefined;
  let reading: HashThreads | undefined;
  let looking: HashThreads | undefined;
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
    async fillSlots(fills) {
      reading ??= new HashThreads({ threads: 1, kept: 1, slab, log, entry, taskDeadlineMs });
      const answer = await reading.run({ kind: 'fillSlots', fills: fills.map(slotFillOf) });
      assert(answer.kind === 'filled' && answer.bad.length === fills.length, 'a thread answers what it was asked');
      return answer.bad;
    },
    settlePieces(storage, first, digests) {
      const most = Math.min(threads, HASH_THREADS_READY);
      looking ??= new HashThreads({ threads: most, kept: 1, slab: undefined, log, entry, taskDeadlineMs });
      const thread = looking;
      return settlePieces((task) => thread.run(task), storage, first, digests);
    },
    hash: (path, layout, rangeOptions = {}) => hashShare(ranges, path, layout, rangeOptions),
    survey: (path, surveyOptions = {}) => surveyFolder(ranges, path, surveyOptions),
    check: (path, layout, digests, checkOptions = {}) => checkShare(ranges, path, layout, digests, checkOptions),
    times: (path, layout, entries) => takeTimes((task) => pool.run(task), path, layout, entries),
    lookAt: (storage, entries) => lookAtEntries(ranges, storage, entries),
    clear: (storage, pieces) => clearPieces(ranges, storage, pieces),
    sha256(path, layout, signal) {
      whole ??= new HashThreads({ threads: 1, kept: 1, slab: undefined, log, entry, taskDeadlineMs: undefined });
      const thread = whole;
      return sha256Of((task) => thread.run(task, signal), path, layout);
    },
    async close() {
      await Promise.all([pool.close(), whole?.close(), reading?.close(), looking?.close()]);
    },
  };
}

interface ThreadsOptions {
  readonly threads: number;
  /** How many of these stay without work. */
  readonly kept: number;
  readonly slab: SharedArrayBuffer | undefined;
  readonly log: Log | undefined;
  readonly entry: URL;
  /** In milliseconds; undefined: tasks may take any time. */
  readonly taskDeadlineMs: number | undefined;
}

type Thread = Piscina['threads'][number];

/**
 * The threads: one frame in, one frame out. They are not replaced for ever when they die before any of them has done a
 * task.
 */
class HashThreads {
  readonly #piscina: Piscina<Uint8Array | HashJob, Uint8Array>;
  readonly #watchdog: Watchdog<Thread> | undefined;
  readonly #looks: NodeJS.Timeout | undefined;
  #closed = false;
  /** Threads that died idle since any thread last answered. */
  #deaths = 0;
  #broken: MiniTorrentError | undefined;

  constructor({ threads, kept, slab, log, entry, taskDeadlineMs }: ThreadsOptions) {
    this.#piscina = new Piscina<Uint8Array | HashJob, Uint8Array>({
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
      // 'disabled' and 'async' cost as much time and CPU, or more.
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

  /** @param signal ends the thread in the middle of its task; for tasks without a deadline. */
  async run(task: HashTask, signal?: AbortSignal): Promise<HashAnswer> {
    const job = jobOf(task);
    for (let tries = 1; ; tries += 1) {
      if (this.#closed) throw this.#broken ?? new MiniTorrentError('CANCELLED', 'the hash pool is closed');
      const watched = this.#watchdog?.begun(performance.now());
      try {
        const answer = hashAnswers.decode(await this.#piscina.run(job, { signal: signal ?? null }));
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

  /**
   * Piscina replaces it. A thread that cannot even load would be replaced for ever, so the pool gives up after a few.
   */
  #diedIdle(error: unknown, log: Log | undefined): void {
    // Piscina tells so that a thread does not end; who closes the pool has a deadline for that.
    if (this.#closed) return;
    log?.error({ err: error }, 'a hash thread died while idle');
    this.#deaths += 1;
    if (this.#broken !== undefined) return;
    if (this.#deaths < HASH_STARTS_FAILED_MAX) {
      // Piscina starts no thread after one that died while loading, so queued tasks would wait for ever; a task starts
      // one.
      this.run({ kind: 'warmUp' }).catch(() => undefined);
      return;
    }
    const sentence = `no hash thread can be started (${String(error)}); reinstall the program, or report this`;
    this.#broken = shortageOf(error) ?? new MiniTorrentError('INTERNAL', sentence, error);
    void this.close();
  }

  /**
   * Terminates stuck threads. Their tasks reject once the threads are gone: until then a thread may still read a slot.
   */
  #watch(watchdog: Watchdog<Thread>, deadlineMs: number, log: Log | undefined): NodeJS.Timeout {
    const look = (): void => {
      const stuck = watchdog.look(this.#piscina.threads, performance.now());
      if (stuck.length > 0)
        log?.error(
          { deadlineMs },
          'a hash task is past its deadline; its thread is terminated and another one takes over',
        );
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

/** A single file's task is its bare frame. */
function jobOf(task: HashTask): Uint8Array | HashJob {
  const frame = new Uint8Array(hashTasks.encode(task));
  const lists = listsOf(task);
  if (lists.length === 0) return frame;
  return { frame, lists: lists.map((number) => [number, folderLists.listOf(number).memory] as const) };
}

/** Pieces that arrived together. */
interface Group {
  readonly pieces: readonly PieceToStore[];
  readonly outcomes: Deferred<readonly PieceOutcome[]>;
}

/** Puts pieces into tasks: one alone while threads are idle, several when pieces arrive faster than they are stored. */
class Batches {
  readonly #run: (task: HashTask) => Promise<HashAnswer>;
  readonly #lanes: Lanes;
  readonly #waiting: Group[] = [];
  /** Pieces in the waiting groups. */
  #pieces = 0;
  #inFlight = 0;
  #isDue = false;

  /** @param lanes how many tasks the threads take at once. */
  constructor(lanes: Lanes, run: (task: HashTask) => Promise<HashAnswer>) {
    this.#lanes = lanes;
    this.#run = run;
  }

  store(pieces: readonly PieceToStore[]): Promise<readonly PieceOutcome[]> {
    assert(pieces.length > 0 && pieces.length <= VERIFY_BATCH_MAX, 'a group fits into one task');
    const outcomes = deferred<readonly PieceOutcome[]>();
    this.#waiting.push({ pieces, outcomes });
    this.#pieces += pieces.length;
    // Pieces that arrive in one turn of the event loop go together.
    if (!this.#isDue) queueMicrotask(() => this.#pump());
    this.#isDue = true;
    return outcomes.promise;
  }

  #pump(): void {
    this.#isDue = false;
    const nowMs = performance.now();
    const lanes = this.#lanes.count(nowMs);
    while (this.#inFlight < lanes && this.#waiting.length > 0) {
      const share = Math.ceil(this.#pieces / (lanes - this.#inFlight));
      void this.#perform(this.#take(Math.min(VERIFY_BATCH_MAX, share)));
    }
    this.#lanes.filled(this.#waiting.length > 0, nowMs);
  }

  /** The groups that have waited longest: one, and as many more as make `count` pieces together. */
  #take(count: number): readonly Group[] {
    let groups = 0;
    let taken = 0;
    for (const { pieces } of this.#waiting) {
      if (groups > 0 && taken + pieces.length > count) break;
      groups += 1;
      taken += pieces.length;
    }
    this.#pieces -= taken;
    return this.#waiting.splice(0, groups);
  }

  async #perform(batch: readonly Group[]): Promise<void> {
    this.#inFlight += 1;
    try {
      const all = batch.flatMap(({ pieces }) => pieces);
      const answer = await this.#run({ kind: 'storePieces', pieces: all });
      assert(answer.kind === 'stored' && answer.outcomes.length === all.length, 'a thread answers what it was asked');
      let at = 0;
      for (const { pieces, outcomes } of batch) {
        outcomes.resolve(answer.outcomes.slice(at, at + pieces.length));
        at += pieces.length;
      }
    } catch (error) {
      for (const { outcomes } of batch) outcomes.reject(error);
    } finally {
      this.#inFlight -= 1;
      this.#pump();
    }
  }
}
