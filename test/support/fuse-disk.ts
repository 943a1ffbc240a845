// A file system of a process (FUSE), which hangs while that process is stopped, as the disk of a server that is gone.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { eventually } from './e2e-stage.js';
import { lacksPlace } from './needs.js';

export interface FuseDisk {
  readonly directory: string;
  hang(): void;
  heal(): void;
}

/** Ends with the swarm, before the processes that it holds. Undefined, with the reason, where there cannot be one. */
export async function fuseDisk(t: TestContext, swarm: Swarm): Promise<FuseDisk | undefined> {
  if (process.getuid?.() !== 0 || spawnSync('fuse-overlayfs', ['--version']).status !== 0) {
    lacksPlace(t, 'fuse-overlayfs is missing, or this user may not mount it');
    return undefined;
  }
  const root = mkdtempSync(join(tmpdir(), 'mtorrent-fuse-'));
  const [directory, lower, upper, work] = ['disk', 'lower', 'upper', 'work'].map((name) => join(root, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const path of [directory, lower, upper, work]) await mkdir(path);
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  const server = spawn('fuse-overlayfs', ['-f', '-o', options, directory], { stdio: 'ignore' });
  swarm.adopt({
    end: async () => {
      server.kill('SIGKILL');
      spawnSync('umount', ['-l', directory]);
    },
  });
  t.after(() => rmSync(root, { recursive: true, force: true }));
  await eventually(
    () => statSync(directory).dev,
    (device) => device !== statSync(root).dev,
    'the file system is mounted',
  );
  return { directory, hang: () => void server.kill('SIGSTOP'), heal: () => void server.kill('SIGCONT') };
}
