// The bounds of announcing, each with its unit in its name and its reason beside it.

/** Milliseconds for a tracker to accept a connection and say hello. */
export const TRACKER_CONNECT_DEADLINE_MS = 3_000;
/**
 * Milliseconds for its handshake and hello once TCP stands in a closed swarm: a tracker serves a line of 15 s, and who
 * gives up in the line comes back and makes it longer.
 */
export const HANDSHAKE_PATIENCE_MS = 20_000;
/** Milliseconds that the first tracker gets before the second is dialed as well. */
export const TRACKER_HEDGE_MS = 1_000;
/**
 * Milliseconds without a word after which a tracker is asked whether it lives, while somebody waits for it: a download
 * runs, or a request is open. 10,000 clients that all download ask 5,000 times a second, which took a tracker 21 % of a
 * busy core (41 µs a ping). Clients at rest ping each RENEW_MS for their leases only: 333 a second, 8 % with all else
 * that the tracker did.
 */
export const TRACKER_PING_MS = 2_000;
/**
 * Milliseconds of silence after a ping before the other tracker is asked. TRACKER_PING_MS + this + 0.5 s for the new
 * connection are the 5 s in which a frozen tracker is replaced. A tracker answers a ping without its disk, so 2.5 s is
 * never mere load.
 */
export const TRACKER_SILENT_MS = 2_500;
/** Back-off while a tracker is away: full jitter between 0 and min(max, min × 2^n). */
export const TRACKER_RETRY_MIN_MS = 1_000;
export const TRACKER_RETRY_MAX_MS = 60_000;
/** Requests to the trackers that wait for an answer or a connection. A start with 20,000 shares queues two each. */
export const ANNOUNCE_REQUESTS_MAX = 65_536;
/**
 * Requests sent to a tracker and not yet answered: a quarter of what it takes from one connection before it stops
 * reading.
 */
export const ANNOUNCE_PIPELINE_MAX = 256;
/** Parts of piece hashes among them: 8 × 32 KiB keep the link busy for a round trip and no more memory than that. */
export const ANNOUNCE_PARTS_MAX = 8;
/** Milliseconds before a registration that a tracker refused (full disk, limit) is tried again. */
export const ANNOUNCE_REFUSED_RETRY_MS = 30_000;
/**
 * Milliseconds before a tracker pair may make a client take a new id again: one that lies costs a client its entries
 * once an hour.
 */
export const CLIENT_ID_RENEWAL_MS = 3_600_000;
/**
 * Milliseconds before a tracker that did not reach us is asked again, and the most that this doubles to: it believes an
 * answer for a minute.
 */
export const REACH_AGAIN_MS = 60_000;
export const REACH_AGAIN_MAX_MS = 600_000;
/** Milliseconds between two reports of a download's progress to the tracker. */
export const ANNOUNCE_PROGRESS_MS = 10_000;
/** Summaries of files that are told on the way out: some 80 bytes each, in one segment or two. */
export const ANNOUNCE_SUMMARIES_LAST_MAX = 64;
/**
 * Removals of the last TOMBSTONE_MS that are said again on each new connection; more of them in a day are rare, and
 * cost a commit each.
 */
export const ANNOUNCE_REMOVALS_KEPT_MAX = 4_096;
/**
 * Times that a tracker's list of us turns out to be somebody else's words, and milliseconds within which: then our id
 * is used twice.
 */
export const IDENTITY_CLASHES_MAX = 3;
export const IDENTITY_CLASH_MS = 600_000;
/**
 * Milliseconds that `quit` waits for the trackers to take us off their lists: the rest of its second is for our own
 * end.
 */
export const LEAVE_DEADLINE_MS = 700;
/** Milliseconds of it for the first tracker that is asked; then the other is told, for as long again. */
export const LEAVE_REPLY_DEADLINE_MS = 350;
/**
 * Parts of a card's life: it is renewed when it is older than one. Of fourteen days a day, so both trackers may be away
 * for twelve before anybody is refused.
 */
export const CARD_PARTS = 14;
/**
 * Milliseconds over which the clients spread that come together with cards older than one part: 10,000 signatures of
 * 0.1 ms are a tenth of a tracker then.
 */
export const RENEWAL_SPREAD_MS = 10_000;
/** Milliseconds between two tries to get a better card: doubled with each that brought none. */
export const RENEWAL_RETRY_MIN_MS = 5_000;
export const RENEWAL_RETRY_MAX_MS = 3_600_000;
/** Milliseconds, about, between two visits at the tracker that is not talked to: 3 handshakes a second of 10,000. */
export const VISIT_MS = 3_600_000;
/** Milliseconds for a visit: a tracker with a long line of handshakes needs 20 s. */
export const VISIT_DEADLINE_MS = 30_000;
/** Milliseconds between two tries to find what an advertised name stands for, while that is not known. */
export const ADVERTISED_LOOK_MS = 10_000;
