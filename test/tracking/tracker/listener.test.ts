// The tracker's port under honest and hostile bytes, over real sockets and a clock that the test moves: whatever one
// connection does, it loses that connection and nothing else.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { deferred } from '../../../src/foundation/base/deferred.js';
import {
  FRAME_BYTES_BEFORE_HELLO_MAX,
  FRAME_BYTES_MAX,
  FRAME_DEADLINE_MS,
  HELLO_DEADLINE_MS,
  LINGER_MS,
} from '../../../src/foundation/base/limits.js';
import { silentLog } from '../../../src/foundation/base/log.js';
import type { Address } from '../../../src/foundation/torrent/address.js';
import { frameBytes } from '../../../src/foundation/wire/framing.js';
import { closedPassage } from '../../../src/foundation/wire/tls.js';
import type { Socket } from '../../../src/foundation/wire/transport.js';
import { Listener, type ListenerOptions } from '../../../src/tracking/tracker/listener.js';
import {
  TRACKER_MAGIC,
  TRACKER_WIRE,
  type TrackerRequest,
  trackerRequests,
} from '../../../src/tracking/tracker/messages.js';
import { ClosedSwarm } from '../../support/closed-swarm.js';
import { failsWith } from '../../support/failures.js';
import { ManualTimers } from '../../support/manual-timers.js';
import { until, WireClient } from './wire.js';

interface Scene {
  readonly listener: Listener;
  readonly timers: ManualTimers;
  readonly address: Address;
  readonly requests: TrackerRequest[];
}

const NO_FOLLOWER = { isFirst: () => false, refusal: () => new Uint8Array(0) };

/** A listener whose owner answers every ping, and hello. */
async function scene(t: TestContext, extra: Partial<ListenerOptions> = {}): Promise<Scene> {
  const timers = new ManualTimers();
  const requests: TrackerRequest[] = [];
  const listener = new Listener({
    log: silentLog,
    timers,
    onOpened: () => undefined,
    onClosed: () => undefined,
    follower: NO_FOLLOWER,
    onFollowerFrame: () => undefined,
    onRequest: (connection, request) => {
      requests.push(request);
      if (request.kind === 'ping') listener.reply(connection, { kind: 'pong', id: request.id, entries: 0 });
      else {
        const times = { leaseMs: 1, renewMs: 1, ready: true };
        listener.reply(connection, {
          kind: 'helloReply',
          trackerId: new Uint8Array(16),
          partner: '',
          highestEpoch: 0,
          ...times,
        });
      }
    },
    ...extra,
  });
  const address = await listener.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => {
    listener.dropAll('test over');
    listener.stopReading();
  });
  return { listener, timers, address, requests };
}

test('a handshake counts as one for nobody when its client goes before its hello is answered, and else as finished', async (t) => {
  const swarm = new ClosedSwarm();
  const { listener, address } = await scene(t, { passage: closedPassage(swarm.tracker(), TRACKER_WIRE) });
  const connected = async (onOpened: (socket: Socket) => void): Promise<Socket> => {
    const opened = deferred<void>();
    const socket = closedPassage(swarm.member(), TRACKER_WIRE).dial(
      address,
      { need: 'track' },
      { opened: () => opened.resolve(), refused: (sentence) => assert.fail(sentence) },
    );
    t.after(() => socket.destroy());
    await opened.promise;
    onOpened(socket);
    return socket;
  };
  await connected((socket) => socket.end());
  await until(() => listener.handshakes?.forNobody === 1);
  const heard = deferred<void>();
  const answered = await connected((socket) => {
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > TRACKER_MAGIC.length) heard.resolve();
    });
    socket.write(Buffer.concat([TRACKER_MAGIC, HELLO]));
  });
  await heard.promise;
  answered.destroy();
  await until(() => listener.connectionCount === 0);
  assert.deepEqual({ ...listener.handshakes }, { begun: 2, finished: 2, forNobody: 1 });
});

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** After `bytes` the connection is ended, and another one still works. */
async function checkEnds(t: TestContext, bytes: readonly (Uint8Array | string)[]): Promise<WireClient> {
  const { address, requests } = await scene(t);
  const hostile = new WireClient(t, address);
  for (const part of bytes) hostile.raw(part);
  await hostile.closed();
  const before = requests.length;
  const honest = new WireClient(t, address);
  await honest.hello(1);
  honest.send({ kind: 'ping', id: 3 });
  assert.deepEqual(await honest.reply(1), { kind: 'pong', id: 3, entries: 0 });
  assert.equal(requests.length - before, 2);
  return hostile;
}

