// The bounds of what a client does by itself, each with its unit in its name and its reason beside it.

import { KIB } from '../../foundation/base/limits.js';

/** Hooks that run at once: the machine moves payload as well. */
export const HOOKS_RUNNING_MAX = 2;
/** Hooks that wait for their turn: a night of downloads that end while one hook hangs until its time limit. */
export const HOOKS_WAITING_MAX = 1_024;
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
