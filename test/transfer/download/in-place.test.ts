// Pieces that may lie in the `.part` already, in the download machine: verified there without a write while peers send
// the others, read or fetched where they are not right, and left to peers where the disk does not answer.

import assert from 'node:assert/strict';
import test from 'node:test';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import type { DownloadEffect } from '../../../src/transfer/download/effects.js';
import { IN_PLACE_PIECES, IN_PLACE_TASKS_MAX, LOCAL_PATIENCE_MS } from '../../../src/transfer/download/limits.js';
import { ReusePlanBuilder } from '../../../src/transfer/storage/reuse/plan.js';
import { requestsIn, Stage, type StageOptions } from './stage.js';

type Look = Extract<DownloadEffect, { kind: 'look' }>;

const looksIn = (effects: readonly DownloadEffect[]): readonly Look[] =>
  effects.flatMap((effect) => (effect.kind === 'look' ? [effect] : []));
const piecesIn = (looks: readonly Look[]): readonly number[] =>
  looks.flatMap(({ first, count }) => Array.from({ length: count }, (_, at) => first + at));
const asked = (effects: readonly DownloadEffect[]): readonly number[] => [
  ...new Set(requestsIn(effects).flatMap(({ piece, slots }) => slots.map((_, at) => piece + at))),
];

class PlacedStage extends Stage {
  constructor(options: StageOptions) {
    super(options);
    this.post({ kind: 'wake' });
  }

  /** A source has pieces from 0 on, of which these may lie in the part. */
  place(count: number, placed: readonly number[]): readonly DownloadEffect[] {
    const builder = new ReusePlanBuilder();
    const source = builder.source({ path: '/old', size: 1e9, mtimeMs: 1, group: 0 });
    builder.run({ begin: 0, length: Math.min(count * PIECE_SIZE, this.geometry.size), source, offset: 0 });
    const bits = new Bitfield(this.geometry.pieceCount);
    for (const piece of placed) bits.set(piece);
    return this.post({ kind: 'sourcesFound', plan: builder.build(), firstGroup: 0, placed: bits });
  }

  answer({ first, count }: Look, isRight: (piece: number) => boolean = () => true): readonly DownloadEffect[] {
    return this.post({
      kind: 'looked',
      first,
      areRight: Array.from({ length: count }, (_, at) => isRight(first + at)),
    });
  }

