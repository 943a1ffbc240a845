// A download by example: whom it dials and asks, what becomes of what comes, and how it ends. Invariants over random
// worlds are kept by test/sim.

import assert from 'node:assert/strict';
import test from 'node:test';
import { PEERS_PER_DOWNLOAD_MAX, PIECE_SIZE, PROGRESS_MS } from '../../../src/foundation/base/limits.js';
import { WINDOW_PIECES_MIN } from '../../../src/transfer/download/limits.js';
import { SlotPool } from '../../../src/transfer/download/requests/slots.js';
import { FILE, kinds, requestsIn, Stage } from './stage.js';

function first<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error('there is none');
  return item;
}

test('P23: found peers are dialed at once, each address once, as many as may', () => {
  const stage = new Stage({ pieces: 4 });
  const peers = Array.from({ length: PEERS_PER_DOWNLOAD_MAX + 5 }, (_, at) => ({ host: '192.0.2.9', port: 1000 + at }));
  const dials = stage.post({ kind: 'peersFound', incoming: false, peers: [...peers, ...peers] });
  assert.deepEqual(kinds(dials), Array(PEERS_PER_DOWNLOAD_MAX).fill('dial'));
  assert.equal(new Set(dials.map((dial) => (dial.kind === 'dial' ? dial.address.port : 0))).size, dials.length);
  assert.deepEqual(kinds(stage.lose(1)), ['dial'], 'a lost one makes room for the next');
});

test('P23: of a full list of addresses the only one that lives is asked at once, whatever becomes of the others', () => {
  const stage = new Stage({ pieces: 4 });
  const peers = Array.from({ length: PEERS_PER_DOWNLOAD_MAX }, (_, at) => ({ host: '192.0.2.9', port: 1000 + at }));
  stage.post({ kind: 'peersFound', incoming: false, peers });
  stage.serve(stage.greet(PEERS_PER_DOWNLOAD_MAX));
  assert.equal(stage.have.isComplete, true);
  assert.equal(stage.nowMs, 0, 'nobody was waited for');
});

test('P17: a peer that sets bits past the last piece is hung up on, and asked nothing', () => {
  for (const byte of [0xf8, 0xf1]) {
    const stage = new Stage({ pieces: 4 });
    const connection = stage.dial();
    stage.say({ kind: 'connected', connection, connectMs: 1, rttMs: 1, runs: false, parallel: false });
    const part = Uint8Array.of(byte);
    assert.deepEqual(kinds(stage.say({ kind: 'bitfieldPart', connection, offset: 0, part, last: true })), ['hangUp']);
    assert.deepEqual(stage.say({ kind: 'unchoked', connection }), []);
  }
});

test('a peer is asked only after hello, bitfield and unchoke', () => {
  const stage = new Stage({ pieces: 4 });
  const connection = stage.dial();
  assert.deepEqual(
    stage.say({ kind: 'connected', connection, connectMs: 1, rttMs: 1, runs: false, parallel: false }),
    [],
  );
  const part = Uint8Array.of(0xf0);
  assert.deepEqual(stage.say({ kind: 'bitfieldPart', connection, offset: 0, part, last: true }), []);
  const requests = requestsIn(stage.say({ kind: 'unchoked', connection }));
  assert.equal(requests.length, WINDOW_PIECES_MIN);
  assert.equal(new Set(requests.flatMap(({ slots }) => slots)).size, requests.length);
});

test('P26: a whole piece is asked for at its real length', () => {
  const stage = new Stage({ pieces: 2 });
  const { requests } = stage.join();
  const byPiece = [...requests].sort((a, b) => a.piece - b.piece);
  assert.deepEqual(
    byPiece.map(({ piece, begin, length }) => [piece, begin, length]),
    [
      [0, 0, PIECE_SIZE],
      [1, 0, 1],
    ],
  );
});

test('pieces come, are stored, the file is finished, and the download ends complete with its sums', () => {
  const stage = new Stage({ pieces: 5, have: [3] });
  const { requests } = stage.join();
  stage.serve(requests);
  assert.equal(stage.have.isComplete, true);
  assert.deepEqual(kinds(stage.effects.slice(-3)), ['tellHaves', 'hangUp', 'finish']);
  assert.deepEqual(stage.post({ kind: 'finished' }), [], 'waits until the peer is gone');
  stage.lose(1, 'asked');
  assert.deepEqual(stage.ending, { kind: 'completed', received: stage.geometry.size - PIECE_SIZE, wasted: 0 });
  assert.equal(stage.freeSlots, stage.slots.capacity);
});

test('a part of a block whose connection ends is wasted, so that a finished download accounts for each byte', () => {
  const stage = new Stage({ pieces: 2 });
  const [request] = stage.join().requests;
  assert.ok(request !== undefined);
  stage.say({ kind: 'blockProgress', connection: request.connection, bytes: 4_070 });
  stage.lose(request.connection);
  stage.serve(stage.join().requests);
  stage.post({ kind: 'finished' });
  stage.lose(2, 'asked');
  const { size } = stage.geometry;
  assert.deepEqual(stage.ending, { kind: 'completed', received: size + 4_070, wasted: 4_070 });
});

