// `mtorrent get --dry-run`: says how much of a download is on this machine already, in the files that --reuse names and
// in what the client in the background shares. Transfers nothing and changes nothing.

import { silentLog } from '../../../foundation/base/log.js';
import type { GetPlan } from '../../library/get-plan.js';
import { reusedSentence } from '../../verbs/results.js';
import { DRY_RUN_SOURCES_MAX } from '../limits.js';
import { hashThreadsFor } from '../metainfo/create.js';
import type { OneShot } from './one-shot.js';
import { otherShares } from './other-shares.js';

/** Rejects as `estimateReuse` does. @param isJson as an event. */
export async function getDryRun(plan: GetPlan, run: OneShot, isJson: boolean): Promise<number> {
  const { estimateReuse } = await import('../../../client/reuse/estimate.js');
  const { metainfo, target, wish } = plan;
  const estimate = await estimateReuse(metainfo, {
    paths: wish?.reuse ?? [],
    shares: wish?.noReuse === true ? nothing() : otherShares(run),
    hashThreads: hashThreadsFor(metainfo.geometry),
    log: silentLog,
  });
  const sources = estimate.sources.slice(0, DRY_RUN_SOURCES_MAX);
  const reused = { ...estimate, sources, kind: 'reused', name: metainfo.name, path: target } as const;
  if (isJson) run.reporter.reused(reused);
  else run.reporter.result(reusedSentence(reused, true));
  return 0;
}

async function* nothing(): AsyncGenerator<never> {}
