// Real sockets on the loopback with hostile bytes: whatever a stranger sends, it is cut off and others are served (P1,
// P2, P5, P12, P13). Deadlines run on a clock that the test moves.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { truncateSync } from 'node:fs';
import test from 'node:test';
import { freePort } from '../../../src/app/demo/processes.js';
import { NO_LIMIT } from '../../../src/foundation/base/bucket.js';
import {
  BLOCK_BYTES_MIN,
  FRAME_BYTES_BEFORE_HELLO_MAX,
  FRAME_DEADLINE_MS,
  HELLO_DEADLINE_MS,
  PIECE_SIZE,
  RATE_BURST_MS,
  UPLOAD_REQUESTS_PER_PEER_MAX,
} from '../../../src/foundation/base/limits.js';
import { Geometry } from '../../../src/foundation/torrent/geometry.js';
import { frameBytes } from '../../../src/foundation/wire/framing.js';
import { PEER_MAGIC, type PeerWire, peerWire } from '../../../src/transfer/peer/codec/messages.js';
import { UPLOAD_CONNECTIONS_PER_ADDRESS_MAX } from '../../../src/transfer/peer/limits.js';
import { dial, hello, letTimePass, liar, PIECES, Raw, SIZE, seeder } from './socket-stage.js';
import { THEIRS } from './stage.js';

test('a whole file travels from a listener into the slab, byte for byte', async (t) => {
  const { port, bytes } = await seeder(t);
  const { socket, slab, hears } = dial(t, port);
  await hears('unchoked');
  const geometry = new Geometry(SIZE);
  for (let piece = 0; piece < PIECES; piece += 1) {
    socket.post({ kind: 'request', piece, begin: 0, length: geometry.pieceLength(piece), slots: [piece] });
  }
  await hears('blockReceived', PIECES);
  assert.equal(Buffer.compare(new Uint8Array(slab, 0, SIZE), bytes), 0);
});

test('blocks of any size land at their place in the slot', async (t) => {
  const { port, bytes } = await seeder(t);
  const { socket, slab, hears } = dial(t, port);
  await hears('unchoked');
  const blocks = [0, 1, 70_000, 70_001, 300_000].map((begin, at, all) => ({
    piece: 2,
    begin,
    length: (all[at + 1] ?? PIECE_SIZE) - begin,
  }));
  for (const block of blocks) socket.post({ kind: 'request', ...block, slots: [3] });
  await hears('blockReceived', blocks.length);
  const slot = new Uint8Array(slab, 3 * PIECE_SIZE, PIECE_SIZE);
  assert.equal(Buffer.compare(slot, bytes.subarray(2 * PIECE_SIZE, 3 * PIECE_SIZE)), 0);
});

test('a stranger that speaks another protocol is cut off, whatever it says', async (t) => {
  const { port } = await seeder(t);
  const garbage = [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.alloc(100_000, 0xff),
    Buffer.concat([PEER_MAGIC, Buffer.alloc(100, 0)]),
    Buffer.concat([PEER_MAGIC, frameBytes(Buffer.from('not msgpack'))]),
    Buffer.concat([PEER_MAGIC, frameBytes(peerWire.encode({ kind: 'unchoke' }))]),
    Buffer.concat([Buffer.from('MTPEER\0\x02')]),
  ];
  for (const bytes of garbage) {
    const raw = new Raw(t, port);
    raw.socket.write(bytes);
    await raw.closed;
  }
  const { hears } = dial(t, port);
  await hears('unchoked');
});

test('P1, P2: a length prefix of 4 GiB, or one byte above what is allowed before hello, is refused at once', async (t) => {
  const { port } = await seeder(t);
  for (const length of [0xffff_ffff, FRAME_BYTES_BEFORE_HELLO_MAX + 1, 0]) {
    const before = process.memoryUsage().arrayBuffers;
    const raw = new Raw(t, port);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    raw.socket.write(Buffer.concat([PEER_MAGIC, head]));
    await raw.closed;
    assert.deepEqual(
      raw.heard.map((message) => message.kind),
      ['error'],
    );
    assert.ok(process.memoryUsage().arrayBuffers - before < 5_000_000);
  }
});

