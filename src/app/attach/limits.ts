// The bounds of the socket of a background client, each with its unit in its name and its reason beside it.

import { MIB } from '../../foundation/base/limits.js';

/** Bytes of one event: 256 rows of two paths of 4,096, a name of 255, a sentence of 1,000 and some 120 around them are 2.4 MB. */
export const EVENT_FRAME_BYTES_MAX = 3 * MIB;
/** Consoles and commands attached at once. A person has a few; scripts that start one command a file may have more. */
export const ATTACHED_MAX = 64;
/** Questions of one of them that are open; beyond it the client stops reading from that socket. */
export const ATTACHED_ASKS_MAX = 256;
/** Bytes that one of them may leave unread before it is dropped: a list of 20,000 files at 3 KiB each, told at once. */
export const ATTACHED_UNREAD_BYTES_MAX = 64 * MIB;
/** Milliseconds that the last words of a client that ends have to reach who is attached: the quit itself took most of its 5 s. */
export const ATTACHED_FAREWELL_MS = 1_000;
