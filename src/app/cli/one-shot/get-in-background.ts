// `mtorrent get` with a client in the background: leaves the download to it, and watches it or ends at once.

import { MiniTorrentError } from '../../../foundation/base/errors.js';
import type { GetPlan } from '../../library/get-plan.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import { followGet, started } from './following.js';
import type { Order } from './get-order.js';
import type { OneShot } from './one-shot.js';
import { tellUnused } from './unused-flags.js';

/** Resolves to the exit code, or to undefined where that client has the same content at another place. */
export async function getInBackground(
  order: Order,
  plan: GetPlan,
  background: SwarmClient,
  run: OneShot,
): Promise<number | undefined> {
  tellUnused(run, background);
  const { getOn } = await import('../../library/one-shot.js');
  const fetching = getOn(background, plan);
  if (order.detach) {
    started(plan, fetching, run.reporter);
    run.reporter.result((await fetching.begin()).path);
    return 0;
  }
  try {
    return await followGet(order, plan, fetching, run);
  } catch (error) {
    if (!(error instanceof MiniTorrentError) || error.code !== 'ALREADY_EXISTS') throw error;
    run.reporter.detail(`${error.message}: this command gets it alone`);
    return undefined;
  }
}
