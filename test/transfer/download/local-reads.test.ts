// Pieces that files of this machine have, in the download machine: read while peers send the others, completed by
// peers where something is missing, and left to peers where a file has changed, is wrong, or does not answer.

import assert from 'node:assert/strict';
import test from 'node:test';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import type { DownloadEffect } from '../../../src/transfer/download/effects.js';
import { LOCAL_PATIENCE_MS, LOCAL_PIECES_MAX } from '../../../src/transfer/download/limits.js';
import { Pacer } from '../../../src/transfer/download/requests/pacer.js';
import { ReusePlanBuilder } from '../../../src/transfer/storage/reuse/plan.js';
import { type Request, requestsIn, Stage, type StageOptions } from './stage.js';

type Fill = Extract<DownloadEffect, { kind: 'fill' }>['fills'][number];
type Run = readonly [begin: number, length: number, source: number];

const KIB = 1_024;

function planOf(...runs: readonly Run[]) {
  const builder = new ReusePlanBuilder();
  for (let source = 0; source < 8; source += 1)
    builder.source({ path: `/old/${source}`, size: 1e9, mtimeMs: 1, group: source % 2 });
  for (const [begin, length, source] of runs) builder.run({ begin, length, source, offset: 0 });
  return builder.build();
}

const pieces = (first: number, count: number, source = 0): Run => [first * PIECE_SIZE, count * PIECE_SIZE, source];

const fillsIn = (effects: readonly DownloadEffect[]): readonly Fill[] =>
  effects.flatMap((effect) => (effect.kind === 'fill' ? effect.fills : []));
const storedIn = (effects: readonly DownloadEffect[]): readonly number[] =>
  effects.flatMap((effect) => (effect.kind === 'store' ? effect.pieces.map(({ piece }) => piece) : []));

class LocalStage extends Stage {
  constructor(options: StageOptions) {
    super(options);
    this.post({ kind: 'wake' });
  }

  find(...runs: readonly Run[]): readonly Fill[] {
    return fillsIn(this.post({ kind: 'sourcesFound', plan: planOf(...runs), firstGroup: 0 }));
  }

  fill({ slot }: Fill, bad?: number): readonly DownloadEffect[] {
    return this.post({ kind: 'filled', fills: [{ slot, bad }] });
  }

  verify(piece: number, kind: 'stored' | 'mismatch' = 'stored'): readonly DownloadEffect[] {
    return this.post({ kind: 'stored', pieces: [{ piece, outcome: { kind } }] });
  }

  /** The disk gives everything until it is asked for nothing more. */
  read(fills: readonly Fill[]): void {
    const open = [...fills];
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      open.push(...fillsIn(this.fill(next)), ...fillsIn(this.verify(next.piece)));
    }
  }
}

const asked = (requests: readonly Request[]): readonly number[] => requests.map(({ piece }) => piece).sort();
const bytesAsked = (stage: Stage): number => requestsIn(stage.effects).reduce((sum, { length }) => sum + length, 0);

test('a download that files here have whole completes without a peer, and says what they gave', () => {
  const stage = new LocalStage({ pieces: 40 });
  const fills = stage.find(pieces(0, 39, 1), [39 * PIECE_SIZE, 1, 2]);
  assert.ok(fills.length > 0 && fills.length <= LOCAL_PIECES_MAX);
  stage.read(fills);
  assert.equal(stage.have.isComplete, true);
  const reused = stage.effects.find(({ kind }) => kind === 'reused');
  assert.ok(reused?.kind === 'reused');
  assert.equal(reused.bytes, stage.geometry.size);
  assert.deepEqual(Object.fromEntries(reused.groups), { 0: 1, 1: 39 * PIECE_SIZE });
  assert.equal(stage.freeSlots, stage.slots.capacity);
});

test('peers are asked for the other pieces at the same time, and for none that the disk has', () => {
  const stage = new LocalStage({ pieces: 8 });
  const fills = stage.find(pieces(0, 4));
  const { requests } = stage.join();
  stage.serve(requests);
  stage.read(fills);
  assert.equal(stage.have.isComplete, true);
  assert.deepEqual([...new Set(asked(requestsIn(stage.effects)))], [4, 5, 6, 7]);
});

