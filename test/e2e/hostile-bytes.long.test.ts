// Strangers at the ports of a tracker and of a client: whatever they send, it is their connection that ends, soon, and
// everyone else is served on.

import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import net from 'node:net';
import test from 'node:test';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { deferred, within } from '../../src/foundation/base/deferred.js';
import { type Address, formatAddress } from '../../src/foundation/torrent/address.js';
import { TRACKER_MAGIC } from '../../src/tracking/tracker/messages.js';
import { PEER_MAGIC } from '../../src/transfer/peer/codec/messages.js';
import { getWhole, OPEN_REMARK, PIECE, share, stageSwarm } from '../support/e2e-stage.js';
import { PATIENCE_MS } from '../support/patience.js';

/** Sends `bytes`, and then nothing; resolves with what came back when the other side has hung up. */
async function hungUpOn(address: Address, bytes: Uint8Array): Promise<string> {
  const closed = deferred<void>();
  let answer = '';
  const socket = net.connect(address);
  socket.on('data', (part) => {
    answer += part.toString('latin1');
  });
  // A reset is a way to hang up.
  socket.on('error', () => undefined);
  socket.on('close', () => closed.resolve());
  socket.write(bytes);
  try {
    await within(closed.promise, PATIENCE_MS, () => assert.fail(`${formatAddress(address)} did not hang up`));
  } finally {
    socket.destroy();
  }
  return answer;
}

function strangers(magic: Uint8Array): readonly (readonly [what: string, bytes: Uint8Array])[] {
  const length = (bytes: number): Buffer => {
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(bytes);
    return prefix;
  };
  const hello = (body: Uint8Array): Buffer => Buffer.concat([magic, length(body.length), body]);
  return [
    ['a web browser', Buffer.from('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n')],
    ['random bytes', randomFillSync(Buffer.alloc(200_000))],
    ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex')],
    ['4 GiB announced at once', length(0xffff_ffff)],
    ['our magic, then a frame of 4 GiB', Buffer.concat([magic, length(0xffff_ffff), Buffer.alloc(100_000)])],
    ['our magic, then an empty frame', hello(Buffer.alloc(0))],
    ['our magic, then a frame of random bytes', hello(randomFillSync(Buffer.alloc(1_000)))],
    // [[[[…: deeper than any message.
    ['our magic, then nested arrays', hello(Buffer.alloc(2_000, 0x91))],
    // A map with 4 Gi entries, and a string of 4 GiB.
    ['our magic, then a giant map', hello(Buffer.from('dfffffffff', 'hex'))],
    ['our magic, then a giant string', hello(Buffer.from('dbffffffff', 'hex'))],
    // msgpackr's record extension, which would define a structure.
    ['our magic, then a record', hello(Buffer.from('9201d47200a161', 'hex'))],
    ['an old version of us', Buffer.concat([magic.subarray(0, 6), Buffer.from([0, 99])])],
  ];
}

test('R16: a client and a tracker hang up on whoever does not speak their protocol, and serve on', async (t) => {
  const swarm = await stageSwarm(t);
  const tracker = await swarm.startTracker(0);
  const seeder = swarm.startClient('seeder');
  const source = await swarm.makeFile('served.bin', 20 * PIECE);
  const mtorrent = await share(seeder, source, 'served.mtorrent');
  const address = await seeder.address();
  await Promise.all([
    ...strangers(PEER_MAGIC).map(([, bytes]) => hungUpOn(address, bytes)),
    ...strangers(TRACKER_MAGIC).map(([, bytes]) => hungUpOn(swarm.trackers[0], bytes)),
    // Silence is no protocol either.
    hungUpOn(address, Buffer.alloc(0)),
    hungUpOn(swarm.trackers[0], TRACKER_MAGIC.subarray(0, 3)),
  ]);
  const target = await getWhole(swarm.startClient('leecher'), mtorrent, swarm.path('got.bin'));
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
  const { rssPeakBytes } = await seeder.json<{ rssPeakBytes: number }>('show stats');
  assert.ok(rssPeakBytes < 400 * 1024 * 1024, `${rssPeakBytes} bytes of memory at the peak`);
  assert.equal(tracker.stderr, OPEN_REMARK);
});

test('a hundred connections that come and go in mid-word harm nobody', async (t) => {
  const swarm = await stageSwarm(t);
  await swarm.startTracker(0);
  const seeder = swarm.startClient('seeder');
  const source = await swarm.makeFile('served.bin', 4 * PIECE);
  const mtorrent = await share(seeder, source, 'served.mtorrent');
  const address = await seeder.address();
  const visit = async (to: Address, bytes: Uint8Array): Promise<void> => {
    const closed = deferred<void>();
    const socket = net.connect(to, () => socket.write(bytes, () => socket.resetAndDestroy()));
    socket.on('error', () => undefined);
    socket.on('close', () => closed.resolve());
    await closed.promise;
  };
  const visits = Array.from({ length: 50 }, (_, at) => [
    visit(address, Buffer.concat([PEER_MAGIC, Buffer.from([0, 0])]).subarray(0, at % 11)),
    visit(swarm.trackers[0], Buffer.concat([TRACKER_MAGIC, Buffer.from([0, 0])]).subarray(0, at % 11)),
  ]);
  await Promise.all(visits.flat());
  const target = await getWhole(swarm.startClient('leecher'), mtorrent, swarm.path('got.bin'));
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});
