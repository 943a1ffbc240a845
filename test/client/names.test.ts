// The names of a swarm: several .mtorrent files and copies of one content, each remembered, each removed for itself;
// the trackers of all of them are told (FC-03, FC-04, FC-09).

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ClientEffect } from '../../src/client/effects.js';
import { namesOf, retracked, succeeding } from '../../src/client/files/names.js';
import type { Entry } from '../../src/client/files/record.js';
import { ENTRY_NAMES_MAX, LOOK_AGAIN_MS } from '../../src/client/limits.js';
import type { InfoDigest } from '../../src/foundation/torrent/info-text.js';
import { NO_TOTALS } from '../../src/transfer/storage/part/totals.js';
import { answers, entryOf, eventsIn, failedBy, kinds, Stage, saved, sentences } from './stage.js';

const MOVED = [
  { host: '192.0.2.8', port: 7000 },
  { host: '192.0.2.9', port: 7000 },
] as const;
/** A copy of `a`. */
const copyOf = (name: string, more: Partial<Entry> = {}): Entry =>
  entryOf('a', 1, { path: `/files/${name}`, mtorrentPath: `/torrents/${name}.mtorrent`, name, ...more });

test('FC-09: each .mtorrent and each copy is a row, and a file is found by every one of its names', () => {
  const stage = new Stage();
  stage.share(entryOf('a', 1));
  stage.share(copyOf('b'));
  assert.deepEqual(
    stage.rows().map(({ path, mtorrentPath }) => [path, mtorrentPath]),
    [
      ['/files/a', '/torrents/a.mtorrent'],
      ['/files/b', '/torrents/b.mtorrent'],
    ],
  );
  for (const name of ['b.mtorrent', '/torrents/b.mtorrent', '/files/b', 'a', '/files/a']) {
    const found = kinds(stage.command({ kind: 'find', name }));
    assert.deepEqual(found, ['tell listed'], name);
  }
});

test('FC-09: a copy that is gone is not the end: the check finds another one, which is served from then on', () => {
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 1));
  stage.share(copyOf('b'));
  const lost = stage.post({ kind: 'sourcesSeen', seen: [{ file, found: undefined }] });
  assert.deepEqual(kinds(lost), ['unserve', 'announce withdraw', 'check']);
  const found = stage.post({ kind: 'checked', file, result: { kind: 'complete', path: '/files/b', mtimeMs: 1 } });
  assert.deepEqual(kinds(found), ['tell notice', 'serve', 'announce register', 'saveLibrary']);
  assert.match(sentences(found), /\/files\/a is gone or has changed; b is shared from its copy \/files\/b now/);
  assert.equal(stage.rows()[0]?.path, '/files/b');
});

test('FC-09: of a folder that is shared no other copy is looked at, which says nothing of the one that is served', () => {
  const folder = { only: [], except: [], files: 1 };
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 1, { folder }));
  stage.share(copyOf('b', { folder }));
  stage.post({ kind: 'wake' });
  stage.nowMs += LOOK_AGAIN_MS;
  const look = stage.post({ kind: 'wake' }).find((effect) => effect.kind === 'lookAtSources');
  assert.deepEqual(look?.kind === 'lookAtSources' && look.sources, [[file, '/files/a', undefined, [], true]]);
});

test('FC-09: a file none of whose copies is right is missing, and all of them are looked at for its return', () => {
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 1));
  stage.share(copyOf('b'));
  stage.post({ kind: 'sourcesSeen', seen: [{ file, found: undefined }] });
  stage.post({ kind: 'checked', file, result: { kind: 'unusable', sentence: 'gone', found: undefined } });
  stage.post({ kind: 'wake' });
  stage.nowMs += LOOK_AGAIN_MS;
  const look = stage.post({ kind: 'wake' }).find((effect) => effect.kind === 'lookAtSources');
  assert.deepEqual(look?.kind === 'lookAtSources' && look.sources, [
    [file, '/files/a', '/torrents/a.mtorrent', ['/files/b']],
  ]);
});

