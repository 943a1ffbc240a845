// `remove` deletes the .mtorrent and the entry, never the file; an unfinished download goes only by force. One client
// has one state directory to itself.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type ClientProcess, runProgram } from '../../src/app/demo/processes.js';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import {
  completes,
  create,
  eventually,
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
  shareHere,
  stageSwarm,
  startPartialHere,
  startTrackerHere,
} from '../support/e2e-stage.js';

const MOVING_PIECES = 40;
/** Of each source, so that there is a middle to be in on any machine: a minute for the whole file. */
const SLOW_BYTES = 192 * 1024;

test('a complete file: remove deletes the .mtorrent and the entry everywhere, and keeps the file', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
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
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('half.bin', 10 * PIECE);
  const mtorrent = await create(swarm, source, 'half.mtorrent');
  await startPartialHere(swarm, source, mtorrent, (at) => at < 5);
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

const ENDINGS = [
  { word: 'remove', end: (seeder: ClientProcess) => seeder.succeed('remove moving-1.mtorrent') },
  { word: 'quit', end: quit },
] as const;

for (const { word, end } of ENDINGS) {
  test(`C13: ${word} in mid-upload takes the client off the lists, and who fetches goes on elsewhere without a complaint`, async (t) => {
    const swarm = await stageSwarm(t);
    for (const which of [0, 1] as const) await startTrackerHere(swarm, which);
    const source = await swarm.makeFile('moving.bin', MOVING_PIECES * PIECE);
    const going = swarm.startClient('going', 0, ['--upload-limit', `${SLOW_BYTES}`]);
    await share(going, source, 'moving-1.mtorrent');
    const staying = await shareHere(swarm, source, 'moving-2.mtorrent', { uploadLimit: SLOW_BYTES });
    const leaving = `moving.bin ${formatAddress(await going.address())} ${MOVING_PIECES}`;
    for (const tracker of [0, 1] as const)
      await listedEventually(swarm, tracker, (rows) => rows.includes(leaving), 'the share is listed');
    const leecher = swarm.startClient('leecher');
    const target = await leecher.succeed(`get moving-2.mtorrent ${swarm.path('moved.bin')}`);
    for (const sentBy of [() => fileOf(going), () => staying.file(source)])
      await eventually(sentBy, ({ sent }) => sent > 0, 'both upload');
    const saidBefore = leecher.stderr;
    await end(going);
    assert.ok((await fileOf(leecher)).have < MOVING_PIECES, 'the source has gone in the middle');
    await staying.limit('up', 0);
    await completes(leecher, target);
    assert.equal(await sha256OfFile(source), await sha256OfFile(target));
    assert.equal((await fileOf(leecher)).problem, '');
    assert.equal(leecher.stderr, saidBefore);
    assert.equal((await staying.file(source)).state, 'seeding');
    for (const tracker of [0, 1] as const)
      await listedEventually(swarm, tracker, (rows) => !rows.includes(leaving), 'it is off the list');
  });
}

test('F19: a second client on one state directory is refused and told whose it is', async (t) => {
  const swarm = await stageSwarm(t);
  const first = swarm.startClient('twin');
  await first.address();
  const words = ['client', '127.0.0.1:0', '127.0.0.1:1', '127.0.0.1:2', 'other.log', '--state-dir', 'twin.state'];
  refusedWith(
    await runProgram(words, swarm.directory),
    11,
    'ALREADY_RUNNING',
    new RegExp(`process ${first.pid} is already using`),
  );
  // A killed client leaves no lock behind.
  await killHard(first);
  const again = swarm.startClient('twin');
  await again.address();
});
