// The bounds of peer connections and uploads, each with its unit in its name and its reason beside it.

import { KIB, MIB } from '../../foundation/base/limits.js';

/** Accepted peer connections from one address: several clients behind one NAT or on one host. */
export const UPLOAD_CONNECTIONS_PER_ADDRESS_MAX = 64;
/** Milliseconds from dial to TCP connection. */
export const CONNECT_DEADLINE_MS = 5_000;
/** Milliseconds without a byte of an outstanding request, or a word that it is in line, before the peer counts as snubbed and is dropped. */
export const REQUEST_DEADLINE_MS = 10_000;
/** Milliseconds of silence before a keep-alive is sent / the peer counts as dead. */
export const KEEP_ALIVE_MS = 20_000;
export const PEER_DEAD_MS = 60_000;
/** Bytes read from disk and not yet taken by the socket of one peer: a run at least. */
export const UPLOAD_BYTES_PER_PEER_MAX = 2 * MIB;
/** Buffers that hold them: what 2 MiB fill in whole pieces. Small blocks must not take more of the pool than large ones. */
export const UPLOAD_BUFFERS_PER_PEER_MAX = 4;
/** Blocks that a client keeps in line on its link, beyond what the link's length holds: one alone cannot fill a link while its
 * receiver has others to hear (in virtual time a crowd of 8 needs 1.35 × the least time with 1, 1.12 with 2, 1.03 with 4, 1.06 with 8). */
export const UPLOADS_QUEUED = 4;
/** Blocks on their way at most: 64 × 512 KiB fill 10 Gbit/s × 25 ms. */
export const UPLOADS_UNDER_WAY_MAX = 64;
/** Blocks sent to one peer and not confirmed: what two sockets' buffers hold in blocks of 16 KiB; more is a peer that does not confirm. */
export const UPLOADS_UNACKED_MAX = 1_024;
/** Milliseconds after which a block counts as late at least, and while nothing is known of the link: 512 KiB at 8 Mbit/s. */
export const UPLOAD_LATE_MIN_MS = 5;
export const UPLOAD_LATE_UNKNOWN_MS = 500;
/** Bytes by which one peer may be ahead of another of the same crowd because it asks for what nobody has yet: 16 pieces. */
export const UPLOAD_LEAD_BYTES_MAX = 8 * MIB;
/** Disk reads of a client for uploads under way together: libuv has 4 threads for a process. */
export const UPLOAD_READS_MAX = 4;
/** Milliseconds in which a peer must take one whole block that was written to its socket: 512 KiB at 70 kbit/s, a run of 2 MiB at 280. */
export const UPLOAD_STALL_MS = 60_000;
/** Bytes that one peer may leave unread: payload of 2 MiB, a bitfield of at most 1 MiB, and haves and rejects beside them. */
export const PEER_UNREAD_BYTES_MAX = 8 * MIB;
/** Milliseconds that the confirmation of a block waits for a request to go with, in one packet. The request comes
 * back from the download thread within one; a block of 512 KiB at 200 Mbit/s takes 21. */
export const ACK_DELAY_MS = 4;
/** Milliseconds between two words of a connection's socket to its machine that payload moves: its clocks are of seconds. */
export const PAYLOAD_TOLD_MS = 100;
/** Bytes read at once while a frame header is expected; larger would swallow (and copy) the payload behind it. */
export const HEADER_READ_BYTES = 4 * KIB;
/** Milliseconds after which a peer whose requests wait here for their turn is told that we live: below half of its deadline. */
export const IN_LINE_ALIVE_MS = 4_000;
