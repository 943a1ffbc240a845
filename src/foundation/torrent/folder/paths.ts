// Decides whether the path of an entry from a stranger may become a file below a folder, and which paths some file
// systems cannot hold or keep apart. An unsafe path is refused with the reason, never repaired: what a user reads is
// what is written. Pure.

import { NAME_BYTES_MAX } from '../../base/limits.js';
import { isDeviceName } from '../names.js';
import type { FolderList } from './folder-list.js';
import { FOLDER_DEPTH_MAX, FOLDER_PATH_BYTES_MAX } from './limits.js';
import { PathTable } from './path-table.js';

/** Text direction, and the separators that end a line for some readers. */
const DECEPTIVE = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
/** Finds every path that breaks a rule but those of length, and no other. */
const SUSPICIOUS =
  /[\p{Cc}\\\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]|\/\/|^\/|\/$|(?:^|\/)\.{1,2}(?:\/|$)|^$/u;
/** UTF-16 units of a path that cannot be too long or too deep, whatever they are. */
const SHORT = 64;

/** Why no entry may have this path, as a phrase: 'it is absolute'. Undefined: it may. Parts are separated by `/`. */
export function hardFaultOf(path: string): string | undefined {
  if (SUSPICIOUS.test(path)) return textFaultOf(path);
  return path.length <= SHORT ? undefined : lengthFaultOf(path);
}

function textFaultOf(path: string): string {
  if (path === '') return 'it is empty';
  if (path.startsWith('/')) return 'it is absolute';
  const parts = path.split('/');
  if (parts.includes('..')) return 'it leads out of a folder with ".."';
  if (parts.includes('.') || parts.includes('')) return 'it has an empty part or a "."';
  if (path.includes('\\')) return 'it has a "\\", which separates folders on Windows';
  if (/\p{Cc}/u.test(path)) return 'it has a control character';
  if (DECEPTIVE.test(path)) return 'it has a direction-changing or line-breaking character';
  return 'it has half of a surrogate pair, which is not a character';
}

function lengthFaultOf(path: string): string | undefined {
  const parts = path.split('/');
  if (parts.length > FOLDER_DEPTH_MAX) return `it has more than ${FOLDER_DEPTH_MAX} parts`;
  if (Buffer.byteLength(path) > FOLDER_PATH_BYTES_MAX) return `it is longer than ${FOLDER_PATH_BYTES_MAX} bytes`;
  const isLong = parts.some((part) => Buffer.byteLength(part) > NAME_BYTES_MAX);
  return isLong ? `a part of it is longer than ${NAME_BYTES_MAX} bytes` : undefined;
}

/**
 * Why the symbolic link at `path` may not point to `target`, as a phrase; undefined: it may. It may only point to what
 * lies in the folder: up no more often than it lies deep, and then down.
 */
export function targetFaultOf(target: string, path: string): string | undefined {
  if (target.startsWith('/')) return 'it points to an absolute path';
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const up = parts.findIndex((part) => part !== '..');
  const down = up < 0 ? [] : parts.slice(up);
  if (down.includes('..') || parts.length - down.length > path.split('/').length - 1) {
    return 'it points out of the folder';
  }
  if (target === '' || Buffer.byteLength(target) > FOLDER_PATH_BYTES_MAX) {
    return `its target has no bytes, or more than ${FOLDER_PATH_BYTES_MAX}`;
  }
  const fault = down.length === 0 ? undefined : hardFaultOf(down.join('/'));
  return fault === undefined ? undefined : `of its target: ${fault}`;
}

/** Two paths of one list that cannot both be made. */
export interface PathConflict {
  /** The later of the two in the list. */
  readonly index: number;
  readonly path: string;
  readonly complaint: string;
}

/**
 * The first conflict of a list: a path that comes twice, or an entry below one that is no folder. A list without one
 * can be made in any order.
 */
