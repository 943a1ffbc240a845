// Which entries of a folder a person chose by patterns, as marks of the list. A choice of nothing is refused with the
// paths that may have been meant. Pure.

import { MiniTorrentError } from '../../base/errors.js';
import { printable } from '../names.js';
import type { FolderList } from './folder-list.js';
import { pathMatch } from './globs.js';

/** Patterns; see `pathMatch`. */
export interface Choice {
  /** Undefined or empty: everything. */
  readonly only?: readonly string[] | undefined;
  /** What is left out of that. */
  readonly except?: readonly string[] | undefined;
}

/** Whether it leaves anything out, of some folder. */
export function isPartial({ only = [], except = [] }: Choice): boolean {
  return only.length + except.length > 0;
}

/** Throws INVALID_ARGUMENTS when files of what is one file are chosen. */
export function refuseChoice(name: string, choice: Choice): void {
  if (!isPartial(choice)) return;
  const sentence = `${printable(name)} is one file; --only and --except choose files of a folder`;
  throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
}

export interface Chosen {
  /** Files, links and empty folders. */
  readonly entries: number;
  readonly files: number;
  /** Of these files. */
  readonly bytes: number;
}

/**
 * Marks the entries of `list` that `choice` leaves out, and chooses all others. Throws INVALID_ARGUMENTS when a pattern
 * cannot be read, or when no entry of a list that has some is chosen.
 */
export function choose(list: FolderList, choice: Choice): Chosen {
  const { only = [], except = [] } = choice;
  const isMeant = only.length === 0 ? () => true : pathMatch(only);
  const isExcepted = pathMatch(except);
  list.chooseAll();
  const chosen = { entries: 0, files: 0, bytes: 0 };
  let all = 0;
  for (let index = 0; index < list.count; index += 1) {
    if (list.isPad(index)) continue;
    all += 1;
    const path = list.pathOf(index);
    if (!isMeant(path) || isExcepted(path)) {
      list.leaveOut(index);
      continue;
    }
    chosen.entries += 1;
    if (!list.isFile(index)) continue;
    chosen.files += 1;
    chosen.bytes += list.sizeOf(index);
  }
  if (all > 0 && chosen.entries === 0) throw nothingChosen(list, choice);
  return chosen;
}

/** What one choice of a folder is beside another: the same files, some of them, those and others, or neither. */
export type ChosenBeside = 'same' | 'fewer' | 'more' | 'other';

/** Both describe the same folder. */
export function chosenBeside(list: FolderList, known: FolderList): ChosenBeside {
  let [more, fewer] = [false, false];
  for (let index = 0; index < list.count; index += 1) {
    if (list.isPad(index)) continue;
    more ||= list.isChosen(index) && !known.isChosen(index);
    fewer ||= !list.isChosen(index) && known.isChosen(index);
  }
  if (more) return fewer ? 'other' : 'more';
  return fewer ? 'fewer' : 'same';
}

function nothingChosen(list: FolderList, { only = [], except = [] }: Choice): MiniTorrentError {
  const all = [...only, ...except].map((pattern) => `"${printable(pattern.slice(0, 80))}"`).join(', ');
  const near = only.length === 0 ? [] : nearestPaths(list, only);
  const meant = near.length === 0 ? '' : `; did you mean ${near.map((path) => `"${printable(path)}"`).join(', ')}?`;
  const what = only.length === 0 ? `everything in the folder matches ${all}` : `nothing in the folder matches ${all}`;
  return new MiniTorrentError('INVALID_ARGUMENTS', `${what}${meant || '; info with --files shows what there is'}`);
}

const NEAREST_MAX = 3;

/** Up to three paths, or folders with a `/` behind them, that look most like the patterns; none if none does. */
function nearestPaths(list: FolderList, patterns: readonly string[]): readonly string[] {
  const wanted = patterns.map((pattern) => pairsOf(pattern.replace(/[*?[\]{}\\]+/g, '')));
  const found: { readonly path: string; readonly likeness: number }[] = [];
  const consider = (path: string): void => {
    const own = pairsOf(path);
    const last = pairsOf(path.slice(path.lastIndexOf('/', path.length - 2) + 1));
    const likeness = Math.max(...wanted.map((pairs) => Math.max(likenessOf(pairs, own), likenessOf(pairs, last))));
    if (likeness < LIKE || (found.length === NEAREST_MAX && likeness <= (found.at(-1)?.likeness ?? 0))) return;
    found.push({ path, likeness });
    found.sort((a, b) => b.likeness - a.likeness);
    if (found.length > NEAREST_MAX) found.pop();
  };
  let folder = '';
  for (let index = 0; index < list.count; index += 1) {
    if (list.isPad(index)) continue;
    const path = list.pathOf(index);
    const parent = path.slice(0, path.lastIndexOf('/') + 1);
    if (parent !== folder && parent !== '' && !found.some((known) => known.path === parent)) consider(parent);
    folder = parent;
    consider(path);
  }
  return found.map(({ path }) => path);
}

/** Of two texts: how many pairs of neighbouring characters they must share, of all that they have. */
const LIKE = 0.4;

function pairsOf(text: string): ReadonlySet<string> {
  const folded = text.toLowerCase();
  const pairs = new Set<string>();
  for (let at = 0; at + 1 < folded.length; at += 1) pairs.add(folded.slice(at, at + 2));
  return pairs;
}

/** 0…1 */
function likenessOf(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const pair of a) if (b.has(pair)) shared += 1;
  return a.size + b.size === 0 ? 0 : (2 * shared) / (a.size + b.size);
}
