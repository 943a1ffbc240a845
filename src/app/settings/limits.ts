// The bounds of settings, each with its unit in its name and its reason beside it.

import { GIB, KIB } from '../../foundation/base/limits.js';

/** Bytes of a config.toml: a hundred times what every setting with a comment takes. */
export const CONFIG_BYTES_MAX = 64 * KIB;
/** Nested arrays and tables in a config.toml; a list of addresses has one. */
export const CONFIG_DEPTH_MAX = 8;
/** Milliseconds of the longest time that a setting takes: a leap year, safe for arithmetic and display. */
export const DURATION_MAX_MS = 366 * 24 * 3_600_000;
/** Least milliseconds between two progress lines: a log that grows faster is useless. */
export const STATS_INTERVAL_MIN_MS = 100;
/** Bytes a second that a rate limit is at least; below it one block of BLOCK_BYTES_MIN takes longer than 16 s. */
export const RATE_MIN = KIB;
/**
 * Bytes a second that a rate limit is at most: 1 TiB/s is more than any machine moves, and every product stays exact.
 */
export const RATE_MAX = 1024 * GIB;
/** Least milliseconds that a hook may run: below that every one would be ended while it starts. */
export const HOOK_TIMEOUT_MIN_MS = 1_000;
/** Milliseconds that a card is good at least: renewed at a fourteenth of it, and trackers may be away for a day. */
export const CARD_LIFE_MIN_MS = 24 * 3_600_000;
/** At most: what a stolen laptop may do among clients that no tracker reaches. */
export const CARD_LIFE_MAX_MS = 90 * 24 * 3_600_000;
/** Days for which a download is kept at most: a century says the same as off. */
export const KEEP_DAYS_MAX = 36_525;
/** Versions of one thing that are kept at most: a nightly build makes as many in years. */
export const KEEP_VERSIONS_MAX = 1_000;
/** Windows of a timetable: one for each hour of a week. */
export const TIMETABLE_WINDOWS_MAX = 168;
/** Most times its size that a one-shot download is sent before it ends: beyond any use. */
export const SEED_RATIO_MAX = 10_000;
