// What a disk does to a client in the field: it fails for a moment, it is full of something else than bytes, it is
// small, it may not be read. Each ends in one sentence that names the cause, and passes by itself where it can.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { ConsoleProcess, runProgram } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import {
  completes,
  create,
  eventually,
  fileOf,
  filesOf,
  hasPieces,
  PIECE,
  quit,
  quoted,
  refusedWith,
  refuses,
  share,
  stageSwarm,
  startPartialHere,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { lacksPlace } from '../support/needs.js';
import { PATIENCE_MS } from '../support/patience.js';
import { canTrace } from '../support/strace.js';

/** A small file system of its own, gone after the test; undefined, with the reason, where there can be none. */
async function smallDisk(t: TestContext, options: string): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'mtorrent-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'mtorrent-test', directory], { stdio: 'pipe' });
  } catch (error) {
    await rm(directory, { recursive: true });
    lacksPlace(t, `a small disk cannot be mounted here (${error instanceof Error ? error.message.trim() : ''})`);
    return undefined;
  }
  disks.push(directory);
  return directory;
}

const disks: string[] = [];

test.afterEach(async () => {
  for (const directory of disks.splice(0)) {
    spawnSync('umount', ['-l', directory]);
    await rm(directory, { recursive: true, force: true });
  }
});

/** The program under a limit of its shell. */
const limited = (ulimit: string): { readonly launcher: readonly string[] } => ({
  launcher: ['sh', '-c', `ulimit ${ulimit}; exec "$0" "$@"`],
});

/** Calls about one file of a running process fail; resolves once they do, to what ends that. */
async function failing(pid: number, path: string, inject: string): Promise<() => void> {
  const words = ['-f', '-o', '/dev/null', '-p', String(pid), '-P', path, '-e', inject];
  const strace = spawn('strace', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  strace.stderr.on('data', (text) => {
    said += String(text);
  });
  await eventually(
    () => said,
    (text) => /attached/.test(text),
    'strace is attached',
  );
  return () => void strace.kill('SIGINT');
}

async function stageWithTracker(t: TestContext): Promise<Swarm> {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  return swarm;
}

test('FC-24: a read error that passes takes a share away for a moment, and both sentences name the cause and the file', async (t) => {
  if (!canTrace(t)) return;
  const swarm = await stageWithTracker(t);
  const seeder = swarm.startClient('seeder');
  const source = await swarm.makeFile('p.bin', 8 * PIECE);
  const mtorrent = await share(seeder, source, 'p.mtorrent');
  // From the first read on: strace counts calls for each thread, and the pool has more threads than there are reads.
  const heal = await failing(seeder.pid, source, 'inject=pread64,preadv,preadv2:error=ESTALE');
  t.after(heal);
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get ${quoted(mtorrent)} ${quoted(`${swarm.directory}/out.bin`)}`);
  const said = await seeder.said(/p\.bin is on a network disk that no longer knows it \(ESTALE\)/);
  assert.match(said, /tried again by itself: mount that disk again/);
  assert.doesNotMatch(said, /restart|Unknown system error/);
  heal();
  await seeder.said(/p\.bin is right again and shared/);
  await completes(leecher, target, 60_000);
});

test('FC-24: with few descriptors every share is served, and nothing the client needs later is missing', async (t) => {
  const swarm = await stageSwarm(t);
  const seeder = swarm.startClient('seeder');
  const count = 80;
  for (let at = 0; at < count; at += 1) {
    writeFileSync(swarm.path(`${at}.bin`), `file ${at}`);
    await share(seeder, swarm.path(`${at}.bin`), `${at}.mtorrent`);
  }
  await quit(seeder);
  // The bytes of one decide, so that hashing is needed, too.
  writeFileSync(swarm.path('0.bin'), 'file 0');
  const again = swarm.startClient('seeder', 0, [], limited('-n 100'));
  const files = await eventually(
    () => filesOf(again),
    (rows) => rows.length === count && rows.every(({ state }) => state !== 'checking'),
    'everything is checked',
  );
  assert.deepEqual(
    files.filter(({ state }) => state !== 'seeding').map(({ problem }) => problem),
    [],
  );
  assert.equal(again.stderr.includes('EMFILE'), false, again.stderr);
  await quit(again);
});

test('FC-21, X5: a disk without inodes is named as that, once; the download completes when there are some, and a get that has ended says nothing of that', async (t) => {
  const swarm = await stageWithTracker(t);
  const disk = await smallDisk(t, 'size=64m,nr_inodes=8');
  if (disk === undefined) return;
  const source = await swarm.makeFile('small.bin', 2 * PIECE);
  const mtorrent = await create(swarm, source, 'small.mtorrent');
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get ${quoted(mtorrent)} ${disk}/`);
  await eventually(
    () => readdirSync(disk),
    (names) => names.includes('small.bin.part'),
    'its part is there',
  );
  const fillers = fillInodes(disk);
  await share(swarm.startClient('seeder'), source, 'seeder.mtorrent');
  assert.equal(await leecher.event((line) => line.includes(target)), `STALLED:${target}:DISK_FULL`);
  await leecher.said(/small\.bin.* has no room left: its disk has free bytes, but no free inodes/);
  const { problem } = await fileOf(leecher);
  assert.match(problem, /no free inodes; .*; it continues by itself when there is room/);
  // A new download is refused before anything is fetched.
  const other = await create(swarm, await swarm.makeFile('other.bin', PIECE), 'other.mtorrent');
  await refuses(
    leecher,
    `get ${quoted(other)} ${disk}/`,
    'DISK_FULL',
    /other\.bin has no room: its disk has no free inodes/,
  );
  const once = await runProgram(['get', other, `${disk}/`, '--alone'], swarm.directory, oneShotEnv(swarm));
  assert.equal(once.code, 9, once.stderr);
  assert.match(once.stderr, /no free inodes; delete some files there, or choose another destination\n$/);
  for (const path of fillers) await rm(path);
  await completes(leecher, target, 60_000);
  assert.doesNotMatch(leecher.stderr, /are free again/);
});

