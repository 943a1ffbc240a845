// The table of exit codes, each code made by a real process that meets its cause.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, type TestContext } from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import { Swarm } from '../../src/app/demo/swarm.js';
import { CommandRun, makeUser, trackerWords, type User } from '../support/command-run.js';
import {
  create,
  fastRoot,
  listedEventually,
  onceTried,
  PIECE,
  stageSwarm,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { lacksPlace } from '../support/needs.js';

const KILLER = new URL('../support/dying-thread.js', import.meta.url).href;

/** One tracker for all of them, and a file that nobody shares; its .mtorrent is `file.mtorrent`. */
let swarm: Swarm;
let stages = 0;

before(async () => {
  swarm = await Swarm.create(fastRoot());
  await startTrackerHere(swarm);
  await create(swarm, await swarm.makeFile('file.bin', 4 * PIECE), 'file.mtorrent');
});
after(() => swarm.end());

interface Stage {
  /** The user's own, with a copy of the file and of its .mtorrent. */
  readonly path: (name: string) => string;
  readonly user: User;
  readonly run: (...words: readonly string[]) => CommandRun;
}

async function stage(t: TestContext): Promise<Stage> {
  stages += 1;
  const directory = swarm.path(`${stages}`);
  await mkdir(directory);
  for (const name of ['file.bin', 'file.mtorrent']) await copyFile(swarm.path(name), join(directory, name));
  const user = await makeUser(directory, 'user');
  return { path: (name) => join(directory, name), user, run: (...words) => new CommandRun(t, user, words) };
}

async function endsWith(run: CommandRun, exitCode: number, code: string): Promise<void> {
  const outcome = await run.outcome();
  assert.equal(outcome.code, exitCode, outcome.stderr);
  assert.match(outcome.stderr, new RegExp(`^${code}: `, 'm'));
}

test('0: what was asked for was done', async (t) => {
  const { run } = await stage(t);
  assert.equal((await run('--version').outcome()).code, 0);
});

test('1: a port that is in use', async (t) => {
  const { run } = await stage(t);
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  t.after(() => server.close());
  const address = `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  await endsWith(run('share', 'file.bin', '--address', address, ...trackerWords(swarm)), 1, 'PORT_IN_USE');
});

test('2: words that mean nothing', async (t) => {
  const { run } = await stage(t);
  await endsWith(run('get'), 2, 'INVALID_ARGUMENTS');
  await endsWith(run('get', 'file.mtorrent', 'x', '--timeout', 'soon'), 2, 'INVALID_ARGUMENTS');
  await endsWith(run('get', 'file.mtorrent', 'x', '--timeout', '0s'), 2, 'INVALID_ARGUMENTS');
  await endsWith(run('get', 'file.mtorrent', 'x', '--detach'), 2, 'INVALID_ARGUMENTS');
  await endsWith(run('share', 'file.bin', '-t', '127.0.0.1:1'), 2, 'INVALID_ARGUMENTS');
  await endsWith(run('share', 'file.bin', '-q', '-v'), 2, 'INVALID_ARGUMENTS');
});

test('3: a file that is not there', async (t) => {
  const { run } = await stage(t);
  await endsWith(run('get', 'none.mtorrent', 'x'), 3, 'MTORRENT_FILE_NOT_FOUND');
  await endsWith(run('share', 'none.bin', ...trackerWords(swarm)), 3, 'FILE_NOT_FOUND');
});

test('4: a place where this user may not write', async (t) => {
  const { run } = await stage(t);
  // Not even root makes files there.
  const place = '/sys/kernel';
  if (process.platform !== 'linux') {
    lacksPlace(t, 'needs a file system that nobody may write to');
    return;
  }
  await endsWith(run('get', 'file.mtorrent', 'x', '--state-dir', `${place}/state`), 4, 'PERMISSION_DENIED');
});

test('5: state that is damaged', async (t) => {
  const { user, run } = await stage(t);
  const state = `${user.env['XDG_STATE_HOME']}/mtorrent/home/client`;
  await mkdir(state, { recursive: true });
  await writeFile(`${state}/identity.json`, '{');
  await endsWith(run(), 5, 'STATE_DAMAGED');
});

test('6: no tracker answers, and nothing came in the time given', async (t) => {
  const { run } = await stage(t);
  const silent = await stageSwarm(t);
  const mtorrent = await create(silent, swarm.path('file.bin'), 'file.mtorrent');
  const { code, stderr } = await onceTried((timeout) => run('get', mtorrent, 'x', '--timeout', timeout).outcome());
  assert.equal(code, 6, stderr);
  assert.match(stderr, /^NO_TRACKER: /m);
});

test('7 and 14: stopped, or out of time, before the end', async (t) => {
  const { run } = await stage(t);
  const stopped = run('get', 'file.mtorrent', 'x', '--json');
  await stopped.line(/"event":"progress"/);
  stopped.kill('SIGTERM');
  await endsWith(stopped, 7, 'UNFINISHED');
  await endsWith(run('get', 'file.mtorrent', 'x', '--timeout', '500ms'), 14, 'TIMED_OUT');
});

test('9: a disk without room for the file', async (t) => {
  const { run } = await stage(t);
  const disk = mkdtempSync(join(tmpdir(), 'mtorrent-disk-'));
  t.after(() => rmSync(disk, { recursive: true, force: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'mtorrent-test', disk], { stdio: 'pipe' });
  } catch (error) {
    lacksPlace(t, `a small disk cannot be mounted here (${error instanceof Error ? error.message.trim() : ''})`);
    return;
  }
  try {
    await endsWith(run('get', 'file.mtorrent', `${disk}/`), 9, 'DISK_FULL');
  } finally {
    execFileSync('umount', [disk]);
  }
});

test('9: a disk that has no room for what is printed, told once and without a stack', async (t) => {
  const { path, user } = await stage(t);
  const launcher = ['sh', '-c', 'exec "$@" > /dev/full', 'sh'];
  const client = ['client', '127.0.0.1:0', '127.0.0.1:1', '127.0.0.1:2', 'client.log'];
  const share = ['share', 'file.bin', '--address', '127.0.0.1:0', ...trackerWords(swarm), '-o', 'again.mtorrent'];
  const get = ['get', 'file.mtorrent', 'file.bin', '--address', '127.0.0.1:0'];
  for (const words of [
    ['--help'],
    ['info', 'file.mtorrent'],
    ['config', 'show'],
    client,
    share,
    get,
    [...get, '--json'],
  ]) {
    const { code, stderr } = await runProgram(words, path('.'), { launcher, env: user.env });
    assert.equal(code, words.includes('--json') ? 7 : 9, `${words.join(' ')}: ${stderr}`);
    assert.match(stderr, words.includes('--json') ? /^UNFINISHED: /m : /^DISK_FULL: standard output has no room left/m);
    assert.doesNotMatch(stderr, /\.c?js:/);
  }
});

test('10: no .mtorrent, or one with an unsafe name', async (t) => {
  const { path, run } = await stage(t);
  await writeFile(path('bad.mtorrent'), 'nonsense\n');
  await endsWith(run('get', 'bad.mtorrent', 'x'), 10, 'INVALID_MTORRENT');
  const unsafe = `127.0.0.1:1\n127.0.0.1:2\n../x\n1000\n${'a'.repeat(40)}\n`;
  await writeFile(path('unsafe.mtorrent'), unsafe);
  await endsWith(run('get', 'unsafe.mtorrent', 'x'), 10, 'UNSAFE_NAME');
});

test('11: the same is being done already', async (t) => {
  const { run } = await stage(t);
  const first = run('get', 'file.mtorrent', 'x', '--json');
  await first.line(/"event":"progress"/);
  await endsWith(run('get', 'file.mtorrent', 'x'), 11, 'ALREADY_RUNNING');
});

test('12: a file that is not the one described', async (t) => {
  const { path, run } = await stage(t);
  await writeFile(path('other.bin'), new Uint8Array(4 * PIECE));
  assert.equal((await run('verify', 'file.mtorrent', 'other.bin').outcome()).code, 12);
});

test('13: another file is in the place', async (t) => {
  const { path, run } = await stage(t);
  await writeFile(path('taken.bin'), 'mine');
  await endsWith(run('get', 'file.mtorrent', 'taken.bin'), 13, 'ALREADY_EXISTS');
  await writeFile(path('taken.mtorrent'), 'mine');
  await endsWith(run('share', 'file.bin', '-o', 'taken.mtorrent', ...trackerWords(swarm)), 13, 'ALREADY_EXISTS');
});

test('70: a part of ours that broke', async (t) => {
  const { path, user } = await stage(t);
  const deaths = path('deaths');
  await mkdir(deaths);
  const env = { MTORRENT_TEST_DEATHS: deaths, NODE_OPTIONS: `--import=${KILLER}` };
  const run = new CommandRun(t, user, ['get', 'file.mtorrent', 'x', '--json'], env);
  await run.line(/"event":"progress"/);
  await writeFile(`${deaths}/download`, '');
  await endsWith(run, 70, 'INTERNAL');
});

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${code}: ${signal} ended what would have gone on for ever`, async (t) => {
    const { path, run } = await stage(t);
    const name = `${signal}.bin`;
    await writeFile(path(name), name);
    const sharing = run('share', name, ...trackerWords(swarm));
    await sharing.line(/\.bin\.mtorrent/);
    await listedEventually(swarm, 0, (rows) => rows.some((row) => row.startsWith(`${name} `)), 'the share is listed');
    sharing.kill(signal);
    assert.equal((await sharing.outcome()).code, code);
  });
}
