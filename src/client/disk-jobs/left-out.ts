// Whether a folder on the disk is of a list although no chosen piece of it is right: it has small files that fill no
// piece, or others, which an earlier get chose. Hashes a few of them.

import { lstat, readFile } from 'node:fs/promises';
import { Bitfield } from '../../foundation/torrent/bitfield.js';
import { piecesOfEntry } from '../../foundation/torrent/folder/entry-pieces.js';
import { FolderList } from '../../foundation/torrent/folder/folder-list.js';
import { wantedPieces } from '../../foundation/torrent/folder/wanted-pieces.js';
import { Layout } from '../../foundation/torrent/layout.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { zerosOf } from '../../foundation/torrent/zeros.js';
import { TARGET_FILES_LOOKED_AT } from '../../transfer/storage/limits.js';
import { allOf } from '../../transfer/storage/part/reopening.js';
import { digestOf } from './folder-taken.js';
import type { LocalHashing } from './local-hashing.js';

/** @param path of a folder, or of its `.part`. Rejects with MiniTorrentError. */
export async function holdsSomeOf(hashing: LocalHashing, path: string, metainfo: Metainfo): Promise<boolean> {
  const { folder } = metainfo.layout;
  if (folder === undefined) return false;
  if (await holdsSmallFile(path, folder)) return true;
  const files = await leftOutFiles(path, folder);
  if (files.length === 0) return false;
  // In memory of its own: the client marks the list that it works with.
  const list = new FolderList(folder.memory.slice(0));
  list.chooseAll();
  for (let entry = 0; entry < list.count; entry += 1)
    if (list.isFile(entry) && !files.includes(entry)) list.leaveOut(entry);
  const layout = new Layout(list);
  const { pieceCount } = metainfo.geometry;
  const only = new Bitfield(pieceCount);
  const whole = (wantedPieces(layout)?.whole ?? allOf(pieceCount)).without(zerosOf(metainfo).pieces);
  for (const file of files) for (const piece of piecesOfEntry(list, file)) if (whole.has(piece)) only.set(piece);
  return only.count > 0 && (await hashing.check(path, { ...metainfo, layout }, only)).count > 0;
}

/** One of the first that are there with their size has its digest, too. */
async function holdsSmallFile(path: string, list: FolderList): Promise<boolean> {
  for (let [entry, looked] = [0, 0]; entry < list.count && looked < TARGET_FILES_LOOKED_AT; entry += 1) {
    const digest = list.digestOf(entry);
    if (!list.isFile(entry) || digest === undefined || list.sizeOf(entry) === 0) continue;
    const found = await lstat(`${path}/${list.pathOf(entry)}`).catch(() => undefined);
    if (found?.isFile() !== true || found.size !== list.sizeOf(entry)) continue;
    looked += 1;
    const bytes = await readFile(`${path}/${list.pathOf(entry)}`).catch(() => undefined);
    if (bytes !== undefined && digestOf(bytes) === digest) return true;
  }
  return false;
}

/** Of the files that are left out, the first that are there with their size. */
async function leftOutFiles(path: string, list: FolderList): Promise<readonly number[]> {
  const files: number[] = [];
  for (let entry = 0; entry < list.count && files.length < TARGET_FILES_LOOKED_AT; entry += 1) {
    if (!list.isFile(entry) || list.isChosen(entry) || list.sizeOf(entry) === 0) continue;
    const found = await lstat(`${path}/${list.pathOf(entry)}`).catch(() => undefined);
    if (found?.isFile() === true && found.size === list.sizeOf(entry)) files.push(entry);
  }
  return files;
}