/** Takes every inode of a disk; answers the files that hold them. */
function fillInodes(disk: string): readonly string[] {
  const paths: string[] = [];
  try {
    for (;;) {
      const path = join(disk, `filler-${paths.length}`);
      writeFileSync(path, '');
      paths.push(path);
    }
  } catch {
    return paths;
  }
}

function oneShotEnv(swarm: Swarm): { readonly env: Readonly<Record<string, string>> } {
  return { env: { HOME: swarm.directory, XDG_STATE_HOME: swarm.path('xdg'), XDG_RUNTIME_DIR: swarm.path('run') } };
}

test('FC-21: a file larger than this process may write is refused before anything is fetched, for good', async (t) => {
  const swarm = await stageSwarm(t);
  const mtorrent = await create(swarm, await swarm.makeFile('large.bin', 8 * PIECE), 'large.mtorrent');
  const leecher = swarm.startClient('leecher', 0, [], limited('-f 2048'));
  const get = `get ${quoted(mtorrent)} ${quoted(swarm.path('out.bin'))}`;
  await refuses(leecher, get, 'DISK_FULL', /out\.bin is larger than this process may write; raise `ulimit -f`/);
  assert.deepEqual(await filesOf(leecher), []);
});

test('FC-21: a full state directory is named, whatever is free where the data goes', async (t) => {
  const swarm = await stageWithTracker(t);
  const disk = await smallDisk(t, 'size=4m');
  if (disk === undefined) return;
  const source = await swarm.makeFile('small.bin', 2 * PIECE);
  const mtorrent = await create(swarm, source, 'small.mtorrent');
  const trackers = swarm.trackers.map(formatAddress);
  const words = ['client', '127.0.0.1:0', ...trackers, swarm.path('leecher.log'), '--state-dir', join(disk, 'state')];
  const leecher = swarm.adopt(new ConsoleProcess('leecher', words, swarm.directory));
  await leecher.succeed('show downloads');
  const filler = join(disk, 'filler');
  spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4096'], { stdio: 'ignore' });
  await share(swarm.startClient('seeder'), source, 'seeder.mtorrent');
  const get = `get ${quoted(mtorrent)} ${quoted(swarm.path('out.bin'))}`;
  await refuses(leecher, get, 'DISK_FULL', /state\/mtorrents\/.* has no room left on its disk/);
  assert.deepEqual(await filesOf(leecher), []);
  await rm(filler);
  await completes(leecher, await leecher.succeed(get), 60_000);
});

