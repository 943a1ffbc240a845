// The library entry of a share or a download that was prepared. Pure.

import type { FolderList } from '../../foundation/torrent/folder/folder-list.js';
import { wantedBytes } from '../../foundation/torrent/folder/wanted-pieces.js';
import { infoFactsOf } from '../../foundation/torrent/info-text.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import type { Completeness } from '../files/completeness.js';
import type { Entry } from '../files/record.js';
import { type Choice, EVERYTHING } from '../messages.js';

/** @param choice of a folder's files; its list is marked so. */
export function entryOf(
  metainfo: Metainfo,
  mtorrentPath: string,
  path: string,
  completeness: Completeness,
  { only, except }: Choice = EVERYTHING,
): Entry {
  const { name, geometry, swarm, trackers, layout } = metainfo;
  const details = infoFactsOf(metainfo);
  const own = { mtorrentPath, path, name, size: geometry.size, swarm, trackers, completeness, details, others: [] };
  if (layout.folder === undefined) return own;
  const folder = { only, except, files: filesOf(layout.folder), bytes: wantedBytes(layout) };
  return { ...own, folder: layout.folder.followsLinks ? { ...folder, followsLinks: true } : folder };
}

/** Files that are wanted. */
function filesOf(list: FolderList): number {
  let files = 0;
  for (let index = 0; index < list.count; index += 1) if (list.isFile(index) && list.isChosen(index)) files += 1;
  return files;
}
