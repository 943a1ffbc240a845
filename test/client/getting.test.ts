// What a get leads to when the same content, or its place, is known already.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChosenBeside } from '../../src/foundation/torrent/folder/choice.js';
import { answers, entryOf, kinds, PIECES, SIZE, Stage, saved, sentences } from './stage.js';

const AT_TARGET = { size: SIZE, mtimeMs: 5 };
const ROOM = 100 * SIZE;

/** A get whose target is not free. */
function getOver(stage: Stage, name: string, there = AT_TARGET): ReturnType<Stage['post']> {
  return stage.get(entryOf(name), ROOM, 1, { there });
}

/** Its target was hashed and is whole. */
function judgedWhole(stage: Stage, name: string, more = {}, chosen: ChosenBeside = 'same'): ReturnType<Stage['post']> {
  return stage.post({ kind: 'targetJudged', ask: 9, entry: entryOf(name, 5, more), chosen, mtimeMs: 5 });
}

test('FC-08: a target that is not free is hashed; when it is whole, the get has succeeded, and it is shared', () => {
  const stage = new Stage();
  assert.deepEqual(kinds(getOver(stage, 'a')), ['judgeTarget']);
  const whole = judgedWhole(stage, 'a');
  assert.deepEqual(kinds(whole), ['serve', 'announce register', 'saveLibrary', 'tell accepted', 'tell completed']);
  assert.deepEqual(answers(whole), ['accepted /files/a']);
  assert.deepEqual([stage.states(), stage.rows()[0]?.have], [{ a: 'seeding' }, PIECES]);
});

test('FC-08: a shared file that is as it was recorded is not hashed for a get; a touched one is', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 5));
  assert.deepEqual(kinds(getOver(stage, 'a')), ['saveLibrary', 'tell accepted', 'tell completed']);
  for (const there of [
    { size: SIZE, mtimeMs: 6 },
    { size: SIZE - 1, mtimeMs: 5 },
  ])
    assert.deepEqual(kinds(getOver(stage, 'a', there)), ['judgeTarget']);
  assert.deepEqual(kinds(judgedWhole(stage, 'a')), ['saveLibrary', 'tell accepted', 'tell completed']);
});

test('FC-06: the same get again joins the download that runs, and resumes a paused one', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  assert.deepEqual(kinds(stage.get(entryOf('a'))), ['saveLibrary', 'tell accepted']);
  stage.command({ kind: 'pause', name: 'a' });
  stage.stopped(file);
  assert.deepEqual(stage.states(), { a: 'paused' });
  assert.deepEqual(kinds(stage.get(entryOf('a'))), ['saveLibrary', 'tell accepted', 'openPart']);
});

test('what a get named as sources stays with the download until it is complete; a later get may name others', () => {
  const stage = new Stage();
  const named = (...paths: readonly string[]) => ({ reuse: { paths, isOff: false } });
  const get = (more = {}) => saved(stage.get(entryOf('a', undefined, more)))?.[0]?.reuse;
  const file = stage.downloading(entryOf('a', undefined, named('/v1')));
  assert.deepEqual(get(), named('/v1').reuse, 'one that names nothing leaves them');
  assert.deepEqual(get(named('/v2', '/v3')), named('/v2', '/v3').reuse);
  assert.deepEqual(get({ reuse: { paths: [], isOff: true } }), { paths: [], isOff: true });
  assert.equal(get(), undefined, 'without --no-reuse other shares are used again');
  get(named('/v4'));
  const whole = saved(stage.complete(file));
  assert.deepEqual([whole?.length, whole?.[0] && 'reuse' in whole[0]], [1, false]);
});

test('a shared file whose place is free again is downloaded anew', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 5));
  const effects = stage.get(entryOf('a'));
  assert.match(sentences(effects), /\/files\/a is gone; it is downloaded again/);
  assert.deepEqual(answers(effects), ['accepted /files/a']);
  assert.deepEqual(stage.states(), { a: 'waiting' });
});

test('FC-06: a download that others completed is complete here, too', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  stage.command({ kind: 'pause', name: 'a' });
  stage.stopped(file);
  const whole = judgedWhole(stage, 'a');
  assert.deepEqual(answers(whole), ['accepted /files/a']);
  assert.deepEqual(stage.states(), { a: 'seeding' });
  // Found at its target only when its part was to be opened.
  stage.get(entryOf('b'));
  const found = stage.post({ kind: 'completedSeen', file: 3, mtimeMs: 7 });
  assert.deepEqual(kinds(found), ['serve', 'announce register', 'saveLibrary', 'tell completed']);
});

