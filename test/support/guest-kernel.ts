// A kernel that knows file systems which the one of this machine lacks: User-mode Linux, a process like any other, with
// this machine's files. A test that needs one is played again in it.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { shellLine } from '../../src/foundation/base/shell-line.js';
import { lacksPlace, lacksTool } from './needs.js';

const KERNEL = 'linux.uml';
/** Set where a test is played in the guest. */
const GUEST = 'MTORRENT_TEST_GUEST';
/** What hides what the guest must not write of this machine. */
const OWN = ['/tmp', '/dev/shm', '/run', '/var/lib/nfs', '/lib/modules'];
/** A guest has one core and slow system calls. */
const GUEST_SECONDS_MAX = 240;

/** Plays the test `t` of the file `path` in a guest, and passes if it does there. */
export async function playInGuest(t: TestContext, path: string, why: string): Promise<void> {
  if (process.env[GUEST] !== undefined) return lacksPlace(t, why);
  if (process.getuid?.() !== 0) return lacksPlace(t, `${why}; only root can start a guest with this machine's files`);
  if (spawnSync(KERNEL, ['--version']).error !== undefined) return lacksTool(t, KERNEL);
  const directory = mkdtempSync(join(tmpdir(), 'mtorrent-guest-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const init = join(directory, 'init');
  writeFileSync(init, initOf(path, t.name), { mode: 0o755 });
  const words = ['mem=2G', 'quiet', 'root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'rw', `init=${init}`];
  const consoles = ['con=null', 'con0=fd:0,fd:1', `uml_dir=${directory}/`];
  const guest = spawn('timeout', ['--kill-after=10', `${GUEST_SECONDS_MAX + 30}`, KERNEL, ...words, ...consoles], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its temporary files are its memory.
    env: { ...process.env, TMPDIR: '/dev/shm' },
  });
  const [said] = await Promise.all([text(guest.stdout), text(guest.stderr)]);
  const missing = /NOT TESTED: (.*)/.exec(said)?.[1];
  if (missing !== undefined) return lacksPlace(t, `${why}; nor in a guest: ${missing}`);
  assert.match(said, /^# pass 1\r?$/m, said);
  assert.match(said, /^# fail 0\r?$/m, said);
}

function initOf(path: string, name: string): string {
  const project = shellLine(process.cwd());
  const pattern = `^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
  const played = [process.execPath, '--test', '--test-reporter=tap', `--test-name-pattern=${pattern}`, path];
  return `#!/bin/bash
mount -t proc proc /proc
mount -t sysfs sys /sys
mount --bind ${project} /mnt
for directory in ${OWN.join(' ')}; do mkdir -p $directory; mount -t tmpfs own $directory; done
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root ${GUEST}=1
mkdir -p /lib/modules/$(uname -r)
mount --bind /usr/lib/uml/modules/$(uname -r) /lib/modules/$(uname -r)
modprobe -a loop vfat nls_cp437 nls_iso8859-1 nls_utf8 nfsd nfs nfsv4
ip link set lo up
mkdir -p ${project}
mount --move /mnt ${project}
cd ${project}
timeout ${GUEST_SECONDS_MAX} ${shellLine(...played)}
echo o > /proc/sysrq-trigger
sleep 10
`;
}
