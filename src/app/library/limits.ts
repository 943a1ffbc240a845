// The bounds of the library, each with its unit in its name and its reason beside it.

import { KIB } from '../../foundation/base/limits.js';

/** Milliseconds between two queries while a file is checked at start. */
export const CHECK_LOOK_MS = 20;
/** Hex digits that tell apart the places where one file is fetched to: those of one user are few. */
export const TARGET_DIGITS = 12;
/** Bytes of a share that are read and passed on at once: a piece, so that none is read in parts. */
export const CONTENT_CHUNK_BYTES = 512 * KIB;
/** Bytes of a file whose size fits the eleven octal digits of a ustar header. */
export const USTAR_BYTES_MAX = 8 ** 11 - 1;
/** Where a client listens by default if the port is free: the one known from BitTorrent. */
export const UPLOAD_PORT = 6_881;
/** Milliseconds between two looks for an address while there is only the loopback: a look asks the kernel twice. */
export const OWN_ADDRESS_LOOK_MS = 2_000;
/** Milliseconds between two looks for an address that was named and is not there yet: at first, and at most. */
export const ADDRESS_WAIT_LOOK_MIN_MS = 250;
export const ADDRESS_WAIT_LOOK_MAX_MS = 5_000;

/** Seconds that an invitation from a console is good: time to walk to another machine. */
export const INVITATION_LIFE_S = 3_600;

/** Milliseconds to find where a link that somebody typed leads; a disk that takes longer does not answer. */
export const PATH_LOOK_MS = 5_000;
/** Milliseconds after the end of one download in which the next one still belongs to the same wave. */
export const WAVE_GAP_MS = 60_000;
/** Members that a report names: two screens, or 16 KiB of JSON. */
export const REPORT_ROWS_MAX = 64;
/** Milliseconds between two looks at the downloads while somebody waits for an event: three a second, as over HTTP. */
export const EVENTS_LOOK_MS = 330;
/** Events that wait for a program that does not read them: the ends of a night of downloads. */
export const EVENTS_WAITING_MAX = 1_024;
