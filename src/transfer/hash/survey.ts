// What of a folder is shared, before anything is hashed: its entries in the order of the piece space, with the sizes
// and times that they have now. A folder that holds what cannot be shared is refused, with the names, unless its user
// leaves that out.

import { realpath, stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { assert } from '../../foundation/base/assert.js';
import { formatBytes } from '../../foundation/base/bytes.js';
import { errnoError, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { arrange, arranged } from '../../foundation/torrent/folder/arrange.js';
import type { FolderList } from '../../foundation/torrent/folder/folder-list.js';
import { FOLDER_ENTRIES_MAX, FOLDER_LIST_BYTES_MAX } from '../../foundation/torrent/folder/limits.js';
import { collidingEntries, collidingFolders, softFaultOf } from '../../foundation/torrent/folder/paths.js';
import { FILE_SIZE_MAX } from '../../foundation/torrent/geometry.js';
import { Layout } from '../../foundation/torrent/layout.js';
import { printable } from '../../foundation/torrent/names.js';
import { decodeFound, type FoundEntry } from '../storage/source/found-entries.js';
import type { Source } from '../storage/source/source.js';
import { walkFolder } from '../storage/source/walk.js';
import { NAMES_TOLD_MAX, SOFT_NAMES_TOLD_MAX } from './limits.js';
import type { RangeThreads } from './ranges.js';
import { SurveyTable } from './survey-table.js';

export interface SurveyOptions {
  /** Patterns of what is left out; see `pathMatch`. */
  readonly exclude?: readonly string[] | undefined;
  /** Leaves out what cannot be shared, instead of refusing the folder. */
  readonly skipUnshareable?: boolean | undefined;
  /** Shares what links point to in their place. */
  readonly followLinks?: boolean | undefined;
  /** Keeps modification times in the list. */
  readonly mtimes?: boolean | undefined;
  /** Absolute path of a file that is left out if it lies in the folder: the `.mtorrent` that is being made. */
  readonly except?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Of several names: how many there are, and the first of them. */
export interface Names {
  readonly count: number;
  readonly first: readonly string[];
}

/** A folder that can be shared. Its layout has the list, with stamps; the digests are missing until it is hashed. */
export interface FolderSource extends Source {
  readonly layout: Layout & { readonly folder: FolderList };
  /** What cannot be shared and is left out. */
  readonly skipped: Names;
  /** What some file systems cannot hold or keep apart: found when it is asked for. */
  readonly doubtful: Names;
}

/**
 * Rejects with FILE_NOT_FOUND, NOT_A_DIRECTORY, PERMISSION_DENIED, LIMIT_REACHED, UNSAFE_NAME, NOT_A_FILE,
 * INVALID_ARGUMENTS, CANCELLED.
 */
export async function surveyFolder(threads: RangeThreads, path: string, options: SurveyOptions): Promise<FolderSource> {
  const root = await rootOf(path);
  const follows = options.followLinks === true;
  const isLeftOut = await leftOut(root.path, options);
  const lookInto = async (paths: readonly string[]): Promise<readonly Iterable<FoundEntry>[]> => {
    const answer = await threads.run({ kind: 'lookInto', root: root.path, paths, follows });
    if (answer.kind === 'ioError') throw errnoError(answer.errno, path);
    assert(answer.kind === 'found', 'a thread answers what it was asked');
    return decodeFound(answer.found);
  };
  const { signal } = options;
  const found = new SurveyTable(options.mtimes === true);
  const take = (entry: FoundEntry): void => found.add(entry);
  const unshareable = await walkFolder(lookInto, threads.lanes, { take, isLeftOut, identity: root.identity, signal });
  if (unshareable.length > 0 && options.skipUnshareable !== true) throw refusal(path, unshareable);
  const list = listOf(path, found, options);
  const layout = new Layout(list) as FolderSource['layout'];
  const skipped = namesOf(unshareable.map((entry) => entry.path).sort(), NAMES_TOLD_MAX);
  return {
    path: root.path,
    size: list.size,
    layout,
    mtimeMs: 0,
    isExecutable: false,
    skipped,
    get doubtful() {
      return doubtfulIn(list);
    },
  };
}

async function rootOf(path: string): Promise<{ readonly path: string; readonly identity: string }> {
  try {
    const real = await realpath(path);
    const stats = await stat(real, { bigint: true });
    if (!stats.isDirectory()) throw new MiniTorrentError('NOT_A_DIRECTORY', `${path} is not a folder; name a folder`);
    return { path: real, identity: `${stats.dev}:${stats.ino}` };
  } catch (error) {
    throw fileError(error, path);
  }
}

async function leftOut(root: string, { exclude = [], except }: SurveyOptions): Promise<(path: string) => boolean> {
  const own = except === undefined ? '' : relative(root, except);
  if (exclude.length === 0) return (path) => path === own;
  const { pathMatch } = await import('../../foundation/torrent/folder/globs.js');
  const isExcluded = pathMatch(exclude);
  return (path) => path === own || isExcluded(path);
}

function refusal(path: string, unshareable: readonly FoundEntry[]): MiniTorrentError {
  const sorted = unshareable.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const told = sorted.slice(0, NAMES_TOLD_MAX).map(({ path, text }) => `"${printable(path)}" (${text})`);
  const more = sorted.length > told.length ? `, and ${sorted.length - told.length} more` : '';
  const count = sorted.length === 1 ? 'one thing' : `${sorted.length} things`;
  const sentence = `${path} holds ${count} that cannot be shared: ${told.join(', ')}${more}; leave them out with --exclude, or all of them with --skip-unshareable`;
  const kinds = new Set(sorted.map(({ kind }) => kind));
  if (kinds.has('unsafe')) return new MiniTorrentError('UNSAFE_NAME', sentence);
  return new MiniTorrentError(kinds.has('unreadable') ? 'PERMISSION_DENIED' : 'NOT_A_FILE', sentence);
}

function listOf(path: string, found: SurveyTable, options: SurveyOptions): FolderList {
  const arrangement = arrange(found);
  const { size, steps } = arrangement;
  if (size > FILE_SIZE_MAX) {
    const sentence = `${path} has ${formatBytes(size)}; at most ${formatBytes(FILE_SIZE_MAX)} can be shared`;
    throw new MiniTorrentError('LIMIT_REACHED', sentence);
  }
  // The most that its lines take: all numbers at their longest.
  const bytes = found.textBytes + steps.length * LINE_NUMBERS_BYTES;
  if (steps.length > FOLDER_ENTRIES_MAX || bytes > FOLDER_LIST_BYTES_MAX) {
    const sentence = `${path} needs a list of ${steps.length} entries and ${formatBytes(bytes)}; at most ${FOLDER_ENTRIES_MAX} and ${formatBytes(FOLDER_LIST_BYTES_MAX)} can be shared`;
    throw new MiniTorrentError('LIMIT_REACHED', sentence);
  }
  const list = arranged(found, arrangement);
  if (options.followLinks === true) list.followLinks();
  return list;
}

/** `exec: `, a size, a time, a digest, a space and the line feed. */
const LINE_NUMBERS_BYTES = 6 + 16 + 13 + 17 + 2;

function doubtfulIn(list: FolderList): Names {
  const doubtful = new Set<number>(collidingEntries(list).flat());
  for (const spellings of collidingFolders(list, () => true))
    for (const entry of spellings.values()) doubtful.add(entry);
  for (let index = 0; index < list.count; index += 1) {
    if (!list.isPad(index) && softFaultOf(list.pathOf(index)) !== undefined) doubtful.add(index);
  }
  const indices = [...doubtful].sort((a, b) => a - b);
  return namesOf(
    indices.map((index) => list.pathOf(index)),
    SOFT_NAMES_TOLD_MAX,
  );
}

function namesOf(names: readonly string[], told: number): Names {
  return { count: names.length, first: names.slice(0, told) };
}
