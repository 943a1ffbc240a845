// The rules of uploads hold for a client, however many of its threads have the sockets: connections of one thread and
// of four are told the same, and what a thread held is free when it is gone. Time is the test's.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { WakeAt } from '../../../src/foundation/actor/machine.js';
import { EMPTY_BYTES } from '../../../src/foundation/base/bytes.js';
import {
  PIECE_SIZE,
  RATE_BURST_MS,
  UPLOAD_BUFFERS,
  UPLOAD_CONNECTIONS_MAX,
  UPLOAD_REQUESTS_PER_PEER_MAX,
} from '../../../src/foundation/base/limits.js';
import { Prng } from '../../../src/foundation/base/prng.js';
import {
  UPLOAD_CONNECTIONS_PER_ADDRESS_MAX,
  UPLOAD_LEAD_BYTES_MAX,
  UPLOAD_READS_MAX,
  UPLOADS_QUEUED,
  UPLOADS_UNACKED_MAX,
} from '../../../src/transfer/peer/limits.js';
import { type UploadInput, UploadMachine } from '../../../src/transfer/peer/upload/machine.js';
import {
  connectionNumber,
  threadOf,
  type UploadOrder,
  uploadOrders,
  uploadReports,
} from '../../../src/transfer/peer/upload/messages.js';
import { cases } from '../../support/cases.js';
import { frameOf } from '../../support/messages.js';

type Send = Extract<UploadOrder, { kind: 'send' }>;

const FILE = 7;

/** An upload machine and the threads that obey it, as books: every message passes the codec of the link. */
class Stage {
  readonly machine = new UploadMachine(new Prng(1), 0);
  readonly orders: UploadOrder[] = [];
  /** Sends that have not ended. */
  readonly open = new Map<number, Send>();
  nowMs = 0;
  wakeMs = Number.POSITIVE_INFINITY;

  post(input: UploadInput | { readonly kind: 'wake' }): readonly UploadOrder[] {
    const isOwn = input.kind === 'limit' || input.kind === 'threadLost' || input.kind === 'wake';
    const told = isOwn ? input : uploadReports.decode(frameOf(uploadReports, input));
    const effects = this.machine.receive(told, this.nowMs);
    const orders = effects.filter((effect): effect is UploadOrder => effect.kind !== 'wakeAt');
    for (const effect of effects) if (effect.kind === 'wakeAt') this.wakeMs = (effect as WakeAt).atMs;
    for (const order of orders) {
      assert.deepEqual(uploadOrders.decode(frameOf(uploadOrders, order)), order);
      if (order.kind === 'send') this.open.set(order.upload, order);
    }
    this.orders.push(...orders);
    return orders;
  }

  /** A connection of `thread` that has said hello. */
  join(
    thread: number,
    count: number,
    host = `${thread}.${count}`,
    acks = false,
    peer: Uint8Array = EMPTY_BYTES,
  ): number {
    const connection = connectionNumber(thread, count);
    this.post({ kind: 'accepted', connection, host });
    this.post({ kind: 'joined', connection, file: FILE, acks, peer });
    return connection;
  }

  ask(connection: number, piece: number): readonly UploadOrder[] {
    return this.post({ kind: 'requested', connection, piece, begin: 0, length: PIECE_SIZE });
  }

  /** The socket has taken what was to be sent. */
  take({ upload }: Send): void {
    this.open.delete(upload);
    this.post({ kind: 'taken', upload, ok: true });
  }

  /** Everything that is under way, until nothing is. Answers the bytes of each connection. */
  drain(): Map<number, number> {
    const bytes = new Map<number, number>();
    for (let sends = [...this.open.values()]; sends.length > 0; sends = [...this.open.values()]) {
      for (const send of sends) {
        bytes.set(send.connection, (bytes.get(send.connection) ?? 0) + send.length);
        this.take(send);
      }
    }
    return bytes;
  }

  /** Whatever may be read is read, also what only time allows. */
  settle(): void {
    for (let before = -1; before !== this.orders.length; ) {
      before = this.orders.length;
      for (const { upload } of [...this.open.values()]) this.post({ kind: 'read', upload });
      this.nowMs += 10_000;
      this.post({ kind: 'wake' });
    }
  }

  /** Many peers of one thread ask and never take what they get. Answers the large buffers that they hold in the end. */
  largeHeldByDeaf(count: number): readonly number[] {
    for (let at = 0; at < 2 * UPLOAD_BUFFERS; at += 1) {
      const connection = this.join(1, count + at, undefined, true);
      for (let piece = 0; piece < 8; piece += 1) this.ask(connection, piece);
    }
    this.settle();
    return [...this.open.values()].flatMap(({ buffers }) => buffers.filter((buffer) => buffer < UPLOAD_BUFFERS));
  }