test('P5: a hello in slices of one byte works', async (t) => {
  const { port } = await seeder(t);
  const raw = new Raw(t, port);
  await once(raw.socket, 'connect');
  for (const byte of Buffer.concat([PEER_MAGIC, frameBytes(peerWire.encode(hello))])) {
    raw.socket.write(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await raw.hears('unchoke');
});

test('P5, P12: silence before hello, and a frame that is dripped, are cut at their deadlines', async (t) => {
  const { port, timers } = await seeder(t);
  const silent = new Raw(t, port);
  const drips = new Raw(t, port);
  drips.socket.write(PEER_MAGIC);
  drips.send(hello);
  await drips.hears('unchoke');
  const frame = frameBytes(peerWire.encode({ kind: 'interested' }));
  drips.socket.write(frame.subarray(0, 3));
  const polite = dial(t, port);
  await polite.hears('unchoked');
  timers.advanceTo(HELLO_DEADLINE_MS + 1_000);
  await silent.closed;
  assert.equal(drips.socket.destroyed, false);
  timers.advanceTo(HELLO_DEADLINE_MS + FRAME_DEADLINE_MS + 3_000);
  await drips.closed;
  assert.equal(polite.events.at(-1)?.kind, 'unchoked', 'a quiet peer is left alone');
});

test('P13: a peer that asks for more than may wait is cut off, and others go on', async (t) => {
  const { port } = await seeder(t);
  const raw = new Raw(t, port);
  raw.socket.pause();
  raw.socket.write(PEER_MAGIC);
  raw.send(hello);
  for (let at = 0; at < 40 * UPLOAD_REQUESTS_PER_PEER_MAX; at += 1) {
    raw.send({ kind: 'request', piece: at % 5, begin: 0, length: PIECE_SIZE });
  }
  const polite = dial(t, port);
  await polite.hears('unchoked');
  polite.socket.post({ kind: 'request', piece: 1, begin: 0, length: PIECE_SIZE, slots: [1] });
  await polite.hears('blockReceived');
  raw.socket.resume();
  await raw.closed;
});

test('one address has a bounded number of connections; who is too many is told', async (t) => {
  const { port, listener } = await seeder(t);
  const peers = Array.from({ length: UPLOAD_CONNECTIONS_PER_ADDRESS_MAX }, () => new Raw(t, port));
  for (const peer of peers) {
    peer.socket.write(PEER_MAGIC);
    peer.send(hello);
    await peer.hears('unchoke');
  }
  assert.equal([...listener.peers()].length, UPLOAD_CONNECTIONS_PER_ADDRESS_MAX);
  const tooMany = new Raw(t, port);
  await tooMany.closed;
  assert.deepEqual(
    tooMany.heard.map((message) => (message.kind === 'error' ? message.code : message.kind)),
    ['busy'],
  );
  peers[0]?.socket.destroy();
  while ([...listener.peers()].length === UPLOAD_CONNECTIONS_PER_ADDRESS_MAX) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const next = new Raw(t, port);
  next.socket.write(PEER_MAGIC);
  next.send(hello);
  await next.hears('unchoke');
});

test('F10: peers of a file that is no longer served are told, after what was sent', async (t) => {
  const { port, listener } = await seeder(t);
  const { hears, events } = dial(t, port);
  await hears('unchoked');
  listener.fileGone(5);
  await hears('disconnected');
  const last = events.at(-1);
  assert.ok(last?.kind === 'disconnected' && last.reason === 'gone');
});

test('P16, P17: a dialed liar is dropped with its reason, whatever it sends', async (t) => {
  const theirs = { ...hello, peerId: THEIRS };
  const framed = (message: PeerWire): Uint8Array => frameBytes(peerWire.encode(message));
  const full: PeerWire = { kind: 'bitfield', offset: 0, part: Uint8Array.of(0xfc), last: true };
  const lies: readonly (readonly Uint8Array[])[] = [
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [PEER_MAGIC, Buffer.alloc(4, 0xff)],
    [PEER_MAGIC, framed({ kind: 'unchoke' })],
    [PEER_MAGIC, framed(theirs), framed({ kind: 'piece', piece: 0, begin: 0, length: 5 })],
    [PEER_MAGIC, framed(theirs), framed(full), framed({ kind: 'have', ranges: [[0, PIECES + 1]] })],
    [PEER_MAGIC, framed(theirs), framed(full), Buffer.alloc(10_000, 0x91)],
  ];
  for (const sends of lies) {
    const { port } = await liar(t, ...sends);
    const { hears, events } = dial(t, port);
    await hears('disconnected');
    const last = events.at(-1);
    assert.ok(last?.kind === 'disconnected' && last.reason === 'protocol', JSON.stringify(last));
  }
});

test('a dialed peer that says nothing, or is not there, ends by its deadline or at once', async (t) => {
  const { port, sockets } = await liar(t);
  const quiet = dial(t, port);
  while (sockets.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const closed = once(sockets[0] ?? process, 'close');
  sockets[0]?.resume();
  // The dialer's own connect event may come after ours: the hello it writes tells.
  await once(sockets[0] ?? process, 'data');
  quiet.timers.advanceTo(HELLO_DEADLINE_MS + 2_000);
  await quiet.hears('disconnected');
  await closed;
  const last = quiet.events.at(-1);
  assert.ok(last?.kind === 'disconnected' && last.reason === 'timeout');

  const nobody = dial(t, await freePort());
  await nobody.hears('disconnected');
  const end = nobody.events.at(-1);
  assert.ok(end?.kind === 'disconnected' && end.reason === 'unreachable');
});

// --- under an upload limit ---

test('under a limit a piece goes out in parts, each no sooner than the limit allows, and arrives byte for byte', async (t) => {
  const { port, bytes, turns, desk } = await seeder(t);
  const rate = 100 * 1024;
  desk.limit(rate);
  const { socket, slab, hears, events } = dial(t, port);
  await hears('unchoked');
  for (const piece of [0, 1]) socket.post({ kind: 'request', piece, begin: 0, length: PIECE_SIZE, slots: [piece] });
  await letTimePass(turns, hears('blockReceived', 2));
  assert.equal(Buffer.compare(new Uint8Array(slab, 0, 2 * PIECE_SIZE), bytes.subarray(0, 2 * PIECE_SIZE)), 0);
  assert.ok(turns.nowMs() >= ((2 * PIECE_SIZE - BLOCK_BYTES_MIN) / rate) * 1_000 - RATE_BURST_MS, `${turns.nowMs()}`);
  assert.ok(!events.some(({ kind }) => kind === 'disconnected'));
});

test('what waits for the limit is not read before its turn, and its cancel leaves nothing behind', async (t) => {
  const { port, turns, desk, path, failed } = await seeder(t);
  desk.limit(100 * 1024);
  const { socket, hears, events } = dial(t, port);
  await hears('unchoked');
  const blocks = [0, 1, 2].map((piece) => ({ piece, begin: 0, length: PIECE_SIZE }));
  for (const block of blocks) socket.post({ kind: 'request', ...block, slots: [block.piece] });
  await letTimePass(turns, hears('blockReceived'));
  // Had the third piece been read ahead, it would not notice that the file has been cut.
  truncateSync(path, 2 * PIECE_SIZE);
  socket.post({ kind: 'cancel', ...(blocks[1] ?? assert.fail()) });
  await letTimePass(turns, hears('blockRejected', 2));
  assert.deepEqual(failed, ['SHORT_FILE']);
  assert.deepEqual(
    events.flatMap((event) => (event.kind === 'blockReceived' || event.kind === 'blockRejected' ? [event.piece] : [])),
    [0, 1, 2],
  );
  assert.ok(!events.some(({ kind }) => kind === 'disconnected'));
});

test('a limit that is taken away lets go at once what waited for it', async (t) => {
  const { port, bytes, desk, turns } = await seeder(t);
  desk.limit(1024);
  const { socket, slab, hears } = dial(t, port);
  await hears('unchoked');
  for (const piece of [3, 4]) socket.post({ kind: 'request', piece, begin: 0, length: PIECE_SIZE, slots: [piece] });
  // A hello of another peer is answered meanwhile: the requests have been heard.
  await dial(t, port).hears('unchoked');
  desk.limit(NO_LIMIT);
  await hears('blockReceived', 2);
  assert.equal(turns.nowMs(), 0);
  const [from, to] = [3 * PIECE_SIZE, 5 * PIECE_SIZE];
  assert.equal(Buffer.compare(new Uint8Array(slab, from, to - from), bytes.subarray(from, to)), 0);
});
