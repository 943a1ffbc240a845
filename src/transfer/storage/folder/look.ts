// Looks at files of a folder without reading them: the time of each, to compare with the one that it had when it was
// right. Blocks, so a hash thread does it: a disk that hangs keeps nothing else waiting.

import fs from 'node:fs';
import { present } from '../../../foundation/base/assert.js';
import { errnoOf } from '../../../foundation/base/errors.js';
import { NO_FILE } from '../disk/entry-looks.js';
import { FolderTree } from '../disk/tree.js';
import { layoutOf, type StorageHandle } from '../messages.js';

/** What makes that a file is not there, and no trouble of its disk. */
const GONE: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM', 'ENAMETOOLONG'];

/**
 * Modification times in nanoseconds of these entries of the list, NO_FILE where no file of the right size is there.
 * Throws system errors.
 */
export function timesOf(handle: StorageHandle, entries: Uint32Array): BigInt64Array {
  const list = present(layoutOf(handle).folder, 'a look is at a folder');
  const tree = new FolderTree(handle.fd, list.followsLinks);
  const look = list.followsLinks ? fs.statSync : fs.lstatSync;
  try {
    return BigInt64Array.from(entries, () => 0n).map((_, at) => {
      const entry = entries[at] ?? 0;
      const path = list.pathOf(entry);
      return timeOf(() => look(tree.reach(path), { bigint: true }), list.sizeOf(entry));
    });
  } finally {
    tree.close();
  }
}

function timeOf(look: () => fs.BigIntStats, size: number): bigint {
  try {
    const found = look();
    return found.isFile() && found.size === BigInt(size) ? found.mtimeNs : NO_FILE;
  } catch (error) {
    if (GONE.includes(errnoOf(error))) return NO_FILE;
    throw error;
  }
}