test('a plan that comes late leaves to peers what they were asked for', () => {
  const stage = new LocalStage({ pieces: 4 });
  const { requests } = stage.join();
  const fills = stage.find(pieces(0, 3), [3 * PIECE_SIZE, 1, 0]);
  const both = [...asked(requests), ...fills.map(({ piece }) => piece)].sort();
  assert.deepEqual(both, [0, 1, 2, 3]);
});

test('slots stay free for peers, however fast the disk is', () => {
  const stage = new LocalStage({ pieces: 200, slots: 8 });
  assert.equal(stage.find(pieces(0, 199)).length, 7);
  assert.equal(stage.freeSlots, 1);
});

test('a source that has changed takes its pieces back, and others go on', () => {
  const stage = new LocalStage({ pieces: 61 });
  const [first, ...rest] = stage.find(pieces(0, 30, 3), pieces(30, 30, 4));
  assert.ok(first !== undefined);
  const effects = stage.fill(first, 3);
  const later = fillsIn(effects);
  assert.ok(later.every(({ piece }) => piece >= 30));
  // What is being read of it already may still come.
  for (const fill of rest) stage.fill(fill, fill.piece < 30 ? 3 : undefined);
  const { requests } = stage.join();
  assert.ok(requests.every(({ piece }) => piece < 30 || piece === 60));
});

test('wrong bytes ban the file and no peer, and the piece is fetched whole', () => {
  const stage = new LocalStage({ pieces: 2 });
  const hole: Run[] = [[0, PIECE_SIZE - 1_000, 5]];
  stage.find(...hole);
  const { connection, requests } = stage.join();
  const ofFirst = requests.find(({ piece }) => piece === 0);
  assert.ok(ofFirst !== undefined);
  assert.deepEqual([ofFirst.begin, ofFirst.length], [PIECE_SIZE - 1_000, 1_000]);
  const [fill] = fillsIn(stage.effects);
  assert.ok(fill !== undefined);
  assert.deepEqual(storedIn(stage.fill(fill)), []);
  assert.deepEqual(storedIn(stage.arrive(ofFirst)), [0]);
  const again = stage.verify(0, 'mismatch');
  assert.ok(!again.some(({ kind }) => kind === 'banned' || kind === 'hangUp'));
  const [whole] = requestsIn(again);
  assert.deepEqual(whole, { ...whole, connection, piece: 0, begin: 0, length: PIECE_SIZE });
});

test('of a piece that is here in part, only the missing ranges are asked for, into the slot that is filled', () => {
  const stage = new LocalStage({ pieces: 2 });
  stage.find([0, 200 * KIB, 1], [210 * KIB, 200 * KIB, 2]);
  const requests = stage.join().requests.filter(({ piece }) => piece === 0);
  assert.deepEqual(
    requests.map(({ begin, length }) => [begin, length]),
    [
      [200 * KIB, 10 * KIB],
      [410 * KIB, 102 * KIB],
    ],
  );
  const [fill] = fillsIn(stage.effects);
  assert.ok(fill !== undefined && requests.every(({ slots: [slot] }) => slot === fill.slot));
  for (const request of requests) assert.deepEqual(storedIn(stage.arrive(request)), []);
  assert.deepEqual(storedIn(stage.fill(fill)), [0]);
  stage.verify(0);
  assert.equal(stage.have.has(0), true);
});

test('a slot of a peer that has gone is not used again before the disk has written into it', () => {
  const stage = new LocalStage({ pieces: 1 + 1 });
  stage.find([0, PIECE_SIZE - 1_000, 5]);
  const { connection } = stage.join();
  const [fill] = fillsIn(stage.effects);
  assert.ok(fill !== undefined);
  stage.lose(connection);
  assert.equal(stage.freeSlots, stage.slots.capacity - 1);
  stage.fill(fill);
  assert.equal(stage.freeSlots, stage.slots.capacity);
  const { requests } = stage.join();
  assert.ok(requests.some(({ piece }) => piece === 0));
});

