// A source that fails in the middle of an upload: its file is changed, rots or is deleted under it, it is killed, or it
// freezes. Who fetches keeps no wrong byte, and goes on with whoever else has the file.

import assert from 'node:assert/strict';
import { copyFile, open, rename, rm, utimes } from 'node:fs/promises';
import test from 'node:test';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import {
  completes,
  eventually,
  fileOf,
  hasPieces,
  killHard,
  PIECE,
  share,
  stageSwarm,
  startClientHere,
  startTrackerHere,
} from '../support/e2e-stage.js';

/** So slow that what happens then happens in the middle of a download. */
const SLOW = ['--upload-limit', '1M'];
const SLOW_BYTES = 1024 * 1024;

test('F11: a shared file that is changed under its client is withdrawn before a wrong byte goes out, and shared again when it is right', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('rotten.bin', 20 * PIECE);
  await copyFile(source, swarm.path('good.bin'));
  const seeder = swarm.startClient('seeder');
  await share(seeder, source, 'theirs.mtorrent');
  const handle = await open(source, 'r+');
  await handle.write(Buffer.alloc(20 * PIECE, 7), 0, 20 * PIECE, 0);
  await handle.close();
  const leecher = swarm.startClient('leecher');
  await copyFile(swarm.path('theirs.mtorrent'), swarm.path('mine.mtorrent'));
  const target = await leecher.succeed(`get mine.mtorrent ${swarm.path('got.bin')}`);
  await seeder.said(/rotten\.bin has changed; it is no longer shared/);
  assert.equal((await fileOf(seeder)).state, 'missing');
  assert.equal((await fileOf(leecher)).received, 0);
  await rename(swarm.path('good.bin'), source);
  await seeder.said(/rotten\.bin is right again and shared/);
  await completes(leecher, target);
  assert.doesNotMatch(leecher.stderr, /banned/);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('P14: a source that rots without a trace is banned on proof, no wrong byte is kept, and a good one completes the download', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('rotten.bin', 20 * PIECE);
  await copyFile(source, swarm.path('good.bin'));
  const whenever = 1_000_000_000;
  await utimes(source, whenever, whenever);
  await (await startClientHere(swarm, 'bad')).share(source, swarm.path('bad.mtorrent'));
  const handle = await open(source, 'r+');
  await handle.write(Buffer.alloc(20 * PIECE, 7), 0, 20 * PIECE, 0);
  await handle.close();
  await utimes(source, whenever, whenever);
  const leecher = swarm.startClient('leecher');
  await copyFile(swarm.path('bad.mtorrent'), swarm.path('mine.mtorrent'));
  const target = await leecher.succeed(`get mine.mtorrent ${swarm.path('got.bin')}`);
  await leecher.said(/sent wrong bytes of rotten\.bin and is banned/);
  assert.equal((await fileOf(leecher)).have, 0);
  await rename(swarm.path('good.bin'), swarm.path('rotten.bin'));
  await (await startClientHere(swarm, 'good')).share(swarm.path('rotten.bin'), swarm.path('good.mtorrent'));
  await completes(leecher, target);
  assert.equal(await sha256OfFile(swarm.path('rotten.bin')), await sha256OfFile(target));
});

test('F10: a shared file that is deleted in mid-upload is withdrawn, and the leecher goes on with another source', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('deleted.bin', 60 * PIECE);
  await copyFile(source, swarm.path('other.bin'));
  const [seeder, other] = [swarm.startClient('seeder', 0, SLOW), await startClientHere(swarm, 'other')];
  await share(seeder, source, 'theirs.mtorrent');
  const leecher = swarm.startClient('leecher');
  await copyFile(swarm.path('theirs.mtorrent'), swarm.path('mine.mtorrent'));
  const target = await leecher.succeed(`get mine.mtorrent ${swarm.path('got.bin')}`);
  await hasPieces(leecher, 1);
  await rm(source);
  await seeder.said(/deleted\.bin is gone; it is no longer shared/);
  assert.equal((await fileOf(seeder)).state, 'missing');
  await rename(swarm.path('other.bin'), source);
  await other.share(source, swarm.path('other.mtorrent'));
  await completes(leecher, target);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('a seeder killed in mid-upload costs time only', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('killed.bin', 60 * PIECE);
  const seeder = swarm.startClient('seeder-1', 0, SLOW);
  await share(seeder, source, '0.mtorrent');
  const other = await startClientHere(swarm, 'seeder-2', { uploadLimit: SLOW_BYTES });
  await other.share(source, swarm.path('1.mtorrent'));
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get 0.mtorrent ${swarm.path('got.bin')}`);
  const { have } = await eventually(
    () => fileOf(leecher),
    ({ received }) => received > 0,
    'bytes arrive',
  );
  seeder.kill('SIGKILL');
  assert.ok(have < 60, 'in the middle');
  await other.limit('up', 0);
  await completes(leecher, target);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('P19: a seeder killed half-way costs nothing that came from it, and the download goes on with one that joins later', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('half.bin', 20 * PIECE);
  const first = swarm.startClient('seeder-1', 0, ['--upload-limit', '16M']);
  const mtorrent = await share(first, source, '1.mtorrent');
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
  const { have } = await hasPieces(leecher, 10);
  await killHard(first);
  await (await startClientHere(swarm, 'seeder-2')).share(source, swarm.path('2.mtorrent'));
  await completes(leecher, target);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
  const { received } = await fileOf(leecher);
  assert.ok(have >= 10 && received < 25 * PIECE, `${received} bytes: what was there is not fetched again`);
});

test('P25: a seeder that freezes in mid-upload costs time only', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('frozen.bin', 60 * PIECE);
  const seeder = swarm.startClient('seeder-1', 0, SLOW);
  await share(seeder, source, '0.mtorrent');
  const other = await startClientHere(swarm, 'seeder-2', { uploadLimit: SLOW_BYTES });
  await other.share(source, swarm.path('1.mtorrent'));
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get 0.mtorrent ${swarm.path('got.bin')}`);
  const { have } = await eventually(
    () => fileOf(leecher),
    ({ received }) => received > 0,
    'bytes arrive',
  );
  seeder.kill('SIGSTOP');
  t.after(() => seeder.kill('SIGCONT'));
  assert.ok(have < 60, 'in the middle');
  await other.limit('up', 0);
  await completes(leecher, target);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});