const HELLO = frameBytes(
  trackerRequests.encode({
    kind: 'hello',
    clientId: new Uint8Array(16).fill(1),
    host: '',
    uploadPort: 1,
    epoch: 1,
    token: new Uint8Array(0),
  }),
);

test('garbage, another protocol and another version are hung up on', async (t) => {
  await checkEnds(t, ['GET / HTTP/1.1\r\n\r\n']);
  await checkEnds(t, [TRACKER_MAGIC.with(7, 9)]);
  await checkEnds(t, [TRACKER_MAGIC, u32(5), 'hello']);
});

test('a frame above its limit ends the connection at its length, before a byte of it is kept', async (t) => {
  for (const length of [0, FRAME_BYTES_BEFORE_HELLO_MAX + 1, 0x8000_0000, 0xffff_ffff]) {
    const client = await checkEnds(t, [TRACKER_MAGIC, u32(length)]);
    assert.equal(client.replies[0]?.kind, 'error');
  }
  await checkEnds(t, [TRACKER_MAGIC, HELLO, u32(FRAME_BYTES_MAX + 1)]);
});

test('a frame that is not a request ends the connection with a sentence', async (t) => {
  for (const body of [[0xc0], [0x90], [0x91, 0x63], [0x92, 0x08, 0xff], [0xc7, 0x01, 0x72, 0x00]]) {
    const client = await checkEnds(t, [TRACKER_MAGIC, HELLO, u32(body.length), Uint8Array.from(body)]);
    const last = client.replies.at(-1);
    assert.ok(last?.kind === 'error' && last.id === null && last.code === 'protocol');
  }
});

test('requests may come in any slices, and many in one', async (t) => {
  const { address } = await scene(t);
  const client = new WireClient(t, address);
  const pings = Array.from({ length: 50 }, (_, id) => frameBytes(trackerRequests.encode({ kind: 'ping', id })));
  const bytes = Buffer.concat([TRACKER_MAGIC, HELLO, ...pings]);
  for (const byte of bytes.subarray(0, 60)) client.raw(Uint8Array.of(byte));
  client.raw(bytes.subarray(60));
  assert.deepEqual(await client.reply(50), { kind: 'pong', id: 49, entries: 0 });
});

test('who says no hello in time is dropped, who said it is not', async (t) => {
  const { address, timers, listener } = await scene(t);
  const honest = new WireClient(t, address);
  await honest.hello(1);
  const silent = new WireClient(t, address);
  silent.raw(TRACKER_MAGIC.subarray(0, 4));
  const slow = new WireClient(t, address);
  slow.raw(Buffer.concat([TRACKER_MAGIC, u32(100)]));
  honest.send({ kind: 'ping', id: 1 });
  await honest.reply(1);
  await until(() => listener.connectionCount === 3);
  timers.advanceTo(HELLO_DEADLINE_MS + 1);
  await silent.closed();
  await slow.closed();
  honest.send({ kind: 'ping', id: 2 });
  await honest.reply(2);
});

test('a frame that is begun and not finished in time ends the connection', async (t) => {
  const { address, timers, requests } = await scene(t);
  const client = new WireClient(t, address);
  await client.hello(1);
  client.send({ kind: 'ping', id: 1 });
  client.raw(u32(100));
  await until(() => requests.length === 2);
  await client.reply(1);
  timers.advanceTo(FRAME_DEADLINE_MS);
  timers.advanceTo(FRAME_DEADLINE_MS * 2 + 1);
  await client.closed();
});

