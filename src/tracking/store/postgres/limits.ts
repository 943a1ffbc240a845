// The bounds of a tracker on a shared database, each with its unit in its name and its reason beside it.

/** Weight of one group: as many rows as one transaction writes in about 100 ms; a slow database gets larger groups. */
export const DATABASE_GROUP_MAX = 5_000;
/**
 * Milliseconds for which a request waits for a database that does not answer; a client gives its tracker
 * TRACKER_REPLY_DEADLINE_MS.
 */
export const DATABASE_WAIT_MS = 4_000;
/** Milliseconds between two looks at what other trackers wrote; heals a notification that was lost. */
export const DATABASE_POLL_MS = 1_000;
/** Milliseconds between two looks that notifications ask for, so that many of them are one. */
export const DATABASE_POLL_PACE_MS = 50;
/** Milliseconds until the first, and at most until the next attempt to reach a database. */
export const DATABASE_RETRY_MS = 100;
export const DATABASE_RETRY_MAX_MS = 2_000;
/** Milliseconds for a connection to a server, with its answer to who it is. */
export const DATABASE_CONNECT_MS = 3_000;
/** Milliseconds for one statement or one commit; whoever is slower is given up as if the connection were lost. */
export const DATABASE_STATEMENT_MS = 15_000;
/** Milliseconds for which a tracker that starts tries to reach its database; then its supervisor shall decide. */
export const DATABASE_START_MS = 60_000;
/**
 * Milliseconds after which the server ends a transaction that waits for its tracker: a frozen tracker holds the lock
 * for which all others wait.
 */
export const DATABASE_IDLE_IN_TRANSACTION_MS = 5_000;
/**
 * Seconds for which progress is kept for a tracker that says nothing; then it loads everything. At 30,000 announces a
 * second that is 200 MB.
 */
export const DATABASE_NEWS_KEPT_S = 120;
/** Rows of one page while a tracker loads everything. */
export const DATABASE_PAGE_ROWS = 5_000;
/** Groups in the first page of the feed; doubled while pages have few rows, halved while they have many. */
export const FEED_GROUPS_FIRST = 16;
export const FEED_GROUPS_MAX = 65_536;
export const FEED_PAGE_ROWS_FEW = 1_000;
export const FEED_PAGE_ROWS_MANY = 10_000;
/** Milliseconds by which looks at the leases overlap: the longest that a renewal takes to become visible. */
export const LEASES_OVERLAP_MS = 5_000;
/** Numbers of uploads that one run of a tracker may give out: they are unique among all runs of all trackers. */
export const UPLOADS_A_RUN = 2 ** 32;
/** Hosts in one address. */
export const DATABASE_HOSTS_MAX = 16;
/** Milliseconds without the database after which a tracker may have missed removals that are forgotten there. */
export const DATABASE_AWAY_MAX_MS = 12 * 3_600_000;
/** Milliseconds for the other servers to say who they are after one that takes writes has. */
export const DATABASE_OTHERS_MS = 1_000;
/** Milliseconds between two times that a tracker takes rows away which nobody asks for. */
export const DATABASE_UPKEEP_MS = 3_600_000;
