// What a rate limit looks like from both ends of a connection: who waits for its turn is told so and waits, for as long
// as it takes; who is really dead or does not read is still found out. The clock is moved by the tests.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  BLOCK_BYTES_MIN,
  PIECE_SIZE,
  PROGRESS_MS,
  REQUEST_PATIENCE_MAX_MS,
} from '../../../src/foundation/base/limits.js';
import type { FetchEffect } from '../../../src/transfer/peer/fetch/machine.js';
import {
  IN_LINE_ALIVE_MS,
  KEEP_ALIVE_MS,
  PEER_DEAD_MS,
  REQUEST_DEADLINE_MS,
  UPLOAD_STALL_MS,
} from '../../../src/transfer/peer/limits.js';
import { BLOCK, type FetchStage, fetchStage, MESSAGES, reasonOf, type ServeStage, said, serveStage } from './stage.js';

const HOUR_MS = 3_600_000;

function told(effects: readonly FetchEffect[]): readonly string[] {
  return effects.flatMap((effect) => (effect.kind === 'tell' ? [effect.event.kind] : []));
}

/** The next part of BLOCK arrives, all its bytes at once. */
function partComes(stage: FetchStage, begin: number, length: number): readonly string[] {
  const head = stage.post({ kind: 'received', message: { kind: 'piece', piece: BLOCK.piece, begin, length } });
  if (!head.some(({ kind }) => kind === 'receivePayload')) return head.map(({ kind }) => kind);
  return told([...stage.post({ kind: 'payloadBytes', count: length }), ...stage.post({ kind: 'payloadDone' })]);
}

/** It lives, and says so as a leecher does. */
function waitsFor(stage: ServeStage, ms: number): void {
  for (let passedMs = 0; passedMs < ms; passedMs += KEEP_ALIVE_MS) {
    stage.pass(KEEP_ALIVE_MS);
    stage.post({ kind: 'received', message: { kind: 'keepAlive' } });
  }
}

// --- the seeder is limited ---

test('a seeder of 50 KiB/s needs ten seconds for a piece: its leecher hears of the bytes as they come, and stays', () => {
  const stage = fetchStage('open');
  stage.post({ kind: 'request', ...BLOCK, slots: [1] });
  const stepMs = (BLOCK_BYTES_MIN / (50 * 1024)) * 1_000;
  const news: string[] = [];
  for (let begin = 0; begin < PIECE_SIZE; begin += BLOCK_BYTES_MIN) {
    stage.pass(stepMs);
    news.push(...partComes(stage, begin, BLOCK_BYTES_MIN));
  }
  assert.equal(news.filter((kind) => kind === 'blockReceived').length, 1);
  assert.ok(news.filter((kind) => kind === 'blockProgress').length >= 10_000 / (PROGRESS_MS + 2 * stepMs), news.join());
  assert.equal(reasonOf(stage), undefined);
});

test('a seeder that has others before us in line says so in time, and we wait as long as it says so', () => {
  const seeder = serveStage('open');
  const leecher = fetchStage('open');
  leecher.post({ kind: 'request', ...BLOCK, slots: [1] });
  seeder.post({ kind: 'received', message: { kind: 'request', ...BLOCK } });
  for (let waitedMs = 0; waitedMs < REQUEST_PATIENCE_MAX_MS - 10_000; waitedMs += 1_000) {
    // It fetches the file itself, so it has news all the time: they say nothing about our request.
    seeder.post({ kind: 'haves', ranges: [[1, 1]] });
    for (const kind of said(seeder.pass(1_000))) {
      assert.equal(kind, 'keepAlive');
      leecher.post({ kind: 'received', message: { kind: 'keepAlive' } });
    }
    for (const kind of said(leecher.pass(1_000))) {
      assert.equal(kind, 'keepAlive');
      seeder.post({ kind: 'received', message: { kind: 'keepAlive' } });
    }
  }
  assert.equal(reasonOf(leecher), undefined);
  assert.ok(!seeder.effects.some(({ kind }) => kind === 'hangUp'));
  assert.ok(2 * IN_LINE_ALIVE_MS < REQUEST_DEADLINE_MS, 'one lost second does not cost the connection');
});

test('a seeder that only ever says that it lives is given up after all', () => {
  const stage = fetchStage('open');
  stage.post({ kind: 'request', ...BLOCK, slots: [1] });
  let gaveUpMs = 0;
  while (gaveUpMs < HOUR_MS && !stage.effects.some(({ kind }) => kind === 'closeTcp')) {
    stage.pass(1_000);
    gaveUpMs += 1_000;
    stage.post({ kind: 'received', message: { kind: 'keepAlive' } });
  }
  assert.ok(gaveUpMs >= REQUEST_PATIENCE_MAX_MS && gaveUpMs <= REQUEST_PATIENCE_MAX_MS + REQUEST_DEADLINE_MS + 2_000);
  assert.equal(reasonOf(stage), 'snubbed');
});

test('one word that it lives puts the deadline off once, and silence after it ends the connection', () => {
  const stage = fetchStage('open');
  stage.post({ kind: 'request', ...BLOCK, slots: [1] });
  stage.pass(REQUEST_DEADLINE_MS - 1_000);
  stage.post({ kind: 'received', message: { kind: 'keepAlive' } });
  stage.pass(REQUEST_DEADLINE_MS - 1_000);
  assert.ok(!stage.effects.some(({ kind }) => kind === 'closeTcp'));
  stage.pass(2_000);
  assert.equal(reasonOf(stage), 'snubbed');
});

