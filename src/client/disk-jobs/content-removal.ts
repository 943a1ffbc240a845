// Deletes what was shared, for whoever asks for that: a file or the files of a folder, as far as they are what they
// were when they were right and belong to no other share. Whatever else lies there stays.

import { unlink } from 'node:fs/promises';
import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import { printable } from '../../foundation/torrent/names.js';
import { deleteFolder } from '../../transfer/storage/folder/removal.js';
import { lookAtSource } from '../../transfer/storage/source/source.js';
import { recordedMs } from '../files/completeness.js';
import type { Entry } from '../files/record.js';
import type { Held } from './held-elsewhere.js';

/**
 * Resolves to a sentence about what stays; undefined when nothing does. Rejects with MiniTorrentError, with
 * FILE_CHANGED when a file is not what it was.
 * @param layout undefined: it is not known what the folder was.
 */
export async function deleteContent(entry: Entry, layout: Layout | undefined, held: Held): Promise<string | undefined> {
  const { path, folder } = entry;
  if (folder === undefined) {
    const holder = held(path);
    if (holder !== undefined) return heldFile(path, holder);
    await deleteFile(entry);
    return undefined;
  }
  if (layout?.folder === undefined) return `${path} could not be compared with what was shared; its files stay`;
  const kept = await deleteFolder(path, layout.folder, (file) => held(file) !== undefined);
  return kept.length === 0 ? undefined : keptOf(path, kept);
}

/** What is told of a file that stays. */
export function heldFile(path: string, holder: string): string {
  return `${path} stays: it belongs to ${holder}, which is shared, too`;
}

/** The same of a folder. */
export function keptOf(path: string, kept: readonly string[]): string {
  return `what is no file of ${path}, has changed, or belongs to another share stays: ${kept.map(printable).join(', ')}`;
}

async function deleteFile({ path, size, completeness }: Entry): Promise<void> {
  const found = await lookAtSource(path);
  if (found === undefined) return;
  if (found.size !== size || found.mtimeMs !== recordedMs(completeness))
    throw new MiniTorrentError('FILE_CHANGED', `${path} has changed since it was shared; it stays`);
  try {
    await unlink(path);
  } catch (error) {
    throw fileError(error, path);
  }
}
