// What a test does when the machine lacks what it needs: it is skipped, and its line says why. In CI, where `.ci/run`
// installs every tool that can be installed, the lack of such a tool is a failure.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

/** A tool that `.ci/run` installs, or something that the build makes. */
export function lacksTool(t: TestContext, tool: string): void {
  assert.notEqual(
    process.env['CI'],
    'true',
    `${tool} is missing, and CI has all that can be installed or built: see .ci/run`,
  );
  t.skip(`NOT TESTED: ${tool} is missing`);
}

/** What nobody can install: a right, a device, a kernel's feature, a commit of the history. */
export function lacksPlace(t: TestContext, why: string): void {
  t.skip(`NOT TESTED: ${why}`);
}

/** Whether a program is there. */
export function hasTool(t: TestContext, tool: string, versionFlag = '--version'): boolean {
  if (spawnSync(tool, [versionFlag]).error === undefined) return true;
  lacksTool(t, tool);
  return false;
}
