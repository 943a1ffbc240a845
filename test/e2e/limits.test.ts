// Rate limits of real clients: by flag and at run time, in both directions. What arrives is compared by SHA-256. How
// exact a limit is, is measured in bench/limits.ts; here only that a transfer cannot have been faster than its limit.

import assert from 'node:assert/strict';
import test from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { BLOCK_BYTES_MIN, RATE_BURST_MS } from '../../src/foundation/base/limits.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import {
  completes,
  eventually,
  fileOf,
  getWhole,
  PIECE,
  share,
  stageSwarm,
  startTrackerHere,
} from '../support/e2e-stage.js';

const RATE = 1024 * 1024;

/** Seconds that `bytes` take at the least: less what an idle limit has saved up, and one request. */
function leastSeconds(bytes: number): number {
  return (bytes - (RATE * RATE_BURST_MS) / 1_000 - 4 * BLOCK_BYTES_MIN) / RATE;
}

for (const side of ['upload', 'download'] as const) {
  test(`P29: a transfer under --${side}-limit completes, equal in every byte, and no sooner than the limit allows`, async (t) => {
    const swarm = await stageSwarm(t);
    await startTrackerHere(swarm);
    const size = 4 * PIECE + 1;
    const source = await swarm.makeFile('source', size);
    const limited = [`--${side}-limit`, '1M'];
    const seeder = swarm.startClient('seeder', 0, side === 'upload' ? limited : []);
    const leecher = swarm.startClient('leecher', 0, side === 'download' ? limited : []);
    const mtorrent = await share(seeder, source, 'x.mtorrent');
    const startedMs = performance.now();
    const target = await getWhole(leecher, mtorrent, swarm.path('got'));
    const seconds = (performance.now() - startedMs) / 1_000;
    assert.equal(await sha256OfFile(target), await sha256OfFile(source));
    assert.ok(seconds >= leastSeconds(size), `${seconds} s`);
    assert.equal((await fileOf(leecher)).wasted, 0);
  });
}

test('limits are shown and changed while a transfer runs, and without them it ends at once', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('source', 40 * PIECE);
  const [seeder, leecher] = [swarm.startClient('seeder'), swarm.startClient('leecher', 0, ['--download-limit', '2K'])];
  const mtorrent = await share(seeder, source, 'x.mtorrent');
  assert.equal(await seeder.succeed('limit up 1K'), 'up=1024 down=0');
  assert.equal(await leecher.succeed('limit'), 'up=0 down=2048');
  const target = await leecher.succeed(`get ${mtorrent} ${swarm.path('got')}`);
  await eventually(
    () => fileOf(leecher),
    ({ received }) => received > 0,
    'the first bytes have come',
  );
  // At either limit the file would take a day: it ends only when both are gone, one after the other.
  assert.equal(await leecher.succeed('limit down off'), 'up=0 down=0');
  assert.equal(await leecher.succeed('limit down 1.5MiB'), `up=0 down=${1.5 * 1024 * 1024}`);
  assert.equal(await leecher.succeed('limit down 0'), 'up=0 down=0');
  assert.equal((await fileOf(leecher)).state, 'downloading');
  assert.equal(await seeder.succeed('limit up off'), 'up=0 down=0');
  await completes(leecher, target);
  assert.equal(await sha256OfFile(target), await sha256OfFile(source));
});

test('a limit that is none is refused with an example, on the command line and at run time', async (t) => {
  const swarm = await stageSwarm(t);
  const [one, two] = swarm.trackers.map(formatAddress);
  const words = ['client', '127.0.0.1:0', one ?? '', two ?? '', 'x.log', '--state-dir', 'x.state'];
  for (const flag of ['--upload-limit', '--download-limit']) {
    const { code, stderr } = await runProgram([...words, flag, 'fast'], swarm.directory);
    assert.equal(code, 2);
    assert.match(stderr, /"fast" is not a rate; write bytes a second such as 500K, 10M or 1\.5MiB/);
  }
  const client = swarm.startClient('client');
  assert.equal((await client.command('limit up fast')).result, 'FAILURE:INVALID_ARGUMENTS');
  assert.equal(await client.succeed('limit'), 'up=0 down=0');
});
