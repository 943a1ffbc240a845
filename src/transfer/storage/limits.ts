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
