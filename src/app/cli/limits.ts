// The bounds of the commands, each with its unit in its name and its reason beside it.

import { FORCED_END_MS, QUIT_DEADLINE_MS, STOP_DEADLINE_MS } from '../../foundation/base/limits.js';

/**
 * Bytes of bytecode that a function runs before V8 considers optimizing it; V8's own value is 67,584 (decision 017).
 */
export const OPTIMIZE_BUDGET_BYTES = 1_000_000;
/**
 * Milliseconds that `stop` waits for the client to end: its graceful end, and the end by force of four parts of it, one
 * after the other, which a disk holds.
 */
export const STOPPED_DEADLINE_MS = QUIT_DEADLINE_MS + 4 * (STOP_DEADLINE_MS + FORCED_END_MS);
/** Milliseconds in which a client started in the background must answer: its threads alone have 15 s. */
export const BACKGROUND_START_DEADLINE_MS = 20_000;
/** Columns of a terminal that does not report its width. */
export const TERMINAL_COLUMNS = 80;
/** Sources that `get --dry-run` names, those with the most bytes first: as many as the end of a download does. */
export const DRY_RUN_SOURCES_MAX = 16;
/** Milliseconds between two looks at what was sent of a download that is shared by a ratio: a small answer. */
export const SEED_RATIO_LOOK_MS = 500;
/** Milliseconds that systemd-notify may take: it starts, and sends one datagram. */
export const NOTIFY_DEADLINE_MS = 10_000;
