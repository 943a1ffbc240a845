// Reports from the field about what a name leads to: a link to a .mtorrent or through a directory, and what a command
// leaves behind.

import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { link, mkdir, symlink } from 'node:fs/promises';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Outcome, runProgram } from '../../src/app/demo/processes.js';
import { CommandRun, makeUser, trackerWords } from '../support/command-run.js';
import { onDaemon, socketOf, startDaemon } from '../support/daemon-stage.js';
import { create, namesIn, refusedWith, share, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';
import { lacksPlace } from '../support/needs.js';

test('a link to a .mtorrent, or a path through one, names the same share for remove and show', async (t) => {
  const swarm = await stageSwarm(t);
  await startDaemon(swarm);
  const ask = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await onDaemon(swarm, ...words);
    assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
    return stdout;
  };
  await mkdir(swarm.path('real'));
  await symlink('real', swarm.path('data'));
  for (const name of ['a.bin', 'b.bin', 'c.bin']) await swarm.makeFile(`real/${name}`, 1_000);
  await ask('share', 'real/a.bin', '-o', 'real/a.mtorrent', '-q');
  await ask('share', 'data/b.bin', '-o', 'data/b.mtorrent', '-q');
  await ask('share', 'real/c.bin', '-o', 'real/c.mtorrent', '-q');
  await symlink('real/a.mtorrent', swarm.path('latest.mtorrent'));
  assert.match(await ask('show', 'link', 'latest.mtorrent'), /^mtorrent:.*\/a\.bin$/m);
  await ask('remove', 'latest.mtorrent');
  await ask('remove', 'real/b.mtorrent');
  await ask('remove', 'data/c.mtorrent');
  assert.deepEqual(await namesIn(swarm.path('real')), ['a.bin', 'b.bin', 'c.bin']);
  const { code, stderr } = await onDaemon(swarm, 'remove', 'latest.mtorrent');
  assert.equal(code, 3);
  assert.match(stderr, /no shared or downloaded file is known as latest\.mtorrent/);
});

test('a .mtorrent whose client knows only a link to it is removed as that link, and stays', async (t) => {
  const swarm = await stageSwarm(t);
  await startDaemon(swarm);
  for (const [name, makeLink] of [
    ['soft', (from: string, to: string) => symlink(from, to)],
    ['hard', link],
  ] as const) {
    const file = await swarm.makeFile(`${name}.bin`, 1_000);
    const mtorrent = await create(swarm, file, `${name}-2024.mtorrent`);
    await makeLink(mtorrent, swarm.path(`${name}-latest.mtorrent`));
    assert.equal((await onDaemon(swarm, 'get', `${name}-latest.mtorrent`, file, '-q')).code, 0);
    const removed = await onDaemon(swarm, 'remove', `${name}-2024.mtorrent`);
    assert.equal(removed.code, 0, removed.stderr);
  }
  const left = ['hard-2024.mtorrent', 'hard.bin', 'soft-2024.mtorrent', 'soft.bin'];
  assert.deepEqual(
    (await namesIn(swarm.directory)).filter((name) => name.startsWith('soft') || name.startsWith('hard')),
    left,
  );
  assert.equal((await onDaemon(swarm, 'show', 'shares')).stdout, '');
});

test('a .mtorrent that several names of a client are links to has to be named by one of them', async (t) => {
  const swarm = await stageSwarm(t);
  await startDaemon(swarm);
  const file = await swarm.makeFile('a.bin', 1_000);
  const mtorrent = await create(swarm, file, '2024.mtorrent');
  for (const name of ['one.mtorrent', 'two.mtorrent']) {
    await link(mtorrent, swarm.path(name));
    assert.equal((await onDaemon(swarm, 'get', name, file, '-q')).code, 0);
  }
  refusedWith(await onDaemon(swarm, 'remove', '2024.mtorrent'), 3, 'FILE_NOT_FOUND', /one\.mtorrent.*two\.mtorrent/);
  assert.deepEqual(
    (await namesIn(swarm.directory)).filter((name) => name.endsWith('.mtorrent')),
    ['2024.mtorrent', 'one.mtorrent', 'two.mtorrent'],
  );
});

