// A disk that may hang, such as a network disk, whose reads of one file never return while strace holds them: what lies
// on other disks is shared, hashed and served all the same, and the client ends in time and names the file.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { within } from '../../src/foundation/base/deferred.js';
import { CommandRun, makeUser } from '../support/command-run.js';
import { attach, onDaemon, startDaemon } from '../support/daemon-stage.js';
import {
  eventually,
  PIECE,
  quoted,
  share,
  stageSwarm,
  startClientHere,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { fuseDisk } from '../support/fuse-disk.js';
import { lacksPlace } from '../support/needs.js';
import { PATIENCE_MS } from '../support/patience.js';
import { canTrace } from '../support/strace.js';

const disks: string[] = [];

test.afterEach(async () => {
  for (const directory of disks.splice(0)) {
    spawnSync('umount', ['-l', directory]);
    await rm(directory, { recursive: true, force: true });
  }
});

/** A file system that is not known as one of a disk of this machine; undefined where none can be mounted. */
async function otherDisk(t: TestContext): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'mtorrent-disk-'));
  try {
    execFileSync('mount', ['-t', 'ramfs', 'mtorrent-test', directory], { stdio: 'pipe' });
  } catch (error) {
    await rm(directory, { recursive: true });
    lacksPlace(t, `a disk cannot be mounted here (${error instanceof Error ? error.message.trim() : ''})`);
    return undefined;
  }
  disks.push(directory);
  return directory;
}

