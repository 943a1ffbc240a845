// What real clients say of themselves: to trackers the id that owns their entries, to peers one that is worth nothing
// there.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import test from 'node:test';
import { ClientProcess, freePort } from '../../src/app/demo/processes.js';
import { toHex } from '../../src/foundation/base/bytes.js';
import { deferred, within } from '../../src/foundation/base/deferred.js';
import {
  type ClientId,
  keyBytes,
  parseClientId,
  peerId,
  peerIdOf,
  type SwarmKey,
} from '../../src/foundation/torrent/ids.js';
import { FrameReader, frameBytes } from '../../src/foundation/wire/framing.js';
import { PEER_MAGIC, type PeerWire, peerWire } from '../../src/transfer/peer/codec/messages.js';
import { readMetainfo } from '../../src/transfer/storage/metainfo-file.js';
import { ChaosProxy } from '../support/chaos-proxy.js';
import {
  create,
  listedEventually,
  PIECE,
  quit,
  seederList,
  share,
  stageSwarm,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { PairClient } from '../support/pair-client.js';
import { PATIENCE_MS } from '../support/patience.js';

async function clientIdIn(stateDir: string): Promise<ClientId> {
  const { clientId } = JSON.parse(await readFile(`${stateDir}/identity.json`, 'utf8')) as { clientId: string };
  const id = parseClientId(clientId);
  assert.ok(id !== undefined);
  return id;
}

/** Of somebody who only wants to hear the answer. */
function guestHello(swarm: SwarmKey): PeerWire {
  const facts = { swarm: keyBytes(swarm), pieceCount: 2, features: 0, token: new Uint8Array(0) };
  return { kind: 'hello', peerId: peerId(new Uint8Array(16)), uploadPort: 0, ...facts };
}

/** Everything that the other side says until its hello and one more frame are here, and that hello. */
async function saidOn(socket: net.Socket): Promise<{ said: Buffer; hello: Extract<PeerWire, { kind: 'hello' }> }> {
  const reader = new FrameReader(1 << 20);
  const done = deferred<Extract<PeerWire, { kind: 'hello' }>>();
  let said = Buffer.alloc(0);
  let seen = 0;
  let hello: PeerWire | undefined;
  socket.on('error', () => undefined);
  socket.on('data', (bytes: Buffer) => {
    reader.feed(bytes.subarray(Math.max(0, PEER_MAGIC.length - said.length)));
    said = Buffer.concat([said, bytes]);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      seen += 1;
      hello ??= peerWire.decode(frame);
    }
    if (seen >= 2 && hello?.kind === 'hello') done.resolve(hello);
  });
  return { hello: await within(done.promise, PATIENCE_MS, () => assert.fail('a peer says hello in time')), said };
}

