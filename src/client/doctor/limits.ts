// The bounds of the doctor, each with its unit in its name and its reason beside it.

import { MIB } from '../../foundation/base/limits.js';

/** Bytes of memory below which a client is told to be short of it: 100 MiB are its code and heaps. */
export const MEMORY_LIMIT_LOW_BYTES = 192 * MIB;
/** Milliseconds for one step of a doctor; all steps run at once, so that the whole ends within 5 s. */
export const DOCTOR_STEP_DEADLINE_MS = 3_000;
/** Bytes that it writes and flushes on each disk: enough to see a slow one, over in 0.2 s at DISK_RATE_LOW. */
export const DOCTOR_DISK_BYTES = 4 * MIB;
/** Bytes that it hashes: some 10 ms. */
export const DOCTOR_HASH_BYTES = 8 * MIB;
/** Bytes a second below which a disk is worth a note: a tenth of a gigabit link is faster. */
export const DISK_RATE_LOW = 12 * MIB;
/** Bytes a second below which hashing is worth a note: one thread cannot follow a gigabit link any more. */
export const HASH_RATE_LOW = 125 * MIB;
/** Bytes of free memory below which it is worth a note: twice the slab and its surroundings. */
export const MEMORY_FREE_LOW_BYTES = 128 * MIB;
/** Milliseconds that two clocks may differ without a note: log lines can still be put in order by eye. */
export const SKEW_MAX_MS = 5_000;
/** Milliseconds for a tracker to say hello without a note: TRACKER_HEDGE_MS, after which clients dial the other one. */
export const TRACKER_HELLO_SLOW_MS = 1_000;
/** Peers of a download that count as few: each of them may be what limits it. */
export const FEW_PEERS = 2;
/** Files that a client has open beside sockets and what it serves: log, state, threads, the parts of its downloads. */
export const OPEN_FILES_BASE = 96;
