// A download of some entries of a folder: what it fetches, what it offers, and when it is complete.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import type { PartialChoice } from '../../../src/transfer/download/requests/own-pieces.js';
import { kinds, requestsIn, Stage } from './stage.js';

const PIECES = 8;

function bits(...pieces: readonly number[]): Bitfield {
  const made = new Bitfield(PIECES);
  for (const piece of pieces) made.set(piece);
  return made;
}

function stageOf(wanted: readonly number[], whole: readonly number[], done: readonly number[] = []) {
  const choice: PartialChoice = { wanted: bits(...wanted), whole: bits(...whole), done: bits(...done) };
  const have = done.filter((piece) => whole.includes(piece));
  return { stage: new Stage({ pieces: PIECES, have, choice }), choice };
}

test('only wanted pieces are fetched, and the download is complete with them', () => {
  const { stage, choice } = stageOf([1, 2, 5], [2]);
  stage.serve(stage.join().requests);
  const asked = requestsIn(stage.effects).map(({ piece }) => piece);
  assert.deepEqual([...asked].sort(), [1, 2, 5]);
  assert.deepEqual(
    [...choice.done.ranges()],
    [
      [1, 2],
      [5, 1],
    ],
  );
  assert.ok(kinds(stage.effects).includes('finish'));
});

test('peers are told of whole pieces alone, and the shared bitfield has no other', () => {
  const { stage } = stageOf([1, 2, 5], [2]);
  stage.serve(stage.join().requests);
  const told = stage.effects.flatMap((effect) => (effect.kind === 'tellHaves' ? effect.ranges : []));
  assert.deepEqual(told, [[2, 1]]);
  assert.deepEqual([...stage.have.ranges()], [[2, 1]]);
});

test('what was done before is not fetched again, offered or not', () => {
  const { stage } = stageOf([1, 2, 5], [2, 5], [1, 2]);
  stage.serve(stage.join().requests);
  assert.deepEqual(
    requestsIn(stage.effects).map(({ piece }) => piece),
    [5],
  );
});

test('a choice without bytes is finished without any peer', () => {
  const { stage } = stageOf([], []);
  assert.ok(kinds(stage.post({ kind: 'wake' })).includes('finish'));
});

test('progress counts the wanted pieces that are done, whatever else lies there', () => {
  const { stage } = stageOf([1, 2, 5], [2], [1, 7]);
  const [progress] = stage.post({ kind: 'wake' }).filter(({ kind }) => kind === 'progressed');
  assert.ok(progress?.kind === 'progressed');
  assert.equal(progress.have, 1);
});

test('a peer that has only what was left out is no help: others are looked for', () => {
  const { stage } = stageOf([1, 2], [1, 2]);
  const { requests } = stage.join([0, 3, 4, 5, 6, 7]);
  assert.deepEqual(requests, []);
  assert.ok(kinds(stage.pass(30_000)).includes('peersNeeded'));
});

test('a wanted piece that is not whole is asked for twice in the endgame, as any other', () => {
  const { stage } = stageOf([4], []);
  const slow = stage.join();
  assert.equal(slow.requests.length, 1);
  const other = stage.join();
  const again = [...other.requests, ...requestsIn(stage.pass(120_000))];
  assert.ok(again.some(({ piece, connection }) => piece === 4 && connection === other.connection));
});