test('FC-09: each name is removed for itself; the swarm is withdrawn with the last one', () => {
  const stage = new Stage();
  stage.share(entryOf('a', 1));
  stage.share(copyOf('b'));
  const first = stage.command({ kind: 'remove', name: 'a.mtorrent', force: false, content: false });
  // The copy that was served goes with its name; the other one is checked before it is served.
  assert.deepEqual(kinds(first), ['unserve', 'announce withdraw', 'check', 'saveLibrary', 'deleteMetainfo']);
  const deletes = first.find((effect) => effect.kind === 'deleteMetainfo');
  assert.deepEqual(deletes?.kind === 'deleteMetainfo' && deletes.mtorrentPaths, ['/torrents/a.mtorrent']);
  assert.deepEqual(
    saved(first)?.flatMap((entry) => namesOf(entry).map(({ mtorrentPath }) => mtorrentPath)),
    ['/torrents/b.mtorrent'],
  );
  stage.post({ kind: 'checked', file: 1, result: { kind: 'complete', path: '/files/b', mtimeMs: 1 } });
  const last = stage.command({ kind: 'remove', name: 'b.mtorrent', force: false, content: false });
  assert.deepEqual(kinds(last), ['unserve', 'announce withdraw', 'saveLibrary', 'deleteFiles']);
});

test('FC-09: a second .mtorrent of the same copy is removed without a pause of its sharing', () => {
  const stage = new Stage();
  stage.share(entryOf('a', 1));
  stage.share(entryOf('a', 1, { mtorrentPath: '/torrents/second.mtorrent' }));
  for (const name of ['a.mtorrent', 'second.mtorrent'].slice(0, 1)) {
    const effects = stage.command({ kind: 'remove', name, force: false, content: false });
    assert.deepEqual(kinds(effects), ['saveLibrary', 'deleteMetainfo']);
  }
  assert.deepEqual(stage.states(), { a: 'seeding' });
});

test('an entry remembers its newest names, and its first one', () => {
  const stage = new Stage();
  stage.share(entryOf('a', 1));
  for (let at = 0; at < ENTRY_NAMES_MAX + 5; at += 1) stage.share(copyOf(`day${at}`));
  const rows = stage.rows().map(({ name }) => name);
  assert.equal(rows.length, ENTRY_NAMES_MAX);
  assert.deepEqual([rows[0], rows[1], rows.at(-1)], ['a', 'day6', `day${ENTRY_NAMES_MAX + 4}`]);
});

test('X2: other content shared at the same path makes what was there before missing at once, and is found by the path', () => {
  const stage = new Stage();
  stage.share(entryOf('a', 1));
  const effects = stage.share(entryOf('b', 2, { path: '/files/a' }));
  assert.match(sentences(effects), /\/files\/a has changed/);
  assert.deepEqual(stage.states(), { a: 'missing', b: 'seeding' });
  const [found] = stage.command({ kind: 'find', name: '/files/a' });
  assert.ok(found?.kind === 'tell' && found.event.kind === 'listed');
  assert.equal(found.event.rows[0]?.mtorrentPath, '/torrents/b.mtorrent');
});

test('X2: content whose path and whose .mtorrent are both taken by a new share leaves the library', () => {
  const stage = new Stage();
  stage.share(entryOf('a', 1));
  stage.share(entryOf('b', 2, { path: '/files/a', mtorrentPath: '/torrents/a.mtorrent' }));
  assert.deepEqual(stage.states(), { b: 'seeding' });
});

test('several files of one name: none is guessed, and the sentence says how to name each', () => {
  const stage = new Stage();
  stage.share(entryOf('a', 1, { name: 'x' }));
  stage.share(entryOf('b', 1, { name: 'x' }));
  const effects = stage.command({ kind: 'remove', name: 'x', force: false, content: false });
  assert.deepEqual(answers(effects), ['FILE_NOT_FOUND']);
  assert.match(sentences(effects), /several files are known as x.*\/torrents\/a\.mtorrent or \/torrents\/b\.mtorrent/);
});

test('FC-03: shared again with other trackers, it is announced to those as well; each .mtorrent that goes takes its pair along', () => {
  const stage = new Stage();
  stage.share(entryOf('a', 1));
  const again = stage.share(entryOf('a', 1, { mtorrentPath: '/torrents/two.mtorrent', trackers: MOVED }));
  assert.deepEqual(kinds(again), ['announce register', 'saveLibrary', 'tell accepted']);
  assert.ok(again[0]?.kind === 'announce' && again[0].trackers === MOVED);
  const removed = stage.command({ kind: 'remove', name: 'a.mtorrent', force: false, content: false });
  assert.deepEqual(kinds(removed), ['announce withdraw', 'saveLibrary', 'deleteMetainfo']);
  assert.ok(removed[0]?.kind === 'announce' && removed[0].trackers !== MOVED);
});