  sends(): readonly Send[] {
    return this.orders.filter((order): order is Send => order.kind === 'send');
  }
}

test('reads, blocks under way and buffers are bounded for the client, whichever threads its connections are on', () => {
  for (const threads of [1, 4, 16]) {
    const stage = new Stage();
    const connections = Array.from({ length: 32 }, (_, at) => stage.join(at % threads, at, undefined, true));
    for (const connection of connections) for (let piece = 0; piece < 4; piece += 1) stage.ask(connection, piece);
    assert.equal(stage.open.size, UPLOAD_READS_MAX, `${threads} threads`);
    for (const { upload } of stage.open.values()) stage.post({ kind: 'read', upload });
    assert.equal(stage.open.size, UPLOADS_QUEUED, 'nothing was confirmed');
  }
});

test('a buffer is lent once, to whichever thread, and comes back from each way in which a block can end', () => {
  const end = fc.constantFrom('taken', 'gone', 'failed', 'closed', 'lost');
  fc.assert(
    fc.property(fc.array(fc.tuple(end, fc.nat()), { maxLength: 120 }), (steps) => {
      const stage = new Stage();
      let count = 0;
      const join = (thread: number): void => {
        const connection = stage.join(thread, count);
        count += 1;
        for (let piece = 0; piece < 8; piece += 1) stage.ask(connection, piece);
      };
      for (let at = 0; at < 8; at += 1) join(at % 4);
      for (const [how, pick] of steps) {
        const sends = [...stage.open.values()];
        const send = sends[pick % Math.max(1, sends.length)];
        if (send === undefined) break;
        const thread = threadOf(send.connection);
        if (how === 'lost') {
          for (const other of sends) if (threadOf(other.connection) === thread) stage.open.delete(other.upload);
          stage.post({ kind: 'threadLost', thread });
        } else if (how === 'closed') {
          stage.post({ kind: 'closed', connection: send.connection });
          stage.open.delete(send.upload);
          stage.post({ kind: 'taken', upload: send.upload, ok: false });
        } else {
          stage.open.delete(send.upload);
          if (how === 'failed') stage.post({ kind: 'failed', upload: send.upload });
          else stage.post({ kind: 'taken', upload: send.upload, ok: how === 'taken' });
        }
        if (how === 'lost' || how === 'closed') join(thread);
        const lent = [...stage.open.values()].flatMap(({ buffers }) => buffers);
        assert.equal(new Set(lent).size, lent.length, 'no buffer is lent twice');
      }
      stage.drain();
      assert.equal(stage.largeHeldByDeaf(count).length, UPLOAD_BUFFERS, 'all of them are free again');
    }),
    { numRuns: cases(60) },
  );
});

test('a rate limit holds for all threads together, in every stretch of time', () => {
  const rate = 4 * PIECE_SIZE;
  for (const threads of [1, 4]) {
    const stage = new Stage();
    stage.post({ kind: 'limit', rate });
    const connections = Array.from({ length: 8 }, (_, at) => stage.join(at % threads, at));
    const ask = (connection: number): void => {
      for (let piece = 0; piece < UPLOAD_REQUESTS_PER_PEER_MAX / 2; piece += 1) stage.ask(connection, piece);
    };
    for (const connection of connections) ask(connection);
    let sent = 0;
    while (stage.nowMs < 10_000) {
      for (const send of [...stage.open.values()]) {
        sent += send.length;
        stage.take(send);
      }
      if (stage.open.size > 0) continue;
      stage.nowMs = Math.max(stage.nowMs + 1e-6, stage.wakeMs);
      stage.post({ kind: 'wake' });
    }
    const allowed = rate * 10;
    assert.ok(
      sent > allowed * 0.98 && sent < allowed * (1 + RATE_BURST_MS / 10_000) + PIECE_SIZE,
      `${threads}: ${sent}`,
    );
  }
});