test('S8: peers of both directions see an id of the swarm, and never the client id', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const client = swarm.startClient('client');
  const served = await readMetainfo(
    await share(client, await swarm.makeFile('served.bin', 2 * PIECE), 'served.mtorrent'),
  );
  const secret = await clientIdIn(swarm.path('client.state'));
  const hides = (said: Buffer, from: string): void => {
    assert.ok(!said.includes(Buffer.from(keyBytes(secret))), `the client id in what ${from}`);
    assert.ok(!said.includes(secret), `the client id as text in what ${from}`);
  };

  const asking = net.connect(await client.address());
  t.after(() => asking.destroy());
  asking.write(Buffer.concat([PEER_MAGIC, frameBytes(peerWire.encode(guestHello(served.swarm)))]));
  const accepted = await saidOn(asking);
  assert.equal(toHex(accepted.hello.peerId), toHex(peerIdOf(secret, served.swarm)));
  hides(accepted.said, 'an acceptor said');

  const wanted = await create(swarm, await swarm.makeFile('wanted.bin', 2 * PIECE), 'wanted.mtorrent');
  const key: SwarmKey = (await readMetainfo(wanted)).swarm;
  const dialed = deferred<net.Socket>();
  const server = net.createServer((socket) => {
    t.after(() => socket.destroy());
    dialed.resolve(socket);
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const seeder = await PairClient.connect(t, swarm.trackers[0], port - 10_000);
  await seeder.share(key, 2);
  await client.succeed(`get ${wanted} ${swarm.path('got.bin')}`);
  const dialer = await saidOn(
    await within(dialed.promise, PATIENCE_MS, () => assert.fail('a listed seeder is dialed')),
  );
  assert.equal(toHex(dialer.hello.peerId), toHex(peerIdOf(secret, key)));
  hides(dialer.said, 'a dialer said');
});

test('a client whose id somebody else has burnt goes on under a new one, says so once, and keeps it', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const state = swarm.path('client.state');
  const former = swarm.startClient('client');
  const mtorrent = await share(former, await swarm.makeFile('served.bin', 2 * PIECE), 'served.mtorrent');
  const { swarm: key } = await readMetainfo(mtorrent);
  const burnt = await clientIdIn(state);
  await quit(former);
  const thief = await PairClient.connectAs(t, swarm.trackers[0], burnt);
  await thief.ask({ kind: 'leave', epoch: 0xffff_ffff, sequence: 0xffff_ffff }, 'left');
  thief.close();

  const client = swarm.startClient('client', 0, [], { env: { MTORRENT_PEER_THREADS: '4' } });
  await client.said(/knows of a start of this client that never happened/);
  await listedEventually(swarm, 0, ([row]) => row?.startsWith('served.bin') === true, 'it is listed again');
  const fresh = await clientIdIn(state);
  assert.notEqual(fresh, burnt);
  const asking = net.connect(await client.address());
  t.after(() => asking.destroy());
  asking.write(Buffer.concat([PEER_MAGIC, frameBytes(peerWire.encode(guestHello(key)))]));
  assert.equal(toHex((await saidOn(asking)).hello.peerId), toHex(peerIdOf(fresh, key)), 'peers see the new one');
  await quit(client);

  const again = swarm.startClient('client');
  await listedEventually(swarm, 0, ([row]) => row?.startsWith('served.bin') === true, 'it is listed after a restart');
  assert.equal(await clientIdIn(state), fresh);
  assert.doesNotMatch(again.stderr, /never happened/);
});

/**
 * A NAT: clients with addresses of their own come to the trackers from one, and one port of it leads to the first of
 * them.
 */
test('of two clients behind one address the one that its port leads to is listed, and the other one is told what to do', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const nat = [await ChaosProxy.open(t, swarm.trackers[0]), await ChaosProxy.open(t, swarm.trackers[1])] as const;
  const port = await freePort();
  const trackers = [nat[0].address, nat[1].address] as const;
  const behind = (name: string, host: string): ClientProcess =>
    swarm.adopt(new ClientProcess(name, { host, port }, trackers, swarm.directory));
  await ChaosProxy.open(t, { host: '127.0.0.2', port }, port);

  // The one that nobody can reach comes first.
  const second = behind('second', '127.0.0.3');
  await share(second, await swarm.makeFile('second.bin', 2 * PIECE), 'second.mtorrent');
  await listedEventually(swarm, 0, (rows) => rows.some((row) => row.startsWith('second.bin')), 'alone it is listed');
  const first = behind('first', '127.0.0.2');
  await share(first, await swarm.makeFile('first.bin', 2 * PIECE), 'first.mtorrent');
  await listedEventually(
    swarm,
    0,
    (rows) => rows.join() === `first.bin 127.0.0.1:${port} 2`,
    'the one that answers is listed alone',
  );
  await share(second, await swarm.makeFile('more.bin', 2 * PIECE), 'more.mtorrent');
  const sentence = await second.said(/the tracker refuses/);
  assert.match(sentence, new RegExp(`at 127\\.0\\.0\\.1:${port}: another client answers there.*--address`));
  assert.deepEqual(await seederList(swarm, 0), [`first.bin 127.0.0.1:${port} 2`]);
});
