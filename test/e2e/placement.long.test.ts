// Clients with as many peer threads as a machine of many cores gives them, on whatever machine this is.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import type { ClientProcess } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { deferred, within } from '../../src/foundation/base/deferred.js';
import { FRAME_BYTES_MAX } from '../../src/foundation/base/limits.js';
import { keyBytes, peerId } from '../../src/foundation/torrent/ids.js';
import { FrameReader, frameBytes } from '../../src/foundation/wire/framing.js';
import { PEER_MAGIC, type PeerWire, peerWire } from '../../src/transfer/peer/codec/messages.js';
import { readMetainfo } from '../../src/transfer/storage/metainfo-file.js';
import {
  create,
  eventually,
  fileOf,
  getWhole,
  listedEventually,
  PIECE,
  quit,
  share,
  stageSwarm,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { PATIENCE_MS } from '../support/patience.js';

/** A minute for the file of three, so that it is looked at in time. */
const SLOW = ['--upload-limit', '128K'];

function startThreaded(swarm: Swarm, name: string, threads: number, options: readonly string[] = []): ClientProcess {
  return swarm.startClient(name, 0, options, { env: { MTORRENT_PEER_THREADS: String(threads) } });
}

type Hello = Extract<PeerWire, { kind: 'hello' }>;

/** A peer of the swarm that says where it listens, and what whoever dials it back says first. */
async function dialedBack(t: TestContext, to: net.NetConnectOpts, hello: Omit<Hello, 'uploadPort'>): Promise<Hello> {
  const heard = deferred<Hello>();
  const server = net.createServer((socket) => {
    const reader = new FrameReader(FRAME_BYTES_MAX);
    let magicLeft = PEER_MAGIC.length;
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      const skipped = Math.min(magicLeft, bytes.length);
      magicLeft -= skipped;
      reader.feed(bytes.subarray(skipped));
      const frame = reader.next();
      const message = frame === undefined ? undefined : peerWire.decode(frame);
      if (message?.kind === 'hello') heard.resolve(message);
    });
    t.after(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const greeting = Buffer.concat([PEER_MAGIC, frameBytes(peerWire.encode({ ...hello, uploadPort: port }))]);
  let socket: net.Socket | undefined;
  let again: NodeJS.Timeout | undefined;
  const come = (): void => {
    socket = net.connect(to);
    socket.on('error', () => undefined);
    // Refused: its thread does not serve the file yet. A peer comes again.
    socket.on('close', () => {
      again = setTimeout(come, 50);
    });
    socket.resume();
    socket.write(greeting);
  };
  come();
  t.after(() => {
    socket?.removeAllListeners('close');
    clearTimeout(again);
    socket?.destroy();
    server.close();
  });
  return within(heard.promise, PATIENCE_MS, () => assert.fail('a peer that came was not dialed back'));
}

test('every peer thread says to the peers that it dials where the client listens, whichever accepts', async (t) => {
  const swarm = await stageSwarm(t);
  const mtorrent = await create(swarm, await swarm.makeFile('wanted.bin', 4 * PIECE), 'wanted.mtorrent');
  const { swarm: key, geometry } = await readMetainfo(mtorrent);
  const common = { kind: 'hello', swarm: keyBytes(key), pieceCount: geometry.pieceCount, features: 0 } as const;
  for (const threads of [2, 16]) {
    const client = startThreaded(swarm, `client-${threads}`, threads);
    const address = await client.address();
    await client.succeed(`get ${mtorrent} ${swarm.path(`got-${threads}.bin`)}`);
    const hellos = await Promise.all(
      Array.from({ length: threads }, (_, at) =>
        dialedBack(t, address, { ...common, peerId: peerId(Buffer.alloc(16, at + 1)), token: new Uint8Array(0) }),
      ),
    );
    assert.deepEqual(
      hellos.map(({ uploadPort }) => uploadPort),
      hellos.map(() => address.port),
    );
  }
});

test('clients with 1, 2, 4 and 16 peer threads make one swarm, and who comes last gets all from them without the seeder', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('mixed.bin', 24 * PIECE + 5);
  const seeder = startThreaded(swarm, 'seeder', 4);
  const mtorrent = await share(seeder, source, 'mixed.mtorrent');
  const clients = [1, 2, 16].map((threads) => startThreaded(swarm, `client-${threads}`, threads));
  await Promise.all(clients.map((client) => client.address()));
  const targets = await Promise.all(clients.map((it) => getWhole(it, mtorrent, swarm.path(`${it.name}.bin`))));
  await quit(seeder);
  const last = startThreaded(swarm, 'last', 4);
  const target = await getWhole(last, mtorrent, swarm.path('last.bin'));
  const wanted = await sha256OfFile(source);
  for (const got of [...targets, target]) assert.equal(await sha256OfFile(got), wanted);
  const { threads, placement } = await last.json<{
    readonly threads: Readonly<Record<string, object>>;
    readonly placement: { readonly peerThreads: number; readonly isForced: boolean };
  }>('show stats');
  assert.deepEqual(Object.keys(threads).sort(), ['download', 'peer-0', 'peer-1', 'peer-2', 'peer-3']);
  assert.equal(placement.peerThreads, 4);
  assert.equal(placement.isForced, true);
});

test('show peers names everybody on both sides, whichever threads they are on', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('peers.bin', 40 * PIECE);
  const mtorrent = await share(startThreaded(swarm, 'seeder-0', 3, SLOW), source, 'peers.mtorrent');
  for (const at of [1, 2]) {
    const other = startThreaded(swarm, `seeder-${at}`, 2, SLOW);
    await share(other, source, `peers-${at}.mtorrent`);
  }
  await listedEventually(swarm, 0, (rows) => rows.length === 3, 'three seeders are listed');
  const leecher = startThreaded(swarm, 'leecher', 4);
  await leecher.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
  await eventually(
    async () => (await leecher.command('show peers peers.mtorrent')).rows,
    (rows) => rows.filter((row) => row.startsWith('from')).length === 3,
    'the leecher shows its three sources',
  );
});

test('receivers with four peer threads get more of a file from each other than from its only seeder', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('crowd.bin', 40 * PIECE);
  // Slow enough that a receiver which starts a second later still finds the others at work.
  const seeder = startThreaded(swarm, 'seeder', 4, ['--upload-limit', '3M']);
  const mtorrent = await share(seeder, source, 'crowd.mtorrent');
  const receivers = [1, 2, 3].map((at) => startThreaded(swarm, `receiver-${at}`, 4));
  await Promise.all(receivers.map((receiver) => receiver.address()));
  const targets = await Promise.all(receivers.map((it) => getWhole(it, mtorrent, swarm.path(`${it.name}.bin`))));
  const wanted = await sha256OfFile(source);
  for (const target of targets) assert.equal(await sha256OfFile(target), wanted);
  const sums = await eventually(
    async () => (await Promise.all([seeder, ...receivers].map(fileOf))).map(({ sent }) => sent),
    (sent) => sent.reduce((sum, bytes) => sum + bytes, 0) >= 3 * 40 * PIECE,
    'all that was sent is counted',
  );
  const [ofSeeder = 0] = sums;
  assert.ok(ofSeeder < 1.5 * 40 * PIECE, `of 3 copies the seeder sent ${ofSeeder / (40 * PIECE)}`);
});
