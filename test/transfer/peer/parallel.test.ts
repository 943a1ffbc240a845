// Several connections of one client: they count as one when uploads are shared out, and when places are short they go
// first. Reports are those of an acceptor; time is the test's.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { WakeAt } from '../../../src/foundation/actor/machine.js';
import { PIECE_SIZE, UPLOAD_CONNECTIONS_MAX } from '../../../src/foundation/base/limits.js';
import { Prng } from '../../../src/foundation/base/prng.js';
import {
  UPLOAD_BUFFERS_PER_CLIENT_MAX,
  UPLOAD_CONNECTIONS_PER_ADDRESS_MAX,
  UPLOAD_CONNECTIONS_PER_CLIENT_MAX,
  UPLOAD_EXTRA_MAX,
  UPLOAD_PLACES_CALM,
  UPLOADS_QUEUED,
} from '../../../src/transfer/peer/limits.js';
import { UploadMachine } from '../../../src/transfer/peer/upload/machine.js';
import type { UploadOrder, UploadReport } from '../../../src/transfer/peer/upload/messages.js';

type Send = Extract<UploadOrder, { kind: 'send' }>;

const FILE = 1;

class UploadStage {
  readonly machine = new UploadMachine(new Prng(1), 0);
  readonly open: Send[] = [];
  nowMs = 0;
  #next = 0;

  post(report: UploadReport): readonly UploadOrder[] {
    const orders = this.machine
      .receive(report, this.nowMs)
      .filter((effect): effect is Exclude<typeof effect, WakeAt> => effect.kind !== 'wakeAt');
    for (const order of orders) if (order.kind === 'send') this.open.push(order);
    return orders;
  }

  /** Whoever is refused, in order. */
  accept(host: string): { readonly connection: number; readonly refused: readonly number[] } {
    this.#next += 1;
    const connection = this.#next * 16;
    const orders = this.post({ kind: 'accepted', connection, host });
    return { connection, refused: refusedIn(orders) };
  }

  /** A connection of the client with this number; 0: of one that counts several as several. */
  join(host: string, client: number): { readonly connection: number; readonly refused: readonly number[] } {
    const { connection, refused } = this.accept(host);
    if (refused.includes(connection)) return { connection, refused };
    const peer = client === 0 ? new Uint8Array(0) : new Uint8Array(16).fill(client);
    const joined = this.post({ kind: 'joined', connection, file: FILE, acks: true, peer });
    return { connection, refused: [...refused, ...refusedIn(joined)] };
  }

  ask(connection: number, pieces: number): void {
    for (let piece = 0; piece < pieces; piece += 1)
      this.post({ kind: 'requested', connection, piece, begin: 0, length: PIECE_SIZE });
  }

  /** Sends end one after the other, each acked `tookMs` after it was taken. Answers the bytes of each connection. */
  serve(count: number, tookMs: number): ReadonlyMap<number, number> {
    const bytes = new Map<number, number>();
    for (let at = 0; at < count; at += 1) {
      const send = this.open.shift();
      if (send === undefined) break;
      const { upload, connection } = send;
      bytes.set(connection, (bytes.get(connection) ?? 0) + send.length);
      this.post({ kind: 'read', upload });
      this.nowMs += tookMs;
      this.post({ kind: 'taken', upload, ok: true });
      this.post({ kind: 'acked', connection });
    }
    return bytes;
  }
}

function refusedIn(orders: readonly UploadOrder[]): readonly number[] {
  return orders.flatMap((order) => (order.kind === 'refuse' ? [order.connection] : []));
}

test('a client with eight connections is served as much as one with a single one', () => {
  const stage = new UploadStage();
  const many = Array.from({ length: 8 }, () => stage.join('192.0.2.1', 1).connection);
  const { connection: single } = stage.join('192.0.2.2', 2);
  for (const connection of [...many, single]) stage.ask(connection, 60);
  const bytes = stage.serve(100, 1);
  const own = bytes.get(single) ?? 0;
  const theirs = many.reduce((sum, connection) => sum + (bytes.get(connection) ?? 0), 0);
  assert.ok(own > 0.8 * theirs && own < 1.25 * theirs, `${own} and ${theirs}`);
  const each = many.map((connection) => bytes.get(connection) ?? 0);
  assert.ok(Math.min(...each) > 0 && Math.max(...each) <= 2 * Math.min(...each), `one has what another has: ${each}`);
});

test('connections of clients that do not name the feature, or of other hosts, are clients of their own', () => {
  for (const client of [0, 1]) {
    const stage = new UploadStage();
    const first = stage.join('192.0.2.1', client).connection;
    const second = stage.join(client === 0 ? '192.0.2.1' : '192.0.2.3', client).connection;
    const { connection: single } = stage.join('192.0.2.2', 2);
    for (const connection of [first, second, single]) stage.ask(connection, 60);
    const bytes = stage.serve(60, 1);
    const [a = 0, b = 0, c = 0] = [first, second, single].map((connection) => bytes.get(connection));
    assert.ok(Math.max(a, b, c) <= 1.3 * Math.min(a, b, c), `${a} ${b} ${c}`);
  }
});

