// `mtorrent get` with a client of its own, which runs the hooks of the settings and ends with the command.

import type { GetPlan } from '../../library/get-plan.js';
import { prepareAutomation } from '../running/automation.js';
import { followGet } from './following.js';
import type { Order } from './get-order.js';
import type { OneShot } from './one-shot.js';
import { serveHttp, startOwnGet } from './own-client.js';

/** Resolves to the exit code. Rejects with why there is no complete file. */
export async function getAlone(order: Order, plan: GetPlan, run: OneShot): Promise<number> {
  const automate = await prepareAutomation(run.settings);
  const fetching = await startOwnGet(plan, run);
  const automation = automate(fetching, (level, sentence) => run.reporter.notice(level, sentence));
  let endHttp = async (): Promise<void> => undefined;
  try {
    endHttp = await serveHttp(fetching.client, run);
    return await followGet(order, plan, fetching, run, automation);
  } finally {
    await endHttp();
    await automation.close();
    await fetching.close();
  }
}
