// `mtorrent share` and `mtorrent get` when a client runs in the background: it does the work, they tell how far it is,
// and it goes on when they are stopped.

import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import test, { after, before, type TestContext } from 'node:test';
import { Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { CommandRun, makeUser, type User } from '../support/command-run.js';
import { onDaemon, socketOf, startDaemon } from '../support/daemon-stage.js';
import { fastRoot, listedEventually, PIECE, shareHere, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';

/** A tracker, and a client that serves 24 pieces and takes some two seconds to send them, for all tests. */
let scenery: Swarm;
let film = '';

before(async () => {
  scenery = await Swarm.create(fastRoot());
  await startTrackerHere(scenery);
  film = await scenery.makeFile('film.bin', 24 * PIECE);
  await shareHere(scenery, film, 'film.mtorrent', { uploadLimit: 6 * 2 ** 20 });
});
after(() => scenery.end());

interface Stage {
  readonly swarm: Swarm;
  readonly user: User;
  readonly run: (...words: readonly string[]) => CommandRun;
}

/** A client in the background that has nothing yet, what is served, and its `.mtorrent`. */
async function stage(t: TestContext): Promise<Stage> {
  const swarm = await stageSwarm(t);
  for (const name of ['film.bin', 'film.mtorrent']) await copyFile(scenery.path(name), swarm.path(name));
  await startDaemon(swarm, [], scenery.trackers);
  const user = await makeUser(swarm.directory, 'user');
  return {
    swarm,
    user,
    run: (...words) => new CommandRun(t, user, [...words, '--socket', socketOf(swarm)]),
  };
}

test('a get is handed over and watched to its end; asked again, it is complete at once', async (t) => {
  const { swarm, run } = await stage(t);
  for (let round = 0; round < 2; round += 1) {
    const getting = run('get', 'film.mtorrent', 'got.bin', '--json');
    assert.equal((await getting.outcome()).code, 0, getting.stderr);
    const events = getting.events();
    assert.equal(events[0]?.['background'], true);
    assert.deepEqual([events.at(-1)?.event, events.at(-1)?.['path']], ['completed', swarm.path('got.bin')]);
  }
  assert.equal(await sha256OfFile(swarm.path('got.bin')), await sha256OfFile(film));
});

test('a signal, or --timeout, ends the watching and says that the client goes on; the next get watches on', async (t) => {
  const { run, swarm } = await stage(t);
  // More than a minute: it is not over before it may be, however busy the machine is.
  assert.equal((await onDaemon(swarm, 'limit', 'down', '192K')).code, 0);
  const stopped = run('get', 'film.mtorrent', 'got.bin', '--json');
  await stopped.line(/"have":[1-9]/);
  stopped.kill('SIGINT');
  assert.equal(await stopped.exited, 7);
  assert.match(
    stopped.stderr,
    /^UNFINISHED: .*the client in the background continues it; mtorrent get film\.mtorrent/m,
  );
  const late = await run('get', 'film.mtorrent', 'got.bin', '--timeout', '50ms').outcome();
  assert.equal(late.code, 14, late.stderr);
  assert.match(late.stderr, /the client in the background continues it/);
  assert.equal((await onDaemon(swarm, 'limit', 'down', 'off')).code, 0);
  const last = await run('get', 'film.mtorrent', 'got.bin').outcome();
  assert.equal(last.code, 0, last.stderr);
  assert.equal(await sha256OfFile(swarm.path('got.bin')), await sha256OfFile(film));
});

test('--detach ends as soon as the download is accepted, and with the refusal when it is not', async (t) => {
  const { swarm, run } = await stage(t);
  const accepted = await run('get', 'film.mtorrent', 'got.bin', '--detach', '-q').outcome();
  assert.deepEqual(accepted, { code: 0, stdout: swarm.path('got.bin'), stderr: '' });
  assert.equal((await onDaemon(swarm, 'wait')).code, 0);
  const whole = await run('get', 'film.mtorrent', 'film.bin', '--detach', '-q').outcome();
  assert.deepEqual(whole, { code: 0, stdout: swarm.path('film.bin'), stderr: '' }, 'it is there already');
  await writeFile(swarm.path('other.bin'), 'something else');
  const refused = await run('get', 'film.mtorrent', 'other.bin', '--detach').outcome();
  assert.equal(refused.code, 13, refused.stderr);
});

test('a share is handed over and the command ends; --alone keeps it in its own process', async (t) => {
  const { swarm, run } = await stage(t);
  await swarm.makeFile('own.bin', 2 * PIECE);
  const shared = await run('share', 'own.bin').outcome();
  assert.deepEqual([shared.code, shared.stdout], [0, 'own.bin.mtorrent'], shared.stderr);
  await listedEventually(scenery, 0, (rows) => rows.some((row) => row.startsWith('own.bin')), 'the share is listed');
  const words = scenery.trackers.flatMap(({ host, port }) => ['-t', `${host}:${port}`]);
  await swarm.makeFile('alone.bin', 2 * PIECE);
  const alone = run('share', 'alone.bin', '--alone', ...words);
  await alone.line(/alone\.bin\.mtorrent/);
  assert.doesNotMatch((await onDaemon(swarm, 'show', 'shares')).stdout, /alone/);
  alone.kill('SIGTERM');
  assert.equal(await alone.exited, 143);
});

test('mtorrent without a command is the console of the client in the background; quit leaves it running', async (t) => {
  const { swarm, user } = await stage(t);
  const console = new CommandRun(t, user, ['--socket', socketOf(swarm)]);
  await console.said(/attached to the client at/);
  console.write('share film.bin again.mtorrent');
  await console.line(/^SUCCESS:again\.mtorrent/);
  console.endInput();
  assert.equal(await console.exited, 0, console.stderr);
  assert.match((await onDaemon(swarm, 'show', 'shares')).stdout, /film\.bin/);
});