test('one client gets so many connections, and all clients together so many beyond their first', () => {
  const stage = new UploadStage();
  for (let at = 0; at < UPLOAD_CONNECTIONS_PER_CLIENT_MAX; at += 1)
    assert.deepEqual(stage.join('192.0.2.1', 1).refused, [], `the ${at + 1}th`);
  const { connection, refused } = stage.join('192.0.2.1', 1);
  assert.deepEqual(refused, [connection]);
  let extra = UPLOAD_CONNECTIONS_PER_CLIENT_MAX - 1;
  for (let client = 2; extra < UPLOAD_EXTRA_MAX; client += 1) {
    assert.deepEqual(stage.join(`192.0.2.${client}`, client).refused, []);
    for (let at = 1; at < UPLOAD_CONNECTIONS_PER_CLIENT_MAX && extra < UPLOAD_EXTRA_MAX; at += 1) {
      assert.deepEqual(stage.join(`192.0.2.${client}`, client).refused, []);
      extra += 1;
    }
  }
  assert.deepEqual(stage.join('192.0.2.100', 100).refused, [], 'the first of another one');
  const last = stage.join('192.0.2.100', 100);
  assert.deepEqual(last.refused, [last.connection], 'its second');
});

test('a busy client refuses the second connection of a peer, and every first one finds its place', () => {
  const stage = new UploadStage();
  for (let at = 0; at < UPLOAD_PLACES_CALM; at += 1) stage.join(`198.51.100.${at}`, at + 1);
  const second = stage.join('198.51.100.0', 1);
  assert.deepEqual(second.refused, [second.connection]);
  assert.deepEqual(stage.join('192.0.2.1', 250).refused, []);
});

test('when all places are taken, extra connections make way one by one, before anybody loses the only one', () => {
  const stage = new UploadStage();
  const far = Array.from({ length: 5 }, () => stage.join('192.0.2.1', 1).connection);
  for (let at = 0; at < UPLOAD_CONNECTIONS_MAX - far.length; at += 1) stage.accept(`198.51.100.${at}`);
  const shed = Array.from({ length: 4 }, (_, at) => stage.accept(`203.0.113.${at}`));
  assert.deepEqual(
    shed.flatMap(({ refused }) => refused),
    far.slice(1).reverse(),
    'the last one first',
  );
  const late = stage.accept('203.0.113.200');
  assert.deepEqual(late.refused, [late.connection], 'the first one stays');
});

test('when the places of an address are taken, an extra connection from there makes way', () => {
  const stage = new UploadStage();
  const far = [stage.join('192.0.2.1', 1).connection, stage.join('192.0.2.1', 1).connection];
  for (let at = far.length; at < UPLOAD_CONNECTIONS_PER_ADDRESS_MAX; at += 1) stage.join('192.0.2.1', at + 1);
  stage.join('192.0.2.2', 200);
  stage.join('192.0.2.2', 200);
  const { refused } = stage.accept('192.0.2.1');
  assert.deepEqual(refused, [far[1]]);
});

test('one client that is alone gets all that it asks for, and with another one no more than the window', () => {
  const taken = (withOther: boolean): number => {
    const stage = new UploadStage();
    const many = Array.from({ length: 4 }, () => stage.join('192.0.2.1', 1).connection);
    const other = stage.join('192.0.2.2', 2).connection;
    for (const connection of [...(withOther ? [other] : []), ...many]) stage.ask(connection, 8);
    // Sockets take everything at once, and nobody acks.
    for (let send = stage.open.shift(); send !== undefined; send = stage.open.shift()) {
      stage.post({ kind: 'read', upload: send.upload });
      stage.post({ kind: 'taken', upload: send.upload, ok: true });
      count += 1;
    }
    return count;
  };
  let count = 0;
  assert.equal(taken(false), 32);
  count = 0;
  assert.equal(taken(true), UPLOADS_QUEUED);
});

test('one client never holds more than its part of the buffers', () => {
  const stage = new UploadStage();
  const many = Array.from({ length: 16 }, () => stage.join('192.0.2.1', 1).connection);
  for (const connection of many) stage.ask(connection, 4);
  let held = 0;
  // Sockets take nothing.
  for (let send = stage.open.shift(); send !== undefined; send = stage.open.shift()) {
    held += send.buffers.length;
    stage.post({ kind: 'read', upload: send.upload });
  }
  assert.equal(held, UPLOAD_BUFFERS_PER_CLIENT_MAX);
});
