// strace, where it may do its work.

import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { hasTool, lacksPlace } from './needs.js';

/** False where it may not, said loudly. */
export function canTrace(t: TestContext): boolean {
  if (!hasTool(t, 'strace', '-V')) return false;
  const { status, error, stderr } = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=write', 'true']);
  if (status === 0) return true;
  lacksPlace(t, `strace cannot trace here (${error?.message ?? String(stderr).trim()})`);
  return false;
}

/**
 * How often each kind of call happened in the thread that made most of it, by a trace that strace wrote with `-f`. This
 * is how far `inject=…:when=` can count, since strace counts in each thread by itself.
 */
export function countCalls(trace: string): ReadonlyMap<string, number> {
  const byThread = new Map<string, number>();
  const most = new Map<string, number>();
  for (const [, thread = '', name = ''] of trace.matchAll(/^(\d+) +([a-z0-9_]+)\(/gm)) {
    const count = (byThread.get(`${thread} ${name}`) ?? 0) + 1;
    byThread.set(`${thread} ${name}`, count);
    most.set(name, Math.max(count, most.get(name) ?? 0));
  }
  return most;
}
