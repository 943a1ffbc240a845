// Both ends of a closed passage on real sockets: who is let in, what reaches whom, and what the others are told.

import assert from 'node:assert/strict';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Deferred, deferred, within } from '../../../src/foundation/base/deferred.js';
import type { Credentials } from '../../../src/foundation/identity/credentials.js';
import type { Member, Need } from '../../../src/foundation/identity/gate.js';
import { keyIdOf, shortName } from '../../../src/foundation/identity/keys.js';
import {
  type Admitted,
  type Passage,
  plainPassage,
  type RefusalCode,
  type Wire,
} from '../../../src/foundation/wire/passage.js';
import { closedPassage } from '../../../src/foundation/wire/tls.js';
import { type Socket, SocketServer } from '../../../src/foundation/wire/transport.js';
import { TRACKER_WIRE } from '../../../src/tracking/tracker/messages.js';
import { PEER_WIRE } from '../../../src/transfer/peer/codec/messages.js';
import { ClosedSwarm } from '../../support/closed-swarm.js';
import { until } from '../../tracking/tracker/wire.js';

const DEADLINE_MS = 20_000;
const swarm = new ClosedSwarm();

type Arrived =
  | { readonly kind: 'opened'; readonly socket: Socket; readonly who: Admitted | undefined }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly sentence: string };
type Reached =
  | { readonly kind: 'opened'; readonly member: Member | undefined }
  | { readonly kind: 'refused'; readonly sentence: string }
  | { readonly kind: 'closed'; readonly sentence: string };

interface Stage {
  readonly port: number;
  readonly arrived: Deferred<Arrived>;
}

async function listen(t: TestContext, passage: Passage): Promise<Stage> {
  const arrived = deferred<Arrived>();
  const server = new SocketServer({
    paused: passage.isClosed,
    onSocket: (raw) => {
      raw.on('error', () => undefined);
      t.after(() => raw.destroy());
      passage.accept(raw, {
        opened: (socket, who) => {
          socket.on('error', () => undefined);
          arrived.resolve({ kind: 'opened', socket, who });
        },
        refused: (code, sentence) => arrived.resolve({ kind: 'refused', code, sentence }),
      });
    },
  });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => void server.close());
  return { port, arrived };
}

function dialed(t: TestContext, passage: Passage, port: number, need: Need) {
  const reached = deferred<Reached>();
  const received: Buffer[] = [];
  const socket = passage.dial(
    { host: '127.0.0.1', port },
    { need },
    {
      opened: (member) => {
        socket.on('data', (bytes: Buffer) => received.push(bytes));
        reached.resolve({ kind: 'opened', member });
      },
      refused: (sentence) => reached.resolve({ kind: 'refused', sentence }),
    },
  );
  socket.on('error', (error) => reached.resolve({ kind: 'closed', sentence: error.message }));
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  t.after(() => socket.destroy());
  return { reached: soon(reached.promise), closed: soon(closed), socket, received };
}

const soon = <T>(promise: Promise<T>): Promise<T> =>
  within(promise, DEADLINE_MS, () => assert.fail('nothing happened in time'));

async function meet(t: TestContext, own: Credentials, other: Credentials, wire: Wire, need: Need, dialWire = wire) {
  const stage = await listen(t, closedPassage(own, wire));
  const dialer = dialed(t, closedPassage(other, dialWire), stage.port, need);
  return { dialer, arrived: await soon(stage.arrived.promise), reached: await dialer.reached };
}

test('a member and a tracker know each other by their cards', async (t) => {
  const { arrived, reached } = await meet(t, swarm.tracker(), swarm.member(), TRACKER_WIRE, 'track');
  assert.equal(arrived.kind === 'opened' && arrived.who?.kind === 'member' && arrived.who.member.name, 'bob@mill');
  assert.equal(reached.kind === 'opened' && reached.member?.kind, 'tracker');
});

