// The bounds of a folder's list, each with its unit in its name and its reason beside it.

/** Entries of one list, pads included: 100,000 files are the promise, and each may have a pad before it. */
export const FOLDER_ENTRIES_MAX = 262_144;
