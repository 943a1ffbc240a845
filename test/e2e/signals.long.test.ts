// SIGINT and SIGTERM: a graceful end within five seconds and the exit code that shells expect, also in the midst of
// work; a second one ends at once. A reader that goes away ends a client quietly.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { open, readdir, readFile, readlink, rename } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import { within } from '../../src/foundation/base/deferred.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import {
  eventually,
  fileOf,
  listedEventually,
  namesIn,
  nobodyListed,
  OPEN_REMARK,
  PIECE,
  seederList,
  share,
  stageSwarm,
  startTrackerHere,
} from '../support/e2e-stage.js';

const GRACE_MS = 5_000;
const PROGRAM = new URL('../../bundle/mtorrent.cjs', import.meta.url).pathname;

function endsWithin(running: { readonly name: string; readonly exited: Promise<number> }): Promise<number> {
  return within(running.exited, GRACE_MS, () => assert.fail(`${running.name} did not end in time`));
}

/** What a process has open, by Linux's account. */
async function openFiles(pid: number): Promise<readonly string[]> {
  const numbers = await readdir(`/proc/${pid}/fd`);
  return Promise.all(numbers.map((number) => readlink(`/proc/${pid}/fd/${number}`).catch(() => '')));
}

test('F14: SIGINT ends a client in mid-download with 130, off the tracker and with its progress kept', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const seeder = swarm.startClient('seeder', 0, ['--upload-limit', '1M']);
  const mtorrent = await share(seeder, await swarm.makeFile('cut.bin', 50 * PIECE), 'cut.mtorrent');
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the share is listed');
  const leecher = swarm.startClient('leecher');
  await leecher.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
  await eventually(
    () => fileOf(leecher),
    ({ received }) => received > 0,
    'bytes arrive',
  );
  leecher.kill('SIGINT');
  assert.equal(await endsWithin(leecher), 130);
  assert.match(leecher.stderr, /press Ctrl-C again to exit immediately/);
  seeder.kill('SIGTERM');
  assert.equal(await endsWithin(seeder), 143);
  await nobodyListed(swarm);
  const again = swarm.startClient('leecher');
  const { size, state } = await fileOf(again);
  assert.equal(size, 50 * PIECE, 'the download is known again');
  assert.notEqual(state, 'seeding', 'it was not complete');
});

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`F14: ${signal} ends a tracker gracefully, and a client that uses it works on`, async (t) => {
    const swarm = await stageSwarm(t);
    const tracker = await swarm.startTracker(0);
    const seeder = swarm.startClient('seeder');
    await share(seeder, await swarm.makeFile('a.bin', 10), 'a.mtorrent');
    await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the share is listed');
    tracker.kill(signal);
    // A daemon that was told to end has done its work: 0, or the signal's code.
    assert.ok([0, code].includes(await endsWithin(tracker)));
    assert.equal(tracker.stderr, OPEN_REMARK);
    assert.equal((await seederList(swarm, 0)).length, 1);
    await seeder.said(/no tracker of .* answers/);
    assert.equal((await fileOf(seeder)).state, 'seeding');
  });
}

test('F14: SIGHUP without a terminal opens the logs of client and tracker anew, SIGUSR1 does nothing, and both work on', async (t) => {
  const swarm = await stageSwarm(t);
  const tracker = await swarm.startTracker(0);
  const client = swarm.startClient('client');
  await client.address();
  for (const running of [tracker, client]) {
    const path = swarm.path(`${running.name}.log`);
    await rename(path, `${path}.1`);
    running.kill('SIGHUP');
    const log = await eventually(
      () => readFile(path, 'utf8').catch(() => ''),
      (text) => text.includes('the log goes on here'),
      `${running.name} has a new log`,
    );
    assert.equal(JSON.parse(log.split('\n')[0] ?? '').pid, running.pid);
    running.kill('SIGUSR1');
  }
  await share(client, await swarm.makeFile('a.bin', 10), 'a.mtorrent');
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the share is listed');
  for (const { stderr } of [tracker, client]) assert.doesNotMatch(stderr, /debugger/i);
});

