// The bounds of what waits for a store, each with its unit in its name and its reason beside it.

/** Changes in one commit of the store: about 10 ms of SQLite work. */
export const STORE_GROUP_MAX = 2_048;
/** Changes that one asker or one clean-up may commit together. A frame of the partner makes 642 at most. */
export const STORE_COMMIT_CHANGES_MAX = STORE_GROUP_MAX;
/**
 * Changes in one commit, of which each may be a frame: half of what the link to the store carries. A share is up to
 * four.
 */
export const STORE_GROUP_CHANGES_MAX = 8_192;
/**
 * Milliseconds from the beginning of one commit to that of the next while as many as STORE_BUSY_ASKERS connections ask
 * in that time: a fifth of the 50 ms in which 99 of 100 announces are answered. 2,000 announces a second are then 20 in
 * a commit instead of 1.
 */
export const STORE_PACE_MS = 10;
export const STORE_BUSY_ASKERS = 8;
/** Changes that wait for the store; beyond it listeners stop reading. */
export const STORE_BACKLOG_MAX = 65_536;
/**
 * Changes that wait for the store above which further ones are refused: each connection may be one over
 * STORE_BACKLOG_MAX, and new connections may go on coming while a disk hangs.
 */
export const STORE_BACKLOG_REFUSED = 2 * STORE_BACKLOG_MAX;
