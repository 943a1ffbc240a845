// `mtorrent verify` of a folder: compares a directory with the list of its `.mtorrent`, file by file. Which small file
// of a bad piece is the bad one, its own digest says.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readlink, stat } from 'node:fs/promises';
import { errnoOf, fileError, MiniTorrentError } from '../../../foundation/base/errors.js';
import { HASH_THREADS_MAX, PIECE_SIZE } from '../../../foundation/base/limits.js';
import type { CommandOutput } from '../../../foundation/base/output.js';
import { lookAtMachine } from '../../../foundation/base/this-machine.js';
import type { Bitfield } from '../../../foundation/torrent/bitfield.js';
import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import { wantedPieces } from '../../../foundation/torrent/folder/wanted-pieces.js';
import type { Metainfo } from '../../../foundation/torrent/metainfo.js';
import { printable } from '../../../foundation/torrent/names.js';
import type { HashPool } from '../../../transfer/hash/pool.js';
import { pieceProgress } from './progress.js';

/** For its owner. */
const EXECUTABLE = 0o100;

export interface FolderVerification {
  readonly path: string;
  /** Complains about what is not in the list. */
  readonly strict: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What is wrong with an entry. `unproven`: its bytes cannot be told from those of files that were left out. */
export type EntryState = 'missing' | 'size differs' | 'changed' | 'not executable' | 'unproven' | 'not in the list';

export interface FolderFindings {
  readonly metainfo: Metainfo;
  readonly path: string;
  readonly files: number;
  readonly goodFiles: number;
  readonly bad: readonly { readonly path: string; readonly state: EntryState }[];
}

/** Of the chosen entries of the list. Rejects with MiniTorrentError, NOT_A_DIRECTORY when `path` is a file. */
export async function examineFolder(
  metainfo: Metainfo,
  list: FolderList,
  { path, strict, signal }: FolderVerification,
  output: CommandOutput,
): Promise<FolderFindings> {
  await checkIsFolder(path);
  const { openHashPool } = await import('../../../transfer/hash/pool.js');
  const pool = openHashPool({ threads: Math.min(lookAtMachine().cores, HASH_THREADS_MAX) });
  try {
    const { geometry, layout, digests } = metainfo;
    const onProgress = pieceProgress(output, 'checking', geometry);
    const good = await pool.check(path, layout, digests, { only: wantedPieces(layout)?.whole, onProgress, signal });
    output.progress?.('');
    const bad = [...(await badFiles(pool, metainfo, list, { path, good })), ...(await badOthers(list, path))];
    const files = filesIn(list).length;
    const goodFiles = files - bad.filter(({ isFile }) => isFile).length;
    const told = bad.map(({ entry, state }) => ({ path: list.pathOf(entry), state }));
    const extra = strict ? await strangersIn(pool, list, path) : [];
    return { metainfo, path, files, goodFiles, bad: [...told, ...extra] };
  } finally {
    output.progress?.('');
    await pool.close();
  }
}

async function checkIsFolder(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return;
  } catch (error) {
    throw fileError(error, path);
  }
  throw new MiniTorrentError('NOT_A_DIRECTORY', `${path} is not a folder, but the .mtorrent describes one`);
}

interface BadEntry {
  readonly entry: number;
  readonly state: EntryState;
  readonly isFile: boolean;
}

function filesIn(list: FolderList): Uint32Array {
  const all = Uint32Array.from({ length: list.count }, (_, entry) => entry);
  return all.filter((entry) => list.isFile(entry) && list.isChosen(entry));
}

interface Checked {
  readonly path: string;
  readonly good: Bitfield;
}

async function badFiles(
  pool: HashPool,
  { layout }: Metainfo,
  list: FolderList,
  { path, good }: Checked,
): Promise<readonly BadEntry[]> {
  const { NO_FILE } = await import('../../../transfer/storage/disk/entry-looks.js');
  const { FOLDER_LOOK_ENTRIES } = await import('../../../transfer/storage/limits.js');
  const checked = wantedPieces(layout)?.whole;
  const files = filesIn(list);
  const bad: BadEntry[] = [];
  for (let at = 0; at < files.length; at += FOLDER_LOOK_ENTRIES) {
    const some = files.slice(at, at + FOLDER_LOOK_ENTRIES);
    const times = await pool.times(path, layout, some);
    for (const [nth, entry] of some.entries()) {
      const full = `${path}/${list.pathOf(entry)}`;
      const isThere = times[nth] !== NO_FILE;
      const state = isThere ? await judged(list, entry, full, good, checked) : await whyNotThere(list, full);
      if (state !== 'good') bad.push({ entry, state, isFile: true });
    }
  }
  return bad;
}

