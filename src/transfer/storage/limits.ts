// The bounds of storages and state files, each with its unit in its name and its reason beside it.

import {
  DIGEST_SIZE,
  KIB,
  METAINFO_EXTRA_LINES_MAX,
  METAINFO_LINE_BYTES_MAX,
  PIECES_MAX,
} from '../../foundation/base/limits.js';

/** Bytes of a `.mtorrent`: PIECES_MAX digests in hex, and every other line at its longest. */
export const METAINFO_BYTES_MAX =
  PIECES_MAX * DIGEST_SIZE * 2 + (METAINFO_EXTRA_LINES_MAX + 6) * METAINFO_LINE_BYTES_MAX;
/** Bytes of a file's resume data: two bits a piece, and some hundred bytes around them. */
export const RESUME_BYTES_MAX = PIECES_MAX / 4 + KIB;
/**
 * Milliseconds by which a `.part` may be younger than its resume data after a crash: the next save of the record was at
 * most 2 s away, or some more on a busy disk. Somebody else has changed a younger one.
 */
export const PART_YOUNGER_MS = 60_000;
/**
 * Milliseconds that reading a block may delay the other connections of its thread: 512 KiB take 0.3 from memory and 1
 * from flash, twice that or more on a busy core, a run four times that; a spinning disk takes 8 and more.
 */
export const READ_HERE_MS_MAX = 5;
/**
 * Slow reads in a row that count: on busy cores three of a hundred reads wait for a core, but hardly ever three in a
 * row.
 */
export const READ_SLOW_ROW = 3;
/**
 * Milliseconds after which a single read counts: a thread hardly waits that long for a core, but does for a sleeping
 * disk.
 */
export const READ_STUCK_MS = 50;
/** Blocks that the system's threads read after that; then one read here finds out whether the disk is fast again. */
export const READ_AWAY_COUNT = 64;