test('FC-22: a small file fits a small disk; disk-reserve says otherwise, and is told', async (t) => {
  const swarm = await stageWithTracker(t);
  const disk = await smallDisk(t, 'size=12m');
  if (disk === undefined) return;
  const mtorrent = await share(
    swarm.startClient('seeder'),
    await swarm.makeFile('s.bin', 64 * 1024),
    'seeder.mtorrent',
  );
  const strict = swarm.startClient('strict', 0, ['--disk-reserve', '12M']);
  await refuses(strict, `get ${quoted(mtorrent)} ${disk}/`, 'DISK_FULL', /12\.0 MiB must stay free \(`disk-reserve`\)/);
  const leecher = swarm.startClient('leecher');
  await completes(leecher, await leecher.succeed(`get ${quoted(mtorrent)} ${disk}/`));
  await hasPieces(leecher, 1);
});

test('FC-23: a directory that may be written but not read takes downloads and .mtorrent files', async (t) => {
  if (process.getuid?.() !== 0) return lacksPlace(t, 'only root can become another user');
  const swarm = await stageWithTracker(t);
  chmodSync(swarm.directory, 0o755);
  const source = await swarm.makeFile('small.bin', PIECE);
  chmodSync(source, 0o644);
  const shared = await share(swarm.startClient('seeder'), source, 'small.mtorrent');
  const [drop, home] = [swarm.path('drop'), swarm.path('home')];
  for (const path of [drop, home]) {
    mkdirSync(path);
    spawnSync('chown', ['nobody', path]);
  }
  chmodSync(drop, 0o300);
  const mtorrent = join(home, 'small.mtorrent');
  copyFileSync(shared, mtorrent);
  const asNobody = {
    launcher: ['setpriv', '--reuid', 'nobody', '--clear-groups', '--'],
    env: { HOME: home, XDG_STATE_HOME: home, XDG_RUNTIME_DIR: home },
  };
  for (const words of [
    ['get', mtorrent, `${drop}/`, '-q'],
    ['get', mtorrent, `${drop}/`, '-q'],
    ['create', source, '-t', '127.0.0.1:1', '-t', '127.0.0.1:2', '-o', `${drop}/c.mtorrent`, '-q'],
  ]) {
    const { code, stderr } = await runProgram(words, home, asNobody);
    assert.equal(code, 0, stderr);
  }
  assert.equal(statSync(join(drop, 'small.bin')).size, PIECE);
});