export function conflictIn(list: FolderList): PathConflict | undefined {
  const { paths } = list;
  const order = paths.inTreeOrder(named(list));
  for (let at = 1; at < order.length; at += 1) {
    const [upper, lower] = [order[at - 1] as number, order[at] as number];
    if (!paths.isAtOrBelow(lower, upper)) continue;
    const path = list.pathOf(lower);
    const isSame = paths.isSamePath(upper, lower);
    const complaint = isSame ? 'it comes twice' : `it lies below "${list.pathOf(upper)}", which is an entry of its own`;
    return { index: Math.max(upper, lower), path, complaint };
  }
  return undefined;
}

/** All entries but pads. */
function named(list: FolderList): Uint32Array {
  return list.indicesOf((index) => !list.isPad(index));
}

/** Finds every path that some file system may not hold, and others. */
const DOUBTFUL = /[:*?"<>|]|[. ](?:\/|$)|(?:^|\/)(?:con|prn|aux|nul|clock|com|lpt)|[^\0-\x7f]/i;
const UNPORTABLE = /[:*?"<>|]/;

/** Why some file systems cannot hold this path, as a phrase. Undefined: all can. */
export function softFaultOf(path: string): string | undefined {
  if (!DOUBTFUL.test(path)) return undefined;
  for (const part of path.split('/')) {
    const found = UNPORTABLE.exec(part)?.[0];
    if (found !== undefined) return `it has a ${found === '"' ? `'"'` : `"${found}"`}`;
    if (/[. ]$/.test(part)) return 'a part of it ends with a dot or a space, which Windows drops';
    if (isDeviceName(part)) return 'it names a device on Windows';
  }
  return path === path.normalize('NFC') ? undefined : 'it is not in Unicode normal form C';
}

/**
 * Groups of entries, each of two or more, that are one file where case or Unicode normal form does not count, or where
 * one would have to be a folder for the other. Two entries of no group never meet on any file system.
 */
export function collidingEntries(list: FolderList): readonly (readonly number[])[] {
  const folded = PathTable.of(list.count, (index) => foldedOf(list.pathOf(index)));
  const order = folded.inTreeOrder(named(list));
  const groups = new Map<string, number[]>();
  for (let at = 1; at < order.length; at += 1) {
    const [upper, lower] = [order[at - 1] as number, order[at] as number];
    if (folded.isAtOrBelow(lower, upper)) groups.set(folded.pathOf(upper), []);
  }
  if (groups.size === 0) return [];
  for (const index of named(list)) {
    const path = folded.pathOf(index);
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1))
      groups.get(path.slice(0, end))?.push(index);
    groups.get(path)?.push(index);
  }
  return [...groups.values()];
}

/**
 * Groups of entries, each of two or more, that lie in folders whose paths are spelled in different ways and are one
 * folder where case or Unicode normal form does not count: one entry of each spelling.
 * @param counts which entries are looked at.
 */
export function collidingFolders(
  list: FolderList,
  counts: (entry: number) => boolean,
): readonly ReadonlyMap<string, number>[] {
  const seen = new Set<string>();
  const spellings = new Map<string, Map<string, number>>();
  for (let entry = 0; entry < list.count; entry += 1) {
    if (list.isPad(entry) || !counts(entry)) continue;
    const path = list.pathOf(entry);
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      // What is above it has been seen, too.
      if (seen.has(folder)) break;
      seen.add(folder);
      const folded = foldedOf(folder);
      const known = spellings.get(folded);
      if (known === undefined) spellings.set(folded, new Map([[folder, entry]]));
      else known.set(folder, entry);
    }
  }
  return [...spellings.values()].filter(({ size }) => size > 1);
}

/** Equal for two paths that a file system may take for one. */
function foldedOf(path: string): string {
  if (!/[^\0-\x7f]/.test(path)) return path.toLowerCase();
  // Upper case first: some characters have an equal only there, as the long s has in the s.
  return path.normalize('NFD').toUpperCase().toLowerCase().normalize('NFD');
}