test('X11: a get that succeeded leaves nothing in its state directory, wherever that is', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const user = await makeUser(swarm.directory, 'ada');
  const seeder = swarm.startClient('seeder');
  const mtorrent = await share(seeder, await swarm.makeFile('a.bin', 1_000), 'a.mtorrent');
  for (const [place, words] of [
    ['ada/state/mtorrent', []],
    ['own', ['--state-dir', 'own']],
  ] as const) {
    const run = new CommandRun(t, user, ['get', mtorrent, `${place.replaceAll('/', '-')}.bin`, '-q', ...words]);
    const { code, stderr } = await run.outcome();
    assert.equal(code, 0, stderr);
    assert.deepEqual(await namesIn(swarm.path(place)), []);
  }
});

test('a destination of another user is told as that, with whose it is, before anything is fetched', async (t) => {
  if (process.getuid?.() !== 0) return lacksPlace(t, 'only root can become another user');
  const swarm = await stageSwarm(t);
  chmodSync(swarm.directory, 0o755);
  const mtorrent = await create(swarm, await swarm.makeFile('a.bin', 1_000), 'a.mtorrent');
  chmodSync(mtorrent, 0o644);
  mkdirSync(swarm.path('volume'));
  mkdirSync(swarm.path('home'));
  chownSync(swarm.path('home'), 65_534, 65_534);
  const home = swarm.path('home');
  const asNobody = (...words: readonly string[]): Promise<Outcome> =>
    runProgram([...words, '-q'], swarm.directory, {
      launcher: ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'],
      env: { HOME: home, XDG_STATE_HOME: home, XDG_RUNTIME_DIR: home },
    });
  const sentence =
    /\/volume belongs to the user with the id 0, and this one, 65534, may not write there; change its owner/;
  refusedWith(await asNobody('get', mtorrent, `${swarm.path('volume')}/`), 4, 'PERMISSION_DENIED', sentence);
  const [shared, beside] = [await swarm.makeFile('b.bin', 1_000), `${swarm.path('volume')}/b.mtorrent`];
  chmodSync(shared, 0o644);
  refusedWith(await asNobody('share', shared, '-o', beside, ...trackerWords(swarm)), 4, 'PERMISSION_DENIED', sentence);
  assert.deepEqual(await namesIn(swarm.path('volume')), []);
});

test('a file whose name begins with dashes is named behind --, and a lone dash is a stream or refused as one', async (t) => {
  const swarm = await stageSwarm(t);
  await startDaemon(swarm);
  await swarm.makeFile('--help', 1_000);
  await mkdir(swarm.path('to'));
  const ask = (...words: readonly string[]): Promise<Outcome> =>
    runProgram([words[0] ?? '', '--socket', socketOf(swarm), ...words.slice(1)], swarm.directory);
  const shared = await ask('share', '-q', '--', '--help');
  assert.deepEqual([shared.code, shared.stdout], [0, '--help.mtorrent'], shared.stderr);
  const got = await ask('get', '-q', '--', '--help.mtorrent', 'to/');
  assert.equal(got.code, 0, got.stderr);
  assert.deepEqual(await namesIn(swarm.path('to')), ['--help']);
  const pair = trackerWords(swarm);
  for (const words of [
    ['share', '-'],
    ['create', '-', ...pair],
    ['create', './--help', '-o', '-', ...pair],
    ['info', '-'],
    ['verify', '-', 'x'],
  ]) {
    const refused = await runProgram(words, swarm.directory);
    refusedWith(refused, 2, 'INVALID_ARGUMENTS', /^INVALID_ARGUMENTS: - stands for standard input or output.*\.\/-/);
  }
});

test('a .mtorrent is named by a file: URI as file managers copy it; a magnet link is refused as what it is', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('a b.bin', 1_000);
  const mtorrent = await share(swarm.startClient('seeder'), source, 'a b.mtorrent');
  const { env } = await makeUser(swarm.directory, 'ada');
  const get = (word: string) => runProgram(['get', word, 'got.bin', '-q'], swarm.directory, { env });
  refusedWith(await get('magnet:?xt=urn:btih:c12fe1c0'), 2, 'INVALID_ARGUMENTS', /BitTorrent.*begins with mtorrent:/);
  refusedWith(await get('file://elsewhere/a.mtorrent'), 2, 'INVALID_ARGUMENTS', /names no file of this machine/);
  const got = await get(pathToFileURL(mtorrent).href);
  assert.deepEqual([got.code, got.stdout], [0, swarm.path('got.bin')], got.stderr);
});
