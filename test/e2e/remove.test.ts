// `remove` deletes the .mtorrent and the entry, never the file; an unfinished download goes only by force. One client has
// one state directory to itself.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import test from 'node:test';
import { type ClientProcess, runProgram } from '../../src/demo/processes.js';
import { sha256OfFile } from '../../src/demo/swarm.js';
import { formatAddress } from '../../src/torrent/address.js';
import {
  completes,
  create,
  fileOf,
  filesOf,
  hasPieces,
  killHard,
  listedEventually,
  namesIn,
  PIECE,
  quit,
  refusedWith,
  refuses,
  seederList,
  share,
  stageSwarm,
  startPartial,
} from '../support/e2e-stage.js';

/** 200 MiB: some tenths of a second between two processes. */
const MOVING_PIECES = 400;

test('a complete file: remove deletes the .mtorrent and the entry everywhere, and keeps the file', async (t) => {
  const swarm = await stageSwarm(t);
  await swarm.startTracker(0);
  const client = swarm.startClient('seeder');
  const source = await swarm.makeFile('kept.bin', 3 * PIECE);
  const before = await sha256OfFile(source);
  await share(client, source, 'kept.mtorrent');
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the share is listed');
  await refuses(client, 'remove other.mtorrent', 'FILE_NOT_FOUND', /known as other\.mtorrent/);
  assert.equal(await client.succeed('remove kept.mtorrent'), 'FILE_REMOVED');
  await listedEventually(swarm, 0, (rows) => rows.length === 0, 'it is off the tracker');
  assert.ok(!(await namesIn(swarm.directory)).includes('kept.mtorrent'));
  assert.equal(await sha256OfFile(source), before);
  assert.deepEqual(await filesOf(client), []);
  await refuses(client, 'remove kept.mtorrent', 'FILE_NOT_FOUND', /known as kept\.mtorrent/);
  await quit(client);
  const again = swarm.startClient('seeder');
  assert.deepEqual(await filesOf(again), []);
  assert.deepEqual(await seederList(swarm, 0), []);
});

test('an unfinished download: remove is refused with the way out, and --force leaves nothing of it', async (t) => {
  const swarm = await stageSwarm(t);
  await swarm.startTracker(0);
  const source = await swarm.makeFile('half.bin', 10 * PIECE);
  const mtorrent = await create(swarm, source, 'half.mtorrent');
  await startPartial(swarm, source, mtorrent, (at) => at < 5);
  const leecher = swarm.startClient('leecher');
  await leecher.succeed(`get half.mtorrent ${swarm.path('got.bin')}`);
  await hasPieces(leecher, 5);
  assert.match((await leecher.command('show downloads')).rows.join(), /^\[D\] half\.bin {2}50\.0 %/);
  await refuses(leecher, 'remove half.mtorrent', 'NOT_COMPLETE', /--force/);
  assert.equal((await fileOf(leecher)).state, 'downloading');
  assert.equal(await leecher.succeed('remove --force half.mtorrent'), 'FILE_REMOVED');
  assert.deepEqual(await filesOf(leecher), []);
  const left = await namesIn(swarm.directory);
  assert.deepEqual(
    left.filter((name) => name.startsWith('got') || name === 'half.mtorrent'),
    [],
  );
  assert.deepEqual(await namesIn(swarm.path('leecher.state/resume')), []);
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'only the other client is listed');
});

/** Waits until so many pieces lie in a file that began as one hole. Looked at directly: a console answers too late for this. */
async function underWay(path: string, pieces: number): Promise<void> {
  const endMs = performance.now() + 20_000;
  while ((statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512 < pieces * PIECE) {
    assert.ok(performance.now() < endMs, 'the download runs in time');
    await new Promise(setImmediate);
  }
}

const ENDINGS = [
  { word: 'remove', end: (seeder: ClientProcess) => seeder.succeed('remove moving-1.mtorrent') },
  { word: 'quit', end: quit },
] as const;

for (const { word, end } of ENDINGS) {
  test(`${word} in mid-upload takes the client off the lists, and who fetches goes on elsewhere without a complaint`, async (t) => {
    const swarm = await stageSwarm(t);
    await swarm.startTrackers();
    const source = await swarm.makeFile('moving.bin', MOVING_PIECES * PIECE);
    const [going, staying] = [swarm.startClient('going'), swarm.startClient('staying')] as const;
    await share(going, source, 'moving-1.mtorrent');
    await share(staying, source, 'moving-2.mtorrent');
    const leaving = `moving.bin ${formatAddress(await going.address())} ${MOVING_PIECES}`;
    for (const tracker of [0, 1] as const)
      await listedEventually(swarm, tracker, (rows) => rows.includes(leaving), 'the share is listed');
    const leecher = swarm.startClient('leecher');
    const target = await leecher.succeed(`get moving-2.mtorrent ${swarm.path('moved.bin')}`);
    await underWay(`${swarm.path('moved.bin')}.part`, MOVING_PIECES / 10);
    // It stands still while the source begins to go, so that this happens in the middle on a quick machine, too.
    leecher.kill('SIGSTOP');
    const sent = (await fileOf(going)).sent;
    if (sent === 0 || sent + (await fileOf(staying)).sent >= MOVING_PIECES * PIECE) {
      t.skip('NOT TESTED: this source had not begun, or the download was over already');
      return;
    }
    const saidBefore = leecher.stderr;
    const ended = end(going);
    leecher.kill('SIGCONT');
    await Promise.all([ended, completes(leecher, target)]);
    assert.equal(await sha256OfFile(source), await sha256OfFile(target));
    assert.equal((await fileOf(leecher)).problem, '');
    assert.equal(leecher.stderr, saidBefore);
    assert.equal((await fileOf(staying)).state, 'seeding');
    for (const tracker of [0, 1] as const)
      await listedEventually(swarm, tracker, (rows) => !rows.includes(leaving), 'it is off the list');
  });
}

test('a second client on one state directory is refused and told whose it is', async (t) => {
  const swarm = await stageSwarm(t);
  const first = swarm.startClient('twin');
  await first.address();
  const words = ['client', '127.0.0.1:0', '127.0.0.1:1', '127.0.0.1:2', 'other.log', '--state-dir', 'twin.state'];
  refusedWith(await runProgram(words, swarm.directory), 11, 'ALREADY_RUNNING', new RegExp(`process ${first.pid} uses`));
  // A killed client leaves no lock behind.
  await killHard(first);
  const again = swarm.startClient('twin');
  await again.address();
});