test('F14: SIGHUP of a terminal window that is closed takes a client off the trackers', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('a.bin', 10);
  const words = [process.execPath, PROGRAM, 'client', '127.0.0.1:0', ...swarm.trackers.map(formatAddress)];
  const line = [...words, swarm.path('log'), '--state-dir', swarm.path('state')].map((word) => `'${word}'`).join(' ');
  // `script` gives the client a terminal of its own; killing it closes that terminal.
  const terminal = spawn(
    'script',
    ['--quiet', '--return', '--command', `trap '' HUP; ${line}; echo $? > ${swarm.path('end')}`, '/dev/null'],
    {
      stdio: 'pipe',
    },
  );
  const ended = new Promise<void>((resolve) => terminal.once('close', () => resolve()));
  t.after(async () => {
    terminal.kill('SIGKILL');
    await ended;
  });
  terminal.stdin.write(`share ${source} ${swarm.path('a.mtorrent')}\n`);
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the share is listed');
  terminal.kill('SIGKILL');
  await listedEventually(swarm, 0, (rows) => rows.length === 0, 'it is off the list');
  await eventually(
    () => readFile(swarm.path('end'), 'utf8').catch(() => ''),
    // The end of its input may come first.
    (code) => ['0\n', '129\n'].includes(code),
    'it ended as told, and not by an abort',
  );
});

test('a client that is hashing a huge file ends in time', async (t) => {
  const swarm = await stageSwarm(t);
  const client = swarm.startClient('client');
  await client.address();
  const huge = await open(swarm.path('huge.bin'), 'wx');
  // A hole: it takes no room, and minutes to hash.
  await huge.truncate(2 ** 40);
  await huge.close();
  client.command('share huge.bin huge.mtorrent').catch(() => undefined);
  await eventually(
    () => openFiles(client.pid),
    (paths) => paths.includes(swarm.path('huge.bin')),
    'it hashes',
  );
  client.kill('SIGTERM');
  assert.equal(await endsWithin(client), 143);
  assert.ok(!(await namesIn(swarm.directory)).some((name) => name.includes('huge.mtorrent')));
});

test('F14: a second signal ends a client at once', async (t) => {
  const swarm = await stageSwarm(t);
  const tracker = await swarm.startTracker(0);
  const client = swarm.startClient('client');
  await share(client, await swarm.makeFile('a.bin', 10), 'a.mtorrent');
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the share is listed');
  // A tracker that says nothing makes the graceful end slow.
  tracker.kill('SIGSTOP');
  client.kill('SIGINT');
  await client.said(/press Ctrl-C again/);
  client.kill('SIGINT');
  assert.equal(await endsWithin(client), 130);
  assert.doesNotMatch(await readFile(swarm.path('client.log'), 'utf8'), /client stopped/);
  tracker.kill('SIGCONT');
});

/** A client on plain pipes, which the test may close; it shares one file, and is listed. */
async function listedClient(t: TestContext) {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  await swarm.makeFile('a.bin', 10);
  const pair = swarm.trackers.map(formatAddress);
  const words = ['client', '127.0.0.1:0', ...pair, 'pipe.log', '--state-dir', 'pipe.state'];
  const child = spawn(process.execPath, [PROGRAM, ...words], { cwd: swarm.directory, stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  child.stdin.on('error', () => undefined);
  child.stdin.write('share a.bin a.mtorrent\n');
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the share is listed');
  const exited = new Promise<number>((resolve) =>
    child.on('exit', (code, signal) => resolve(code ?? (signal ? -1 : -2))),
  );
  return { swarm, child, running: { name: 'the client', exited } };
}

test('F14: a client whose output nobody reads any more ends quietly, off the trackers', async (t) => {
  const { swarm, child, running } = await listedClient(t);
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += String(text);
  });
  child.stdout.destroy();
  for (let at = 0; at < 20; at += 1) child.stdin.write('show downloads\n');
  assert.equal(await endsWithin(running), 0, stderr);
  assert.doesNotMatch(stderr, /bug|Error/);
  await nobodyListed(swarm);
});

test('F14: a client whose pipes are gone, all of them, ends gracefully', async (t) => {
  const { swarm, child, running } = await listedClient(t);
  for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
  assert.equal(await endsWithin(running), 0);
  await nobodyListed(swarm);
});
