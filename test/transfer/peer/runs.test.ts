// Runs on the peer wire: several whole pieces asked for in one request, sent in one go, and read each into its own
// slot.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { midPageShared } from '../../../src/foundation/base/bytes.js';
import {
  PIECE_SIZE,
  RUN_PIECES_MAX,
  UPLOAD_BUFFERS,
  UPLOAD_MEMORY_BYTES,
} from '../../../src/foundation/base/limits.js';
import { Prng } from '../../../src/foundation/base/prng.js';
import type { Block } from '../../../src/foundation/torrent/block.js';
import type { PeerMessage } from '../../../src/transfer/peer/codec/meaning.js';
import { PayloadTarget } from '../../../src/transfer/peer/fetch/payload-target.js';
import { ACK_DELAY_MS } from '../../../src/transfer/peer/limits.js';
import { UploadBuffers } from '../../../src/transfer/peer/upload/buffers.js';
import { UploadsInFlight } from '../../../src/transfer/peer/upload/in-flight.js';
import { UploadMemory } from '../../../src/transfer/peer/upload/memory.js';
import { UploadScheduler } from '../../../src/transfer/peer/upload/scheduler.js';
import { UploadCounts } from '../../../src/transfer/peer/upload/upload-counts.js';
import { cases } from '../../support/cases.js';
import { dial, PIECES, SIZE, seeder } from './socket-stage.js';
import { fetchStage, HELLO, type ServeStage, serveStage } from './stage.js';

const RUN: Block = { piece: 8, begin: 0, length: RUN_PIECES_MAX * PIECE_SIZE };
const SLOTS = [5, 0, 9, 2];

function saidBy(stage: ServeStage, message: PeerMessage): readonly unknown[] {
  return stage.post({ kind: 'received', message });
}

test('a download is told of a peer whether it takes runs', () => {
  for (const runs of [false, true]) {
    const [told] = fetchStage('greeting').post({ kind: 'received', message: { ...HELLO, runs } });
    assert.ok(told?.kind === 'tell' && told.event.kind === 'connected');
    assert.equal(told.event.runs, runs);
  }
});

test('both sides say in their hello that they take runs', () => {
  const dialer = fetchStage('greeting').effects.find((effect) => effect.kind === 'send');
  const acceptor = serveStage('open').effects.find((effect) => effect.kind === 'send');
  for (const said of [dialer, acceptor]) {
    assert.ok(said?.kind === 'send' && said.message.kind === 'hello');
    assert.ok(said.message.runs);
  }
});

test('P16: a run is one request and one answer, which goes to the slots of its pieces', () => {
  const stage = fetchStage('open');
  assert.deepEqual(stage.post({ kind: 'request', ...RUN, slots: SLOTS }), [
    { kind: 'send', message: { kind: 'request', ...RUN } },
  ]);
  assert.deepEqual(stage.post({ kind: 'received', message: { kind: 'piece', ...RUN } }), [
    { kind: 'receivePayload', slots: SLOTS, begin: 0, length: RUN.length },
  ]);
  assert.deepEqual(stage.post({ kind: 'payloadDone' }), [
    { kind: 'tell', event: { kind: 'blockReceived', connection: 9, ...RUN } },
  ]);
});

test('a run that comes in parts is told once it is whole, and its rest may be rejected', () => {
  for (const ending of ['piece', 'reject'] as const) {
    const stage = fetchStage('open');
    stage.post({ kind: 'request', ...RUN, slots: SLOTS });
    const first = PIECE_SIZE + 70_000;
    stage.post({ kind: 'received', message: { kind: 'piece', ...RUN, length: first } });
    assert.deepEqual(stage.post({ kind: 'payloadDone' }), []);
    const rest = { piece: RUN.piece, begin: first, length: RUN.length - first };
    const [effect] = stage.post({ kind: 'received', message: { kind: ending, ...rest } });
    if (ending === 'reject') {
      assert.deepEqual(effect, { kind: 'tell', event: { kind: 'blockRejected', connection: 9, ...RUN } });
      continue;
    }
    assert.deepEqual(effect, { kind: 'receivePayload', slots: SLOTS, begin: first, length: rest.length });
    const [told] = stage.post({ kind: 'payloadDone' });
    assert.deepEqual(told, { kind: 'tell', event: { kind: 'blockReceived', connection: 9, ...RUN } });
  }
});

test('a run is withdrawn as it was asked for, and not by what is a part of it', () => {
  const stage = fetchStage('open');
  stage.post({ kind: 'request', ...RUN, slots: SLOTS });
  assert.deepEqual(stage.post({ kind: 'cancel', ...RUN, length: PIECE_SIZE }), []);
  assert.deepEqual(stage.post({ kind: 'cancel', ...RUN }), [{ kind: 'send', message: { kind: 'cancel', ...RUN } }]);
});