/** What the threads of a process are in the midst of a call about: the first argument of a read is a descriptor. */
async function callsAbout(pid: number): Promise<readonly string[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const calls = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/syscall`, 'utf8').catch(() => '')),
  );
  const descriptors = calls.map((call) => Number(call.split(' ')[1]));
  return Promise.all(descriptors.map((descriptor) => readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')));
}

/** Reads of these files by a running process do not return; resolves once they do not, to what ends that. */
async function hanging(swarm: Swarm, pid: number, paths: readonly string[]): Promise<() => void> {
  const inject = 'inject=pread64,preadv,preadv2,read:delay_enter=100s';
  const files = paths.flatMap((path) => ['-P', path]);
  const strace = spawn('strace', ['-f', '-o', '/dev/null', '-p', String(pid), ...files, '-e', inject]);
  // Before the processes that it holds.
  swarm.adopt({ end: async () => void strace.kill('SIGKILL') });
  let said = '';
  strace.stderr.on('data', (text) => {
    said += String(text);
  });
  await eventually(
    () => said,
    (text) => /attached/.test(text),
    'strace is attached',
  );
  return () => void strace.kill('SIGKILL');
}

test('FC-25: a share whose disk hangs keeps nobody from the others, is withdrawn by name, and comes back', async (t) => {
  if (!canTrace(t)) return;
  const swarm = await stageSwarm(t);
  const disk = await otherDisk(t);
  if (disk === undefined) return;
  await startTrackerHere(swarm);
  const seeder = swarm.startClient('seeder');
  // Small: it is fetched in a part of the deadline, also where there is one slow core.
  const source = await swarm.makeFile('works.bin', 4 * PIECE);
  copyFileSync(await swarm.makeFile('on-disk.bin', 24 * PIECE + 1), join(disk, 'hangs.bin'));
  const hung = await share(seeder, join(disk, 'hangs.bin'), 'hangs.mtorrent');
  const works = await share(seeder, source, 'works.mtorrent');
  const heal = await hanging(swarm, seeder.pid, [join(disk, 'hangs.bin')]);
  const leecher = await startClientHere(swarm, 'leecher');
  const first = await leecher.get(hung, swarm.path('first.bin'));
  await eventually(
    () => seeder.command('show peers hangs.bin'),
    ({ rows }) => rows.length > 0,
    'the file on the hung disk is being fetched',
  );
  const begunMs = performance.now();
  const second = await leecher.get(works, swarm.path('second.bin'));
  await second.finished();
  assert.ok(
    performance.now() - begunMs < 9_000,
    'uploads of another disk did not wait for the deadline of the hung one',
  );
  const said = await seeder.said(/hangs\.bin is on a network disk that does not answer \(ETIMEDOUT\)/);
  assert.match(said, /no longer shared, and is tried again by itself/);
  heal();
  await first.finished();
});

test('FC-25: hashing and serving of a disk that hangs delay no other share, and stop ends in time and names the files', async (t) => {
  if (!canTrace(t)) return;
  const swarm = await stageSwarm(t);
  const disk = await otherDisk(t);
  if (disk === undefined) return;
  await startTrackerHere(swarm);
  const daemon = await startDaemon(swarm);
  const paths = ['served.bin', 'hashed.bin'].map((name) => join(disk, name));
  const [served = '', hashed = ''] = paths;
  for (const name of ['served.bin', 'hashed.bin'])
    copyFileSync(await swarm.makeFile(name, 3 * PIECE), join(disk, name));
  const [first, second] = [attach(swarm, 'first'), attach(swarm, 'second')];
  const mtorrent = await share(first, served, 'served.mtorrent');
  const heal = await hanging(swarm, daemon.pid, paths);
  const leecher = await startClientHere(swarm, 'leecher');
  await leecher.get(mtorrent, swarm.path('out.bin'));
  first.write(`share ${quoted(hashed)} ${quoted(swarm.path('hashed.mtorrent'))}`);
  await share(second, await swarm.makeFile('works.bin', 3 * PIECE), 'works.mtorrent');
  await eventually(
    () => callsAbout(daemon.pid),
    (calls) => paths.every((path) => calls.includes(path)),
    'both files on the hung disk are being read',
  );
  const { stdout, stderr } = await onDaemon(swarm, 'stop');
  assert.match(stdout, /^stopped the client at /);
  assert.match(stderr, /the disk of .* does not answer/);
  for (const path of paths) assert.ok(stderr.includes(path), `${path} is named: ${stderr}`);
  await daemon.said(/a disk does not answer; this process ends without it/);
  // strace keeps what it traces from being gone.
  heal();
  await within(daemon.exited, PATIENCE_MS, () => assert.fail('the process has not ended'));
});

test('a command that names a path on a disk that hangs ends with that path, in the background as well, and touches nothing there', async (t) => {
  const swarm = await stageSwarm(t);
  const disk = await fuseDisk(t, swarm);
  if (disk === undefined) return;
  await startTrackerHere(swarm);
  await startDaemon(swarm);
  const source = await swarm.makeFile('a.bin', 3 * PIECE);
  const console = attach(swarm);
  const mtorrent = await share(console, source, 'a.mtorrent');
  const there = join(disk.directory, 'there.bin');
  disk.hang();
  const refused = /^IO_ERROR: .*there\.bin.* is on a network disk that does not answer \(ETIMEDOUT\); check that disk/m;
  const outcomes = await Promise.all([
    onDaemon(swarm, 'share', there),
    onDaemon(swarm, 'get', mtorrent, there),
    ...[
      ['info', there],
      ['verify', mtorrent, there],
      ['create', there],
    ].map((words) => runProgram(words, swarm.directory)),
  ]);
  for (const { code, stderr } of outcomes) {
    assert.equal(code, 1, stderr);
    assert.match(stderr, refused);
  }
  console.write(`get ${quoted(mtorrent)} ${quoted(there)}`);
  assert.match(await console.said(/does not answer \(ETIMEDOUT\)/, PATIENCE_MS), /there\.bin/);
  await share(console, await swarm.makeFile('b.bin', PIECE), 'b.mtorrent');
  disk.heal();
  const { code, stderr } = await onDaemon(swarm, 'get', mtorrent, there);
  assert.equal(code, 0, stderr);
});

test('a get whose disk begins to hang ends after a signal, though calls to the disk never come back', async (t) => {
  const swarm = await stageSwarm(t);
  const disk = await fuseDisk(t, swarm);
  if (disk === undefined) return;
  await startTrackerHere(swarm);
  const seeder = swarm.startClient('seeder');
  const mtorrent = await share(seeder, await swarm.makeFile('a.bin', 64 * PIECE), 'a.mtorrent');
  const user = await makeUser(swarm.directory, 'user');
  const words = ['get', mtorrent, join(disk.directory, 'out.bin'), '--alone', '--download-limit', '1M', '--json'];
  const get = new CommandRun(t, user, words);
  await get.line(/"have":[1-9]/);
  disk.hang();
  get.kill('SIGTERM');
  await get.said(/^a disk does not answer; this process ends without it$/m, PATIENCE_MS);
  // The kernel keeps a thread that waits for pages to be written until its disk answers, whatever kills it.
  disk.heal();
  const code = await within(get.exited, PATIENCE_MS, () => assert.fail('the process has not ended'));
  assert.equal(code, 143);
});