test('who waits is served as fairly across threads as on one, and a crowd gets every piece once before it gets one twice', () => {
  for (const threads of [1, 4]) {
    const stage = new Stage();
    const pieces = 24;
    const connections = Array.from({ length: 6 }, (_, at) => stage.join(at % threads, at));
    for (const connection of connections) for (let piece = 0; piece < pieces; piece += 1) stage.ask(connection, piece);
    const first = stage.sends().length;
    assert.ok(first > 0);
    while (stage.sends().length < pieces) for (const send of [...stage.open.values()].slice(0, 1)) stage.take(send);
    const handedOut = stage.sends().slice(0, pieces);
    assert.equal(new Set(handedOut.map(({ piece }) => piece)).size, pieces, `${threads}: each piece once`);
    const bytes = [...stage.drain().values()];
    assert.ok(Math.max(...bytes) - Math.min(...bytes) <= UPLOAD_LEAD_BYTES_MAX, `${threads}: ${bytes.join()}`);
    const all = connections.map((each) => stage.sends().filter(({ connection }) => connection === each).length);
    assert.deepEqual(
      all,
      connections.map(() => pieces),
      `${threads}: everybody gets what it asked for`,
    );
  }
});

test('places are those of the client: the bound of an address and of all counts connections of every thread', () => {
  const stage = new Stage();
  for (let at = 0; at < UPLOAD_CONNECTIONS_PER_ADDRESS_MAX; at += 1) stage.join(at % 4, at, 'one');
  const tooMany = connectionNumber(2, 1_000);
  assert.deepEqual(stage.post({ kind: 'accepted', connection: tooMany, host: 'one' }), [
    { kind: 'refuse', connection: tooMany },
  ]);
  for (let at = UPLOAD_CONNECTIONS_PER_ADDRESS_MAX; at < UPLOAD_CONNECTIONS_MAX; at += 1)
    stage.join(at % 4, at, `${at % 3}`);
  const newcomer = connectionNumber(3, 2_000);
  const orders = stage.post({ kind: 'accepted', connection: newcomer, host: 'another' });
  assert.deepEqual(
    orders.map(({ kind }) => kind),
    ['refuse', 'admit'],
  );
  const displaced = orders[0]?.connection ?? assert.fail();
  assert.ok(threadOf(displaced) !== undefined && orders[1]?.connection === newcomer);
  // What the one that lost its place says on the way is about nothing.
  assert.deepEqual(stage.ask(displaced, 1), []);
  assert.deepEqual(stage.post({ kind: 'closed', connection: displaced }), []);
});

test('who takes payload on one thread is displaced after who takes none on another', () => {
  const stage = new Stage();
  const connections: number[] = [];
  for (let at = 0; at < UPLOAD_CONNECTIONS_MAX; at += 1) connections.push(stage.join(at % 4, at, `${at % 5}`));
  // The first of each address has just been served.
  for (const connection of connections.slice(0, 5)) {
    stage.ask(connection, 1);
    stage.drain();
  }
  const orders = stage.post({ kind: 'accepted', connection: connectionNumber(1, 5_000), host: 'another' });
  const displaced = orders.find(({ kind }) => kind === 'refuse');
  assert.equal(displaced?.connection, connections[5]);
});

test('a thread that dies leaves its places, its place in line and its buffers to the others', () => {
  const stage = new Stage();
  const dying = Array.from({ length: UPLOAD_CONNECTIONS_PER_ADDRESS_MAX }, (_, at) => stage.join(1, at, 'one', true));
  for (const connection of dying) stage.ask(connection, 1);
  const living = stage.join(0, 0, 'two', true);
  stage.ask(living, 1);
  assert.ok(
    [...stage.open.values()].every(({ connection }) => threadOf(connection) === 1),
    'they hold every read',
  );
  stage.open.clear();
  const orders = stage.post({ kind: 'threadLost', thread: 1 });
  assert.deepEqual(
    orders.map(({ kind, connection }) => [kind, connection]),
    [['send', living]],
  );
  const next = connectionNumber(1, 0);
  assert.deepEqual(stage.post({ kind: 'accepted', connection: next, host: 'one' }), [
    { kind: 'admit', connection: next },
  ]);
});

test('peers on another thread that hold every buffer and do not read leave those who read their bytes', () => {
  const stage = new Stage();
  assert.equal(stage.largeHeldByDeaf(0).length, UPLOAD_BUFFERS, 'they hold all large ones');
  const polite = stage.join(2, 0, undefined, true);
  stage.ask(polite, 3);
  let got = 0;
  for (let turn = 0; turn < 1_000 && got < PIECE_SIZE; turn += 1) {
    stage.settle();
    for (const send of [...stage.open.values()]) {
      if (send.connection !== polite) continue;
      got += send.length;
      stage.take(send);
      stage.post({ kind: 'acked', connection: polite });
    }
  }
  assert.equal(got, PIECE_SIZE);
});