test('FC-26: a name that the target refuses is told as that before anything is fetched, and another name works', async (t) => {
  if (!canTrace(t)) return;
  const swarm = await stageWithTracker(t);
  const seeder = swarm.startClient('seeder');
  const mtorrent = await share(seeder, await swarm.makeFile('what?.img', PIECE), 'q.mtorrent');
  await seeder.said(/what\?\.img is a name that Windows and some file systems refuse \(it has a "\?"\)/);
  const to = swarm.path('to');
  mkdirSync(to);
  const paths = ['', '.part'].flatMap((suffix) => ['-P', `${to}/what?.img${suffix}`]);
  const refusing = {
    launcher: ['strace', '-f', '-qq', '-o', '/dev/null', ...paths, '-e', 'inject=openat:error=EINVAL'],
  };
  const options = oneShotEnv(swarm);
  const refused = await runProgram(['get', mtorrent, `${to}/`, '-q'], swarm.directory, { ...options, ...refusing });
  refusedWith(
    refused,
    2,
    'INVALID_ARGUMENTS',
    /refuses the name what\?\.img \(EINVAL\); name another file .* \/.*\/to\/what_\.img/,
  );
  assert.deepEqual(readdirSync(to), []);
  const named = await runProgram(['get', mtorrent, `${to}/what_.img`, '-q'], swarm.directory, options);
  assert.equal(named.code, 0, named.stderr);
  // A file system that takes the name keeps it.
  const kept = await runProgram(['get', mtorrent, `${to}/`, '-q'], swarm.directory, options);
  assert.equal(kept.code, 0, kept.stderr);
  assert.deepEqual(readdirSync(to).sort(), ['what?.img', 'what_.img']);
});

test('FC-26: on a file system without hard links and permissions, as FAT, a get ends as elsewhere and overwrites nothing', async (t) => {
  if (!canTrace(t)) return;
  const swarm = await stageWithTracker(t);
  const mtorrent = await share(swarm.startClient('seeder'), await swarm.makeFile('a.img', PIECE + 1), 'a.mtorrent');
  const to = swarm.path('to');
  mkdirSync(to);
  const calls = ['link,linkat', 'chmod,fchmod,fchmodat', 'chown,fchown,fchownat'];
  const injected = calls.flatMap((names) => ['-e', `inject=${names}:error=EPERM`]);
  const paths = ['', '.part'].flatMap((suffix) => ['-P', `${to}/a.img${suffix}`]);
  const launcher = ['strace', '-f', '-qq', '-o', '/dev/null', ...paths, ...injected];
  const get = () => runProgram(['get', mtorrent, `${to}/`, '-q'], swarm.directory, { ...oneShotEnv(swarm), launcher });
  for (const round of ['it is fetched', 'it is there']) {
    const { code, stderr } = await get();
    assert.equal(code, 0, `${round}: ${stderr}`);
    assert.deepEqual(readdirSync(to), ['a.img']);
  }
  writeFileSync(join(to, 'a.img'), 'of somebody else');
  assert.equal((await get()).code, 13);
  assert.equal(statSync(join(to, 'a.img')).size, 16);
});

test('FC-21: a quota, and the 4 GiB of FAT, are named as that with the path, whatever is free', async (t) => {
  if (!canTrace(t)) return;
  const swarm = await stageWithTracker(t);
  const mtorrent = await share(swarm.startClient('seeder'), await swarm.makeFile('b.img', 2 * PIECE), 'b.mtorrent');
  for (const [error, sentence] of [
    ['EDQUOT', /b\.img\S* would exceed your disk quota; /],
    ['EFBIG', /b\.img\S* is larger than its file system allows; choose another place/],
  ] as const) {
    const to = swarm.path(error);
    mkdirSync(to);
    const inject = `inject=pwrite64,pwritev,pwritev2:error=${error}`;
    const launcher = ['strace', '-f', '-qq', '-o', '/dev/null', '-P', `${to}/b.img.part`, '-e', inject];
    const words = ['get', mtorrent, `${to}/`, '-q', '--timeout', '60s'];
    const { code, stderr } = await runProgram(words, swarm.directory, { ...oneShotEnv(swarm), launcher });
    assert.equal(code, 9, stderr);
    assert.match(stderr, sentence);
    assert.doesNotMatch(stderr, /by itself/);
  }
});