test('payload that waits behind other payload leaves in order and part by part, not copied together', async (t) => {
  const { arrived, dialer } = await meet(t, swarm.member(), swarm.member(), PEER_WIRE, 'fetch');
  assert(arrived.kind === 'opened');
  const { socket } = arrived;
  let writes = 0;
  const { _write: write } = socket;
  socket._write = (...parts) => {
    writes += 1;
    write.apply(socket, parts);
  };
  const parts = [1, 2, 3, 4].map((value) => new Uint8Array(100_000).fill(value));
  for (const part of parts) socket.write(part);
  const all = Buffer.concat(parts);
  const whole = deferred<void>();
  dialer.socket.on('data', () => {
    if (dialer.received.reduce((sum, { length }) => sum + length, 0) === all.length) whole.resolve();
  });
  await soon(whole.promise);
  assert.equal(Buffer.compare(Buffer.concat(dialer.received), all), 0);
  assert.equal(writes, parts.length);
});

test('bytes arrive in the buffer of the reader, and none before the gate', async (t) => {
  const stage = await listen(t, closedPassage(swarm.member(), PEER_WIRE));
  const slab = new Uint8Array(new SharedArrayBuffer(64));
  const reads: Uint8Array[] = [];
  const [first, second] = [deferred<void>(), deferred<void>()];
  const callback = (count: number, buffer: Uint8Array): boolean => {
    reads.push(buffer.subarray(0, count));
    (reads.length === 1 ? first : second).resolve();
    return true;
  };
  const onread = { buffer: () => slab, callback };
  const passage = closedPassage(swarm.member(), PEER_WIRE);
  const outcome = { opened: () => undefined, refused: (sentence: string) => assert.fail(sentence) };
  const socket = passage.dial({ host: '127.0.0.1', port: stage.port }, { need: 'fetch', onread }, outcome);
  t.after(() => socket.destroy());
  const arrived = await soon(stage.arrived.promise);
  assert(arrived.kind === 'opened');
  arrived.socket.write('magic');
  await soon(first.promise);
  assert.equal(Buffer.from(reads[0] ?? []).toString(), 'magic');
  arrived.socket.write('payload');
  await soon(second.promise);
  assert.equal(reads[1]?.buffer, slab.buffer);
  assert.equal(Buffer.from(slab.subarray(0, 7)).toString(), 'payload');
});

test('nothing of somebody whom the gate refuses reaches the buffer of a reader', async (t) => {
  const stage = await listen(t, closedPassage(new ClosedSwarm('other').tracker(), TRACKER_WIRE));
  const refused = deferred<string>();
  let reads = 0;
  const callback = (): boolean => {
    reads += 1;
    return true;
  };
  const onread = { buffer: new Uint8Array(64), callback };
  const outcome = { opened: () => assert.fail('it came in'), refused: (sentence: string) => refused.resolve(sentence) };
  const place = { host: '127.0.0.1', port: stage.port };
  const socket = closedPassage(swarm.member(), TRACKER_WIRE).dial(place, { need: 'track', onread }, outcome);
  t.after(() => socket.destroy());
  assert.match(await soon(refused.promise), /is of another swarm/);
  assert.equal(reads, 0);
});

test('a process in the clear is told in the clear that the swarm is closed, and never asked for more', async (t) => {
  const stage = await listen(t, closedPassage(swarm.tracker(), TRACKER_WIRE));
  const dialer = dialed(t, plainPassage, stage.port, 'track');
  dialer.socket.write(TRACKER_WIRE.magic);
  await dialer.closed;
  const heard = Buffer.concat(dialer.received);
  assert.deepEqual(heard.subarray(0, 8), Buffer.from(TRACKER_WIRE.magic));
  assert.match(TRACKER_WIRE.sentenceIn(heard.subarray(12)) ?? '', /this swarm is closed; .*mtorrent join/);
  const arrived = await soon(stage.arrived.promise);
  assert.equal(arrived.kind === 'refused' && arrived.code, 'plain');
});

test('a closed process says nothing to one in the clear, and its sentence names both', async (t) => {
  const stage = await listen(t, plainPassage);
  const dialer = dialed(t, closedPassage(swarm.member(), TRACKER_WIRE), stage.port, 'track');
  const arrived = await soon(stage.arrived.promise);
  assert(arrived.kind === 'opened');
  arrived.socket.on('data', (bytes: Buffer) => {
    assert.equal(bytes[0], 0x16, 'nothing but TLS');
    arrived.socket.write(TRACKER_WIRE.magic);
  });
  const reached = await dialer.reached;
  assert.match(reached.kind === 'refused' ? reached.sentence : '', /speaks in the clear.*swarm lab.*that tracker/);
});

