// The bounds of files, each with its unit in its name and its reason beside it.

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
 * Milliseconds by which a `.part` may be younger than its resume data after a crash and still be what we left: the next
 * write of the record was at most 2 s away, a busy disk makes it some more. A younger one was changed by somebody else.
 */
export const PART_YOUNGER_MS = 60_000;
/** Milliseconds that a block may keep the other connections of its thread waiting: 512 KiB take 0.3 from memory and 1 from flash, and as
 * long again or more on a busy core, a run four times that; a disk that moves takes 8 and more. */
export const READ_HERE_MS_MAX = 5;
/** Reads in a row that must take longer: on full cores three of a hundred do because their thread waits for a core, three in a row hardly ever. */
export const READ_SLOW_ROW = 3;
/** Milliseconds after which one read is enough: a core is hardly waited for that long, a disk that has gone to sleep is. */
export const READ_STUCK_MS = 50;
/** Blocks that are read by the system's threads after that: one in 65 finds out whether it has changed. */
export const READ_AWAY_COUNT = 64;
