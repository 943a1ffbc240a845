// Clients that know more than two trackers. Here the first of three is never there and the others are a pair, so what
// the two ends find of each other went through a tracker that the .mtorrent does not name first.

import assert from 'node:assert/strict';
import test from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { createSwarmClient, type SwarmClient, type SwarmClientOptions } from '../../src/app/library/mini-torrent.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { readMetainfo } from '../../src/transfer/storage/metainfo-file.js';
import { eventually, PIECE, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';

/** Nobody listens there. */
const NOBODY = '127.0.0.1:1';

test('a client of three trackers uses whichever lives, whatever two of them a .mtorrent names, and leaves all in one', async (t) => {
  const swarm = await stageSwarm(t);
  const [second, third] = swarm.trackers.map(formatAddress);
  assert.ok(second !== undefined && third !== undefined);
  await startTrackerHere(swarm, 0);
  const trackers: SwarmClientOptions['trackers'] = [NOBODY, second, third];
  const client = async (name: string): Promise<SwarmClient> => {
    const stateDir = swarm.path(`${name}.state`);
    const made = await createSwarmClient({ address: '127.0.0.1:0', peerThreads: 1, trackers, stateDir });
    swarm.adopt({ end: () => made.close() });
    return made;
  };
  const source = await swarm.makeFile('three.bin', 3 * PIECE + 1);
  const sharer = await client('sharer');
  await sharer.share(source, swarm.path('three.mtorrent'));
  const { trackers: named } = await readMetainfo(swarm.path('three.mtorrent'));
  assert.deepEqual(named.map(formatAddress), [NOBODY, second]);
  const [one, two, three] = await eventually(
    async () => (await sharer.trackers()).map(({ address, state }) => `${address} ${state}`),
    (rows) => rows[0] === `${NOBODY} away` && rows[1] === `${second} talking`,
    'the second tracker is asked, as the first is away',
  );
  // The third is dialed only when the second was slow to answer, and nobody listens there.
  assert.ok(three === `${third} standby` || three === `${third} away`, [one, two, three].join());
  const taker = await client('taker');
  const download = await taker.get(swarm.path('three.mtorrent'), swarm.path('got.bin'));
  await download.finished();
  assert.equal(await sha256OfFile(swarm.path('got.bin')), await sha256OfFile(source));
  // The command line takes as many, and one-shot clients ask further than their .mtorrent says.
  const words = trackers.flatMap((tracker) => ['-t', tracker]);
  await eventually(
    async () => (await runProgram(['list', ...words], swarm.directory)).stdout,
    (listed) => /^three\.bin .* 2 seeders/.test(listed),
    'both are listed',
  );
  const fetched = await runProgram(['get', 'three.mtorrent', 'again.bin', '--quiet'], swarm.directory, {
    env: { MTORRENT_TRACKERS: trackers.join(',') },
  });
  assert.equal(fetched.code, 0, fetched.stderr);
  assert.equal(await sha256OfFile(swarm.path('again.bin')), await sha256OfFile(source));
  const twice = await runProgram(['list', ...words, '-t', third], swarm.directory);
  assert.equal(twice.code, 2);
  assert.match(twice.stderr, /is named twice; name each tracker once/);
});
