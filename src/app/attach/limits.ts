// The limits of the background client's socket, each with its unit in its name and its reason beside it.

import { MIB } from '../../foundation/base/limits.js';

/**
 * Bytes of one event: 256 rows, each two paths of 4,096, a name of 255, a sentence of 1,000 and about 120 more, are 2.4
 * MB.
 */
export const EVENT_FRAME_BYTES_MAX = 3 * MIB;
/**
 * Consoles and commands attached at once. A person uses a few; a script that starts one command a file may use more.
 */
export const ATTACHED_MAX = 64;
/** Open requests of one of them; the client stops reading from a socket that has this many. */
export const ATTACHED_REQUESTS_MAX = 256;
/** Unread bytes at which one of them is dropped: a list of 20,000 files at 3 KiB each, sent at once. */
export const ATTACHED_UNREAD_BYTES_MAX = 64 * MIB;
/**
 * Milliseconds that a stopping client waits for its last events to be read: quitting has used most of its 5 s by then.
 */
export const ATTACHED_FAREWELL_MS = 1_000;
/** Milliseconds between two looks at the socket's file: a person who misses it tries again after a few seconds. */
export const SOCKET_LOOK_MS = 2_000;
/** Milliseconds that a command waits for a client to make its socket again: some looks of a busy one. */
export const SOCKET_BACK_DEADLINE_MS = 8_000;
/** Milliseconds between two tries of such a command. */
export const SOCKET_BACK_PAUSE_MS = 100;
