// What the disk of a new download can take, and what the download needs of it. Refuses names and sizes that its file
// system cannot hold.

import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from '../../foundation/base/errors.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import { checkFileSize, type Room, roomAt } from '../../transfer/storage/disk/room.js';
import { checkFolderNames } from '../../transfer/storage/folder/names.js';
import { type FolderNeed, folderNeed, largestFileOf } from '../../transfer/storage/folder/need.js';

export interface TargetRoom {
  /** The `.part` of an earlier try included. */
  readonly room: Room;
  /** Of a folder. */
  readonly need: FolderNeed | undefined;
}

/**
 * Rejects with MiniTorrentError.
 * @param partBytes of the `.part` of an earlier try; undefined: there is none.
 */
export async function targetRoom(path: string, layout: Layout, partBytes: number | undefined): Promise<TargetRoom> {
  const { folder } = layout;
  if (folder !== undefined) await checkFolderNames(path, folder);
  await checkFileSize(path, largestFileOf(layout));
  const found = await roomAt(dirname(path));
  const freeBytes = found.freeBytes === undefined ? undefined : found.freeBytes + (partBytes ?? 0);
  const room = { ...found, freeBytes };
  if (folder === undefined) return { room, need: undefined };
  const need = folderNeed(folder, found.blockBytes);
  // The files of an earlier try have their inodes.
  return { room, need: partBytes === undefined ? need : { ...need, inodes: 0 } };
}

export async function deviceOf(directory: string): Promise<number> {
  try {
    return (await stat(directory)).dev;
  } catch (error) {
    throw fileError(error, directory);
  }
}
