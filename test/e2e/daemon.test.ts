// A client in the background, as real processes: what is started on it goes on without whoever started it, several use
// it at once, and it ends when it is told to, for everybody and with a sentence.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readlink, rename, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import test from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { attach, DaemonProcess, daemonWords, onDaemon, socketOf, startDaemon } from '../support/daemon-stage.js';
import {
  completes,
  eventually,
  fileOf,
  killHard,
  listedEventually,
  nobodyListed,
  PIECE,
  quoted,
  refusedWith,
  share,
  shareHere,
  stageSwarm,
  startTrackerHere,
} from '../support/e2e-stage.js';

const SOME = 24 * PIECE;
/** SOME takes some two seconds. */
const SLOWLY = { uploadLimit: 3 * 2 ** 20 };

test('a get goes on after the console that typed it was killed', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('a.bin', SOME);
  await shareHere(swarm, source, 'a.mtorrent', SLOWLY);
  await startDaemon(swarm);
  const console = attach(swarm, 'killed');
  const target = await console.succeed('get a.mtorrent got.bin');
  assert.equal(target, swarm.path('got.bin'), 'paths are of the console');
  await eventually(
    () => fileOf(console),
    ({ received }) => received > 0,
    'bytes arrive',
  );
  await killHard(console);
  const { code } = await onDaemon(swarm, 'wait');
  assert.equal(code, 0);
  assert.equal(await sha256OfFile(target), await sha256OfFile(source));
});

test('two consoles at once: each gets its own answers, and both hear what happens', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  // A minute and more unless the limit goes.
  const seeder = await shareHere(swarm, await swarm.makeFile('a.bin', SOME), 'a.mtorrent', { uploadLimit: 128 * 1024 });
  await startDaemon(swarm);
  const [first, second] = [attach(swarm, 'first'), attach(swarm, 'second')];
  const target = await first.succeed(`get a.mtorrent ${quoted(swarm.path('got.bin'))}`);
  const waits = first.succeed('wait');
  // Asked later, answered before.
  assert.equal(await second.succeed('limit up 10M'), 'up=10485760 down=0');
  assert.match((await fileOf(second)).state, /^(waiting|downloading)$/, 'it is not complete yet');
  await seeder.limit('up', 0);
  assert.equal(await waits, 'WAITED');
  await Promise.all([completes(first, target), completes(second, target)]);
  assert.equal(await first.succeed('quit'), 'DETACHED');
  assert.equal(await first.exited, 0);
  second.endInput();
  assert.equal(await second.exited, 0, 'the end of its input is a quit');
  assert.equal((await onDaemon(swarm, 'show')).stdout.startsWith('[S] a.bin'), true);
});

