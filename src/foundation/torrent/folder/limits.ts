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
/** Patterns of one kind in a command, and bytes of one: as many as a person types, and some scripts. */
export const GLOBS_MAX = 64;
export const GLOB_BYTES_MAX = KIB;
/**
 * Bytes from which on a file begins at a piece of its own, so that its pieces stay the same in the next version of the
 * folder: the pad before it is at most an eighth of it.
 */
export const ALIGNED_FILE_BYTES_MIN = 4 * MIB;
