// A thread that serves as another one decides, on real sockets and a real link: it serves as the deciding one does, and
// what either end of the link does wrong, or dies of, costs no more than its own connections.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { truncateSync } from 'node:fs';
import test from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { LINK_CREDIT_MAX } from '../../../src/foundation/actor/limits.js';
import { BLOCK_BYTES_MIN, PIECE_SIZE, RATE_BURST_MS } from '../../../src/foundation/base/limits.js';
import { Prng } from '../../../src/foundation/base/prng.js';
import { Geometry } from '../../../src/foundation/torrent/geometry.js';
import { PEER_MAGIC } from '../../../src/transfer/peer/codec/messages.js';
import { remoteDesk, UploadDesk } from '../../../src/transfer/peer/upload/desk.js';
import { connectionNumber, uploadOrders, uploadReports } from '../../../src/transfer/peer/upload/messages.js';
import { ManualTimers } from '../../support/manual-timers.js';
import { aTurn, dial, hello, joinDesk, letTimePass, openDesk, PIECES, Raw, SIZE, seeder } from './socket-stage.js';

const geometry = new Geometry(SIZE);
/** No msgpack, no message of the table, and one with a field of another type. */
const DAMAGED = [Uint8Array.of(0xc1), Uint8Array.of(0x91, 0x63), Uint8Array.of(0x92, 0x01, 0xa1, 0x78)];
const wholePiece = (piece: number) => ({ piece, begin: 0, length: geometry.pieceLength(piece) });

test('a file travels byte for byte from a thread that serves as another one decides', async (t) => {
  const { port, bytes } = await seeder(t, { thread: 3 });
  const { socket, slab, hears } = dial(t, port);
  await hears('unchoked');
  for (let piece = 0; piece < PIECES; piece += 1)
    socket.post({ kind: 'request', ...wholePiece(piece), slots: [piece] });
  await hears('blockReceived', PIECES);
  assert.equal(Buffer.compare(new Uint8Array(slab, 0, SIZE), bytes), 0);
});

test('over the link a limit is kept in parts, and what fails or is cancelled is rejected', async (t) => {
  const { port, turns, desk, path, failed } = await seeder(t, { thread: 3 });
  const rate = 100 * 1024;
  desk.limit(rate);
  const { socket, hears, events } = dial(t, port);
  await hears('unchoked');
  for (const piece of [0, 1, 2]) socket.post({ kind: 'request', ...wholePiece(piece), slots: [piece] });
  await letTimePass(turns, hears('blockReceived'));
  assert.ok(turns.nowMs() >= ((PIECE_SIZE - BLOCK_BYTES_MIN) / rate) * 1_000 - RATE_BURST_MS, `${turns.nowMs()}`);
  truncateSync(path, 2 * PIECE_SIZE);
  socket.post({ kind: 'cancel', ...wholePiece(1) });
  await letTimePass(turns, hears('blockRejected', 2));
  assert.deepEqual(failed, ['SHORT_FILE']);
  assert.ok(!events.some(({ kind }) => kind === 'disconnected'));
});

test('a thread that comes anew finds the places and buffers free that the dead one of its number had', async (t) => {
  const { port, desk } = await seeder(t, { thread: 2 });
  const raw = new Raw(t, port);
  raw.socket.write(PEER_MAGIC);
  raw.send(hello);
  await raw.hears('unchoke');
  raw.socket.pause();
  for (let piece = 0; piece < 5; piece += 1) raw.send({ kind: 'request', ...wholePiece(piece) });
  await aTurn();
  // Its successor uses the same numbers again: none of them is known any more.
  const { port1, port2 } = new MessageChannel();
  t.after(() => port2.close());
  desk.attach(2, port1);
  const orders: unknown[] = [];
  port2.on('message', (frame: Uint8Array | number) => {
    if (typeof frame !== 'number') orders.push(uploadOrders.decode(frame).kind);
  });
  const connection = connectionNumber(2, 0);
  port2.postMessage(new Uint8Array(uploadReports.encode({ kind: 'accepted', connection, host: '127.0.0.1' })));
  const joined = { kind: 'joined', connection, file: 5, acks: true, peer: new Uint8Array(0) } as const;
  port2.postMessage(new Uint8Array(uploadReports.encode(joined)));
  while (orders.length === 0) await aTurn();
  await aTurn();
  assert.deepEqual(orders, ['admit']);
});

