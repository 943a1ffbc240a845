// The bounds of replication between the two trackers, each with its unit in its name and its reason beside it.

/** Milliseconds between two beats on a connection between trackers: leases and news are never staler than that. */
export const PAIR_BEAT_MS = 1_000;
/** Milliseconds of silence after which the partner counts as away: three missed beats. */
export const PAIR_DEAD_MS = 3_000;
/** Milliseconds before the partner is dialed again; doubles each time. A restarted one is found within the first. */
export const PAIR_RETRY_MIN_MS = 200;
export const PAIR_RETRY_MAX_MS = 5_000;
/** Records in one frame to the partner: with the facts of 128 files some 55 KiB, below FRAME_BYTES_MAX. */
export const PAIR_FRAME_RECORDS_MAX = 128;
/**
 * Records sent to the partner and not yet on its disk: two of its commits, so that one is on its way while one is
 * written.
 */
export const PAIR_WINDOW_RECORDS = 4_096;
/** Leases in one frame: three items each, below FRAME_ITEMS_MAX. */
export const PAIR_FRAME_LEASES_MAX = 1_024;
/** Clients that are asked for again in one frame, and buckets. */
export const PAIR_FRAME_CLIENTS_MAX = 1_024;
/**
 * Milliseconds after its start that it goes on waiting while the partner tells it what it missed: 20,000 records take
 * 1.2 s, so 200,000 some 12 s. Nobody waits for it, since the partner answers meanwhile.
 */
export const REPLICA_CATCH_UP_MS = 60_000;
/** Milliseconds between two looks at the digests of both trackers. */
export const PAIR_DIGEST_MS = 2_000;
/** Buckets of swarms with a digest each: a difference costs one of 256 parts of the list again. */
export const DIGEST_BUCKETS = 256;
/**
 * Buckets asked for again after one look: the whole list takes 16 looks, so that a repair leaves room for what is new.
 */
export const PAIR_REPAIR_BUCKETS_MAX = 16;
/** Milliseconds before a bucket that goes on differing is asked for again: from two looks, doubling to this. */
export const PAIR_REPAIR_RETRY_MAX_MS = 300_000;
/** Rows about members that wait for the follower; beyond them it is sent whole tables. */
export const MEMBERSHIP_NEWS_MAX = 1_024;
/** Milliseconds before a table of members that goes on differing is asked for again: the longest takes some seconds. */
export const MEMBERSHIP_RETRY_MS = 30_000;
