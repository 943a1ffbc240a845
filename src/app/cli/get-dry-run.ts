// `mtorrent get --dry-run`: says how much of a download is on this machine already, in the files that --reuse names and
// in what the client in the background shares. Transfers nothing and changes nothing.

import { stat } from 'node:fs/promises';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { silentLog } from '../../foundation/base/log.js';
import { ANY_NAMES } from '../../foundation/torrent/metainfo.js';
import type { SwarmClient } from '../library/swarm-client.js';
import { reusedSentence } from '../verbs/results.js';
import { hashThreadsFor } from './create.js';
import type { Order } from './get-order.js';
import { DRY_RUN_SOURCES_MAX } from './limits.js';
import type { OneShot } from './one-shot.js';

/** Rejects as `estimateReuse` does. @param isJson as an event. */
export async function getDryRun({ plan }: Order, run: OneShot, isJson: boolean): Promise<number> {
  const { estimateReuse } = await import('../../client/reuse/estimate.js');
  const { metainfo, target, wish } = plan;
  const isOff = wish?.noReuse === true;
  const shares = isOff || run.background === undefined ? [] : await sharesOf(run.background);
  const estimate = await estimateReuse(metainfo, {
    paths: wish?.reuse ?? [],
    shares,
    hashThreads: hashThreadsFor(metainfo.geometry),
    log: silentLog,
  });
  const sources = estimate.sources.slice(0, DRY_RUN_SOURCES_MAX);
  const reused = { ...estimate, sources, kind: 'reused', name: metainfo.name, path: target } as const;
  if (isJson) run.reporter.reused(reused);
  else run.reporter.result(reusedSentence(reused, true));
  return 0;
}

/** What the client in the background shares completely. */
async function sharesOf(client: SwarmClient) {
  const { readMetainfo } = await import('../../transfer/storage/metainfo-file.js');
  const files = (await client.files()).filter(({ state }) => state === 'seeding');
  const shares = await Promise.all(
    files.map(async ({ path, mtorrentPath, name }) => {
      try {
        const { swarm, layout, digests } = await readMetainfo(mtorrentPath, ANY_NAMES);
        const { mtimeMs } = await stat(path);
        return [{ swarm, name, layout, digests, path, mtimeMs, has: () => true }];
      } catch (error) {
        // It is being removed, or its disk is away: no source.
        if (error instanceof MiniTorrentError || (error as NodeJS.ErrnoException).code !== undefined) return [];
        throw error;
      }
    }),
  );
  return shares.flat();
}
