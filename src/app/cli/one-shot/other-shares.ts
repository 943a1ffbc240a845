// What a one-shot `get` may read of this user's other client, the one of `mtorrent daemon`, `client` or the console:
// what its state directory says, or, where it has another one, what it says over its socket. Changes nothing there.

import { stat } from 'node:fs/promises';
import type { KnownShare } from '../../../client/reuse/known-shares.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { silentLog } from '../../../foundation/base/log.js';
import { ANY_NAMES } from '../../../foundation/torrent/metainfo.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import { findState } from '../running/moved-state.js';
import type { OneShot } from './one-shot.js';

export async function* otherShares({ settings, config, background }: OneShot): AsyncGenerator<KnownShare> {
  const { sharesOfLibrary } = await import('../../../client/reuse/other-library.js');
  const { stateDir } = await findState(settings, config.stateDir);
  let isThere = false;
  for await (const share of sharesOfLibrary(stateDir, silentLog)) {
    isThere = true;
    yield share;
  }
  if (!isThere && background !== undefined) yield* sharesOf(background);
}

/** What the client shares completely. */
async function* sharesOf(client: SwarmClient): AsyncGenerator<KnownShare> {
  const { readMetainfo } = await import('../../../transfer/storage/metainfo-file.js');
  for (const { path, mtorrentPath, name, state } of await client.files()) {
    if (state !== 'seeding') continue;
    try {
      const { swarm, layout, digests } = await readMetainfo(mtorrentPath, ANY_NAMES);
      const { mtimeMs } = await stat(path);
      yield { swarm, name, layout, digests, path, mtimeMs, has: () => true };
    } catch (error) {
      // It is being removed, or its disk is away: no source.
      if (!(error instanceof MiniTorrentError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }
}
