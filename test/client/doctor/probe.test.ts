// What a doctor measures, against real trackers, ports and directories: it tells what is there, and leaves nothing
// behind.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { probeDisks } from '../../../src/client/doctor/machine-probe.js';
import { probe } from '../../../src/client/doctor/probe.js';
import { probeTracker } from '../../../src/client/doctor/tracker-probe.js';
import { deferred, within } from '../../../src/foundation/base/deferred.js';
import { silentLog } from '../../../src/foundation/base/log.js';
import type { Address } from '../../../src/foundation/torrent/address.js';
import { clientId, type SwarmKey } from '../../../src/foundation/torrent/ids.js';
import { startAnnounce } from '../../../src/tracking/announce/actor.js';
import { Daemon } from '../../../src/tracking/tracker/daemon.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const HOST = '127.0.0.1';
/** Nobody listens on port 1. */
const NOBODY: Address = { host: HOST, port: 1 };
const UPLOAD_PORT = 6_881;
const SWARM = '01'.repeat(20) as SwarmKey;
const DEADLINE_MS = 20_000;

async function startTracker(t: TestContext): Promise<Address> {
  const daemon = new Daemon({
    own: { host: HOST, port: 0 },
    partner: NOBODY,
    seederListPath: join(temporaryDirectory(t), 'list'),
    log: silentLog,
    lostLogLines: () => 0,
    replicaWaitMs: 1,
  });
  const address = await daemon.start();
  t.after(() => daemon.stop());
  return address;
}

/** A client that is listed for SWARM. */
async function listClient(t: TestContext, tracker: Address): Promise<void> {
  const registered = deferred<void>();
  const announce = startAnnounce({
    trackers: [tracker, NOBODY],
    clientId: clientId(new Uint8Array(16).fill(7)),
    epoch: 1,
    upload: { host: HOST, port: UPLOAD_PORT },
    seed: 1,
    log: silentLog,
    digestsOf: () => undefined,
    onEvent: ({ kind }) => {
      if (kind === 'registered') registered.resolve();
    },
  });
  t.after(() => announce.stop());
  announce.tell({ kind: 'register', swarm: SWARM, name: 'a', size: 1, pieceCount: 1, have: 1 });
  await within(registered.promise, DEADLINE_MS, () => assert.fail('the client is not listed'));
}

test('a tracker tells a guest its time, its partner, and under which host it lists us', async (t) => {
  const address = await startTracker(t);
  const question = { address, ownHost: HOST, swarm: SWARM, uploadPort: UPLOAD_PORT };
  const before = await probeTracker(question);
  assert.deepEqual(before.listed, { hosts: [], isSample: false });
  await listClient(t, address);
  const fact = await probeTracker(question);
  assert.equal(fact.failure, undefined);
  assert.deepEqual(fact.listed, { hosts: [HOST], isSample: false });
  assert.ok(fact.skewMs !== undefined && Math.abs(fact.skewMs) < DEADLINE_MS, 'it is one clock');
  assert.deepEqual(fact.partner, { address: `${HOST}:1`, following: false, followedBy: false, refusedBy: '' });
});

test('who does not answer, or is no tracker, is a failure with its reason', async (t) => {
  const server = net.createServer((socket) => socket.on('error', () => undefined).write('HTTP/1.1 400 Bad Request'));
  server.listen(0, HOST);
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const ask = (address: Address) => probeTracker({ address, ownHost: undefined, swarm: undefined, uploadPort: 0 });
  assert.match((await ask({ host: HOST, port })).failure ?? '', /not a tracker of this version/);
  assert.equal((await ask(NOBODY)).failure, 'ECONNREFUSED');
});

test('a disk is written to and left as it was; one that is not there says so; a disk is looked at once', async (t) => {
  const directory = temporaryDirectory(t);
  const missing = join(directory, 'missing');
  const places = [
    { directory, neededBytes: 1 },
    { directory, neededBytes: 2 },
    { directory: missing, neededBytes: 4 },
  ];
  const [found, lost, ...more] = await probeDisks(places);
  assert.deepEqual(more, []);
  assert.ok(found?.errno === undefined && found?.writtenMs !== undefined && (found.room.freeBytes ?? 0) > 0);
  assert.equal(found.neededBytes, 3);
  assert.equal(lost?.errno, 'ENOENT');
  assert.deepEqual(readdirSync(directory), []);
});

test('an address is ours, free, or taken', async () => {
  const server = net.createServer((socket) => socket.destroy());
  server.listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const look = async (isOurs: boolean) => {
    const options = { trackers: [], places: [], runningDownloads: 0 };
    return (await probe({ ...options, upload: { address: { host: HOST, port }, isOurs } })).upload?.state.kind;
  };
  assert.equal(await look(true), 'answers');
  assert.equal(await look(false), 'answers');
  server.close();
  await once(server, 'close');
  assert.equal(await look(false), 'free');
  assert.equal(await look(true), 'failed');
});
