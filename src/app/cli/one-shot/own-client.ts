// The client that `share` or `get` starts for itself: who it is in a swarm, which other shares it may read, and where
// it is served over HTTP.

import { join } from 'node:path';
import type { GetPlan } from '../../library/get-plan.js';
import type { Fetching } from '../../library/one-shot.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import { membershipAt } from '../membership.js';
import type { OneShot } from './one-shot.js';
import { otherShares } from './other-shares.js';

/** Rejects as `startGet` does, and with NOT_ADMITTED where a closed swarm is wanted and there is no identity for it. */
export async function startOwnGet(plan: GetPlan, run: OneShot): Promise<Fetching> {
  const { startGet } = await import('../../library/one-shot.js');
  const { credentials } = await membershipAt(plan.metainfo.trackers, run.membership, run.settings);
  return startGet(plan, { ...run.clientConfig, otherShares: () => otherShares(run), credentials });
}

/** Serves it over HTTP where that is set; answers what ends it. */
export async function serveHttp(client: SwarmClient, run: OneShot): Promise<() => Promise<void>> {
  const { openEndpoints } = await import('../running/endpoints.js');
  const place = (): string => join(run.config.stateRoot, 'http');
  const tell = (sentence: string): void => run.reporter.notice('bad', sentence);
  const endpoints = await openEndpoints(run.settings, place, tell);
  endpoints.serve({ client });
  for (const remark of endpoints.remarks) run.reporter.notice('good', remark);
  const link = endpoints.link();
  if (link !== undefined) run.reporter.notice('good', `its page, once and within a minute: ${link}`);
  return () => endpoints.close();
}