test('a run is put in line as it was asked for; with a piece that is not had, or beyond whole pieces, it is not', () => {
  assert.deepEqual(saidBy(serveStage('open'), { kind: 'request', ...RUN }), [
    { kind: 'tell', report: { ...RUN, kind: 'requested', connection: 3 } },
  ]);
  // Piece 4 is not had.
  const lacking = { ...RUN, piece: 2 };
  assert.deepEqual(saidBy(serveStage('open'), { kind: 'request', ...lacking }), [
    { kind: 'send', message: { kind: 'reject', ...lacking } },
  ]);
  for (const wrong of [{ begin: 1 }, { length: RUN.length - 1 }, { piece: 18 }]) {
    const stage = serveStage('open');
    saidBy(stage, { kind: 'request', ...RUN, ...wrong });
    assert.ok(
      stage.effects.some(({ kind }) => kind === 'hangUp'),
      JSON.stringify(wrong),
    );
  }
});

test('the pieces of a run count as handed out, each once', () => {
  const scheduler = new UploadScheduler(new Prng(1), new UploadsInFlight());
  const copies = new UploadCounts();
  scheduler.add(1, copies);
  scheduler.enqueue(1, RUN);
  const upload = scheduler.next();
  assert.deepEqual(upload, { connection: 1, block: RUN, completes: RUN });
  const counts = [7, 8, 9, 10, 11, 12].map((piece) => copies.of(piece));
  assert.deepEqual(counts, [0, 1, 1, 1, 1, 0]);
});

test('a run is read into as many buffers as it has pieces, and all come back', () => {
  const buffers = new UploadBuffers();
  const all = buffers.largeBytes;
  assert.equal(all, UPLOAD_BUFFERS * PIECE_SIZE);
  const length = 2 * PIECE_SIZE + 77;
  const lent = buffers.take(length);
  assert.equal(buffers.largeBytes, all - 3 * PIECE_SIZE);
  assert.deepEqual(
    new UploadMemory(midPageShared(UPLOAD_MEMORY_BYTES).buffer).cut(lent, length).map((part) => part.length),
    [PIECE_SIZE, PIECE_SIZE, 77],
  );
  buffers.give(lent);
  assert.equal(buffers.largeBytes, all);
  assert.throws(() => buffers.give(lent), /a buffer that is given back is lent/);
});

test('payload lands byte for byte in the slots of its pieces, however it is cut', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: PIECE_SIZE }), { minLength: 1, maxLength: 20 });
  const stretch = fc.record({ begin: fc.nat(2 * PIECE_SIZE), length: fc.integer({ min: 1, max: 2 * PIECE_SIZE }) });
  fc.assert(
    fc.property(cuts, stretch, (sizes, { begin, length }) => {
      const slots = [3, 1, 4, 0];
      const slab = new SharedArrayBuffer(5 * PIECE_SIZE);
      const landing = new PayloadTarget(slab, slots, begin, length);
      const sent = Buffer.from(new Uint8Array(length).map((_, at) => (at % 251) + 1));
      let at = 0;
      for (let turn = 0; !landing.isFull; turn += 1) {
        const { room } = landing;
        const count = Math.min(room.length, sizes[turn % sizes.length] ?? 1);
        room.set(sent.subarray(at, at + count));
        landing.filled(count);
        at += count;
      }
      assert.equal(at, length);
      const inOrder = Buffer.concat(slots.map((slot) => new Uint8Array(slab, slot * PIECE_SIZE, PIECE_SIZE)));
      assert.equal(Buffer.compare(inOrder.subarray(begin, begin + length), sent), 0);
      const written = new Uint8Array(slab).reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0);
      assert.equal(written, length, 'and nowhere else');
    }),
    { numRuns: cases(20) },
  );
});

test('runs travel from a listener into the slab, byte for byte, to the short last piece', async (t) => {
  const { port, bytes } = await seeder(t);
  const { socket, slab, hears, timers } = dial(t, port);
  await hears('unchoked');
  const slots = [4, 2, 5, 0, 1, 3];
  const first = { piece: 0, begin: 0, length: RUN_PIECES_MAX * PIECE_SIZE };
  const last = { piece: RUN_PIECES_MAX, begin: 0, length: SIZE - first.length };
  socket.post({ kind: 'request', ...first, slots: slots.slice(0, RUN_PIECES_MAX) });
  socket.post({ kind: 'request', ...last, slots: slots.slice(RUN_PIECES_MAX) });
  await hears('blockReceived', 2);
  timers.advanceTo(timers.nowMs() + ACK_DELAY_MS);
  assert.equal(slots.length, PIECES);
  const inOrder = Buffer.concat(slots.map((slot) => new Uint8Array(slab, slot * PIECE_SIZE, PIECE_SIZE)));
  assert.equal(Buffer.compare(inOrder.subarray(0, SIZE), bytes), 0);
});