test('connections above the limit, in total or from one address, are refused', async (t) => {
  for (const limit of [{ connectionsMax: 2 }, { connectionsPerAddressMax: 2 }]) {
    const { address, listener } = await scene(t, limit);
    const first = new WireClient(t, address);
    await first.hello(1);
    await new WireClient(t, address).hello(2);
    await new WireClient(t, address).closed();
    assert.equal(listener.refusedCount, 1);
    first.socket.destroy();
    await until(() => listener.connectionCount < 2);
    await new WireClient(t, address).hello(3);
  }
});

test('when all places are taken, who comes from an address with fewer gets that of whoever was silent longest', async (t) => {
  const { address, listener } = await scene(t, { connectionsMax: 3 });
  const crowd: WireClient[] = [];
  for (let number = 1; number <= 3; number += 1) {
    const client = new WireClient(t, address);
    await client.hello(number);
    crowd.push(client);
  }
  crowd[0]?.send({ kind: 'ping', id: 1 });
  await crowd[0]?.reply(1);
  const other = new WireClient(t, address, '127.0.0.2');
  await other.hello(4);
  const told = await crowd[1]?.reply(1);
  assert.ok(told?.kind === 'error' && told.code === 'limit' && told.id === null);
  await crowd[1]?.closed();
  crowd[0]?.send({ kind: 'ping', id: 2 });
  assert.equal((await crowd[0]?.reply(2))?.kind, 'pong', 'who was heard keeps its place');
  assert.equal(listener.connectionCount, 3);
});

test('who never reads its replies is dropped', async (t) => {
  const { address, listener } = await scene(t);
  const client = new WireClient(t, address);
  await client.hello(1);
  client.socket.pause();
  const json = 'x'.repeat(8_000);
  // More than our limit and what the two kernels' buffers take together.
  for (let count = 0; count < 6_000 && listener.connectionCount > 0; count += 1) {
    listener.reply(1, { kind: 'stats', id: 1, json });
    if (count % 100 === 0) await new Promise(setImmediate);
  }
  client.socket.resume();
  await client.closed();
});

test('a paused connection is not read, and goes on where it stopped', async (t) => {
  const { address, listener, requests } = await scene(t);
  const client = new WireClient(t, address);
  await client.hello(1);
  listener.pause(1);
  client.send({ kind: 'ping', id: 1 }, { kind: 'ping', id: 2 });
  const other = new WireClient(t, address);
  await other.hello(2);
  assert.deepEqual(
    requests.map(({ kind }) => kind),
    ['hello', 'hello'],
  );
  listener.resume(1);
  assert.deepEqual(await client.reply(2), { kind: 'pong', id: 2, entries: 0 });
});

test('who does not close after the last word is dropped', async (t) => {
  const { address, listener, timers } = await scene(t);
  const client = new WireClient(t, address);
  await client.hello(1);
  client.socket.allowHalfOpen = true;
  listener.hangUp(1, 'enough');
  assert.equal(listener.connectionCount, 1);
  timers.advanceTo(LINGER_MS + 1);
  await until(() => listener.connectionCount === 0);
});

test('an address in use and one of another machine are told apart', async (t) => {
  const { address } = await scene(t);
  const { listener } = await scene(t);
  const fresh = (): Listener =>
    new Listener({
      log: silentLog,
      timers: new ManualTimers(),
      onOpened() {},
      onClosed() {},
      onRequest() {},
      follower: NO_FOLLOWER,
      onFollowerFrame() {},
    });
  await assert.rejects(fresh().listen(address), failsWith('PORT_IN_USE', `127.0.0.1:${address.port}`));
  await assert.rejects(fresh().listen({ host: '192.0.2.1', port: 0 }), failsWith('ADDRESS_UNUSABLE', '192.0.2.1'));
  assert.equal(listener.connectionCount, 0);
});
