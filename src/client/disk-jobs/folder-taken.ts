// What a person is told of a folder at the target of a download that is not the one that is wanted: which of its files
// are not right, and how to keep the others. Changes nothing.

import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { shellLine } from '../../foundation/base/shell-line.js';
import type { FolderList } from '../../foundation/torrent/folder/folder-list.js';
import { printable } from '../../foundation/torrent/names.js';
import type { Misfit } from '../../transfer/storage/folder/completion.js';
import { partPathOf } from '../../transfer/storage/target.js';
import { CHANGED_NAME_CHARACTERS_MAX, TAKEN_NAMED_MAX } from '../limits.js';

/**
 * ALREADY_EXISTS. @param doubtful indices of the wanted files that no right piece proves: small ones share their pieces
 * with others, and are judged by their own digests. @param files how many are wanted.
 */
export async function folderTaken(
  path: string,
  list: FolderList,
  doubtful: readonly number[],
  files: number,
): Promise<MiniTorrentError> {
  const partPath = partPathOf(path);
  const named: string[] = [];
  let wrong = 0;
  for (const entry of doubtful) {
    const what = await whatIsWrong(`${path}/${list.pathOf(entry)}`, list.sizeOf(entry), list.digestOf(entry));
    if (what === undefined) continue;
    wrong += 1;
    if (named.length < TAKEN_NAMED_MAX) named.push(`${shown(list.pathOf(entry))} (${what})`);
  }
  if (wrong > named.length) named.push(`${wrong - named.length} more`);
  const which = `${wrong} of its ${files} files ${wrong === 1 ? 'is' : 'are'} not right`;
  const remedy = (await isThere(partPath))
    ? `choose another destination or move that folder away: ${partPath} is continued then`
    : `to keep the others and fetch ${wrong === 1 ? 'this one' : 'these'} in place of what is there, rename it with: ${shellLine('mv', path, partPath)} and run the same command again`;
  return new MiniTorrentError('ALREADY_EXISTS', `${path} exists already, and ${which}: ${named.join(', ')}; ${remedy}`);
}

/** ALREADY_EXISTS: the files are right, and something else lies where a folder or a link belongs. */
export function folderMisfits(path: string, list: FolderList, misfits: readonly Misfit[]): MiniTorrentError {
  const named = misfits.slice(0, TAKEN_NAMED_MAX).map(({ entry, what }) => `${shown(list.pathOf(entry))} (${what})`);
  if (misfits.length > named.length) named.push(`${misfits.length - named.length} more`);
  const sentence = `${path} exists already and its files are right, but this is in the way of the rest of it: ${named.join(', ')}; move that away and run the same command again`;
  return new MiniTorrentError('ALREADY_EXISTS', sentence);
}

function shown(path: string): string {
  const name = printable(path);
  return name.length > CHANGED_NAME_CHARACTERS_MAX ? `${name.slice(0, CHANGED_NAME_CHARACTERS_MAX)}…` : name;
}

/** Undefined: nothing. @param digest of a small file. */
async function whatIsWrong(path: string, size: number, digest: bigint | undefined): Promise<string | undefined> {
  try {
    const found = await lstat(path);
    if (!found.isFile()) return 'is no file';
    if (found.size !== size) return `${found.size} bytes instead of ${size}`;
    if (size === 0) return undefined;
    return digest !== undefined && digestOf(await readFile(path)) === digest ? undefined : 'other bytes';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return 'missing';
    throw fileError(error, path);
  }
}

/** As a list has it. */
export function digestOf(bytes: Uint8Array): bigint {
  return createHash('sha1').update(bytes).digest().readBigUInt64BE(0);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw fileError(error, path);
  }
}
