// strace, where it may do its work.

import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

/** False where it may not, said loudly. */
export function canTrace(t: TestContext): boolean {
  const { status, error, stderr } = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=write', 'true']);
  if (status === 0) return true;
  t.skip(`NOT TESTED: strace cannot trace here (${error?.message ?? String(stderr).trim()})`);
  return false;
}

/** How often each kind of call happened, by a trace that strace wrote with `-f`. */
export function countCalls(trace: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [, name = ''] of trace.matchAll(/^\d+ +([a-z0-9_]+)\(/gm)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
