// A directory of its own for one test, removed after it. Never shared between tests.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Absolute real path. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), 'mtorrent-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