test('an empty file is finished at once, without any peer', () => {
  const stage = new Stage({ pieces: 0 });
  assert.deepEqual(kinds(stage.post({ kind: 'wake' })), ['progressed', 'peersNeeded', 'finish']);
  stage.post({ kind: 'finished' });
  assert.deepEqual(stage.ending, { kind: 'completed', received: 0, wasted: 0 });
});

test('P14: wrong bytes ban their sender on proof, and the piece is asked of another peer', () => {
  const stage = new Stage({ pieces: 1 });
  const liar = stage.join();
  const honest = stage.join();
  assert.deepEqual(honest.requests, []);
  const request = first(liar.requests);
  assert.deepEqual(kinds(stage.arrive(request)), ['store']);
  const after = stage.stored(request, { kind: 'mismatch' });
  assert.deepEqual(kinds(after), ['banned', 'hangUp', 'request']);
  assert.equal(first(requestsIn(after)).connection, honest.connection);
  stage.lose(liar.connection, 'asked');
  assert.deepEqual(
    kinds(stage.post({ kind: 'peersFound', incoming: false, peers: [{ host: '192.0.2.1', port: 7001 }] })),
    [],
  );
  assert.equal(kinds(stage.pass(600_000)).includes('dial'), false, 'banned for good');
});

test('P14: a sender of wrong bytes that hangs up before the proof is banned all the same', () => {
  const stage = new Stage({ pieces: 1 });
  const liar = stage.join();
  const request = first(liar.requests);
  stage.arrive(request);
  stage.lose(liar.connection);
  const effects = stage.stored(request, { kind: 'mismatch' });
  assert.ok(kinds(effects).includes('banned'));
  assert.equal(kinds(stage.pass(600_000)).includes('dial'), false);
});

test('a ban says by which connection, into which slot and in which run the bytes came, and whether a write had failed', () => {
  const stage = new Stage({ pieces: 4, slots: 8 });
  const liar = stage.join();
  const [one, two] = liar.requests;
  assert.ok(one !== undefined && two !== undefined);
  stage.arrive(one);
  stage.arrive(two);
  stage.stored(one, { kind: 'failed', code: 'DISK_FULL', sentence: 'no room' });
  const banned = stage.stored(two, { kind: 'mismatch' }).find(({ kind }) => kind === 'banned');
  const { connection, piece, slots } = two;
  assert.ok(banned?.kind === 'banned');
  const run = slots.map((_, at) => piece + at);
  assert.deepEqual(banned.how, { connection, slot: slots[0], run, failure: 'DISK_FULL' });
});

test('a liar that was dialed again before the proof came is hung up on', () => {
  const stage = new Stage({ pieces: 1 });
  const liar = stage.join();
  const request = first(liar.requests);
  stage.arrive(request);
  stage.lose(liar.connection);
  assert.ok(kinds(stage.pass(2_000)).includes('dial'));
  const again = kinds(stage.stored(request, { kind: 'mismatch' }));
  assert.ok(again.includes('hangUp'));
});

test('a disk that fails ends the download with its code; what is there is kept and recorded', () => {
  const failing = new Stage({ pieces: 4 });
  const peer = failing.join();
  const [good, bad] = peer.requests;
  assert.ok(good !== undefined && bad !== undefined);
  failing.arrive(good);
  failing.stored(good);
  failing.arrive(bad);
  const outcome = { kind: 'failed', code: 'DISK_FULL', sentence: 'no room' } as const;
  assert.ok(kinds(failing.stored(bad, outcome)).includes('hangUp'));
  assert.equal(failing.ending, undefined);
  const last = kinds(failing.lose(peer.connection, 'asked'));
  assert.deepEqual(last, ['tellHaves', 'saveResume', 'ended']);
  assert.deepEqual(failing.ending, outcome);
  assert.deepEqual([failing.have.count, failing.freeSlots], [1, failing.slots.capacity]);
});

test('a file that cannot be finished ends the download with that code', () => {
  const stage = new Stage({ pieces: 1 });
  const { requests, connection } = stage.join();
  stage.serve(requests);
  stage.lose(connection, 'asked');
  stage.post({ kind: 'finishFailed', code: 'ALREADY_EXISTS', sentence: 'x is there' });
  assert.deepEqual(stage.ending, { kind: 'failed', code: 'ALREADY_EXISTS', sentence: 'x is there' });
});