test('a folder arrives where its file system keeps neither permissions nor times, and one with links is refused at once where it has none', async (t) => {
  if (!canTrace(t)) return;
  const swarm = await stageWithTracker(t);
  const to = swarm.path('to');
  mkdirSync(to);
  for (const folder of ['tools', 'linked']) {
    mkdirSync(swarm.path(folder));
    writeFileSync(swarm.path(`${folder}/run`), 'echo', { mode: 0o755 });
    writeFileSync(swarm.path(`${folder}/data`), folder);
  }
  const seeder = swarm.startClient('seeder');
  const trackers = swarm.trackers.flatMap((tracker) => ['-t', formatAddress(tracker)]);
  const made = await runProgram(['create', 'tools', '-o', 'tools.mtorrent', '--mtimes', ...trackers], swarm.directory);
  assert.equal(made.code, 0, made.stderr);
  await seeder.succeed(`get tools.mtorrent ${quoted(`${swarm.directory}/`)}`);
  symlinkSync('run', swarm.path('linked/link'));
  await seeder.succeed('share linked linked.mtorrent');
  // As FAT answers, where files are made without the right to execute them.
  const calls = ['chmod,fchmod,fchmodat', 'utimensat,futimesat', 'symlink,symlinkat'];
  const injected = calls.flatMap((names) => ['-e', `inject=${names}:error=EPERM`]);
  const launcher = ['sh', '-c', 'umask 111; exec "$0" "$@"', 'strace', '-f', '-qq', '-o', '/dev/null', ...injected];
  const get = (name: string, ...more: string[]) =>
    runProgram(['get', `${name}.mtorrent`, `${to}/`, '-q', ...more], swarm.directory, {
      ...oneShotEnv(swarm),
      launcher,
    });
  const refused = await get('linked');
  refusedWith(
    refused,
    10,
    'UNSAFE_NAME',
    /to has no symbolic links \(EPERM\), and link is one; .*--except.*--follow-links$/m,
  );
  assert.deepEqual(readdirSync(to), []);
  for (const round of ['it is fetched', 'it is there']) {
    const { code, stderr } = await get('tools');
    assert.equal(code, 0, `${round}: ${stderr}`);
    assert.deepEqual(readdirSync(join(to, 'tools')).sort(), ['data', 'run']);
  }
  await rm(join(to, 'tools'), { recursive: true });
  assert.equal((await get('linked', '--except', 'link')).code, 0);
});

test('a download whose disk is not mounted waits for it, writes nothing to the disk below, and goes on when it is', async (t) => {
  const swarm = await stageWithTracker(t);
  const disk = await smallDisk(t, 'size=64m');
  if (disk === undefined) return;
  const at = swarm.path('usb');
  mkdirSync(at);
  const bind = () => void execFileSync('mount', ['--bind', disk, at]);
  bind();
  disks.push(at);
  const source = await swarm.makeFile('a.img', 24 * PIECE);
  await startPartialHere(swarm, source, await create(swarm, source, 'a.mtorrent'), (piece) => piece < 10);
  const begun = swarm.startClient('leecher');
  const target = await begun.succeed(`get a.mtorrent ${quoted(`${at}/`)}`);
  await hasPieces(begun, 10);
  await quit(begun);
  execFileSync('umount', [at]);

  const sentence =
    /usb\/a\.img\.part is on the disk that was mounted at .*usb, and none is mounted there now; mount it again/;
  const leecher = swarm.startClient('leecher');
  await eventually(
    () => fileOf(leecher),
    ({ state, problem }) => state === 'paused' && sentence.test(problem),
    'it waits for its disk',
  );
  assert.equal((await leecher.command(`get a.mtorrent ${quoted(`${at}/`)}`)).result, 'FAILURE:IO_ERROR');
  assert.deepEqual(readdirSync(at), []);
  bind();
  await share(swarm.startClient('seeder'), source, 'seeder.mtorrent');
  await leecher.event((line) => line === `COMPLETED:${target}`, PATIENCE_MS);
  // Few of what was there came again: what the endgame asks of two peers at once.
  assert.ok((await fileOf(leecher)).received < 32 * PIECE);

  await quit(leecher);
  assert.deepEqual(readdirSync(swarm.path('leecher.state/resume')), []);
});
