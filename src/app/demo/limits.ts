// The bounds of the demo, each with its unit in its name and its reason beside it.

import { GIB } from '../../foundation/base/limits.js';

/** Bytes of a demo's file: what a laptop's temporary folder takes five times over. */
export const DEMO_SIZE_MAX = 64 * GIB;
/** Milliseconds for one step of a demo that should take well under one second. */
export const DEMO_STEP_DEADLINE_MS = 60_000;
/** Milliseconds until a process that was told to end is killed: more than twice what it allows itself. */
export const DEMO_END_DEADLINE_MS = 15_000;
/**
 * Ports of processes on this machine: below those that Linux (32,768 on) and others (49,152 on) give to whoever asks
 * for any.
 */
export const DEMO_PORT_MIN = 10_240;
export const DEMO_PORT_MAX = 32_767;
/** Ports looked at before none counts as free. */
export const DEMO_PORT_TRIES_MAX = 100;
/** Milliseconds until a demo gives up. */
export const DEMO_DEADLINE_MS = 600_000;
