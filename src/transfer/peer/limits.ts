// The bounds of peer connections and uploads, each with its unit in its name and its reason beside it.

import { KIB, MIB } from '../../foundation/base/limits.js';

/** Accepted peer connections from one address: several clients behind one NAT or on one host. */
export const UPLOAD_CONNECTIONS_PER_ADDRESS_MAX = 64;
/** Of those, connections of one client: what its kernel buffers for 16 fills 1 Gbit/s × 300 ms. */
export const UPLOAD_CONNECTIONS_PER_CLIENT_MAX = 16;
/** Places of all clients together beyond the first of each: a quarter of 200. */
export const UPLOAD_EXTRA_MAX = 50;
/** Places taken up to which a client gets more than one: three quarters of 200, the rest is for those who have none. */
export const UPLOAD_PLACES_CALM = 150;
/** Milliseconds from dial to TCP connection. */
export const CONNECT_DEADLINE_MS = 5_000;
/** Milliseconds without payload of an outstanding request, or a keep-alive, before the peer counts as snubbed. */
export const REQUEST_DEADLINE_MS = 10_000;
/** Milliseconds of silence before a keep-alive is sent / the peer counts as dead. */
export const KEEP_ALIVE_MS = 20_000;
export const PEER_DEAD_MS = 60_000;
/** Bytes read from disk and not yet taken by one peer's socket: a run at least. */
export const UPLOAD_BYTES_PER_PEER_MAX = 2 * MIB;
/** Buffers for them: as many pieces as 2 MiB hold, so that small blocks take no more of the pool than large ones. */
export const UPLOAD_BUFFERS_PER_PEER_MAX = 4;
/** Of the large buffers, those that one client with several connections holds at most: half of them. */
export const UPLOAD_BUFFERS_PER_CLIENT_MAX = 12;
/** Uploads in flight beyond what the length of the links holds: one alone leaves a link idle when its receiver is
 * busy. In virtual time 8 peers need 1.35 × the least time with 1, 1.12 with 2, 1.03 with 4, 1.06 with 8. */
export const UPLOADS_QUEUED = 4;
/** Uploads in flight: 64 × 512 KiB fill 10 Gbit/s × 25 ms. */
export const UPLOADS_IN_FLIGHT_MAX = 64;
/** Uploads to one peer without an ack: what two sockets buffer in blocks of 16 KiB. Beyond, the peer does not ack. */
export const UPLOADS_UNACKED_MAX = 1_024;
/** Milliseconds after which an upload counts as late: at least, and while the link is unknown (512 KiB at 8 Mbit/s). */
export const UPLOAD_LATE_MIN_MS = 5;
export const UPLOAD_LATE_UNKNOWN_MS = 500;
/** Bytes by which one peer may be ahead of another of its swarm because it requests rarer pieces: 16 pieces. */
export const UPLOAD_LEAD_BYTES_MAX = 8 * MIB;
/** Concurrent disk reads for uploads: libuv has 4 threads for a process. */
export const UPLOAD_READS_MAX = 4;
/** Milliseconds for a peer to take one block from our socket: 512 KiB at 70 kbit/s, a run of 2 MiB at 280. */
export const UPLOAD_STALL_MS = 60_000;
/** Bytes that one peer may leave unread: payload of 2 MiB, a bitfield of at most 1 MiB, and haves and rejects. */
export const PEER_UNREAD_BYTES_MAX = 8 * MIB;
/** Milliseconds that an ack waits for a request to share its packet. The request arrives from the download thread
 * within one; a block of 512 KiB at 200 Mbit/s takes 21. */
export const ACK_DELAY_MS = 4;
/** Files whose reads hang that a thread names when it ends: more would not fit a line. */
export const HANGING_TOLD_MAX = 4;
/** Milliseconds between two reports of a socket to its machine that payload arrives: the machine counts in seconds. */
export const PAYLOAD_TOLD_MS = 100;
/** Bytes read at once while a frame is expected: a larger buffer swallows payload, which costs a copy. */
export const HEADER_READ_BYTES = 4 * KIB;
/** Parts of a list that one peer may have asked for and not been given: as the parts of piece hashes at a tracker. */
export const INFO_PARTS_AT_ONCE = 8;
/** Times that one connection is given the whole list: what a peer of good will needs, and once more. */
export const INFO_TIMES_MAX = 2;
/** Milliseconds without a part of the list that was asked for before its peer counts as silent. */
export const INFO_PART_DEADLINE_MS = 10_000;
/** Milliseconds for a whole list, beside what its bytes take at the least rate. */
export const INFO_DEADLINE_MS = 20_000;
/** Bytes a second that a list comes at least: 100,000 files in two minutes. Another peer may be faster. */
export const INFO_RATE_MIN = 64 * KIB;
/** Milliseconds between keep-alives to a peer whose requests are queued here: below half of its deadline. */
export const IN_LINE_ALIVE_MS = 4_000;
