// Opens, creates and adopts storages, and never follows a link. Only this room knows which of both a share is, one file
// or a folder.

import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { present } from '../../foundation/base/assert.js';
import { fileError } from '../../foundation/base/errors.js';
import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import type { LinkedFile } from './disk/entry-looks.js';
import { FolderBytes } from './folder/bytes.js';
import { toBeOwn } from './folder/reopening.js';
import { createFolderPart, examineFolderPart, FolderStorage, openFolder, openFolderPart } from './folder/storage.js';
import { folderLists } from './folder-lists.js';
import type { HandedStorage, StorageHandle } from './messages.js';
import { createFilePart, examineFilePart, FileBytes, FileStorage, openFile, openFilePart } from './single-file.js';
import type { ExaminedPart, FoundPart, Storage, StorageBytes } from './storage.js';
import { partPathOf } from './target.js';

/** A storage that another thread holds open. The caller detaches it. */
export function attachStorage(handle: StorageHandle): StorageBytes {
  return handle.list === 0 ? new FileBytes(handle) : new FolderBytes(handle);
}

/**
 * A storage that another thread has handed over; the caller owns it.
 * @param list memory of a folder's list, which this thread holds until the storage is closed.
 */
export function adoptStorage({ handle, path, targetPath }: HandedStorage, list?: SharedArrayBuffer): Storage {
  if (handle.list === 0) return new FileStorage(handle, path, targetPath);
  folderLists.hold(handle.list, present(list, 'a folder comes with its list'));
  return new FolderStorage(handle, path, targetPath, false);
}

/** Opens what is at `path` for reading, whatever its size. FILE_NOT_FOUND, PERMISSION_DENIED, … */
export async function openSource(path: string, { size, folder }: Layout): Promise<Storage> {
  try {
    return folder === undefined ? await openFile(path, size) : await openFolder(path, folder);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Creates a `.part` for a download, sparse. ALREADY_EXISTS, DISK_FULL, … */
export async function createPart(targetPath: string, { size, folder }: Layout): Promise<Storage> {
  const path = partPathOf(join(await realParent(targetPath), basename(targetPath)));
  try {
    return folder === undefined
      ? await createFilePart(path, targetPath, size)
      : await createFolderPart(path, targetPath, folder);
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * Before anything is written to a `.part`: what has a name elsewhere as well, as after `cp -al`, stays there as it is.
 * Resolves to how many files were copied for that.
 */
export async function makeFilesOwn(storage: Storage, linked: readonly LinkedFile[], have: Bitfield): Promise<number> {
  const { folder } = storage.layout;
  const files = folder === undefined ? [] : toBeOwn(folder, linked, have);
  for (const file of files) await storage.makeOwn(file);
  return files.length;
}

async function realParent(path: string): Promise<string> {
  try {
    return await realpath(dirname(path));
  } catch (error) {
    throw fileError(error, dirname(path));
  }
}

/**
 * Opens the `.part` of an interrupted download and restores its size. NOT_A_FILE, NOT_A_DIRECTORY when it is something
 * else.
 */
export async function openPart(targetPath: string, { size, folder }: Layout): Promise<FoundPart> {
  const path = partPathOf(targetPath);
  return folder === undefined ? openFilePart(path, targetPath, size) : openFolderPart(path, targetPath, folder);
}

/** The `.part` of a download that nobody remembers, flushed and not changed. Otherwise as `openPart`. */
export async function examinePart(targetPath: string, { folder }: Layout): Promise<ExaminedPart> {
  const path = partPathOf(targetPath);
  return folder === undefined ? examineFilePart(path) : examineFolderPart(path, folder);
}
