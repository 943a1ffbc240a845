// What a folder takes of its disk when all of its chosen entries are there: whole blocks, and an inode for each file,
// link and directory. Pure.

import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import type { Layout } from '../../../foundation/torrent/layout.js';

export interface FolderNeed {
  /** Each file rounded up to whole blocks. */
  readonly bytes: number;
  readonly inodes: number;
}

/** @param blockBytes of its file system; undefined: it does not say. */
export function folderNeed(list: FolderList, blockBytes: number | undefined): FolderNeed {
  const block = Math.max(1, blockBytes ?? 1);
  // The root is one, too.
  const directories = new Set<string>(['']);
  let [bytes, names] = [0, 0];
  for (let entry = 0; entry < list.count; entry += 1) {
    if (list.isPad(entry) || !list.isChosen(entry)) continue;
    const path = list.pathOf(entry);
    if (list.kindOf(entry) === 'dir') directories.add(path);
    else names += 1;
    if (list.isFile(entry)) bytes += Math.ceil(list.sizeOf(entry) / block) * block;
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const directory = path.slice(0, at);
      if (directories.has(directory)) break;
      directories.add(directory);
    }
  }
  return { bytes, inodes: names + directories.size };
}

/** Bytes of the largest file that will be written. */
export function largestFileOf({ size, folder }: Layout): number {
  if (folder === undefined) return size;
  let largest = 0;
  for (let entry = 0; entry < folder.count; entry += 1)
    if (folder.isFile(entry) && folder.isChosen(entry)) largest = Math.max(largest, folder.sizeOf(entry));
  return largest;
}