test('FC-04: an unfinished download asked for again goes on with the trackers that its .mtorrent names now', () => {
  const stage = new Stage();
  stage.downloading(entryOf('a'));
  const same = stage.get(entryOf('a'));
  assert.deepEqual([kinds(same), answers(same)], [['saveLibrary', 'tell accepted'], ['accepted /files/a']]);
  const moved = stage.get(entryOf('a', null, { trackers: MOVED }));
  assert.deepEqual(kinds(moved), [
    'announce withdraw',
    'announce register',
    'announce findSeeders',
    'saveLibrary',
    'tell accepted',
  ]);
  assert.deepEqual(stage.states(), { a: 'downloading' });
});

test('FC-04: a download that had failed begins again with the new trackers beside those of its other .mtorrent', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  stage.post(failedBy(file, 'IO_ERROR', 'x'));
  const again = stage.get(entryOf('a', null, { mtorrentPath: '/torrents/two.mtorrent', trackers: MOVED }));
  assert.deepEqual(answers(again), ['accepted /files/a']);
  const opened = stage.post({ kind: 'partOpened', file: 2, have: 1, totals: NO_TOTALS });
  assert.deepEqual(kinds(opened), ['serve', 'announce register', 'announce register', 'startDownload']);
});

test('a tracker that moved is replaced in every name; a pair never becomes one address twice', () => {
  const [from, other] = entryOf('a').trackers;
  const [to] = MOVED;
  const entry: Entry = { ...entryOf('a', 1), others: [{ ...copyOf('b'), trackers: [other, from] }] };
  assert.deepEqual(
    namesOf(retracked(entry, from, to) ?? entry).map(({ trackers }) => trackers),
    [
      [to, other],
      [other, to],
    ],
  );
  assert.equal(retracked(entry, to, from), undefined, 'it does not name it');
  assert.equal(retracked(entry, from, other), undefined, 'its other tracker is that one');
});

test('retrack moves every file that names the old tracker, and its announcements; the old pair is left', () => {
  const stage = new Stage();
  stage.share(entryOf('a', 1));
  stage.downloading(entryOf('b'));
  stage.share(entryOf('c', 1, { trackers: MOVED }));
  const [from, to] = ['192.0.2.1:7000', '192.0.2.7:7000'];
  const trial = stage.command({ kind: 'retrack', from, to, isTrial: true });
  assert.deepEqual(eventsIn(trial), [{ kind: 'retracked', ask: trialAsk(trial), files: 2, failures: [] }]);
  const effects = stage.command({ kind: 'retrack', from, to, isTrial: false });
  const replace = effects.find((effect) => effect.kind === 'replaceTracker');
  assert.deepEqual(replace?.kind === 'replaceTracker' && replace.metainfo.map(({ path }) => path), [
    '/torrents/a.mtorrent',
    '/torrents/b.mtorrent',
  ]);
  assert.deepEqual(kinds(effects), [
    'announce withdraw',
    'announce register',
    'announce withdraw',
    'announce register',
    'announce findSeeders',
    'saveLibrary',
    'replaceTracker',
  ]);
  assert.deepEqual(stage.unused.length, 1, 'nothing names the old pair');
  const none = stage.command({ kind: 'retrack', from, to: '192.0.2.6:7000', isTrial: false });
  assert.deepEqual(answers(none), ['FILE_NOT_FOUND']);
  assert.match(sentences(none), /no file here names the tracker 192\.0\.2\.1:7000/);
});

