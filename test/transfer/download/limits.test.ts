// Downloading under a limit: what is asked for keeps the rate, in any mixture of downloads and peers; nobody starves,
// nobody is blamed for a wait of our own, and a new limit counts at once.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { NO_LIMIT } from '../../../src/foundation/base/bucket.js';
import {
  BLOCK_BYTES_MIN,
  PIECE_SIZE,
  RATE_BURST_MS,
  UPLOAD_REQUESTS_PER_PEER_MAX,
} from '../../../src/foundation/base/limits.js';
import type { DownloadEffect } from '../../../src/transfer/download/effects.js';
import { REQUEST_PATIENCE_MIN_MS } from '../../../src/transfer/download/limits.js';
import { Pacer } from '../../../src/transfer/download/requests/pacer.js';
import { kinds, type Request, requestsIn, Stage } from './stage.js';

const KIB = 1024;

function bytesOf(requests: readonly Request[]): number {
  return requests.reduce((sum, { length }) => sum + length, 0);
}

/** Lets time pass in small steps; each request is answered at once. Answers all requests that were made. */
function runs(stage: Stage, ms: number, first: readonly Request[] = []): readonly Request[] {
  const made: Request[] = [];
  let open = [...first];
  const endMs = stage.nowMs + ms;
  for (;;) {
    made.push(...open);
    const more: DownloadEffect[] = [];
    for (const request of open) {
      const effects = stage.arrive(request);
      more.push(...effects);
      for (const effect of effects) if (effect.kind === 'store') more.push(...stage.stored(request));
    }
    open = [...requestsIn(more)];
    if (open.length > 0) continue;
    if (stage.nowMs >= endMs) return made;
    open = [...requestsIn(stage.pass(5))];
  }
}

test('P29: what is asked for in ten seconds is what the limit allows, at 100 KiB/s as at 100 MiB/s', () => {
  for (const rate of [100 * KIB, 1024 * KIB, 10 * 1024 * KIB, 100 * 1024 * KIB]) {
    const stage = new Stage({ pieces: 4_000, pacer: new Pacer(rate) });
    const first = [...stage.join().requests, ...stage.join().requests];
    const bytes = bytesOf(runs(stage, 10_000, first));
    assert.ok(Math.abs(bytes / (10 * rate) - 1) < 0.05, `${bytes} at ${rate}`);
  }
});

test('pieces come whole one after the other: one at a time is asked for in part', () => {
  const stage = new Stage({ pieces: 50, pacer: new Pacer(100 * KIB) });
  const made = runs(stage, 60_000, [...stage.join().requests, ...stage.join().requests]);
  const changes = made.filter(({ piece }, at) => at > 0 && piece !== made[at - 1]?.piece).length;
  assert.equal(changes + 1, new Set(made.map(({ piece }) => piece)).size, 'each piece is begun once and not left');
  assert.ok(stage.have.count >= 10);
  assert.ok(made.every(({ length }) => length === BLOCK_BYTES_MIN));
});

test('a download that ends under a limit has each byte once, and no more was asked than is missing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10 * KIB, max: 4 * 1024 * KIB }), fc.integer({ min: 1, max: 4 }), (rate, peers) => {
      const stage = new Stage({ pieces: 5, pacer: new Pacer(rate) });
      const first = Array.from({ length: peers }, () => stage.join().requests).flat();
      const made = runs(stage, ((5 * PIECE_SIZE) / rate) * 1_000 + 2_000, first);
      assert.equal(stage.have.isComplete, true);
      assert.equal(bytesOf(made), 4 * PIECE_SIZE + 1);
    }),
    { numRuns: 30 },
  );
});

test('two downloads share the limit evenly, however many peers each of them has', () => {
  const pacer = new Pacer(200 * KIB);
  const [crowded, lonely] = [
    new Stage({ pieces: 200, pacer, file: 1 }),
    new Stage({ pieces: 200, pacer, file: 2 }),
  ] as const;
  const open = new Map<Stage, Request[]>([
    [crowded, Array.from({ length: 10 }, () => crowded.join().requests).flat()],
    [lonely, [...lonely.join().requests]],
  ]);
  const got = new Map<Stage, number>();
  for (let nowMs = 0; nowMs < 30_000; nowMs += 5) {
    for (const [stage, requests] of open) {
      got.set(stage, (got.get(stage) ?? 0) + bytesOf(requests));
      const more = runs(stage, 5, requests);
      got.set(stage, (got.get(stage) ?? 0) + bytesOf(more) - bytesOf(requests));
      open.set(stage, []);
    }
  }
  const [a, b] = [got.get(crowded) ?? 0, got.get(lonely) ?? 0];
  assert.ok(Math.abs(a - b) <= 4 * BLOCK_BYTES_MIN, `${a} and ${b}`);
  assert.ok(Math.abs((a + b) / (30 * 200 * KIB) - 1) < 0.05);
});

