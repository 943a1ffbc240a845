// A file system of a few mebibytes for one test, in memory.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { lacksPlace } from './needs.js';

/** A disk of its own; undefined, with the reason, where this user cannot have one. Call it after `stageSwarm`. */
export function smallDisk(t: TestContext, mebibytes: number): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'mtorrent-disk-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'mtorrent-test', directory], { stdio: 'pipe' });
  } catch (error) {
    rmSync(directory, { recursive: true });
    lacksPlace(t, `a small disk cannot be mounted here (${error instanceof Error ? error.message.trim() : ''})`);
    return undefined;
  }
  return directory;
}

/** Hooks run in the order they are set; this one after the processes have ended and before the directory is removed. */
export function unmountAfter(t: TestContext, disk: () => string | undefined): void {
  t.after(() => {
    const directory = disk();
    if (directory !== undefined) execFileSync('umount', [directory]);
  });
}