test('retrack asked again rewrites each .mtorrent that could not be rewritten when its file moved', () => {
  const stage = new Stage();
  stage.share(entryOf('a', 1));
  stage.share(entryOf('c', 1, { trackers: MOVED }));
  const [from, to] = ['192.0.2.1:7000', '192.0.2.7:7000'];
  stage.command({ kind: 'retrack', from, to, isTrial: false });
  const again = stage.command({ kind: 'retrack', from, to, isTrial: false });
  assert.deepEqual(kinds(again), ['replaceTracker'], 'nothing else has changed');
  const [replace] = again;
  assert.ok(replace?.kind === 'replaceTracker');
  assert.deepEqual([replace.moved, replace.metainfo.map(({ path }) => path)], [[], ['/torrents/a.mtorrent']]);
  const replaced = { kind: 'trackerReplaced', ask: replace.ask, named: replace.named, from: replace.from } as const;
  const done = stage.post({ ...replaced, files: 1, failures: [] });
  assert.deepEqual(eventsIn(done), [{ kind: 'retracked', ask: replace.ask, files: 1, failures: [] }]);
  const refused = stage.post({ ...replaced, files: 0, failures: ['it may not be written'] });
  assert.equal(eventsIn(refused)[0]?.kind, 'retracked');
  assert.deepEqual(answers(stage.post({ ...replaced, files: 0, failures: [] })), ['FILE_NOT_FOUND']);
});

test('retrack leaves a file alone whose other tracker is the new one, and says so', () => {
  const stage = new Stage();
  stage.share(entryOf('a', 1));
  const effects = stage.command({ kind: 'retrack', from: '192.0.2.1:7000', to: '192.0.2.2:7000', isTrial: false });
  assert.match(sentences(effects), /1 of 1 files name 192\.0\.2\.2:7000 as their other tracker/);
  const replace = effects.find((effect) => effect.kind === 'replaceTracker');
  assert.ok(replace?.kind === 'replaceTracker');
  const { ask, named, from } = replace;
  const done = stage.post({ kind: 'trackerReplaced', ask, named, from, files: 0, failures: [] });
  assert.deepEqual(eventsIn(done), [{ kind: 'retracked', ask, files: 0, failures: [] }], 'it is known, and stays');
});

function trialAsk(effects: readonly ClientEffect[]): number {
  const [event] = eventsIn(effects);
  assert.ok(event !== undefined && 'ask' in event);
  return event.ask;
}

function listings(effects: readonly ClientEffect[]): readonly (boolean | undefined)[] {
  return effects.flatMap((effect) =>
    effect.kind === 'announce' && effect.command.kind === 'register' ? [effect.command.isListed] : [],
  );
}

test('the last share of a content says whether it is listed, and every tracker hears it; a get says nothing of it', () => {
  const stage = new Stage();
  assert.deepEqual(listings(stage.share(entryOf('a', 1, { isListed: true }))), [true]);
  assert.deepEqual(listings(stage.share(copyOf('b', { isListed: true }))), [], 'nothing new');
  assert.deepEqual(listings(stage.share(copyOf('c', { isListed: false }))), [false]);
  assert.deepEqual(listings(stage.share(copyOf('d', { trackers: MOVED, isListed: true }))), [true, true]);
  assert.deepEqual(listings(stage.share(copyOf('e'))), [], 'as it was');
});

test('what takes the place of a share is listed as that was, unless its own share says otherwise', () => {
  const former = entryOf('a', 1, { isListed: true });
  assert.equal(succeeding(entryOf('b', 1), former).isListed, true);
  assert.equal(succeeding(entryOf('b', 1, { isListed: false }), former).isListed, false);
  assert.equal(succeeding(entryOf('b', 1), entryOf('a', 1)).isListed, undefined);
});

test('trackers are told of the .mtorrent that is served, and of another one when that takes its place', () => {
  const detailsOf = (digit: string) => ({ info: digit.repeat(64) as InfoDigest, listBytes: 0, files: 1 });
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 1, { details: detailsOf('1') }));
  stage.share(copyOf('b', { details: detailsOf('2') }));
  stage.post({ kind: 'sourcesSeen', seen: [{ file, found: undefined }] });
  const found = stage.post({ kind: 'checked', file, result: { kind: 'complete', path: '/files/b', mtimeMs: 1 } });
  const told = found.flatMap((effect) =>
    effect.kind === 'announce' && effect.command.kind === 'register' ? [effect.command] : [],
  );
  assert.deepEqual(
    told.map(({ name, details }) => [name, details?.info]),
    [['b', '2'.repeat(64)]],
  );
});