test('who waits for its turn here is no slow reader; who has not read what was written is, and who has died meanwhile', () => {
  const waits = serveStage('open');
  const died = serveStage('open');
  waits.post({ kind: 'received', message: MESSAGES.request });
  died.post({ kind: 'received', message: MESSAGES.request });
  const reads = serveStage('open');
  const neverReads = serveStage('open');
  for (const stage of [reads, neverReads]) {
    stage.post({ kind: 'received', message: MESSAGES.request });
    waitsFor(stage, 10 * UPLOAD_STALL_MS);
    stage.post({ kind: 'handed' });
    waitsFor(stage, UPLOAD_STALL_MS - KEEP_ALIVE_MS);
    stage.pass(KEEP_ALIVE_MS - 1_000);
  }
  reads.post({ kind: 'taken', completes: true });
  waitsFor(waits, HOUR_MS);
  died.pass(PEER_DEAD_MS + 1_000);
  reads.pass(2_000);
  neverReads.pass(2_000);
  const ended = [waits, reads, neverReads, died].map((stage) => stage.effects.some(({ kind }) => kind === 'hangUp'));
  assert.deepEqual(ended, [false, false, true, true]);
});

test('each part that is taken counts as reading, however long the whole block takes', () => {
  const stage = serveStage('open');
  stage.post({ kind: 'received', message: MESSAGES.request });
  for (let part = 0; part < 32; part += 1) {
    stage.post({ kind: 'handed' });
    stage.pass(UPLOAD_STALL_MS / 2);
    stage.post({ kind: 'taken', completes: part === 31 });
    stage.post({ kind: 'received', message: { kind: 'keepAlive' } });
  }
  assert.ok(!stage.effects.some(({ kind }) => kind === 'hangUp'));
  assert.deepEqual(
    said(stage.pass(KEEP_ALIVE_MS - 2_000)),
    [],
    'nothing is owed any more: no hurry to say that we live',
  );
});

// --- parts on the wire ---

test('parts come in order and at least so large, or end it; a part out of place was not asked for', () => {
  const asks = (): FetchStage => {
    const stage = fetchStage('open');
    stage.post({ kind: 'request', ...BLOCK, slots: [1] });
    partComes(stage, 0, BLOCK_BYTES_MIN);
    return stage;
  };
  const wrong: readonly (readonly [begin: number, length: number])[] = [
    [0, BLOCK_BYTES_MIN],
    [BLOCK_BYTES_MIN, BLOCK_BYTES_MIN - 1],
    [BLOCK_BYTES_MIN + 1, BLOCK_BYTES_MIN],
    [BLOCK_BYTES_MIN, PIECE_SIZE],
  ];
  for (const [begin, length] of wrong) assert.deepEqual(partComes(asks(), begin, length), ['closeTcp'], `${begin}`);
  const stage = asks();
  assert.deepEqual(partComes(stage, BLOCK_BYTES_MIN, PIECE_SIZE - BLOCK_BYTES_MIN), ['blockReceived']);
});

test('the last part may be as small as it is', () => {
  const stage = fetchStage('open');
  stage.post({ kind: 'request', ...BLOCK, length: BLOCK_BYTES_MIN + 1, slots: [1] });
  assert.deepEqual(partComes(stage, 0, BLOCK_BYTES_MIN), []);
  assert.deepEqual(partComes(stage, BLOCK_BYTES_MIN, 1), ['blockReceived']);
});

test('a reject names exactly what has not come, and gives the slot back once', () => {
  const reject = (begin: number): FetchStage => {
    const stage = fetchStage('open');
    stage.post({ kind: 'request', ...BLOCK, slots: [1] });
    partComes(stage, 0, BLOCK_BYTES_MIN);
    const { piece } = BLOCK;
    stage.post({ kind: 'received', message: { kind: 'reject', piece, begin, length: PIECE_SIZE - begin } });
    return stage;
  };
  const rejected = reject(BLOCK_BYTES_MIN).effects.at(-1);
  assert.deepEqual(rejected, { kind: 'tell', event: { kind: 'blockRejected', connection: 9, ...BLOCK } });
  assert.equal(reasonOf(reject(0)), 'protocol');
  assert.equal(reasonOf(reject(2 * BLOCK_BYTES_MIN)), 'protocol');
});

test('a cancel of a piece cancels each of its blocks that is still awaited', () => {
  const stage = fetchStage('open');
  for (let begin = 0; begin < 4 * BLOCK_BYTES_MIN; begin += BLOCK_BYTES_MIN)
    stage.post({ kind: 'request', piece: 3, begin, length: BLOCK_BYTES_MIN, slots: [1] });
  stage.post({ kind: 'request', piece: 4, begin: 0, length: BLOCK_BYTES_MIN, slots: [2] });
  partComes(stage, 0, BLOCK_BYTES_MIN);
  assert.deepEqual(said(stage.post({ kind: 'cancel', ...BLOCK })), ['cancel', 'cancel', 'cancel']);
});
