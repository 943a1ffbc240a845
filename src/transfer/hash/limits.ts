// The bounds of hashing, each with its unit in its name and its reason beside it.

import { KIB } from '../../foundation/base/limits.js';

/** Milliseconds after which a thread of the hash pool counts as spinning: four tasks of 32 MiB may wait for it, from a disk of 0.5 MB/s. */
export const HASH_TASK_DEADLINE_MS = 300_000;
/** Looks at all tasks in that time: what is late is seen an eighth of it later at most. */
export const WATCHDOG_LOOKS = 8;
/** Threads of a client's pool that are kept, so that a download's first pieces wait for none: two verify and write
 * 1.4 GB/s (1.5 s of processor a gigabyte). */
export const HASH_THREADS_READY = 2;
/** Milliseconds that pieces must have waited for those without a break before others are started: as long as that takes. */
export const HASH_BEHIND_MS = 100;
/** Hash threads that may die one after the other without having done a task: then none works on this machine. */
export const HASH_BIRTHS_FAILED_MAX = 8;
/** Tasks handed to a pool thread at once: one running, one waiting, so that it never waits for the loop that feeds it
 * (measured: 2 instead of 1 gives 9 % when hashing and up to 30 % when verifying on busy cores). */
export const HASH_TASKS_PER_THREAD = 2;
/** Pieces in one task of verification: a busy pool saves three of four messages; a piece waits 3 ms longer at most. A run
 * is one task, so no less than RUN_PIECES_MAX. */
export const VERIFY_BATCH_MAX = 4;
/** Range tasks under way for each pool thread: one running, one waiting. */
export const HASH_RANGES_PER_THREAD = 2;
/** Bytes read from a file at once to hash them: they stay in the core's cache until they are hashed (measured on one core, into the
 * middle of a page: 64 KiB 1.22 GB/s, 128 KiB 1.27, 512 KiB 1.25). */
export const HASH_READ_BYTES = 128 * KIB;
/** Mebibytes of JavaScript heap of one pool thread: it holds one read buffer and some small frames. */
export const HASH_HEAP_MIB_MAX = 64;
/** Mebibytes of that for what lives shortly: frames, and nothing else. What it saves stands at DOWNLOAD_YOUNG_HEAP_MIB. */
export const HASH_YOUNG_HEAP_MIB = 3;
/** Times a task is tried: a second time, on another thread, when its thread died under it. */
export const HASH_TRIES_MAX = 2;
/** Milliseconds that the other threads of a pool stay without a task: longer than a pause of a download whose peers come and go. */
export const HASH_THREAD_IDLE_MS = 10_000;
/** Tasks waiting in the pool: every slot once, and the ranges of a share. */
export const HASH_QUEUE_MAX = 256;
