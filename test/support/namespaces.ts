// Namespaces of Linux, where a test may make them: what a container has, without one.

import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { lacksPlace } from './needs.js';

/** A command that runs another one in a network namespace of its own, with a pid namespace of its own if asked. */
export function inNamespace(withPids = false): readonly string[] {
  const pids = withPids ? ['--pid', '--fork', '--mount-proc', '--kill-child'] : [];
  return ['unshare', '--net', ...pids, '--', 'sh', '-c', 'ip link set lo up; exec "$0" "$@"'];
}

/** False where it may not, said loudly. */
export function canUnshare(t: TestContext): boolean {
  const [command = '', ...rest] = [...inNamespace(true), 'true'];
  const { status, error, stderr } = spawnSync(command, rest);
  if (status === 0) return true;
  lacksPlace(t, `namespaces cannot be made here (${error?.message ?? String(stderr).trim()})`);
  return false;
}
