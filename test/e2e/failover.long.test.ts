// Trackers that stand still, as real processes that were stopped: their connections stay open and say nothing. Clients
// find seeders through the other one, say once when both are silent, and can always end.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ClientProcess } from '../../src/app/demo/processes.js';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { TRACKER_RETRY_MAX_MS } from '../../src/tracking/announce/limits.js';
import {
  completes,
  eventually,
  fileOf,
  hasPieces,
  killHard,
  listedEventually,
  PIECE,
  share,
  stageSwarm,
  startPartial,
} from '../support/e2e-stage.js';
import { PATIENCE_MS } from '../support/patience.js';

const PIECES = 20;

function countIn({ stderr }: ClientProcess, pattern: RegExp): number {
  return stderr.match(pattern)?.length ?? 0;
}

test('when a tracker freezes in mid-download, further seeders are found through the other', async (t) => {
  const swarm = await stageSwarm(t);
  const [first] = await swarm.startTrackers();
  const source = await swarm.makeFile('half.bin', PIECES * PIECE);
  const maker = swarm.startClient('maker');
  const mtorrent = await share(maker, source, 'half.mtorrent');
  await startPartial(swarm, source, mtorrent, (piece) => piece % 2 === 0);
  await killHard(maker);
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get half.mtorrent ${swarm.path('got.bin')}`);
  await hasPieces(leecher, PIECES / 2);
  first.kill('SIGSTOP');
  // Only the second tracker can tell that this one has the other half.
  const seeder = swarm.startClient('seeder');
  await share(seeder, source, 'whole.mtorrent');
  const row = `half.bin ${formatAddress(await seeder.address())} ${PIECES}`;
  await listedEventually(swarm, 1, (rows) => rows.includes(row), 'tracker 2 lists the seeder');
  await leecher.said(/tracker .* does not answer .* is asked in its place/);
  await completes(leecher, target);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
  await killHard(first);
});

test('P21: with both trackers frozen a client says so once, goes on when they are back, and quits while they are not', async (t) => {
  const swarm = await stageSwarm(t);
  const trackers = await swarm.startTrackers();
  const source = await swarm.makeFile('still.bin', PIECES * PIECE);
  const maker = swarm.startClient('maker');
  const mtorrent = await share(maker, source, 'still.mtorrent');
  await startPartial(swarm, source, mtorrent, (piece) => piece % 2 === 0);
  await killHard(maker);
  const leecher = swarm.startClient('leecher');
  await leecher.succeed(`get still.mtorrent ${swarm.path('got.bin')}`);
  await hasPieces(leecher, PIECES / 2);
  // On a busy machine both may have been too slow for it before.
  const [timesAway, timesBack] = [countIn(leecher, /no tracker of/g), countIn(leecher, /answers again/g)];
  for (const tracker of trackers) tracker.kill('SIGSTOP');
  await eventually(
    () => countIn(leecher, /no tracker of .* answers/g),
    (times) => times > timesAway,
    'it says that none answers',
  );
  for (const tracker of trackers) tracker.kill('SIGCONT');
  await eventually(
    () => countIn(leecher, /answers again/g),
    (times) => times > timesBack,
    'it says that one answers again',
    TRACKER_RETRY_MAX_MS + PATIENCE_MS,
  );
  assert.equal(countIn(leecher, /no tracker of/g), timesAway + 1, leecher.stderr);
  assert.equal((await fileOf(leecher)).state, 'downloading');
  for (const tracker of trackers) tracker.kill('SIGSTOP');
  // What it waits for trackers is much less than this; a machine under load is not the trackers' fault.
  assert.match(await leecher.succeed('quit', 10_000), /^BYE/);
  assert.equal(await leecher.exited, 0);
  for (const tracker of trackers) await killHard(tracker);
});