test('stop waits for what is being stored and for every peer, and keeps all of it', () => {
  const stage = new Stage({ pieces: 3 });
  const { requests, connection } = stage.join();
  const [storing, running] = requests;
  assert.ok(storing !== undefined && running !== undefined);
  stage.arrive(storing);
  assert.deepEqual(kinds(stage.post({ kind: 'stop' })), ['hangUp']);
  assert.deepEqual(kinds(stage.arrive(running)), [], 'too late: it is not stored');
  stage.lose(connection, 'asked');
  assert.equal(stage.ending, undefined);
  assert.deepEqual(kinds(stage.stored(storing)), ['tellHaves', 'saveResume', 'ended']);
  assert.deepEqual(stage.ending, { kind: 'stopped' });
  assert.equal(stage.have.has(storing.piece), true);
  assert.deepEqual(stage.post({ kind: 'stop' }), [], 'an ended download is silent');
});

test('stop while the file is being finished lets it finish', () => {
  const stage = new Stage({ pieces: 1 });
  const { requests, connection } = stage.join();
  stage.serve(requests);
  stage.post({ kind: 'stop' });
  stage.lose(connection, 'asked');
  assert.equal(kinds(stage.effects).includes('ended'), false);
  stage.post({ kind: 'finished' });
  assert.equal(stage.ending?.kind, 'completed');
});

test('the first reason to end is the one that is reported', () => {
  const stage = new Stage({ pieces: 3 });
  const { requests, connection } = stage.join();
  const request = first(requests);
  stage.arrive(request);
  stage.post({ kind: 'stop' });
  stage.lose(connection, 'asked');
  stage.stored(request, { kind: 'failed', code: 'DISK_FULL', sentence: 'no room' });
  assert.deepEqual(stage.ending, { kind: 'stopped' });
});

test('a peer that rejects a piece is not asked for it again before it offers it anew', () => {
  const stage = new Stage({ pieces: 1 });
  const { requests, connection } = stage.join();
  const request = first(requests);
  assert.deepEqual(requestsIn(stage.reject(request)), []);
  assert.deepEqual(requestsIn(stage.pass(10_000)), []);
  assert.equal(first(requestsIn(stage.haves(connection, [0, 1]))).piece, 0);
});

test('a rejected piece goes to the next peer that has it', () => {
  const stage = new Stage({ pieces: 1 });
  const refusing = stage.join();
  const other = stage.join();
  const [request] = requestsIn(stage.reject(first(refusing.requests)));
  assert.equal(request?.connection, other.connection);
});

test('a peer that chokes is asked nothing more until it unchokes; what was asked stays asked', () => {
  const stage = new Stage({ pieces: 6 });
  const { requests, connection } = stage.join();
  stage.say({ kind: 'choked', connection });
  const [a, b] = requests;
  assert.ok(a !== undefined && b !== undefined);
  assert.deepEqual(kinds(stage.arrive(a)), ['store']);
  assert.deepEqual(requestsIn(stage.stored(a)), []);
  assert.ok(requestsIn(stage.say({ kind: 'unchoked', connection })).length >= 1);
});

test('P25: when a peer is lost, what it was asked for is asked of others, and its slots come back', () => {
  const stage = new Stage({ pieces: 4, slots: 4 });
  const lost = stage.join();
  assert.equal(lost.requests.length, 2);
  const other = stage.join();
  stage.lose(lost.connection);
  assert.equal(stage.freeSlots, 2);
  stage.serve(other.requests);
  assert.equal(stage.have.isComplete, true);
});

test('the rarest piece is asked for first once something is had', () => {
  const stage = new Stage({ pieces: 20, have: [0, 1, 2, 3] });
  const everywhere = Array.from({ length: 20 }, (_, at) => at).filter((piece) => piece !== 13);
  const connections = [stage.dial(), stage.dial()];
  // Both have all but 13; a third has only 12 and 13: 13 is the rarest of what it has.
  for (const connection of connections) stage.greet(connection, everywhere);
  const { requests } = stage.join([12, 13]);
  assert.equal(first(requests).piece, 13);
});

test('no slot, no request; the next free slot goes to work', () => {
  const pool = new SlotPool(4);
  pool.join(99);
  const taken = [pool.take(99) ?? -1, pool.take(99) ?? -1, pool.take(99) ?? -1, pool.take(99) ?? -1];
  const stage = new Stage({ pieces: 8, pool });
  assert.deepEqual(stage.join().requests, []);
  pool.give(99, taken[0] ?? -1);
  assert.equal(requestsIn(stage.pass(1_000)).length, 1, 'noticed by the next look, whoever freed it');
  assert.equal(pool.heldBy(FILE), 1);
});

test('progress is reported a few times a second with sums that agree', () => {
  const stage = new Stage({ pieces: 3 });
  const { requests } = stage.join();
  stage.arrive(first(requests));
  stage.stored(first(requests));
  const told = stage.pass(10 * PROGRESS_MS).filter((effect) => effect.kind === 'progressed');
  assert.ok(told.length >= 9 && told.length <= 11, `${told.length} reports`);
  const last = told.at(-1);
  assert.ok(last?.kind === 'progressed');
  assert.deepEqual([last.have, last.received, last.peers], [1, first(requests).length, 1]);
});
