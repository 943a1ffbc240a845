// The bounds of the seeder list on disk, each with its unit in its name and its reason beside it.

import { KIB, MIB } from '../../../foundation/base/limits.js';

/** Changes in one frame to or from the store's thread. */
export const STORE_FRAME_CHANGES_MAX = 256;
/**
 * KiB of the seeder list that SQLite keeps in memory: 200,000 records take 26 MB, and a commit touches them at random.
 */
export const STORE_CACHE_KIB = 64 * KIB;
/** Pages (4 KiB) of the store's log before it moves into the file: at 1,000 pages every second full commit would. */
export const STORE_LOG_PAGES = 8_000;
/**
 * Bytes kept on the disk beside the seeder list, so that removals can be written when it is full: some 250 pages of
 * log.
 */
export const STORE_RESERVED_BYTES = MIB;
/**
 * Milliseconds that a tracker waits for the lock on its list: another one that is refused as well lets go of it at
 * once.
 */
export const STORE_LOCK_BUSY_MS = 500;
/** Copies that a look makes of a list until one is of one moment: a tracker moves its log into the file at times. */
export const LIST_COPIES_MAX = 5;
/** Milliseconds between two looks at its size, and between two warnings. */
export const STORE_LOG_CHECK_MS = 10_000;
/** Milliseconds the store waits for a lock that a reader or another tool holds on its file. */
export const STORE_BUSY_MS = 2_000;
