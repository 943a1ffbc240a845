// Rewrites .mtorrent files on the disk when a tracker has moved, one after the other.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import { replaceTracker } from '../../transfer/storage/metainfo-file.js';
import type { OwnMetainfo } from '../effects.js';

export interface Rewritten {
  /** Swarms of `moved`, and those of which a .mtorrent was rewritten. */
  readonly files: number;
  /** Why some could not be. */
  readonly failures: readonly string[];
}

export async function rewriteMetainfo(
  metainfo: readonly OwnMetainfo[],
  moved: readonly SwarmKey[],
  from: Address,
  to: Address,
): Promise<Rewritten> {
  const failures: string[] = [];
  const files = new Set(moved);
  for (const { path, swarm } of metainfo) {
    const outcome = await replaceTracker(path, swarm, from, to);
    if (outcome instanceof MiniTorrentError) failures.push(outcome.message);
    else if (outcome) files.add(swarm);
  }
  return { files: files.size, failures };
}
