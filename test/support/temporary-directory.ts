// A directory of its own for one test, removed when all tests of its process are over. Never shared between tests.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';

const made: string[] = [];

// Hooks of a test run in the order they are set, so one of the test's own would come before those that end who still
// writes there; then a name that comes back while the others are removed would fail it, and leave the others running.
after(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

/** Absolute real path. There until everything that the test `t` ends has ended. */
export function temporaryDirectory(_t: TestContext): string {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), 'mtorrent-test-'));
  made.push(directory);
  return directory;
}
