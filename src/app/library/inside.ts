// What lies inside a folder that a .mtorrent describes, one directory at a time, for whoever chooses files of it.

import { ANY_NAMES } from '../../foundation/torrent/metainfo.js';
import { readMetainfo } from '../../transfer/storage/metainfo-file.js';

export interface Inside {
  /** In its directory. */
  readonly name: string;
  readonly isDirectory: boolean;
}

/**
 * At most `most` entries of `directory`, '' or with a slash at its end, whose names begin with `start`; none of a
 * single file. Rejects as `readMetainfo` does.
 */
export async function insideOf(
  mtorrentPath: string,
  directory: string,
  start: string,
  most: number,
): Promise<readonly Inside[]> {
  const { folder } = (await readMetainfo(mtorrentPath, ANY_NAMES)).layout;
  const found = new Map<string, boolean>();
  const begin = directory + start;
  for (let entry = 0; entry < (folder?.count ?? 0) && found.size < most; entry += 1) {
    if (folder === undefined || folder.isPad(entry)) continue;
    const path = folder.pathOf(entry);
    if (!path.startsWith(begin)) continue;
    const end = path.indexOf('/', directory.length);
    found.set(path.slice(directory.length, end < 0 ? undefined : end), end >= 0);
  }
  return [...found].map(([name, isDirectory]) => ({ name, isDirectory }));
}