  /** Every look is answered until there is none any more. Answers what was looked at. */
  lookThrough(looks: readonly Look[], isRight?: (piece: number) => boolean): readonly number[] {
    const open = [...looks];
    for (const next of open) open.push(...looksIn(this.answer(next, isRight)));
    return piecesIn(open);
  }
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

test('pieces that lie in the part are had when they were verified there: nothing is read, written or fetched', () => {
  const stage = new PlacedStage({ pieces: 40 });
  const looks = looksIn(stage.place(40, upTo(40)));
  assert.equal(stage.have.count, 0, 'nothing is believed before');
  assert.deepEqual(stage.lookThrough(looks), upTo(40));
  assert.equal(stage.have.isComplete, true);
  assert.ok(!stage.effects.some(({ kind }) => kind === 'fill' || kind === 'store' || kind === 'request'));
  const reused = stage.effects.find(({ kind }) => kind === 'reused');
  assert.ok(reused?.kind === 'reused');
  assert.deepEqual([reused.bytes, [...reused.groups]], [stage.geometry.size, [[0, stage.geometry.size]]]);
});

test('few looks are under way at once, each of a few pieces that lie side by side', () => {
  const stage = new PlacedStage({ pieces: 100 });
  const looks = looksIn(stage.place(100, [0, 1, 5, ...upTo(40).map((at) => 10 + at)]));
  assert.equal(looks.length, IN_PLACE_TASKS_MAX);
  assert.deepEqual(
    looks.map(({ first, count }) => [first, count]),
    [
      [0, 2],
      [5, 1],
      [10, IN_PLACE_PIECES],
      [10 + IN_PLACE_PIECES, IN_PLACE_PIECES],
    ],
  );
});

test('peers are asked for the others at the same time, and what a source has elsewhere is read', () => {
  const stage = new PlacedStage({ pieces: 12 });
  const effects = stage.place(6, [0, 1, 2, 3]);
  const fills = effects.flatMap((effect) => (effect.kind === 'fill' ? effect.fills : []));
  assert.deepEqual(
    fills.map(({ piece }) => piece),
    [4, 5],
  );
  stage.serve(stage.join().requests);
  assert.deepEqual(
    [...asked(stage.effects)].sort((a, b) => a - b),
    [6, 7, 8, 9, 10, 11],
  );
});

test('a piece that is wrong where it lies is read from its source, and where that is wrong, too, it is fetched', () => {
  const stage = new PlacedStage({ pieces: 9 });
  const looks = looksIn(stage.place(8, upTo(8)));
  const effects = looks.flatMap((look) => stage.answer(look, (piece) => piece !== 3));
  assert.equal(stage.have.has(3), false);
  const [fill] = effects.flatMap((effect) => (effect.kind === 'fill' ? effect.fills : []));
  assert.equal(fill?.piece, 3);
  stage.post({ kind: 'filled', fills: [{ slot: fill?.slot ?? 0, bad: undefined }] });
  stage.post({ kind: 'stored', pieces: [{ piece: 3, outcome: { kind: 'mismatch' } }] });
  const { requests } = stage.join();
  assert.deepEqual([...asked(requests)].sort(), [3, 8]);
  stage.serve(requests);
  assert.equal(stage.have.isComplete, true);
});

test('a piece that no plan has and is wrong where it lies is fetched', () => {
  const stage = new PlacedStage({ pieces: 12 });
  const looks = looksIn(stage.place(2, [8]));
  for (const look of looks) stage.answer(look, () => false);
  stage.serve(stage.join().requests);
  assert.ok(asked(stage.effects).includes(8));
});

test('a disk that does not answer is not waited for, and a late answer spoils nothing', () => {
  const stage = new PlacedStage({ pieces: 30 });
  const looks = looksIn(stage.place(29, upTo(29)));
  const { requests } = stage.join();
  assert.deepEqual(asked(requests), [29]);
  stage.serve(requests);
  stage.pass(LOCAL_PATIENCE_MS + 500);
  stage.serve(requestsIn(stage.effects).filter(({ piece }) => !stage.have.has(piece)));
  assert.equal(stage.have.isComplete, true);
  const isFinishing = (): boolean => stage.effects.some(({ kind }) => kind === 'finish');
  assert.equal(isFinishing(), false, 'a look that is under way may still write zeros');
  for (const [at, look] of looks.entries()) stage.answer(look, () => at % 2 === 0);
  assert.equal(isFinishing(), true);
});

test('a disk that answers again is looked at for what nobody was asked for meanwhile', () => {
  const stage = new PlacedStage({ pieces: 60 });
  const looks = looksIn(stage.place(60, upTo(60)));
  stage.pass(LOCAL_PATIENCE_MS + 500);
  assert.deepEqual(stage.lookThrough(looks).length, 60);
  assert.equal(stage.have.isComplete, true);
});

test('a stopped download waits for the looks that are under way, and begins none', () => {
  const stage = new PlacedStage({ pieces: 80 });
  const looks = looksIn(stage.place(79, upTo(79)));
  assert.ok(!stage.post({ kind: 'stop' }).some(({ kind }) => kind === 'ended'));
  const effects = looks.flatMap((look) => stage.answer(look));
  assert.deepEqual(looksIn(effects), []);
  assert.ok(effects.some(({ kind }) => kind === 'ended'));
  assert.equal(stage.have.count, piecesIn(looks).length, 'what they found is kept');
});

test('what a peer was asked for before is left to it', () => {
  const stage = new PlacedStage({ pieces: 4 });
  const { requests } = stage.join();
  assert.ok(requests.length > 0);
  const looks = looksIn(stage.place(4, upTo(4)));
  assert.ok(piecesIn(looks).every((piece) => !asked(requests).includes(piece)));
});
