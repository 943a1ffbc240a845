// The bounds of the doctor, each with its unit in its name and its reason beside it.

import { MIB } from '../../foundation/base/limits.js';

/** Bytes of memory limit below which there is a note: code and heaps take 100 MiB. */
export const MEMORY_LIMIT_LOW_BYTES = 192 * MIB;
/** Milliseconds for one step; all steps run at once, so that everything ends within 5 s. */
export const DOCTOR_STEP_DEADLINE_MS = 3_000;
/** Bytes written and flushed on each disk: enough to notice a slow one, and done in 0.3 s at DISK_RATE_LOW. */
export const DOCTOR_DISK_BYTES = 4 * MIB;
/** Bytes hashed: about 10 ms. */
export const DOCTOR_HASH_BYTES = 8 * MIB;
/** Bytes per second below which a disk gets a note: a tenth of a gigabit link is faster. */
export const DISK_RATE_LOW = 12 * MIB;
/** Bytes per second below which hashing gets a note: one thread cannot keep up with a gigabit link. */
export const HASH_RATE_LOW = 125 * MIB;
/** Bytes of free memory below which there is a note: twice the slab and what goes with it. */
export const MEMORY_FREE_LOW_BYTES = 128 * MIB;
/** Milliseconds that two clocks may differ without a note: log lines can still be ordered by eye. */
export const SKEW_MAX_MS = 5_000;
/** Milliseconds in which a tracker says hello without a note: TRACKER_HEDGE_MS, after which clients dial the other. */
export const TRACKER_HELLO_SLOW_MS = 1_000;
/** Peers of a download that count as few: each of them may be the bottleneck. */
export const FEW_PEERS = 2;
