// The bounds of a folder's list, each with its unit in its name and its reason beside it.

import { KIB, MIB } from '../../base/limits.js';

/** Entries of one list, pads included: 100,000 files are the promise, and each may have a pad before it. */
export const FOLDER_ENTRIES_MAX = 262_144;
/** Bytes of all lines of a list: 256 an entry. */
export const FOLDER_LIST_BYTES_MAX = 64 * MIB;
/** Bytes of one line of a list: two paths, their numbers, and as much again. */
export const FOLDER_LINE_BYTES_MAX = 4 * KIB;
/** Bytes of an entry's path, and of a link's target: below PATH_MAX everywhere, together with the folder's own path. */
export const FOLDER_PATH_BYTES_MAX = 1_024;
/** Parts of an entry's path: as many folders are opened one below the other. */
export const FOLDER_DEPTH_MAX = 64;
