// The bounds of the console, each with its unit in its name and its reason beside it.

import { KIB, MIB } from '../../foundation/base/limits.js';

/** Characters of one console line: two paths of 4,096 bytes, quoted. */
export const CONSOLE_LINE_MAX = 16 * KIB;
/** Milliseconds between two looks whether a download runs again, while none does: another console may have started one. */
export const IDLE_LOOK_MS = 2_000;
/** Lines of running downloads below the scroll; the others are counted in the last one. */
export const LIVE_LINES_MAX = 8;
/** Milliseconds that a command may take before its console shows that it waits for it: below, nobody would see it. */
export const BUSY_SHOWN_MS = 200;
/** Milliseconds in which a second Ctrl-C on an empty line quits. */
export const QUIT_ASKED_MS = 4_000;
/** Lines typed or pasted while a command runs. */
export const TYPED_AHEAD_MAX = 1_000;
/** Milliseconds that a Tab waits for a directory or for the client: a person has typed on by then. */
export const COMPLETION_DEADLINE_MS = 1_000;
/** Entries of a directory that a Tab looks at: some 10 ms of the disk's time. */
export const COMPLETION_ENTRIES_MAX = 10_000;
/** Words that a Tab shows: a screenful. */
export const COMPLETIONS_SHOWN_MAX = 100;
/** Lines of a console that are remembered across runs; the file is cut to it when it has twice as many. */
export const HISTORY_LINES_MAX = 1_000;
/** Characters of a line that is worth remembering: two long paths. */
export const HISTORY_LINE_MAX = 2 * KIB;
/** Bytes of the end of the history file that are read: twice HISTORY_LINES_MAX lines of 512. */
export const HISTORY_BYTES_MAX = MIB;
/** Milliseconds that the first prompt waits for the history: a disk that hangs must not keep a person from working. */
export const HISTORY_DEADLINE_MS = 500;
