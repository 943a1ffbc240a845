// What `show stats` says: measured by this thread, told by the others.

import type { ThreadsFact } from '../doctor/facts.js';
import type { ClientStats } from '../stats.js';
import type { ThreadQueries } from '../threads/thread-queries.js';
import type { ClientThreads } from '../threads/threads.js';
import type { watchVitals } from './vitals.js';

export interface StatsSources {
  readonly vitals: ReturnType<typeof watchVitals>;
  readonly threads: Pick<ClientThreads, 'loopDelays'>;
  readonly queries: Pick<ThreadQueries, 'download'>;
  readonly placement: ThreadsFact;
  readonly lostLogLines: () => number;
}

/** Settles when every thread has answered or its time is over. */
export async function clientStats({
  vitals,
  threads,
  queries,
  placement,
  lostLogLines,
}: StatsSources): Promise<ClientStats> {
  const own = vitals.look();
  const [delays, counted] = await Promise.all([
    threads.loopDelays(),
    queries.download({ kind: 'countSlots' }, 'slotsCounted'),
  ]);
  const { slots = 0, used = 0 } = counted ?? {};
  return {
    schema: 1,
    ...own,
    lostLogLines: lostLogLines(),
    placement,
    threads: delays,
    payloadSlots: { all: slots, used },
  };
}
