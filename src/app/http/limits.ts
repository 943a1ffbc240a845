// The bounds of the HTTP endpoint, each with its unit in its name and its reason beside it.

import { KIB, MIB } from '../../foundation/base/limits.js';

/** Bytes of a JSON body: a few paths of 4,096 bytes, and 64 patterns. */
export const HTTP_BODY_BYTES_MAX = 256 * KIB;
/** Bytes of the headers of a request: a browser's are 2 KiB. */
export const HTTP_HEADER_BYTES_MAX = 16 * KIB;
/** Connections at once; beyond it one without a request goes. A page uses two, Prometheus one. */
export const HTTP_CONNECTIONS_MAX = 256;
/** Sockets at once, with those that are being closed; the next are not looked at. The kernel keeps 511 in its queue. */
export const HTTP_CONNECTIONS_OPEN_MAX = 1_024;
/** Milliseconds that a request may take to arrive whole. */
export const HTTP_REQUEST_DEADLINE_MS = 20_000;
/** Milliseconds that a connection is kept without a request: those of a page that is looked at ask every second. */
export const HTTP_KEEP_ALIVE_MS = 10_000;
/** Milliseconds without progress after which an answer that nobody reads is given up. */
export const HTTP_IDLE_MS = 30_000;
/** Milliseconds that open answers have when the client ends. */
export const HTTP_FAREWELL_MS = 1_000;
/** Event streams at once: pages and scripts of one user. */
export const EVENT_STREAMS_MAX = 32;
/** Seconds after which somebody for whom there was no stream may try again. */
export const EVENT_RETRY_S = 5;
/** Unread bytes at which an event stream is dropped: some seconds of 64 downloads. */
export const EVENT_UNREAD_BYTES_MAX = MIB;
/** Milliseconds between two looks at the downloads while somebody listens: at least three a second are promised. */
export const EVENT_LOOK_MS = 330;
/** Milliseconds between two comments on an event stream, so that a dead reader is noticed. */
export const EVENT_COMMENT_MS = 15_000;
/** Milliseconds for which the word in a link is good: a person copies a line. */
export const LINK_WORD_MS = 60_000;
/** Words that wait for their browser; the oldest one goes. */
export const LINK_WORDS_MAX = 8;
/** Bytes of the word in a link, and of a cookie. */
export const HTTP_SECRET_BYTES = 16;
/** Bytes of the token for scripts, which lives longer. */
export const HTTP_TOKEN_BYTES = 32;
/** Browsers that are let in; the one that came first goes. */
export const HTTP_SESSIONS_MAX = 32;
/** Wrong words, cookies and tokens a second that are looked at; more than a person or a stale page makes. */
export const WRONG_SECRETS_A_SECOND_MAX = 20;
/** Bytes of a token's file as it is read. */
export const HTTP_TOKEN_FILE_BYTES_MAX = 1_024;
/** Bytes of a value of a request, as of a path on the attach socket. */
export const HTTP_VALUE_BYTES_MAX = 4_096;
/**
 * Changes of its partner that a ready tracker may lack: as many as a pair under full load has on the way at any moment.
 * What stays away is found by the digests.
 */
export const READY_BEHIND_CHANGES_MAX = 1_000;
