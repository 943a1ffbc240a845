// Memory, CPU and event-loop delay of this process, for `show stats`, the demo and the benchmarks.

import { watchLoopDelay } from '../../foundation/actor/loop-delay.js';
import { residentBytes } from '../../foundation/base/this-machine.js';
import type { Vitals } from '../stats.js';

export function watchVitals(): { look(): Vitals; stop(): void } {
  const delays = watchLoopDelay();
  return {
    look() {
      const usage = process.resourceUsage();
      return {
        pid: process.pid,
        uptimeSeconds: process.uptime(),
        rssBytes: residentBytes(),
        rssPeakBytes: usage.maxRSS * 1024,
        cpuUserSeconds: usage.userCPUTime / 1e6,
        cpuSystemSeconds: usage.systemCPUTime / 1e6,
        ...delays.look(),
      };
    },
    stop: () => delays.stop(),
  };
}
