// The bounds of the registry, each with its unit in its name and its reason beside it.

import { TOMBSTONE_MS } from '../../foundation/base/limits.js';

/**
 * Files, and seeders of those that are found, at which one page of the catalogue looks: a millisecond or two, for which
 * everybody else waits.
 */
export const CATALOGUE_LOOKS_MAX = 2_048;
/** Milliseconds a tombstone is kept for a partner that does not come back: a disk is replaced within a week. */
export const TOMBSTONE_UNHEARD_MS = 7 * TOMBSTONE_MS;
/**
 * Tombstones kept so for it; beyond them the oldest are kept for TOMBSTONE_MS only. A quarter of TRACKER_RECORDS_MAX.
 */
export const TOMBSTONES_UNHEARD_MAX = 250_000;
/**
 * Milliseconds after a standstill before a word proves that its client is there: what was sent before it is read by
 * then.
 */
export const STANDSTILL_DOUBT_MS = 10_000;
