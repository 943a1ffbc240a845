// The bounds of hashing, each with its unit in its name and its reason beside it.

import { KIB, MIB } from '../../foundation/base/limits.js';

/** Milliseconds after which a thread counts as stuck: four tasks of 32 MiB may wait for it, from a disk of 0.5 MB/s. */
export const HASH_TASK_DEADLINE_MS = 300_000;
/** Checks of all tasks within that deadline: a late task is noticed at most an eighth of the deadline later. */
export const WATCHDOG_LOOKS = 8;
/**
 * Threads of a download's pool that are kept, so that its first pieces wait for no thread to start: two verify and
 * write 1.4 GB/s (1.5 s of CPU a gigabyte).
 */
export const HASH_THREADS_READY = 2;
/**
 * Milliseconds that pieces must have waited for these threads without a break before more are started: as long as a
 * start takes.
 */
export const HASH_BEHIND_MS = 100;
/** Hash threads that may die in a row without having done a task: then none works on this machine. */
export const HASH_STARTS_FAILED_MAX = 8;
/**
 * Tasks handed to a thread at once: one running, one waiting, so that the thread never waits for the event loop that
 * feeds it (measured: 2 instead of 1 gives 9 % when hashing and up to 30 % when storing on busy cores).
 */
export const HASH_TASKS_PER_THREAD = 2;
/**
 * Pieces in one task: a busy pool saves three of four messages, and a piece waits at most 3 ms longer. A run is one
 * task, so this is at least RUN_PIECES_MAX.
 */
export const VERIFY_BATCH_MAX = 4;
/** Range tasks in flight for each thread: one running, one waiting. */
export const HASH_RANGES_PER_THREAD = 2;
/**
 * Bytes read at once to hash them: they stay in the core's cache until they are hashed (measured on one core, into the
 * middle of a page: 64 KiB 1.22 GB/s, 128 KiB 1.27, 512 KiB 1.25).
 */
export const HASH_READ_BYTES = 128 * KIB;
/** Mebibytes of JavaScript heap of one thread: one read buffer and some small frames. */
export const HASH_HEAP_MIB_MAX = 64;
/**
 * Mebibytes of that for short-lived objects: frames, and nothing else. DOWNLOAD_YOUNG_HEAP_MIB says what this saves.
 */
export const HASH_YOUNG_HEAP_MIB = 3;
/** Times a task is tried: a second time, on another thread, when its thread died under it. */
export const HASH_TRIES_MAX = 2;
/**
 * Milliseconds that the other threads stay without a task: longer than a download pauses while its peers come and go.
 */
export const HASH_THREAD_IDLE_MS = 10_000;
/** Tasks waiting in the pool: every slot once, and the ranges of a share. */
export const HASH_QUEUE_MAX = 256;
/** Lists of folders that a hash thread keeps: more than one task names, and than are usually fetched at once. */
export const LISTS_KEPT_MAX = 8;
/** Bytes of an answer about directories: the largest list, with as much again around its paths. */
export const FOUND_BYTES_MAX = 2 * 64 * MIB;
/** Names of what cannot be shared that one sentence has. */
export const NAMES_TOLD_MAX = 10;
/** Names that some systems cannot hold, of which one sentence tells. */
export const SOFT_NAMES_TOLD_MAX = 3;
/** Seconds since 1970 that a list takes: twelve digits, some thirty thousand years. */
export const TIME_SECONDS_MAX = 999_999_999_999;

// --- bytes that are read from other files (docs/decisions/046) ---

/** Numbers of each part of a file that is read into a slot: see fill.ts. */
export const PART_NUMBERS = 5;
/** Large files that the reading thread keeps open: 16 sources are read in turn without opening them again. */
export const SOURCES_OPEN_MAX = 16;
/** Bytes from which a file is kept open: it has many pieces. */
export const SOURCE_KEPT_BYTES_MIN = 4 * 1024 * KIB;