test('a request that moves while another waits for the limit does not make it forget that one', () => {
  const stage = new Stage({ pieces: 8, pacer: new Pacer(100 * KIB) });
  const seeder = stage.join();
  const sent = [...seeder.requests];
  const first = sent[0]?.piece ?? assert.fail();
  const isLast = ({ begin, length }: Request): boolean => begin + length === PIECE_SIZE;
  let answered = 0;
  while (sent.at(-1)?.piece === first) {
    for (const block of sent.slice(answered)) if (!isLast(block)) stage.arrive(block);
    answered = sent.length;
    sent.push(...requestsIn(stage.pass(10)));
  }
  // The last block of the first piece is in flight, and the next piece waits for the limit.
  const [kept, begun] = [sent.find(isLast) ?? assert.fail(), sent.at(-1) ?? assert.fail()];
  const other = stage.join([]);
  assert.deepEqual(kinds(stage.haves(other.connection, [first, 1])), ['cancel'], 'it moves');
  stage.nowMs += 1_000; // the limit allows more, and nobody was woken yet
  const [next] = requestsIn(stage.reject(kept));
  assert.deepEqual([next?.piece, next?.begin], [begun.piece, begun.begin + begun.length]);
});

test('a download that has ended, or has nothing to ask for, holds nobody up', () => {
  const pacer = new Pacer(100 * KIB);
  const idle = new Stage({ pieces: 100, pacer, file: 1 });
  idle.join([]);
  const stopped = new Stage({ pieces: 100, pacer, file: 2 });
  stopped.join();
  stopped.post({ kind: 'stop' });
  const stage = new Stage({ pieces: 100, pacer, file: 3 });
  assert.ok(bytesOf(runs(stage, 10_000, stage.join().requests)) >= 9.5 * 100 * KIB);
});

test('what is rejected or lost with its connection is not charged to the limit', () => {
  for (const how of ['reject', 'lose'] as const) {
    const stage = new Stage({ pieces: 50, pacer: new Pacer(1024 * KIB) });
    const bad = stage.join([0]);
    const [request] = bad.requests;
    assert.ok(request !== undefined);
    const good = stage.join([1]);
    assert.deepEqual(good.requests, [], 'the limit is used up');
    const effects = how === 'reject' ? stage.reject(request) : stage.lose(bad.connection);
    assert.equal(requestsIn(effects)[0]?.piece, 1, how);
  }
});

test('a peer that takes long while the limit makes us wait is neither hung up on nor asked elsewhere', () => {
  const stage = new Stage({ pieces: 3, slots: 2, pacer: new Pacer(2 * KIB) });
  const made = runs(stage, 8 * REQUEST_PATIENCE_MIN_MS, [...stage.join().requests, ...stage.join().requests]);
  assert.ok(!kinds(stage.effects).some((kind) => kind === 'hangUp' || kind === 'cancel'));
  assert.ok(Math.abs(bytesOf(made) / (480 * 2 * KIB) - 1) < 0.05);
});

test('a limit set in full flight takes back what has not come yet, and keeps the rate from then on', () => {
  const pacer = new Pacer();
  const stage = new Stage({ pieces: 100, pacer });
  const peers = Array.from({ length: 5 }, () => stage.join());
  const open = peers.flatMap(({ requests }) => requests);
  assert.ok(bytesOf(open) >= 10 * PIECE_SIZE);
  pacer.setRate(100 * KIB, stage.nowMs);
  const effects = stage.post({ kind: 'limitChanged' });
  assert.equal(effects.filter(({ kind }) => kind === 'cancel').length, open.length);
  // One was on its way and comes, the others are rejected as asked.
  const [onItsWay, ...others] = open;
  assert.ok(onItsWay !== undefined);
  assert.deepEqual(
    kinds(stage.arrive(onItsWay)).filter((kind) => kind === 'store'),
    ['store'],
    'and is used',
  );
  const next = others.flatMap((request) => requestsIn(stage.reject(request)));
  const bytes = bytesOf(requestsIn(effects)) + bytesOf(runs(stage, 10_000, [...requestsIn(effects), ...next]));
  assert.ok(bytes <= 10 * 100 * KIB + (100 * KIB * RATE_BURST_MS) / 1_000 + 2 * BLOCK_BYTES_MIN, `${bytes}`);
  assert.ok(bytes >= 9.5 * 100 * KIB, `${bytes}`);
});