test('every request is answered once, whatever ends it, and nothing is sent that was withdrawn before', () => {
  const stage = new Stage();
  const connection = stage.join(3, 1, undefined, true);
  for (let piece = 0; piece < 10; piece += 1) stage.ask(connection, piece);
  const begun = [...stage.open.values()];
  const cancelled = stage.post({ kind: 'cancelled', connection, piece: 9, begin: 0, length: PIECE_SIZE });
  assert.deepEqual(cancelled, [{ kind: 'reject', connection, piece: 9, begin: 0, length: PIECE_SIZE }]);
  const [first] = begun;
  assert.ok(first !== undefined);
  stage.open.delete(first.upload);
  const failed = stage.post({ kind: 'failed', upload: first.upload });
  assert.deepEqual(failed[0], { kind: 'reject', connection, piece: first.piece, begin: 0, length: PIECE_SIZE });
  while (stage.open.size > 0) {
    for (const send of [...stage.open.values()]) {
      stage.take(send);
      stage.post({ kind: 'acked', connection });
    }
  }
  assert.deepEqual(
    stage
      .sends()
      .map(({ piece }) => piece)
      .sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
  );
});

test('a peer that floods is told so by whichever thread it is on', () => {
  const stage = new Stage();
  const connection = stage.join(2, 9, undefined, true);
  let orders: readonly UploadOrder[] = [];
  for (let at = 0; at <= UPLOAD_REQUESTS_PER_PEER_MAX + 4; at += 1) orders = stage.ask(connection, at);
  assert.deepEqual(orders, [{ kind: 'violated', connection, sentence: 'too many requests are queued' }]);
});

test('a peer that acks is heard once for each upload, one that acks nothing for long or too much breaks the protocol', () => {
  const violation = (connection: number, sentence: string) => ({ kind: 'violated', connection, sentence }) as const;
  const honest = new Stage();
  const connection = honest.join(0, 0, undefined, true);
  honest.ask(connection, 0);
  const [send] = honest.sends();
  assert.ok(send !== undefined);
  const early = honest.post({ kind: 'acked', connection });
  assert.deepEqual(early, [violation(connection, 'acks what was not sent')], 'nothing was written yet');
  honest.post({ kind: 'read', upload: send.upload });
  assert.deepEqual(honest.post({ kind: 'acked', connection }), [], 'also before the socket is known to have taken it');
  honest.take(send);
  assert.deepEqual(honest.post({ kind: 'acked', connection }), [violation(connection, 'acks what was not sent')]);

  for (const acks of [true, false]) {
    const stage = new Stage();
    const silent = stage.join(0, 0, undefined, acks);
    for (let count = 0; count <= UPLOADS_UNACKED_MAX; count += 1) {
      stage.ask(silent, count % 8);
      stage.nowMs += 10_000;
      stage.post({ kind: 'wake' });
      for (const { upload } of [...stage.open.values()]) stage.post({ kind: 'read', upload });
      for (const open of [...stage.open.values()]) stage.take(open);
    }
    const violations = stage.orders.filter(({ kind }) => kind === 'violated');
    assert.deepEqual(violations, acks ? [violation(silent, 'does not ack what it gets')] : []);
  }
});

test('FC-25: a read that its disk does not answer counts no longer, so that others are read, and ends as any other', () => {
  const stage = new Stage();
  const connections = Array.from({ length: 2 * UPLOAD_READS_MAX }, (_, at) => stage.join(0, at));
  for (const [piece, connection] of connections.entries()) stage.ask(connection, piece);
  const hung = [...stage.open.values()];
  assert.equal(hung.length, UPLOAD_READS_MAX);
  // So that none counts as young.
  stage.nowMs = 10_000;
  for (const { upload } of hung) stage.post({ kind: 'slow', upload });
  assert.equal(stage.open.size, 2 * UPLOAD_READS_MAX);
  const rejected = hung.flatMap(({ upload }) => stage.post({ kind: 'failed', upload }));
  assert.equal(rejected.filter(({ kind }) => kind === 'reject').length, hung.length);
  // A machine that had counted them twice would read more at once than it may.
  for (const { upload } of hung) stage.open.delete(upload);
  for (let round = 1; round < 4; round += 1)
    for (const [at, connection] of connections.entries()) stage.ask(connection, round * connections.length + at);
  stage.nowMs += 10_000;
  stage.post({ kind: 'wake' });
  assert.equal(stage.open.size, UPLOAD_READS_MAX);
});
