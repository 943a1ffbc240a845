// Whether a path is on a disk of this machine, where a read does not wait for a network.

import fs from 'node:fs';
import { errnoOf } from '../../foundation/base/errors.js';

/** File systems on disks of this machine, by their type in statfs(2). */
const LOCAL_FILE_SYSTEMS = new Set([
  0xef53, // ext2, 3, 4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0x2fc12fc1, // ZFS
  0xf2f52010, // F2FS
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
]);

export function isLocal(path: string): boolean {
  try {
    return LOCAL_FILE_SYSTEMS.has(fs.statfsSync(path).type);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    // It is gone: the read will fail.
    return false;
  }
}