test('a range that a peer refuses leaves the piece to others', () => {
  const stage = new LocalStage({ pieces: 2 });
  stage.find([0, PIECE_SIZE - 1_000, 5]);
  const request = stage.join().requests.find(({ piece }) => piece === 0);
  const [fill] = fillsIn(stage.effects);
  assert.ok(request !== undefined && fill !== undefined);
  stage.reject(request);
  assert.deepEqual(storedIn(stage.fill(fill)), []);
  const other = stage.join([0]);
  assert.deepEqual(
    other.requests.map(({ piece, length }) => [piece, length]),
    [[0, 1_000]],
  );
});

test('a disk that does not answer is not waited for', () => {
  const stage = new LocalStage({ pieces: 80 });
  const fills = stage.find(pieces(0, 79));
  const { requests } = stage.join();
  stage.serve(requests);
  assert.deepEqual(asked(requests), [79]);
  stage.pass(LOCAL_PATIENCE_MS + 500);
  stage.serve(requestsIn(stage.effects).filter(({ piece }) => !stage.have.has(piece)));
  assert.equal(stage.have.isComplete, true, 'peers bring also what the disk was asked for');
  // Its answers come to nothing, and the download ends.
  for (const fill of fills) stage.fill(fill);
  assert.equal(stage.freeSlots, stage.slots.capacity);
});

test('under a download limit the ranges of a piece are asked for block by block', () => {
  const stage = new LocalStage({ pieces: 2, pacer: new Pacer(64 * KIB) });
  stage.find([0, 300 * KIB, 1], [350 * KIB, 100 * KIB, 2]);
  const { connection } = stage.join([0]);
  const open = [...requestsIn(stage.effects)];
  const seen: (readonly [number, number])[] = [];
  for (let round = 0; round < 200 && seen.reduce((sum, [, length]) => sum + length, 0) < 112 * KIB; round += 1) {
    for (const request of open.splice(0)) {
      seen.push([request.begin, request.length]);
      open.push(...requestsIn(stage.arrive(request)));
    }
    open.push(...requestsIn(stage.pass(250)));
  }
  const covered = new Set<number>();
  for (const [begin, length] of seen)
    for (let at = begin; at < begin + length; at += KIB) {
      assert.ok(!covered.has(at), 'no byte is asked for twice');
      covered.add(at);
    }
  assert.ok([...covered].every((at) => (at >= 300 * KIB && at < 350 * KIB) || at >= 450 * KIB));
  assert.equal(covered.size, 112);
  const [fill] = fillsIn(stage.effects);
  assert.ok(fill !== undefined);
  assert.deepEqual(storedIn(stage.fill(fill)), [0]);
  assert.ok(connection > 0);
});

test('a run holds no piece that is here in part', () => {
  const stage = new LocalStage({ pieces: 64 });
  stage.find([10 * PIECE_SIZE, PIECE_SIZE - 1_000, 1]);
  const open = [...stage.join(undefined, 1, true).requests];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    stage.nowMs += 1;
    open.push(...requestsIn(stage.arrive(next)));
    if (next.piece === 10) continue;
    open.push(...requestsIn(stage.stored(next)));
  }
  assert.equal(stage.have.count, 63);
  for (const { piece, begin, length } of requestsIn(stage.effects)) {
    const last = piece + Math.ceil((begin + length) / PIECE_SIZE) - 1;
    if (piece <= 10 && last >= 10) assert.deepEqual([piece, length], [10, 1_000]);
  }
  assert.ok(requestsIn(stage.effects).some(({ slots }) => slots.length > 1));
});

test('a stopped download waits for what is being read into its slots', () => {
  const stage = new LocalStage({ pieces: 40 });
  const fills = stage.find(pieces(0, 39));
  assert.ok(!stage.post({ kind: 'stop' }).some(({ kind }) => kind === 'ended'));
  const ends = fills.flatMap((fill) => stage.fill(fill));
  assert.ok(ends.some(({ kind }) => kind === 'ended'));
});

test('without a plan nothing is read', () => {
  const stage = new LocalStage({ pieces: 8 });
  stage.serve(stage.join().requests);
  assert.equal(stage.have.isComplete, true);
  assert.ok(!stage.effects.some(({ kind }) => kind === 'fill' || kind === 'reused'));
  assert.equal(bytesAsked(stage), stage.geometry.size);
});
