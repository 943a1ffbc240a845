// The tracker pair as clients meet it: one is enough; what a tracker acknowledged survives kill -9; with none, clients
// work on with what they know, say so once, and go on when one is back.

import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import test from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { TRACKER_RETRY_MAX_MS } from '../../src/tracking/announce/limits.js';
import {
  completes,
  eventually,
  killHard,
  listedEventually,
  PIECE,
  refusedWith,
  seederList,
  share,
  shareHere,
  stageSwarm,
  startClientHere,
} from '../support/e2e-stage.js';
import { PATIENCE_MS } from '../support/patience.js';

/** Fetches it with a client of this process; answers the path of the complete file. */
async function getHere(swarm: Swarm, mtorrent: string): Promise<string> {
  const leecher = await startClientHere(swarm, 'leecher');
  return (await leecher.get(mtorrent, swarm.path('got.bin'))).finished();
}

test('a tracker killed with -9 and started again has its seeders at once, and new leechers find them', async (t) => {
  const swarm = await stageSwarm(t);
  const tracker = await swarm.startTracker(0);
  const seeder = swarm.startClient('seeder');
  const source = await swarm.makeFile('kept.bin', 4 * PIECE);
  const mtorrent = await share(seeder, source, 'kept.mtorrent');
  const row = `kept.bin ${formatAddress(await seeder.address())} 4`;
  await listedEventually(swarm, 0, (rows) => rows.includes(row), 'the share is listed');
  await killHard(tracker);
  assert.deepEqual(await seederList(swarm, 0), [row]);
  const asText = await runProgram(['tracker-list', 'tracker-1.db'], swarm.directory);
  assert.match(asText.stdout, /^kept\.bin {2}2\.0 MiB {2}[0-9a-f]{40}\n {2}127\.0\.0\.1:\d+ {2}4\/4$/);
  // Frozen, so that it is not its word but the file's that brings the entry back.
  seeder.kill('SIGSTOP');
  await swarm.startTracker(0);
  assert.deepEqual(await seederList(swarm, 0), [row]);
  seeder.kill('SIGCONT');
  const target = await getHere(swarm, mtorrent);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('P22: the second tracker alone suffices when the first is dead from the start', async (t) => {
  const swarm = await stageSwarm(t);
  await swarm.startTracker(1);
  const source = await swarm.makeFile('second.bin', 4 * PIECE);
  await shareHere(swarm, source, 'second.mtorrent');
  const target = await getHere(swarm, swarm.path('second.mtorrent'));
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
  await listedEventually(swarm, 1, (rows) => rows.length === 2, 'both clients are listed by tracker 2');
});

test('when the tracker that clients use is killed, the other takes over', async (t) => {
  const swarm = await stageSwarm(t);
  const [first] = await swarm.startTrackers();
  const source = await swarm.makeFile('over.bin', 4 * PIECE);
  await shareHere(swarm, source, 'over.mtorrent');
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'tracker 1 lists the share');
  await killHard(first);
  await listedEventually(swarm, 1, (rows) => rows.length === 1, 'tracker 2 lists the share');
  const target = await getHere(swarm, swarm.path('over.mtorrent'));
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('P22: without any tracker a client shares, says once that none answers, and a get completes when one appears', async (t) => {
  const swarm = await stageSwarm(t);
  const source = await swarm.makeFile('early.bin', 4 * PIECE);
  const seeder = swarm.startClient('seeder');
  const mtorrent = await share(seeder, source, 'early.mtorrent');
  await seeder.said(/no tracker of .* answers/);
  const leecher = swarm.startClient('leecher');
  await copyFile(mtorrent, swarm.path('early-2.mtorrent'));
  const target = await leecher.succeed(`get early-2.mtorrent ${swarm.path('got.bin')}`);
  await leecher.said(/no tracker of .* answers/);
  assert.match((await leecher.command('show downloads')).rows.join(), /^\[D\] early\.bin {2}0\.0 %/);
  await swarm.startTracker(1);
  // The longer none was there, the rarer it is tried.
  await completes(leecher, target, TRACKER_RETRY_MAX_MS + PATIENCE_MS);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
  for (const client of [seeder, leecher]) {
    await client.said(/answers again/, TRACKER_RETRY_MAX_MS + PATIENCE_MS);
    assert.equal(client.stderr.match(/no tracker of/g)?.length, 1, client.stderr);
  }
});

test('P21: peers that already talk finish without any tracker', async (t) => {
  const swarm = await stageSwarm(t);
  const tracker = await swarm.startTracker(0);
  const source = await swarm.makeFile('talk.bin', 60 * PIECE);
  // So slow that it is not through before it is seen, and the tracker is gone.
  const seeder = await shareHere(swarm, source, 'talk.mtorrent', { uploadLimit: PIECE / 4 });
  const leecher = await startClientHere(swarm, 'leecher');
  const getting = await leecher.get(swarm.path('talk.mtorrent'), swarm.path('got.bin'));
  await eventually(
    () => leecher.file(getting.path),
    ({ peers }) => peers > 0,
    'the two talk',
  );
  await killHard(tracker);
  assert.ok((await leecher.file(getting.path)).have < 60);
  await seeder.limit('up', 0);
  const target = await getting.finished();
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('F19: a second tracker on one seederlist file is refused and told whose it is', async (t) => {
  const swarm = await stageSwarm(t);
  const tracker = await swarm.startTracker(0);
  const words = ['tracker', '127.0.0.1:0', '127.0.0.1:9', 'tracker-1.db', 'other.log'];
  const sentence = new RegExp(`process ${tracker.pid}\\)? uses`);
  refusedWith(await runProgram(words, swarm.directory), 11, 'ALREADY_RUNNING', sentence);
});
