// The bounds of the commands, each with its unit in its name and its reason beside it.

import { QUIT_DEADLINE_MS } from '../../foundation/base/limits.js';

/** Bytes of a function's bytecode that run before V8 looks whether to optimise it; 67,584 by itself (measured: decision 017). */
export const OPTIMIZE_BUDGET_BYTES = 1_000_000;
/** Milliseconds that `stop` waits until the client is gone: its graceful end, and as long again for a busy machine. */
export const STOPPED_DEADLINE_MS = 2 * QUIT_DEADLINE_MS;
/** Milliseconds until a client that was started in the background must answer: its threads alone have 15 s. */
export const BACKGROUND_START_DEADLINE_MS = 20_000;
/** Columns of a terminal that does not say how wide it is. */
export const TERMINAL_COLUMNS = 80;
