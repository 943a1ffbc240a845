// The bounds of moving a list, each with its unit in its name and its reason beside it.

/** Rows of one commit while a list is moved: as many as one transaction of a database writes in about 50 ms. */
export const MOVED_GROUP_CHANGES = 2_000;
/** Parts of piece hashes in one commit while a list is moved: 2 MiB. */
export const MOVED_GROUP_PARTS = 64;