test('two swarms refuse each other, and the dialer is told both roots', async (t) => {
  const other = new ClosedSwarm('other');
  const { arrived, reached } = await meet(t, other.tracker(), swarm.member(), TRACKER_WIRE, 'track');
  assert.equal(arrived.kind === 'refused' && arrived.code, 'otherSwarm');
  const [own, theirs] = [swarm, other].map(({ root }) => shortName(keyIdOf(root.publicKey)));
  assert.match(
    reached.kind === 'refused' ? reached.sentence : '',
    new RegExp(`is of another swarm \\(its root is ${theirs}, yours is ${own}\\)`),
  );
});

test('a card of nobody may ask a tracker, and a peer for nothing', async (t) => {
  const asked = await meet(t, swarm.tracker(), swarm.stranger(), TRACKER_WIRE, 'track');
  assert.equal(asked.arrived.kind === 'opened' && asked.arrived.who?.kind, 'stranger');
  const fetched = await meet(t, swarm.member(), swarm.stranger(), PEER_WIRE, 'fetch');
  assert.equal(fetched.arrived.kind === 'refused' && fetched.arrived.code, 'noCard');
  await fetched.dialer.closed;
  const sentence = PEER_WIRE.sentenceIn(Buffer.concat(fetched.dialer.received).subarray(12)) ?? '';
  assert.match(sentence, /is no member yet/);
});

test('a member that plays a tracker is refused by whoever dials it', async (t) => {
  const { reached } = await meet(t, swarm.member(), swarm.member({ name: 'ada' }), TRACKER_WIRE, 'track');
  assert.match(
    reached.kind === 'refused' ? reached.sentence : '',
    /bob@mill is a member of this swarm, but no tracker/,
  );
});

test('a dialer that was led to the other port of a swarm fails in its handshake', async (t) => {
  const { arrived, reached } = await meet(t, swarm.tracker(), swarm.member(), TRACKER_WIRE, 'fetch', PEER_WIRE);
  assert.equal(arrived.kind === 'refused' && arrived.code, 'tls');
  assert.match(reached.kind === 'refused' ? reached.sentence : '', /is no peer of a closed swarm/);
});

test('a ban cuts what is open, on the side of whoever hears of it, and lets nobody else go', async (t) => {
  const own = swarm.member({ name: 'seeder' });
  const passage = closedPassage(own, PEER_WIRE);
  const stage = await listen(t, passage);
  const banned = swarm.member({ name: 'banned' });
  const dialer = dialed(t, closedPassage(banned, PEER_WIRE), stage.port, 'fetch');
  await dialer.reached;
  await soon(stage.arrived.promise);
  const innocent = dialed(t, closedPassage(swarm.member(), PEER_WIRE), stage.port, 'fetch');
  await innocent.reached;
  own.standing.bans.add({ member: banned.id, version: 1, isBanned: true });
  assert.equal(passage.recheck(), 1);
  await dialer.closed;
  assert.equal(innocent.socket.destroyed, false);
  assert.equal(passage.recheck(), 0);
});

test('whoever hung up while it waited for its turn is not shaken hands with', async (t) => {
  const wire: Wire = { ...TRACKER_WIRE, line: { underWayMax: 1, waitingMax: 10 } };
  const passage = closedPassage(swarm.tracker(), wire);
  const codes: RefusalCode[] = [];
  let connections = 0;
  const server = new SocketServer({
    paused: true,
    onSocket: (raw) => {
      connections += 1;
      passage.accept(raw, { opened: () => undefined, refused: (code) => codes.push(code) });
    },
  });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => void server.close());
  const connect = async (first: readonly number[]): Promise<net.Socket> => {
    const socket = net.connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    const before = connections;
    await new Promise((resolve) => socket.write(Uint8Array.from(first), resolve));
    await until(() => connections > before);
    return socket;
  };
  const helloBegins = [0x16, 3, 1, 0, 200];
  const silent = await connect([]);
  (await connect(helloBegins)).destroy();
  const patient = await connect(helloBegins);
  silent.destroy();
  await until(() => codes.length === 2);
  assert.deepEqual(codes, ['left', 'left']);
  await until(() => passage.handshakes?.begun === 1);
  assert.deepEqual({ ...passage.handshakes }, { begun: 1, finished: 0, forNobody: 0 });
  patient.destroy();
  await until(() => codes.length === 3);
  assert.deepEqual({ ...passage.handshakes }, { begun: 1, finished: 0, forNobody: 1 });
});
