// How this process is doing: memory, CPU, and how long its main event loop keeps others waiting. For `show stats`, the demo
// and the benchmarks.

import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Vitals {
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly rssBytes: number;
  readonly rssPeakBytes: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  /** Of the main thread, since the last look. */
  readonly loopDelayP50Ms: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
}

const RESOLUTION_MS = 5;

export function watchVitals(): { look(): Vitals; stop(): void } {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  // The histogram measures the whole interval between two samples; the delay is what exceeds the interval asked for.
  const delayMs = (nanoseconds: number): number =>
    Math.max(0, Number.isFinite(nanoseconds) ? nanoseconds / 1e6 - RESOLUTION_MS : 0);
  return {
    look() {
      const usage = process.resourceUsage();
      const vitals: Vitals = {
        pid: process.pid,
        uptimeSeconds: process.uptime(),
        rssBytes: process.memoryUsage.rss(),
        rssPeakBytes: usage.maxRSS * 1024,
        cpuUserSeconds: usage.userCPUTime / 1e6,
        cpuSystemSeconds: usage.systemCPUTime / 1e6,
        loopDelayP50Ms: delayMs(delays.percentile(50)),
        loopDelayP99Ms: delayMs(delays.percentile(99)),
        loopDelayMaxMs: delayMs(delays.max),
      };
      delays.reset();
      return vitals;
    },
    stop: () => delays.disable(),
  };
}
