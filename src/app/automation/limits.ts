// The bounds of what a client does by itself, each with its unit in its name and its reason beside it.

import { KIB } from '../../foundation/base/limits.js';

/** Hooks that run at once: the machine moves payload as well. */
export const HOOKS_RUNNING_MAX = 2;
/** Hooks that wait for their turn: a night of downloads that end while one hook hangs until its time limit. */
export const HOOKS_WAITING_MAX = 1_024;
/** Milliseconds that a look at a hook's program waits for its disk: more than one needs that has to wake up. */
export const HOOK_LOOK_MS = 10_000;
/** Milliseconds between SIGTERM and SIGKILL for a hook that took too long: time to clean up. */
export const HOOK_TERM_MS = 5_000;
/** The same when the client ends: its own end takes at most 5 s. */
export const HOOK_END_MS = 2_000;
/** Milliseconds that the output of a hook is read on after its end: what it started may hold the pipe for ever. */
export const HOOK_OUTPUT_REST_MS = 500;
/** Characters of one line of a hook's output: as long as the sentences of the log. */
export const HOOK_LINE_CHARACTERS_MAX = 1_000;
/** Bytes of output of one run that reach the log: one hook cannot fill the disk. */
export const HOOK_OUTPUT_BYTES_MAX = 64 * KIB;

// --- a watched folder ---

/** Milliseconds between two looks at a watched folder: a listing of a directory. */
export const WATCH_LOOK_MS = 1_000;
/** Milliseconds for which a file has to stay as it is before it counts as written: two looks, and slow copies. */
export const WATCH_SETTLED_MS = 2_000;
/** Files of a watched folder that are taken at once: a link waits for its trackers, and uses nothing meanwhile. */
export const WATCH_TAKEN_AT_ONCE = 8;
/** Milliseconds after which an empty file counts as empty and not as one that is about to be written. */
export const WATCH_EMPTY_MS = 60_000;
/** Milliseconds until what failed for a passing reason is tried again: a tracker that restarts takes less. */
export const WATCH_AGAIN_MS = 60_000;
/** The same while a file of the library is being checked after a start. */
export const WATCH_CHECKING_MS = 2_000;
/** Names of a watched folder that are looked at: more are a mistake, and each is asked for on the disk. */
export const WATCH_NAMES_MAX = 10_000;
/** Names read at once from a watched folder: thousands that were taken already cost half as much as in Node's 32. */
export const WATCH_NAMES_READ = 1_024;
/** Bytes of a .link file: one link, and some white space. */
export const LINK_FILE_BYTES_MAX = 4 * KIB;
/** Milliseconds for which the copy of a .mtorrent from a watched folder is kept, as for those of links. */
export const WATCH_COPIES_KEPT_MS = 30 * 24 * 3_600_000;
/** Milliseconds between two looks through those copies, each of which is asked for on the disk. */
export const WATCH_COPIES_LOOK_MS = 3_600_000;
/** Milliseconds that the end of a client waits for a look at a folder whose disk may hang. */
export const WATCH_CLOSE_MS = 2_000;

/** Milliseconds between two looks at a timetable, whose times are minutes. */
export const SCHEDULE_LOOK_MS = 10_000;

// --- retention ---

/** Milliseconds between two rounds: what is kept by the day is late by an hour at most. */
export const RETENTION_ROUND_MS = 3_600_000;
/** Milliseconds after a start or an end of a download: several that end together make one round. */
export const RETENTION_SOON_MS = 1_000;
/** Milliseconds until a round that could not be made is tried again: a check after a start takes some seconds. */
export const RETENTION_AGAIN_MS = 5_000;
