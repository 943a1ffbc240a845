// A seeder at the other end of a long link, as real processes with a relay between them: it is asked over several
// connections, which bring more than one does, and which make way when its places are taken.

import assert from 'node:assert/strict';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { Cleanup } from '../../bench/cleanup.js';
import { type FarLink, type RunningRelay, startRelay } from '../../bench/far-relay.js';
import { plainSeconds } from '../../bench/raw-transfer.js';
import { type ClientProcess, freePort } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { UPLOAD_CONNECTIONS_MAX } from '../../src/foundation/base/limits.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { eventually, share, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';

/** A connection carries 0.65 MB/s, the link 25. */
const LINK: FarLink = { rttMs: 100, mbit: 200, bufferBytes: 64 * 1024 };
const FILE_BYTES = 12 * 1024 * 1024;
const DEADLINE_MS = 120_000;

interface FarStage {
  readonly swarm: Swarm;
  readonly relay: RunningRelay;
  readonly seeder: ClientProcess;
  readonly seederPort: number;
  readonly leecher: ClientProcess;
  readonly mtorrent: string;
}

async function stageFar(t: TestContext): Promise<FarStage> {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const seederPort = await freePort();
  const relay = swarm.adopt(await startRelay({ host: '127.0.0.1', port: seederPort }, LINK));
  const seeder = swarm.startClient('seeder', seederPort, ['--advertise', formatAddress(relay.address)]);
  const mtorrent = await share(seeder, await swarm.makeFile('far.bin', FILE_BYTES), 'far.mtorrent');
  const leecher = swarm.startClient('leecher');
  await leecher.address();
  return { swarm, relay, seeder, seederPort, leecher, mtorrent };
}

/** Answers the seconds that it took, from the first connection on: how fast programs start is another question. */
async function get(stage: FarStage, meanwhile: () => Promise<void>): Promise<number> {
  const { swarm, leecher, mtorrent, relay } = stage;
  const target = await leecher.succeed(`get ${mtorrent} ${swarm.path('copy.bin')}`, DEADLINE_MS);
  await eventually(
    () => relay.connections(),
    ({ now }) => now > 0,
    'the seeder is dialed',
  );
  const startedMs = performance.now();
  await meanwhile();
  const event = await leecher.event((line) => line.includes(target), DEADLINE_MS);
  assert.equal(event, `COMPLETED:${target}`, leecher.stderr);
  return (performance.now() - startedMs) / 1_000;
}

test('a file from a far seeder comes over several connections, in less than half of the time of one', async (t) => {
  const stage = await stageFar(t);
  const cleanup = new Cleanup();
  t.after(() => cleanup.run());
  const clients = [stage.leecher, stage.seeder];
  const port = await freePort();
  const beside = stage.swarm.adopt(await startRelay({ host: '127.0.0.1', port }, LINK));
  // At the same time, so that both have the same of a busy machine.
  const plain = plainSeconds(port, beside.address, FILE_BYTES, cleanup);
  const seconds = await get(stage, async () => {
    await eventually(
      () => stage.relay.connections(),
      ({ now }) => now >= 3,
      'several connections are open',
    );
    const shown = await Promise.all(
      ['copy.bin', 'far.bin'].map((name, at) => clients[at]?.command(`show peers ${name}`)),
    );
    assert.deepEqual(
      shown.map((answer) => answer?.rows.length),
      [1, 1],
      'they are one peer',
    );
  });
  const oneSeconds = await plain;
  assert.ok(seconds < oneSeconds / 2, `${seconds} s, one plain connection ${oneSeconds} s`);
});

test('a seeder whose places are taken gives up the further connections of a client, and the download goes on', async (t) => {
  const stage = await stageFar(t);
  // It lasts until the limit goes, however slow the machine is.
  await stage.seeder.succeed('limit up 100K');
  const strangers: net.Socket[] = [];
  t.after(() => {
    for (const stranger of strangers) stranger.destroy();
  });
  await get(stage, async () => {
    await eventually(
      () => stage.relay.connections(),
      ({ now }) => now >= 3,
      'several connections are open',
    );
    for (let at = 0; at < 1.1 * UPLOAD_CONNECTIONS_MAX; at += 1) {
      const localAddress = `127.0.0.${2 + (at % 4)}`;
      const stranger = net.connect({ host: '127.0.0.1', port: stage.seederPort, localAddress });
      stranger.on('error', () => undefined).resume();
      strangers.push(stranger);
    }
    await eventually(
      () => stage.relay.connections(),
      ({ now }) => now === 1,
      'only the first connection is left',
    );
    await stage.seeder.succeed('limit up off');
  });
});