async function whyNotThere(list: FolderList, path: string): Promise<EntryState> {
  const found = await (list.followsLinks ? stat(path) : lstat(path)).catch(() => undefined);
  return found?.isFile() === true ? 'size differs' : 'missing';
}

async function judged(
  list: FolderList,
  entry: number,
  path: string,
  good: Bitfield,
  checked: Bitfield | undefined,
): Promise<EntryState | 'good'> {
  const isBare = list.kindOf(entry) === 'exec' && !(await isExecutable(path));
  const asItIs = isBare ? 'not executable' : 'good';
  const size = list.sizeOf(entry);
  if (size === 0) return asItIs;
  const first = Math.floor(list.beginOf(entry) / PIECE_SIZE);
  const last = Math.floor((list.beginOf(entry) + size - 1) / PIECE_SIZE);
  let isChecked = true;
  let isGood = true;
  for (let piece = first; piece <= last; piece += 1) {
    isGood &&= good.has(piece);
    isChecked &&= checked?.has(piece) !== false;
  }
  if (isGood) return asItIs;
  const digest = list.digestOf(entry);
  if (digest !== undefined) return (await digestOfFile(list, path)) === digest ? asItIs : 'changed';
  return isChecked ? 'changed' : 'unproven';
}

/** The other way round nothing is wrong: some file systems let everything be executed. */
async function isExecutable(path: string): Promise<boolean> {
  try {
    return ((await stat(path)).mode & EXECUTABLE) !== 0;
  } catch (error) {
    throw fileError(error, path);
  }
}

/** As a list has it, of a small file. */
async function digestOfFile(list: FolderList, path: string): Promise<bigint> {
  const follow = list.followsLinks ? 0 : constants.O_NOFOLLOW;
  try {
    const handle = await open(path, constants.O_RDONLY | follow | constants.O_NONBLOCK);
    try {
      return createHash('sha1')
        .update(await handle.readFile())
        .digest()
        .readBigUInt64BE();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Links and empty folders. */
async function badOthers(list: FolderList, path: string): Promise<readonly BadEntry[]> {
  const bad: BadEntry[] = [];
  for (let entry = 0; entry < list.count; entry += 1) {
    if (list.isFile(entry) || list.isPad(entry) || !list.isChosen(entry)) continue;
    const state = await stateOfOther(list, entry, `${path}/${list.pathOf(entry)}`);
    if (state !== 'good') bad.push({ entry, state, isFile: false });
  }
  return bad;
}

async function stateOfOther(list: FolderList, entry: number, path: string): Promise<EntryState | 'good'> {
  try {
    if (list.kindOf(entry) === 'dir') return (await lstat(path)).isDirectory() ? 'good' : 'missing';
    return (await readlink(path)) === list.targetOf(entry) ? 'good' : 'changed';
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'EINVAL') return 'missing';
    throw fileError(error, path);
  }
}

/** What lies in the directory and not in the list. */
async function strangersIn(pool: HashPool, list: FolderList, path: string): Promise<FolderFindings['bad']> {
  const { layout, skipped } = await pool.survey(path, { skipUnshareable: true, followLinks: list.followsLinks });
  const listed = new Set<string>();
  for (let entry = 0; entry < list.count; entry += 1) listed.add(list.pathOf(entry));
  const found = layout.folder;
  const strangers = Array.from({ length: found.count }, (_, entry) => entry)
    // Of folders only those that are empty are found: others are told of by what is in them.
    .filter((entry) => !found.isPad(entry))
    .map((entry) => found.pathOf(entry));
  return [...strangers, ...skipped.first]
    .filter((each) => !listed.has(each))
    .map((each) => ({ path: each, state: 'not in the list' }));
}

/** Lines of one kind that people are shown. */
const LINES_SHOWN = 20;

export function* folderText({ path, files, goodFiles, bad }: FolderFindings): Generator<string> {
  yield `${path}: ${goodFiles} of ${files} files are good`;
  const states = new Set(bad.map(({ state }) => state));
  for (const state of states) {
    const paths = bad.filter((entry) => entry.state === state).map((entry) => printable(entry.path));
    for (const each of paths.slice(0, LINES_SHOWN)) yield `${state}: ${each}`;
    if (paths.length > LINES_SHOWN) yield `${state}: ${paths.length - LINES_SHOWN} more`;
  }
  yield bad.length === 0
    ? 'the folder is complete and unchanged'
    : 'the folder is not the one that the .mtorrent describes';
}

export function folderJson({ metainfo, path, files, goodFiles, bad }: FolderFindings): object {
  return { file: path, name: metainfo.name, files, goodFiles, bad };
}