test('stop ends it for good: off the trackers, its socket gone, a console told', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const daemon = await startDaemon(swarm);
  const console = attach(swarm);
  await share(console, await swarm.makeFile('a.bin', 10), 'a.mtorrent');
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the share is listed');
  const { code, stdout } = await onDaemon(swarm, 'stop');
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^stopped the client at 127\\.0\\.0\\.1:\\d+, process ${daemon.pid}$`));
  assert.equal(existsSync(socketOf(swarm)), false);
  await nobodyListed(swarm);
  assert.equal(await daemon.exited, 0);
  assert.equal(await console.exited, 1);
  assert.match(console.stderr, /^NOT_RUNNING: lost the client at .*client\.sock/m);
  for (const words of [['stop'], ['attach'], ['show'], ['wait']])
    refusedWith(await onDaemon(swarm, ...words), 1, 'NOT_RUNNING', /mtorrent daemon --detach/);
});

test('a daemon that is killed ends the console on it, and the next one takes its socket', async (t) => {
  const swarm = await stageSwarm(t);
  const daemon = await startDaemon(swarm);
  const console = attach(swarm);
  await console.succeed('limit');
  const { pid } = await console.json<{ readonly pid: number }>('show stats');
  assert.equal(pid, daemon.pid);
  // The process that stands still has not answered it when it dies.
  daemon.kill('SIGSTOP');
  const unanswered = console.command('limit');
  await killHard(daemon);
  assert.equal((await unanswered).result, 'FAILURE:NOT_RUNNING');
  assert.equal(await console.exited, 1);
  assert.match(console.stderr, /^NOT_RUNNING: /m);
  assert.ok((await stat(socketOf(swarm))).isSocket(), 'what it left lies there');
  refusedWith(await onDaemon(swarm, 'show'), 1, 'NOT_RUNNING', /start one/);
  await startDaemon(swarm);
  assert.equal((await onDaemon(swarm, 'limit')).stdout, 'up: no limit, down: no limit');
});

test('a second daemon on the same socket is refused before it does anything', async (t) => {
  const swarm = await stageSwarm(t);
  await startDaemon(swarm);
  const second = await runProgram(daemonWords(swarm, [], 'other.state'), swarm.directory);
  refusedWith(second, 11, 'ALREADY_RUNNING', /client\.sock.*mtorrent attach.*mtorrent stop/);
  assert.equal(existsSync(swarm.path('other.state')), false);
  assert.equal((await onDaemon(swarm, 'limit')).code, 0);
});

test('two daemons that start at once: one serves, the other one is refused', async (t) => {
  const swarm = await stageSwarm(t);
  const first = await startDaemon(swarm);
  await killHard(first);
  // Both find the socket of the dead one.
  const [one, two] = [swarm.adopt(new DaemonProcess(swarm, [])), swarm.adopt(new DaemonProcess(swarm, []))];
  const ends = await Promise.race([one.exited, two.exited]);
  assert.equal(ends, 11);
  const both = [one, two].map(({ stderr }) => stderr).join('');
  assert.match(both, /^ALREADY_RUNNING: /m);
  const { stdout } = await eventually(
    () => onDaemon(swarm, 'limit'),
    ({ code }) => code === 0,
    'the other one serves',
  );
  assert.equal(stdout, 'up: no limit, down: no limit');
});

test('the verbs of the console are commands with their exit codes', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  await startDaemon(swarm);
  const nothing = await onDaemon(swarm, 'show');
  assert.deepEqual([nothing.code, nothing.stdout], [0, '']);
  await shareHere(swarm, await swarm.makeFile('a.bin', SOME), 'a.mtorrent', { uploadLimit: 64 * 1024 });
  await attach(swarm).succeed(`get a.mtorrent ${quoted(swarm.path('got.bin'))}`);
  const says = async (words: readonly string[], code: number, said: RegExp): Promise<void> => {
    const outcome = await onDaemon(swarm, ...words);
    assert.equal(outcome.code, code, outcome.stderr);
    assert.match(code === 0 ? outcome.stdout : outcome.stderr, said);
    if (code !== 0) assert.equal(outcome.stdout, '');
  };
  await says(['pause', 'a.mtorrent'], 0, /^paused/);
  // What is under way is finished first.
  await eventually(
    async () => (await onDaemon(swarm, 'show')).stdout,
    (rows) => /^\[D\] a\.bin .* paused$/.test(rows),
    'it is paused',
  );
  await says(['show', 'downloads', '--json'], 0, /^\{"schema":1,"files":\[\{"name":"a\.bin","state":"paused"/);
  await says(['resume', swarm.path('a.mtorrent')], 0, /^resumed$/);
  await says(['limit', 'down', '5M'], 0, /^up: no limit, down: 5\.0 MiB\/s$/);
  await says(['limit', 'down', 'fast'], 2, /^INVALID_ARGUMENTS: "fast" is not a rate/);
  await says(['remove', 'a.mtorrent'], 1, /^NOT_COMPLETE: .*--force/);
  await says(['remove', 'a.mtorrent', '--force'], 0, /^removed/);
  await says(['pause', 'a.mtorrent'], 3, /^FILE_NOT_FOUND: /);
  await says(['show', 'nonsense'], 2, /^INVALID_ARGUMENTS: show has no "nonsense"; usage: show downloads/);
  await says(['wait'], 0, /^all downloads have ended$/);
});

test('SIGTERM ends a daemon gracefully, SIGHUP opens its log anew', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const daemon = await startDaemon(swarm);
  await share(attach(swarm), await swarm.makeFile('a.bin', 10), 'a.mtorrent');
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the share is listed');
  const log = swarm.path('daemon.log');
  await rename(log, `${log}.1`);
  daemon.kill('SIGHUP');
  await eventually(
    () => readFile(log, 'utf8').catch(() => ''),
    (text) => text.includes('the log goes on here'),
    'there is a new log',
  );
  daemon.kill('SIGTERM');
  assert.equal(await daemon.exited, 0);
  await nobodyListed(swarm);
  assert.equal(existsSync(socketOf(swarm)), false);
});

test('--detach leaves a daemon in a session of its own that answers, and ends itself', async (t) => {
  const swarm = await stageSwarm(t);
  const { code, stdout, stderr } = await runProgram(daemonWords(swarm, ['--detach']), swarm.directory);
  try {
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^DAEMON LISTENING 127\.0\.0\.1:\d+ \/.*client\.sock$/);
    const stats = await onDaemon(swarm, 'show', 'stats');
    const { pid } = JSON.parse(stats.stdout) as { readonly pid: number };
    if (process.platform === 'linux') {
      // The fields behind the name: state, parent, process group, session.
      const [, , , session] = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
      assert.equal(Number(session), pid);
      const places = await Promise.all([0, 1, 2].map((fd) => readlink(`/proc/${pid}/fd/${fd}`)));
      assert.deepEqual(places, ['/dev/null', '/dev/null', swarm.path('daemon.log')]);
    }
    refusedWith(await runProgram(daemonWords(swarm, ['--detach']), swarm.directory), 11, 'ALREADY_RUNNING', /attach/);
  } finally {
    await onDaemon(swarm, 'stop');
  }
  assert.equal(existsSync(socketOf(swarm)), false);
});

test('what a watched folder and a hook could not do is told at attached consoles too', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  await mkdir(swarm.path('watched'));
  await startDaemon(swarm, ['--watch-dir', swarm.path('watched'), '--watch-dest', swarm.directory]);
  const console = attach(swarm);
  await console.command('show stats');
  await writeFile(swarm.path('watched/bad.mtorrent'), 'nonsense\n');
  await console.said(/bad\.mtorrent is not fetched: .*line 1, should be a tracker's address/);
});

test('--detach tells why a daemon could not start, with its code, and leaves none', async (t) => {
  const swarm = await stageSwarm(t);
  const taken = net.createServer();
  await new Promise<void>((resolve) => taken.listen({ host: '127.0.0.1', port: 0 }, resolve));
  t.after(() => taken.close());
  const address = taken.address();
  assert.ok(address !== null && typeof address === 'object');
  const words = daemonWords(swarm, ['--detach']).map((word) =>
    word === '127.0.0.1:0' ? `127.0.0.1:${address.port}` : word,
  );
  refusedWith(await runProgram(words, swarm.directory), 1, 'PORT_IN_USE', new RegExp(`:${address.port}`));
  refusedWith(await onDaemon(swarm, 'show'), 1, 'NOT_RUNNING', /nothing listens/);
  assert.equal(existsSync(socketOf(swarm)), false);
  const lost = daemonWords(swarm, ['--detach']).map((word) => (word === 'daemon.log' ? 'no/daemon.log' : word));
  refusedWith(await runProgram(lost, swarm.directory), 3, 'FILE_NOT_FOUND', /the directory .*\/no does not exist/);
  const long = await runProgram(['daemon', '--socket', `/${'x'.repeat(120)}`], swarm.directory);
  refusedWith(long, 2, 'INVALID_ARGUMENTS', /121 bytes/);
});
