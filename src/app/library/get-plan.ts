// What one download is to be, once its .mtorrent was read: which content, which of its files, and where to. Nothing is
// begun here.

import type { GetWish } from '../../client/messages.js';
import { choose, refuseChoice } from '../../foundation/torrent/folder/choice.js';
import type { Metainfo, NameRule } from '../../foundation/torrent/metainfo.js';
import { readMetainfo } from '../../transfer/storage/metainfo-file.js';
import { targetOf } from '../../transfer/storage/target.js';

export type { Choice, GetWish } from '../../client/messages.js';

/** A download that was asked for. */
export interface GetPlan {
  /** Absolute. */
  readonly mtorrentPath: string;
  readonly metainfo: Metainfo;
  /** Where the file or the folder goes. Absolute. */
  readonly target: string;
  readonly wish?: Partial<GetWish> | undefined;
  /** The .mtorrent was written for this download alone, and goes when that needs it no more. */
  readonly isOwnMtorrent?: boolean | undefined;
}

export interface PlanOptions extends Pick<GetPlan, 'wish' | 'isOwnMtorrent'> {
  /** Which host names of trackers the .mtorrent may name; none when absent. */
  readonly mayName?: NameRule | undefined;
}

/**
 * Reads the .mtorrent and finds where the file goes: into a directory, or to a file name. Paths are absolute. Rejects
 * as `readMetainfo` does, and with what is wrong with the wish.
 */
export async function planGet(
  mtorrentPath: string,
  destination: string,
  { mayName, wish = {}, isOwnMtorrent }: PlanOptions = {},
): Promise<GetPlan> {
  const metainfo = await readMetainfo(mtorrentPath, mayName);
  const { folder } = metainfo.layout;
  // What is wrong with the patterns is said before a client starts.
  if (folder === undefined) refuseChoice(metainfo.name, wish);
  else choose(folder, wish);
  return { mtorrentPath, metainfo, target: await targetOf(destination, metainfo), wish, isOwnMtorrent };
}
