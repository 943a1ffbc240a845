// Dial-backs over real sockets: whatever is at the other end, each is answered once.

import assert from 'node:assert/strict';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { freePort } from '../../../src/app/demo/processes.js';
import { toHex } from '../../../src/foundation/base/bytes.js';
import { deferred } from '../../../src/foundation/base/deferred.js';
import { clientId, keyBytes, peerIdOf, type SwarmKey } from '../../../src/foundation/torrent/ids.js';
import { FrameReader, frameBytes } from '../../../src/foundation/wire/framing.js';
import type { DialBackAnswer } from '../../../src/tracking/tracker/claims/claim.js';
import { DialBacks } from '../../../src/tracking/tracker/claims/dial-back.js';
import { DIAL_BACK_DEADLINE_MS } from '../../../src/tracking/tracker/limits.js';
import { PEER_MAGIC, type PeerWire, peerWire } from '../../../src/transfer/peer/codec/messages.js';
import { ManualTimers } from '../../support/manual-timers.js';

const SWARM = '5'.repeat(40) as SwarmKey;
const ID = peerIdOf(clientId(new Uint8Array(16).fill(4)), SWARM);
const HELLO = { kind: 'hello', swarm: keyBytes(SWARM), peerId: ID, uploadPort: 7, pieceCount: 2, features: 0 } as const;
const framed = (message: PeerWire): Uint8Array => frameBytes(peerWire.encode(message));

interface Scene {
  readonly heard: PeerWire[];
  readonly answers: DialBackAnswer[];
}

/** Somebody listens and sends these bytes when a peer said hello; answers what the tracker hears of it. */
async function dialed(t: TestContext, bytes: readonly Uint8Array[] | 'hang up' | 'silence'): Promise<Scene> {
  const heard: PeerWire[] = [];
  const said = deferred<void>();
  const server = net.createServer((socket) => {
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    const reader = new FrameReader(4_096);
    let skip = PEER_MAGIC.length;
    socket.on('data', (received: Buffer) => {
      reader.feed(received.subarray(skip));
      skip = Math.max(0, skip - received.length);
      const frame = reader.next();
      if (frame === undefined) return;
      heard.push(peerWire.decode(frame));
      said.resolve();
      if (bytes === 'hang up') socket.destroy();
      else if (bytes !== 'silence') socket.write(Buffer.concat([PEER_MAGIC, ...bytes]));
    });
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const timers = new ManualTimers();
  const answers: DialBackAnswer[] = [];
  const answered = deferred<void>();
  const dialBacks = new DialBacks({
    ownHost: '127.0.0.1',
    timers,
    onAnswered: (number, answer) => {
      assert.equal(number, 3);
      answers.push(answer);
      answered.resolve();
    },
  });
  t.after(() => dialBacks.close());
  dialBacks.dial({ number: 3, host: '127.0.0.1', port, swarm: SWARM, pieceCount: 2 });
  await said.promise;
  if (bytes === 'silence') timers.advanceTo(timers.nowMs() + DIAL_BACK_DEADLINE_MS);
  await answered.promise;
  // What comes late is nobody's answer.
  timers.advanceTo(timers.nowMs() + DIAL_BACK_DEADLINE_MS);
  return { heard, answers };
}

test('a dial-back says a hello of nobody for the file, and hears the peer id of who is there', async (t) => {
  const { heard, answers } = await dialed(t, [
    framed({ ...HELLO, token: new Uint8Array(0) }),
    framed({ kind: 'bitfield', offset: 0, part: Uint8Array.of(0xc0), last: true }),
  ]);
  const [hello] = heard;
  assert.ok(hello?.kind === 'hello');
  assert.deepEqual([toHex(hello.swarm), hello.uploadPort, hello.pieceCount], [SWARM, 0, 2]);
  const [answer, ...more] = answers;
  assert.ok(answer?.kind === 'hello');
  assert.equal(toHex(answer.peerId), toHex(ID));
  assert.deepEqual(more, []);
});

test('a dial-back is answered once, by who is there or by its deadline', async (t) => {
  const refusal = (code: 'unknownSwarm' | 'busy'): Uint8Array => framed({ kind: 'error', code, sentence: 'no' });
  const table: readonly (readonly [Parameters<typeof dialed>[1], DialBackAnswer['kind']])[] = [
    [[refusal('unknownSwarm')], 'unknownSwarm'],
    [[refusal('busy')], 'nothing'],
    [[Uint8Array.of(0xff, 0xff, 0xff, 0xff)], 'nothing'],
    ['hang up', 'nothing'],
    ['silence', 'nothing'],
  ];
  for (const [bytes, kind] of table)
    assert.deepEqual(
      (await dialed(t, bytes)).answers.map((answer) => answer.kind),
      [kind],
    );
});

test('a dial-back to a port where nobody listens is answered at once', async (t) => {
  const port = await freePort();
  const answered = deferred<DialBackAnswer>();
  const dialBacks = new DialBacks({
    ownHost: '0.0.0.0',
    timers: new ManualTimers(),
    onAnswered: (_, answer) => answered.resolve(answer),
  });
  t.after(() => dialBacks.close());
  dialBacks.dial({ number: 1, host: '127.0.0.1', port, swarm: SWARM, pieceCount: 2 });
  assert.deepEqual(await answered.promise, { kind: 'nothing' });
});