/** A folder whose files match. */
function folderOf(only: readonly string[], files: number, more = {}): object {
  return { folder: { only, except: [], files, bytes: SIZE }, ...more };
}

test('a get of some files of a folder that is shared whole succeeds where they are right, and changes nothing', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 5, folderOf([], 3)));
  const whole = judgedWhole(stage, 'a', folderOf(['x'], 1), 'fewer');
  assert.deepEqual(kinds(whole), ['tell accepted', 'tell completed']);
  const elsewhere = judgedWhole(stage, 'a', folderOf(['x'], 1, { path: '/files/b' }), 'other');
  assert.deepEqual(answers(elsewhere), ['accepted /files/b']);
  assert.deepEqual([stage.states(), stage.rows()[0]?.files], [{ a: 'seeding' }, 3]);
});

test('more files of a shared folder than before are looked at as after a start, and shared', () => {
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 5, folderOf(['x'], 1)));
  const whole = judgedWhole(stage, 'a', folderOf([], 3), 'more');
  assert.deepEqual(kinds(whole), [
    'unserve',
    'announce withdraw',
    'check',
    'saveLibrary',
    'tell accepted',
    'tell completed',
  ]);
  assert.deepEqual(saved(whole)?.[0]?.folder?.only, []);
  const found = stage.post({ kind: 'checked', file, result: { kind: 'complete', path: '/files/a', mtimeMs: 5 } });
  assert.deepEqual(kinds(found), ['serve', 'announce register', 'saveLibrary']);
  assert.equal(stage.rows()[0]?.files, 3);
  // The same by a share, which is of all files.
  const other = new Stage();
  other.seeding(entryOf('a', 5, folderOf(['x'], 1)));
  const shared = other.share(entryOf('a', 5, folderOf([], 3)));
  assert.deepEqual(kinds(shared), ['unserve', 'announce withdraw', 'check', 'saveLibrary', 'tell accepted']);
});

test('a get of other files than a download of its place is refused until that is complete; of fewer it joins it', () => {
  const stage = new Stage();
  stage.downloading(entryOf('a', undefined, folderOf(['x', 'y'], 2)));
  const get = (chosen: ChosenBeside) => stage.get(entryOf('a', undefined, folderOf(['x'], 1)), ROOM, 1, { chosen });
  assert.deepEqual(answers(get('fewer')), ['accepted /files/a']);
  for (const chosen of ['more', 'other'] as const) {
    const refused = get(chosen);
    assert.deepEqual(answers(refused), ['ALREADY_EXISTS']);
    assert.match(sentences(refused), /wait until it is complete, and run the same command again/);
  }
});

test('a get to a second place succeeds where the bytes are right, and otherwise says the copy that makes it succeed', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 5));
  const second = { path: "/files/b's" };
  const refused = stage.get(entryOf('a', null, second));
  assert.deepEqual(answers(refused), ['ALREADY_EXISTS']);
  assert.match(
    sentences(refused),
    /a is here already as \/files\/a; to have it at \/files\/b's as well, copy it with: cp -a \/files\/a \S*b\S*s\S* and run/,
  );
  assert.deepEqual(answers(judgedWhole(stage, 'a', second)), [`accepted ${second.path}`]);
  assert.equal(saved(stage.effects)?.[0]?.others[0]?.path, second.path);
  stage.downloading(entryOf('c'));
  assert.match(
    sentences(stage.get(entryOf('c', null, second))),
    /c is being downloaded to \/files\/c; once it is complete/,
  );
  assert.deepEqual(kinds(judgedWhole(stage, 'c', { path: '/files/d' })), ['tell accepted', 'tell completed']);
});

test('a place that holds another file by now is no longer shared as the former one', () => {
  const stage = new Stage();
  stage.seeding(entryOf('old', 5, { path: '/files/new' }));
  const whole = judgedWhole(stage, 'new');
  assert.match(sentences(whole), /\/files\/new has changed; it is no longer shared/);
  assert.equal(stage.states()['new'], 'seeding');
  stage.downloading(entryOf('later'));
  assert.deepEqual(answers(judgedWhole(stage, 'other', { path: '/files/later' })), ['ALREADY_EXISTS']);
});
