// The limits of the console, each with its unit in its name and its reason beside it.

import { KIB, MIB } from '../../foundation/base/limits.js';

/** Characters of one console line: two paths of 4,096 bytes, quoted. */
export const CONSOLE_LINE_MAX = 16 * KIB;
/** Milliseconds between two polls while no download runs: another console may have started one. */
export const IDLE_POLL_MS = 2_000;
/** Progress lines below the scrolling text; the last one counts the downloads that do not fit. */
export const LIVE_LINES_MAX = 8;
/** Milliseconds that a command may take before the prompt shows that it is busy: a person notices no shorter delay. */
export const BUSY_SHOWN_MS = 200;
/** Milliseconds within which a second Ctrl-C on an empty line quits. */
export const QUIT_ASKED_MS = 4_000;
/** Lines typed or pasted while a command runs that are queued. */
export const TYPED_AHEAD_MAX = 1_000;
/** Milliseconds that Tab waits for a directory or for the client: by then the person has typed on. */
export const COMPLETION_DEADLINE_MS = 1_000;
/** Directory entries that Tab reads: about 10 ms of disk time. */
export const COMPLETION_ENTRIES_MAX = 10_000;
/** Bytes of a .mtorrent whose paths Tab offers: some 100,000 files, read in half a second. */
export const COMPLETION_MTORRENT_BYTES_MAX = 8 * MIB;
/** Candidates that Tab shows: a screenful. */
export const COMPLETIONS_SHOWN_MAX = 100;
/** Lines kept in the history file, which is cut back to this number when it holds twice as many. */
export const HISTORY_LINES_MAX = 1_000;
/** Characters of the longest line that the history keeps: two long paths. */
export const HISTORY_LINE_MAX = 2 * KIB;
/** Bytes read from the end of the history file: twice HISTORY_LINES_MAX lines of 512. */
export const HISTORY_BYTES_MAX = MIB;
/** Milliseconds that the first prompt waits for the history: a hanging disk must not stop anybody from working. */
export const HISTORY_DEADLINE_MS = 500;
