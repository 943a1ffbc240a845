// Reports from the field about the machine that a client runs on: its clock, its name, its other users, its interface,
// a service manager that starts it again, and a disk with little room left.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { ClientProcess, ProgramProcess, runProgram, TrackerProcess } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import type { Address } from '../../src/foundation/torrent/address.js';
import { CommandRun, makeUser, trackerWords } from '../support/command-run.js';
import { type DaemonProcess, onDaemon, startDaemon } from '../support/daemon-stage.js';
import {
  completes,
  create,
  eventually,
  fileOf,
  getWhole,
  hasPieces,
  killHard,
  listedEventually,
  namesIn,
  PIECE,
  quit,
  refusedWith,
  share,
  shareHere,
  stageSwarm,
  startPartialHere,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { FalseClock } from '../support/faketime.js';
import { canUnshare } from '../support/namespaces.js';
import { lacksPlace } from '../support/needs.js';
import { twoMachines } from '../support/network.js';
import { smallDisk, unmountAfter } from '../support/small-disk.js';
import { canTrace } from '../support/strace.js';

test('a clock that is set by hours and by decades while a download runs delays nobody and loses nobody', async (t) => {
  const swarm = await stageSwarm(t);
  const clock = FalseClock.open(t, swarm.path('clock'), '+0');
  if (clock === undefined) return;
  const run = { launcher: clock.launcher };
  const [own, partner] = swarm.trackers;
  const tracker = swarm.adopt(new TrackerProcess('tracker-1', own, partner, swarm.directory, [], run));
  await tracker.started();
  const seeder = swarm.startClient('seeder', 0, ['--upload-limit', '2M'], run);
  const source = await swarm.makeFile('big.bin', 80 * PIECE);
  const mtorrent = await share(seeder, source, 'big.mtorrent');
  const leecher = swarm.startClient('leecher', 0, [], run);
  const target = await leecher.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
  let pieces = 1;
  for (const step of ['+5h', '-5h', '+20y', '-25y', '+0', '+1d']) {
    await hasPieces(leecher, pieces);
    clock.set(step);
    pieces += 4;
  }
  await hasPieces(leecher, pieces);
  await leecher.succeed('pause big.mtorrent');
  const { have } = await eventually(
    () => fileOf(leecher),
    ({ state }) => state === 'paused',
    'it is paused',
  );
  // What was recorded under one clock is believed under another one.
  await quit(leecher);
  clock.set('-3y');
  const again = swarm.startClient('leecher', 0, [], run);
  const { received } = await hasPieces(again, have);
  assert.ok(received < (have + 6) * PIECE, `${received} bytes for ${have} pieces`);
  await seeder.succeed('limit up off');
  await again.succeed('resume big.mtorrent');
  await completes(again, target, 60_000);
  await listedEventually(swarm, 0, (rows) => rows.length === 2, 'both are listed');
  clock.set('+10y');
  await getWhole(swarm.startClient('third', 0, [], run), mtorrent, swarm.path('third.bin'));
  for (const { stderr } of [seeder, again]) assert.doesNotMatch(stderr, /withdrawn|is gone|has changed/);
});

test('an interface that goes down and up during a download ends nothing, and the tracker lists both again', async (t) => {
  const machines = await twoMachines(t);
  if (machines === undefined) return;
  const [here, there] = machines;
  const swarm = await stageSwarm(t);
  const trackers: readonly [Address, Address] = [
    { host: '10.77.0.3', port: 7_101 },
    { host: '10.77.0.3', port: 7_102 },
  ];
  const atTracker = { launcher: there.on };
  const tracker = swarm.adopt(new TrackerProcess('tracker-1', ...trackers, swarm.directory, [], atTracker));
  await tracker.started();
  const at = (name: string, host: string, launcher: readonly string[], words: readonly string[] = []) =>
    swarm.adopt(new ClientProcess(name, { host, port: 6_901 }, trackers, swarm.directory, words, { launcher }));
  const seeder = at('seeder', '10.77.0.3', there.on, ['--upload-limit', '1M']);
  // Half a minute unless the limit goes.
  const source = await swarm.makeFile('big.bin', 64 * PIECE);
  const mtorrent = await share(seeder, source, 'big.mtorrent');
  const leecher = at('leecher', '10.77.0.2', here.on);
  const target = await leecher.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
  await hasPieces(leecher, 2);
  here.run('ip link set eth0 down');
  const { have } = await fileOf(leecher);
  here.run('ip link set eth0 up\nip route replace default via 10.77.0.3');
  await hasPieces(leecher, have + 2);
  await seeder.succeed('limit up off');
  await completes(leecher, target, 60_000);
  assert.equal(await sha256OfFile(target), await sha256OfFile(source));
  await listedEventually(swarm, 0, (rows) => rows.length === 2, 'both are listed');
});

/** A user of this machine by a number, with a home of their own. */
function personOf(swarm: Swarm, uid: number) {
  const home = swarm.path(`home-${uid}`);
  for (const directory of [home, join(home, 'run')]) {
    mkdirSync(directory);
    chownSync(directory, uid, uid);
  }
  const env = { HOME: home, XDG_STATE_HOME: join(home, 'state'), XDG_RUNTIME_DIR: join(home, 'run') };
  const launcher = ['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--'];
  return { env: { ...env, MTORRENT_ADDRESS: '127.0.0.1:0' }, launcher };
}

test('two users of one machine fetch one file into one shared directory, to one name and to two', async (t) => {
  if (process.getuid?.() !== 0) return lacksPlace(t, 'only root can become another user');
  const swarm = await stageSwarm(t);
  chmodSync(swarm.directory, 0o755);
  await startTrackerHere(swarm);
  const seeder = swarm.startClient('seeder', 0, ['--upload-limit', '4M']);
  const mtorrent = await share(seeder, await swarm.makeFile('big.bin', 16 * PIECE), 'big.mtorrent');
  chmodSync(mtorrent, 0o644);
  const shared = swarm.path('shared');
  mkdirSync(shared);
  chmodSync(shared, 0o1777);
  const [ada, bob] = [personOf(swarm, 54_321), personOf(swarm, 54_322)];
  const get = (person: typeof ada, target: string) =>
    runProgram(['get', mtorrent, target, '-q', '--timeout', '90s'], swarm.directory, person);
  // To two names at once: they meet nowhere.
  const both = await Promise.all([get(ada, join(shared, 'a.bin')), get(bob, join(shared, 'b.bin'))]);
  for (const { code, stderr } of both) assert.equal(code, 0, stderr);
  // To one name: who comes second is told whose it is, and has it once that one is done. It takes a minute unless told.
  await seeder.succeed('limit up 128K');
  const first = new ProgramProcess('ada', ['get', mtorrent, `${shared}/`, '-q'], swarm.directory, ada);
  t.after(() => first.end());
  await eventually(
    () => readdirSync(shared),
    (names) => names.includes('big.bin.part'),
    'it is begun',
  );
  const second = await get(bob, `${shared}/`);
  assert.match(String(second.code), /^(?:11|13)$/, second.stderr);
  assert.match(second.stderr, /big\.bin/);
  assert.match(second.stderr, new RegExp(`\\b${first.pid}\\b|the user with the id 54321|another user`), second.stderr);
  first.endInput();
  await seeder.succeed('limit up off');
  assert.equal(await first.exited, 0, first.stderr);
  const third = await get(bob, `${shared}/`);
  assert.equal(third.code, 0, third.stderr);
  assert.equal(statSync(join(shared, 'big.bin')).uid, 54_321);
  assert.deepEqual(await namesIn(shared), ['a.bin', 'b.bin', 'big.bin']);
});

test('on a disk with little room left a file, a folder and one to be continued are refused with what is missing, and nothing is lost', async (t) => {
  const swarm = await stageSwarm(t);
  let disk: string | undefined;
  unmountAfter(t, () => disk);
  disk = smallDisk(t, 32);
  if (disk === undefined) return;
  const to = disk;
  await startTrackerHere(swarm);
  const seeder = swarm.startClient('seeder');
  const source = await swarm.makeFile('big.bin', 16 * PIECE);
  const file = await create(swarm, source, 'big.mtorrent');
  await startPartialHere(swarm, source, file, (piece) => piece < 6);
  mkdirSync(swarm.path('tree'));
  for (const name of ['1', '2']) await swarm.makeFile(`tree/${name}`, 8 * PIECE);
  const folder = await share(seeder, swarm.path('tree'), 'tree.mtorrent');
  const { env } = await makeUser(swarm.directory, 'ada');
  const get = (mtorrent: string, ...words: readonly string[]) =>
    runProgram(['get', mtorrent, `${to}/`, '-q', ...words], swarm.directory, { env });
  // One that is stopped half-way, before the disk is filled.
  const begun = new CommandRun(t, { directory: swarm.directory, env }, ['get', file, `${to}/`, '--json']);
  await begun.line(/"have":6,/);
  begun.kill('SIGINT');
  assert.equal(await begun.exited, 7, begun.stderr);
  await share(seeder, source, 'seeder.mtorrent');
  writeFileSync(join(to, 'filler'), '');
  assert.throws(() => execFileSync('dd', ['if=/dev/zero', `of=${to}/filler`, 'bs=64K'], { stdio: 'pipe' }));
  execFileSync('truncate', ['-s', '-320K', join(to, 'filler')]);
  for (const mtorrent of [file, folder]) {
    const { code, stderr } = await get(mtorrent);
    assert.equal(code, 9, stderr);
    assert.match(stderr, /^DISK_FULL: [^\n]*(?:free|room)[^\n]*\n$/);
  }
  assert.deepEqual(await namesIn(to), ['big.bin.part', 'filler']);
  await rm(join(to, 'filler'));
  const done = await get(file);
  assert.equal(done.code, 0, done.stderr);
  assert.equal(await sha256OfFile(join(to, 'big.bin')), await sha256OfFile(source));
  assert.equal((await get(folder)).code, 0);
});

test('a machine that gets another name keeps its client, its state and its place, also after kill -9', async (t) => {
  if (!canUnshare(t)) return;
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const named = (name: string) => ({
    launcher: ['unshare', '--uts', '--', 'sh', '-c', `hostname ${name}; exec "$0" "$@"`],
  });
  const seeder = swarm.startClient('seeder', 0, [], named('before'));
  const mtorrent = await share(seeder, await swarm.makeFile('a.bin', 2 * PIECE), 'a.mtorrent');
  execFileSync('nsenter', ['-t', `${seeder.pid}`, '-u', 'hostname', 'after']);
  await getWhole(swarm.startClient('leecher'), mtorrent, swarm.path('copy.bin'));
  const identity = (): unknown => JSON.parse(readFileSync(swarm.path('seeder.state/identity.json'), 'utf8')).clientId;
  const before = identity();
  const second = swarm.startClient('seeder', 0, [], named('after'));
  assert.equal(await second.exited, 11);
  assert.match(second.stderr, new RegExp(`\\b${seeder.pid}\\b`));
  await killHard(seeder);
  const again = swarm.startClient('seeder', 0, [], named('after'));
  await eventually(
    () => fileOf(again),
    ({ state }) => state === 'seeding',
    'it is shared again',
  );
  assert.deepEqual(identity(), before);
});

test('a second Ctrl-C ends a get at once with 130, and the same words go on from what is there', async (t) => {
  if (!canTrace(t)) return;
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('big.bin', 30 * PIECE);
  const mtorrent = await create(swarm, source, 'big.mtorrent');
  await startPartialHere(swarm, source, mtorrent, (piece) => piece < 6);
  const user = await makeUser(swarm.directory, 'ada');
  const words = ['get', mtorrent, swarm.path('got.bin'), '--json'];
  // A disk that is slow to flush makes the graceful end slow.
  const inject = 'inject=fsync,fdatasync:delay_enter=10s';
  const launcher = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-P', swarm.path('got.bin.part'), '-e', inject];
  const first = new ProgramProcess('get', words, swarm.directory, { env: user.env, launcher });
  t.after(() => first.end());
  await new Promise<void>((resolve) => {
    first.onLine = (line) => {
      if (/"have":6,/.test(line)) resolve();
    };
  });
  first.kill('SIGINT');
  await first.said(/Ctrl-C again|stopped by SIGINT/);
  first.kill('SIGINT');
  assert.equal(await first.exited, 130, first.stderr);
  await shareHere(swarm, source, 'seeder.mtorrent');
  const second = new CommandRun(t, user, words);
  assert.equal((await second.outcome()).code, 0, second.stderr);
  const received = Number(second.events().find(({ event }) => event === 'completed')?.['received']);
  assert.ok(received < 36 * PIECE, `${received} bytes in both runs`);
  assert.equal(await sha256OfFile(swarm.path('got.bin')), await sha256OfFile(source));
});

/** Kills a client in the background as an out-of-memory killer does, and starts it as systemd does. */
async function restartedBySystemd(swarm: Swarm, daemon: DaemonProcess): Promise<DaemonProcess> {
  await killHard(daemon);
  return startDaemon(swarm);
}

test('a client that its service manager starts again and again, after kill -9 and at once, shares and fetches on', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  let daemon = await startDaemon(swarm);
  const source = await swarm.makeFile('own.bin', 2 * PIECE);
  assert.equal((await onDaemon(swarm, 'share', source, '-o', 'own.mtorrent', '-q')).code, 0);
  const seeder = swarm.startClient('seeder', 0, ['--upload-limit', '1M']);
  const wanted = await share(seeder, await swarm.makeFile('wanted.bin', 12 * PIECE), 'wanted.mtorrent');
  // Accepted, and so remembered.
  assert.equal((await onDaemon(swarm, 'get', wanted, swarm.path('got.bin'), '-q', '--detach')).code, 0);
  const asked = new CommandRun(t, { directory: swarm.directory, env: {} }, [
    ...['get', wanted, swarm.path('got.bin'), '--json', '--socket', swarm.path('run/client.sock')],
  ]);
  await asked.line(/"background":true/);
  for (let kills = 0; kills < 4; kills += 1) daemon = await restartedBySystemd(swarm, daemon);
  await asked.end();
  await seeder.succeed('limit up off');
  await eventually(
    async () => (await onDaemon(swarm, 'show', 'downloads')).stdout,
    (rows) => rows.includes('[S] wanted.bin'),
    'it is complete',
  );
  assert.equal(await sha256OfFile(swarm.path('got.bin')), await sha256OfFile(swarm.path('wanted.bin')));
  await getWhole(seeder, swarm.path('own.mtorrent'), swarm.path('copy.bin'));
});

test('a get or a share that is typed twice says which process does it already', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  // Nobody has more of it than one piece, so that it goes on as long as it is looked at.
  const source = await swarm.makeFile('big.bin', 16 * PIECE);
  const mtorrent = await create(swarm, source, 'big.mtorrent');
  await startPartialHere(swarm, source, mtorrent, (piece) => piece === 0);
  const own = await swarm.makeFile('own.bin', PIECE);
  const user = await makeUser(swarm.directory, 'ada');
  for (const [words, begun, does] of [
    [['get', mtorrent, swarm.path('got.bin')], /"have":[1-9]/, `is fetching ${swarm.path('got.bin')}`],
    [['share', own, ...trackerWords(swarm)], /"event":"seeding"/, `is sharing ${own}`],
  ] as const) {
    const first = new CommandRun(t, user, [...words, '--json']);
    await first.line(begun);
    const second = await runProgram([...words, '-q'], swarm.directory, { env: user.env });
    const sentence = new RegExp(`process ${first.pid} ${does} already; wait until that ends, or stop it`);
    refusedWith(second, 11, 'ALREADY_RUNNING', sentence);
    first.kill('SIGINT');
    await first.exited;
  }
});
