// What an overview says of files that are being hashed.

import assert from 'node:assert/strict';
import test from 'node:test';
import { AS_IT_IS } from '../../src/client/messages.js';
import { entryOf, eventsIn, PIECES, SIZE, Stage } from './stage.js';

/** Of each row its name, state, and pieces that are there or hashed. */
function overviewOf(stage: Stage): readonly (readonly [string, string, number])[] {
  const [told] = eventsIn(stage.command({ kind: 'overview' }));
  assert.ok(told?.kind === 'overviewListed');
  return told.rows.map(({ name, state, have }) => [name, state, have] as const);
}

/** A share that is being hashed; answers the number of its question. */
function hashing(stage: Stage, name: string, done: number): number {
  const { path, mtorrentPath } = entryOf(name);
  const [effect] = stage.command({ kind: 'share', ...AS_IT_IS, path, mtorrentPath });
  assert.ok(effect?.kind === 'prepareShare');
  const { ask } = effect;
  assert.deepEqual(
    stage.post({ kind: 'shareProgressed', ask, path, mtorrentPath, size: SIZE, pieces: PIECES, done }),
    [],
  );
  return ask;
}

test('a share shows how far its hashing is, until that is done or has failed', () => {
  const stage = new Stage();
  const [first, second] = [hashing(stage, 'a', 3), hashing(stage, 'b', 0)];
  assert.deepEqual(overviewOf(stage), [
    ['a', 'hashing', 3],
    ['b', 'hashing', 0],
  ]);
  assert.deepEqual(stage.rows(), [], 'neither is in the library yet');
  stage.post({ kind: 'shareHashed', ask: first, entry: entryOf('a', 1) });
  assert.deepEqual(overviewOf(stage), [['b', 'hashing', 0]]);
  stage.post({ kind: 'prepareFailed', ask: second, refusal: { code: 'FILE_CHANGED', sentence: 'it changed' } });
  assert.deepEqual(overviewOf(stage), []);
});

test('a file that is verified shows how far that is, once, whether it is shared or missing', () => {
  const stage = new Stage();
  const shared = stage.seeding(entryOf('shared', 1));
  const missing = stage.seeding(entryOf('missing', 1));
  stage.post({ kind: 'serve', event: { kind: 'serveFailed', file: missing, path: '/files/missing', errno: 'EIO' } });
  assert.deepEqual(overviewOf(stage), [['missing', 'missing', PIECES]]);
  for (const [file, name] of [
    [shared, 'shared'],
    [missing, 'missing'],
  ] as const) {
    stage.command({ kind: 'verify', name });
    stage.post({ kind: 'verifyProgressed', file, done: 4 });
  }
  assert.deepEqual(overviewOf(stage), [
    ['shared', 'hashing', 4],
    ['missing', 'hashing', 4],
  ]);
  for (const file of [shared, missing]) {
    const result = { kind: 'failed', refusal: { code: 'CANCELLED', sentence: 'it was cancelled' } } as const;
    stage.post({ kind: 'hashedAgain', file, result });
  }
  assert.deepEqual(overviewOf(stage), [['missing', 'missing', PIECES]]);
});

test('a download that is verified goes on showing itself', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('film'));
  stage.command({ kind: 'verify', name: 'film' });
  stage.post({ kind: 'verifyProgressed', file, done: 4 });
  assert.deepEqual(overviewOf(stage), [['film', 'downloading', 0]]);
});
