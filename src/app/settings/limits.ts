// The bounds of settings, each with its unit in its name and its reason beside it.

import { KIB } from '../../foundation/base/limits.js';

/** Bytes of a config.toml: a hundred times what every setting with a comment takes. */
export const CONFIG_BYTES_MAX = 64 * KIB;
/** Nested arrays and tables in a config.toml; a list of addresses has one. */
export const CONFIG_DEPTH_MAX = 8;
/** Milliseconds of the longest time that a setting takes: a leap year, which no arithmetic and no display minds. */
export const DURATION_MAX_MS = 366 * 24 * 3_600_000;
/** Milliseconds between two lines of progress at least: a log that grows faster is of no use to anybody. */
export const STATS_INTERVAL_MIN_MS = 100;
