// `remove` deletes the .mtorrent and the entry, never the file; an unfinished download goes only by force. One client has
// one state directory to itself.

import assert from 'node:assert/strict';
import test from 'node:test';
import { runProgram } from '../../src/demo/processes.js';
import { sha256OfFile } from '../../src/demo/swarm.js';
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
  stageSwarm,
  startPartial,
} from '../support/e2e-stage.js';

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

test('removing or ending a source in mid-upload harms nobody: the others go on', async (t) => {
  const swarm = await stageSwarm(t);
  await swarm.startTracker(0);
  const source = await swarm.makeFile('moving.bin', 200 * PIECE);
  const seeders = [1, 2, 3].map((at) => swarm.startClient(`seeder-${at}`));
  const [first, second, third] = seeders;
  for (const [at, seeder] of seeders.entries()) await share(seeder, source, `moving-${at + 1}.mtorrent`);
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get moving-3.mtorrent ${swarm.path('moved.bin')}`);
  await eventually(
    () => fileOf(leecher),
    ({ have }) => have > 0,
    'the download runs',
  );
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  assert.equal(await first.succeed('remove moving-1.mtorrent'), 'FILE_REMOVED');
  await Promise.all([quit(second), completes(leecher, target)]);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
  assert.equal((await fileOf(third)).state, 'seeding');
});

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