test('a limit that is a little lower takes nothing back, one that goes away lets the rest go at once', () => {
  const pacer = new Pacer(500 * KIB);
  const stage = new Stage({ pieces: 100, pacer });
  const { requests } = stage.join();
  pacer.setRate(400 * KIB, 0);
  assert.deepEqual(stage.post({ kind: 'limitChanged' }), []);
  pacer.setRate(NO_LIMIT, 0);
  const more = requestsIn(stage.post({ kind: 'limitChanged' }));
  assert.equal(bytesOf([...requests, ...more]), 2 * PIECE_SIZE, 'the whole window');
  assert.deepEqual(more[0]?.begin, bytesOf(requests), 'first what was begun');
});

test('no peer has more requests waiting than it accepts, however small they are', () => {
  // A far and fast peer: its window would hold many pieces.
  const stage = new Stage({ pieces: 400, pacer: new Pacer(300 * KIB) });
  const { requests } = stage.join(undefined, 5_000);
  let open = [...requests];
  for (let nowMs = 0; nowMs < 60_000; nowMs += 5) {
    // It answers the oldest now and then only.
    const oldest = nowMs % 1_000 === 0 ? open.shift() : undefined;
    if (oldest !== undefined) open.push(...requestsIn(stage.arrive(oldest)));
    open = [...open, ...requestsIn(stage.pass(5))];
    assert.ok(open.length <= UPLOAD_REQUESTS_PER_PEER_MAX, `${open.length}`);
  }
});

test('bytes that are told as they come are not counted again with their block', () => {
  const stage = new Stage({ pieces: 3 });
  const { requests, connection } = stage.join();
  const [request] = requests;
  assert.ok(request !== undefined);
  for (let times = 0; times < 3; times += 1) {
    stage.nowMs += 1_000;
    stage.say({ kind: 'blockProgress', connection, bytes: 100 * KIB });
  }
  const [{ bytes: received, rate } = {}] = stage.machine.describe(stage.nowMs);
  assert.equal(received, 300 * KIB);
  assert.ok(Number(rate) > 50 * KIB && Number(rate) < 200 * KIB, `${rate}`);
  stage.arrive(request);
  assert.equal(stage.machine.describe(stage.nowMs)[0]?.bytes, PIECE_SIZE);
});

test('a duplicate that is asked for in part ends with the piece, although no answer of it is awaited', () => {
  const pacer = new Pacer();
  const stage = new Stage({ pieces: 3, have: [2], pacer });
  const sleeper = stage.join([0]);
  const quick = stage.join([0, 1]);
  stage.nowMs += 100;
  stage.serve(quick.requests);
  pacer.setRate(1024 * KIB, stage.nowMs);
  assert.deepEqual(stage.post({ kind: 'limitChanged' }), [], 'what is on its way fits the limit');
  let begun: readonly Request[] = [];
  while (begun.length === 0 && stage.nowMs < 10_000) begun = requestsIn(stage.pass(10));
  assert.ok(begun.length > 0 && bytesOf(begun) < PIECE_SIZE && begun[0]?.piece === 0);
  // Its blocks come, and the rest waits for the limit when the slow one is done.
  for (const block of begun) stage.arrive(block);
  const [slow] = sleeper.requests;
  assert.ok(slow !== undefined);
  assert.deepEqual(kinds(stage.arrive(slow)), ['store'], 'nothing is left to cancel');
  assert.equal(stage.freeSlots, stage.slots.capacity - 1);
  stage.stored(slow);
  assert.equal(stage.have.isComplete, true);
  assert.equal(stage.freeSlots, stage.slots.capacity);
});
