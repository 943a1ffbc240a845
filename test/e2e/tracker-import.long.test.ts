// A pair's tracker goes to PostgreSQL while its clients go on: who was listed still is, before it says anything again,
// and a client that reconnects goes on serving. And the way back.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { DIGEST_SIZE } from '../../src/foundation/base/limits.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { keyBytes } from '../../src/foundation/torrent/ids.js';
import { listFiles } from '../../src/tracking/tracker/listing.js';
import { startTracker } from '../../src/tracking/tracker/start.js';
import { eventually, PIECE, refusedWith, shareHere, stageSwarm } from '../support/e2e-stage.js';
import { PairClient } from '../support/pair-client.js';
import { hasPostgres, PostgresServer } from '../support/postgres.js';
import { swarmOf } from '../tracking/tracker/stage.js';

async function listsKept(swarm: Swarm): Promise<void> {
  const trackers = swarm.trackers.flatMap((address) => ['-t', formatAddress(address)]);
  await eventually(
    async () => {
      const { stdout, stderr } = await runProgram(['list', ...trackers], swarm.directory);
      return `${stdout}${stderr}`;
    },
    (text) => /^kept\.bin .* 1 seeder/m.test(text),
    'the share is listed',
  );
}

/** A share is answered before the tracker has heard of it. */
async function hasHashesOfKept(t: TestContext, { trackers }: Swarm): Promise<void> {
  const guest = await PairClient.connect(t, trackers[0], 0);
  await eventually(
    async () => {
      const [kept] = await listFiles(trackers, 'kept');
      return kept && guest.reply({ kind: 'hashString', swarm: keyBytes(kept.swarm), offset: 0, length: DIGEST_SIZE });
    },
    (reply) => reply?.kind === 'hashStringPart' && reply.part.length === DIGEST_SIZE,
    'the tracker has its piece hashes',
  );
  guest.close();
}

test('a pair moves to PostgreSQL: what was listed still is, and its client goes on with the tracker that is there now', async (t) => {
  if (!hasPostgres(t)) return;
  const server = await PostgresServer.start();
  t.after(() => server.remove());
  const swarm = await stageSwarm(t);
  const [own, partner] = swarm.trackers;
  const log = { path: swarm.path('tracker.log'), level: 'info' } as const;
  const first = await startTracker({ own, partner, seederListPath: swarm.path('seeders.db'), log });
  swarm.adopt({ end: () => first.stop('the test ends') });
  const source = await swarm.makeFile('kept.bin', 3 * PIECE + 1);
  await shareHere(swarm, source, 'kept.mtorrent', { address: '127.0.0.1:0' });
  const silent = await PairClient.connect(t, own, 5);
  await silent.share(swarmOf(5));
  silent.close();
  // As an operator types it: tracker-import seeders.db postgres://seeders@db1/seeders
  const move = ['tracker-import', 'seeders.db', server.address()];
  await hasHashesOfKept(t, swarm);
  refusedWith(await runProgram(move, swarm.directory), 11, 'ALREADY_RUNNING', /a tracker \(.*\) uses .*seeders\.db/);
  await first.stop('it moves');
  const moved = await runProgram(move, swarm.directory);
  assert.equal(moved.stdout, 'imported 2 files (1 with piece hashes), 2 entries', moved.stderr);
  assert.equal((await runProgram(move, swarm.directory)).stdout, moved.stdout);
  const second = await startTracker({ own, partner, seederListPath: server.address(), log });
  swarm.adopt({ end: () => second.stop('the test ends') });
  const guest = await PairClient.connect(t, own, 0);
  assert.deepEqual(await guest.listed(swarmOf(5)), [5]);
  await listsKept(swarm);
  const fetched = await runProgram(['get', 'kept.mtorrent', 'got.bin', '--quiet'], swarm.directory);
  assert.equal(fetched.code, 0, fetched.stderr);
  assert.equal(await sha256OfFile(swarm.path('got.bin')), await sha256OfFile(source));
  // The one that fetched has left.
  await listsKept(swarm);
  const back = await runProgram(['tracker-import', server.address(), 'back.db'], swarm.directory);
  assert.match(back.stdout, /^imported 2 files \(1 with piece hashes\), [23] entries(, 1 departure)?$/);
  assert.match(back.stderr, /^1 tracker used the database; /);
  const listed = await runProgram(['tracker-list', 'back.db'], swarm.directory);
  assert.match(listed.stdout, /^kept\.bin .*\n {2}127\.0\.0\.1:\d+ {2}4\/4$/m);
});