test('when the thread that decides comes anew, the connections of the others end, and new ones are served', async (t) => {
  const stage = await seeder(t, { thread: 1 });
  const before = dial(t, stage.port);
  await before.hears('unchoked');
  const turns = new ManualTimers();
  joinDesk(
    t,
    openDesk(turns, () => assert.fail('it has no connections'), stage.crashes),
    stage.listener,
    1,
    stage.crashes,
  );
  await before.hears('disconnected');
  const after = dial(t, stage.port);
  await after.hears('unchoked');
  after.socket.post({ kind: 'request', ...wholePiece(1), slots: [1] });
  await after.hears('blockReceived');
});

test('while the deciding thread is behind, a peer is not read, and who comes new is told to come later', async (t) => {
  const stage = await seeder(t, { thread: 1 });
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  // It takes nothing for as long as nobody listens at its end.
  const decider = remoteDesk({
    port: port2,
    memory: openDesk(stage.turns, () => undefined, stage.crashes).memory,
    obey: (order) => stage.listener.obey(order),
    onDrain: () => stage.listener.deciderDrained(),
    onCrash: (error) => stage.crashes.push(error),
  });
  stage.listener.decider = decider;
  t.after(() => decider.close());
  const first = new Raw(t, stage.port);
  first.socket.write(PEER_MAGIC);
  first.send(hello);
  const connection = connectionNumber(1, 0);
  await once(first.socket, 'data');
  assert.deepEqual(first.heard, [], 'nothing is read before it has a place');
  port1.postMessage(new Uint8Array(uploadOrders.encode({ kind: 'admit', connection })));
  await first.hears('unchoke');
  const flood = 4 * LINK_CREDIT_MAX;
  for (let at = 0; at < flood; at += 1) {
    first.send({ kind: 'request', piece: at % PIECES, begin: 0, length: 1 });
    first.send({ kind: 'cancel', piece: at % PIECES, begin: 0, length: 1 });
  }
  while (!decider.isBehind) await aTurn();
  const late = new Raw(t, stage.port);
  await late.closed;
  assert.deepEqual(
    late.heard.map((message) => (message.kind === 'error' ? message.code : message.kind)),
    ['busy'],
  );
  // Whatever more it asks stays in its socket: relief lets all of it through.
  let cancelled = 0;
  const seen = new Promise<void>((resolve) => {
    port1.on('message', (frame: Uint8Array | number) => {
      if (typeof frame === 'number') return;
      port1.postMessage(1);
      if (uploadReports.decode(frame).kind === 'cancelled') cancelled += 1;
      if (cancelled === flood) resolve();
    });
  });
  await seen;
});

test('a frame that is not in the table ends the thread that receives it, on either end of the link', async () => {
  for (const frame of DAMAGED) {
    const { port1, port2 } = new MessageChannel();
    const crashed = new Promise<unknown>((resolve) => {
      const desk = new UploadDesk(
        { thread: 0, timers: new ManualTimers(), prng: new Prng(1), obey: () => undefined, onCrash: resolve },
        openDesk(new ManualTimers(), () => undefined, []).memory,
      );
      desk.attach(1, port1);
    });
    port2.postMessage(frame);
    assert.match(String(await crashed), /ProtocolError/);
    port2.close();
  }
  for (const frame of DAMAGED) {
    const { port1, port2 } = new MessageChannel();
    const crashed = new Promise<unknown>((resolve) => {
      const { memory } = openDesk(new ManualTimers(), () => undefined, []);
      const obey = (): void => assert.fail('nothing of it is obeyed');
      remoteDesk({ port: port1, memory, obey, onDrain: () => undefined, onCrash: resolve });
    });
    port2.postMessage(frame);
    assert.match(String(await crashed), /ProtocolError/);
    port2.close();
  }
});
