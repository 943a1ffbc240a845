// What an idle client says of itself.

import type { ClientStats } from '../../src/client/messages.js';

const DELAYS = { loopDelayP50Ms: 0, loopDelayP99Ms: 0, loopDelayMaxMs: 0 };

export const STATS: ClientStats = {
  schema: 1,
  pid: 1,
  uptimeSeconds: 1,
  rssBytes: 1,
  rssPeakBytes: 1,
  cpuUserSeconds: 0,
  cpuSystemSeconds: 0,
  ...DELAYS,
  lostLogLines: 0,
  placement: {} as ClientStats['placement'],
  threads: { download: DELAYS },
  payloadSlots: { all: 1, used: 0 },
};
