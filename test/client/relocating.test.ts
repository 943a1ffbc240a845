// `relocate`: a share that was moved is served and recorded from where it was found right, and from nowhere else.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ClientEffect, JudgedMove, Move, Refusal } from '../../src/client/effects.js';
import { namesOf, relocated } from '../../src/client/files/names.js';
import { RELOCATE_FAILURES_MAX } from '../../src/client/messages.js';
import { answers, entryOf, eventsIn, kinds, Stage, saved, sentences } from './stage.js';

const wrong: Refusal = { code: 'VERIFICATION_FAILED', sentence: '/new/a differs from a; a stays recorded at /files/a' };

function judged(effects: readonly ClientEffect[]): Extract<ClientEffect, { readonly kind: 'judgeMoves' }> {
  const [judge] = effects;
  assert.ok(judge?.kind === 'judgeMoves');
  return judge;
}

/** Relocates, and plays the disk: `found` at every new place that may be looked at. */
function relocate(stage: Stage, from: string, to: string, isPrefix: boolean, refusal?: Refusal) {
  const { ask, moves } = judged(stage.command({ kind: 'relocate', from, to, isPrefix }));
  const found = (move: Move): JudgedMove['found'] => {
    const refused = move.refusal ?? refusal;
    return refused === undefined ? { kind: 'right', mtimeMs: 9 } : { kind: 'wrong', refusal: refused };
  };
  return stage.post({
    kind: 'movesJudged',
    ask,
    isPrefix,
    moves: moves.map((move) => ({ file: move.file, from: move.from, to: move.to, found: found(move) })),
  });
}

test('a share that was found right at its new place is served and recorded from there', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 5));
  const effects = relocate(stage, 'a', '/new/a', false);
  assert.deepEqual(
    kinds(effects).filter((kind) => kind === 'unserve' || kind === 'serve' || kind === 'tell relocated'),
    ['unserve', 'serve', 'tell relocated'],
  );
  const entry = saved(effects)?.[0];
  assert.equal(entry?.path, '/new/a');
  assert.deepEqual(entry?.completeness, { kind: 'complete', mtimeMs: 9 });
  assert.equal(stage.rows()[0]?.path, '/new/a');
});

test('a share that is missing because it was moved is served and announced again', () => {
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 5));
  stage.post({ kind: 'serve', event: { kind: 'serveFailed', file, path: '/files/a', errno: 'ENOENT' } });
  assert.deepEqual(stage.states(), { a: 'missing' });
  const done = kinds(relocate(stage, '/files/a', '/new/a', false));
  assert.ok(done.includes('serve') && done.includes('announce register'), done.join());
  assert.deepEqual(stage.states(), { a: 'seeding' });
});

test('what is not right at the new place changes nothing', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 5));
  const effects = relocate(stage, 'a', '/new/a', false, wrong);
  assert.deepEqual(kinds(effects), ['tell refused']);
  assert.equal(sentences(effects), wrong.sentence);
  assert.equal(stage.rows()[0]?.path, '/files/a');
});

test('an unfinished download, an unknown name and the target of another download are refused without a look', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 5));
  stage.downloading(entryOf('b'));
  const unfinished = relocate(stage, 'b', '/new/b', false);
  assert.deepEqual(answers(unfinished), ['NOT_COMPLETE']);
  assert.match(sentences(unfinished), /let it complete first, or remove it with --force and get it/);
  assert.deepEqual(answers(relocate(stage, 'a', '/files/b', false)), ['ALREADY_EXISTS']);
  const unknown = stage.command({ kind: 'relocate', from: 'c', to: '/new/c', isPrefix: false });
  assert.deepEqual(answers(unknown), ['FILE_NOT_FOUND']);
});

test('everything at or below a directory is relocated by one command, and nothing beside it', () => {
  const stage = new Stage();
  for (const path of ['/d', '/d/x', '/d/y/z', '/dx', '/e'])
    stage.seeding(entryOf(path.replaceAll('/', '-'), 5, { path }));
  stage.downloading(entryOf('part', null, { path: '/d/part' }));
  const [told] = eventsIn(relocate(stage, '/d', '/n', true)).slice(-1);
  assert.ok(told?.kind === 'relocated');
  assert.deepEqual([told.files, told.refused, told.failures.length], [3, 1, 1]);
  assert.deepEqual(
    stage.rows().map(({ path }) => path),
    ['/n', '/n/x', '/n/y/z', '/dx', '/e', '/d/part'],
  );
  assert.deepEqual(answers(stage.command({ kind: 'relocate', from: '/q', to: '/n', isPrefix: true })), [
    'FILE_NOT_FOUND',
  ]);
  assert.deepEqual(answers(stage.command({ kind: 'relocate', from: '/n', to: '/n', isPrefix: true })), [
    'INVALID_ARGUMENTS',
  ]);
});

test('the root directory can be the old place or the new one', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 5));
  relocate(stage, '/', '/mnt', true);
  assert.equal(stage.rows()[0]?.path, '/mnt/files/a');
  relocate(stage, '/mnt', '/', true);
  assert.equal(stage.rows()[0]?.path, '/files/a');
});

test('of very many that could not be relocated, a few are named and all are counted', () => {
  const stage = new Stage();
  for (let at = 0; at < 900; at += 1) stage.seeding(entryOf(`f${at}`, 5));
  const [told] = eventsIn(relocate(stage, '/files', '/new', true, wrong));
  assert.ok(told?.kind === 'relocated');
  assert.deepEqual([told.files, told.refused, told.failures.length], [0, 900, RELOCATE_FAILURES_MAX]);
});

test('a share that was removed while its new place was looked at stays removed', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 5));
  const { ask, moves } = judged(stage.command({ kind: 'relocate', from: 'a', to: '/new/a', isPrefix: false }));
  stage.command({ kind: 'remove', name: 'a', force: false, content: false });
  const effects = stage.post({
    kind: 'movesJudged',
    ask,
    isPrefix: false,
    moves: moves.map(({ file, from, to }) => ({ file, from, to, found: { kind: 'right', mtimeMs: 9 } })),
  });
  assert.deepEqual(answers(effects), ['FILE_NOT_FOUND']);
  assert.deepEqual(stage.rows(), []);
});

test('the other names of an entry keep their places', () => {
  const other = { ...entryOf('a', 5), mtorrentPath: '/other.mtorrent', path: '/copy/a' };
  const third = { ...entryOf('a', 5), mtorrentPath: '/third.mtorrent' };
  const { mtorrentPath, name, trackers, completeness } = entryOf('a', 5);
  const names = [other, third].map((one) => ({
    mtorrentPath: one.mtorrentPath,
    path: one.path,
    name,
    trackers,
    completeness,
  }));
  const entry = entryOf('a', 5, { others: names });
  assert.deepEqual(
    namesOf(relocated(entry, '/files/a', '/new/a', 9)).map((one) => [one.mtorrentPath, one.path]),
    [
      [mtorrentPath, '/new/a'],
      ['/other.mtorrent', '/copy/a'],
      ['/third.mtorrent', '/new/a'],
    ],
  );
  assert.equal(namesOf(relocated(entry, '/files/a', '/copy/a', 9)).length, 3);
});
