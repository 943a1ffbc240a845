// Retention among the files of a client's machine: what is looked at, what is withdrawn, and what a restart goes on
// with.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ClientEffect } from '../../../src/client/effects.js';
import type { Entry } from '../../../src/client/files/record.js';
import type { ClientEvent } from '../../../src/client/messages.js';
import { answers, entryOf, eventsIn, kinds, SIZE, Stage, saved, sentences } from '../stage.js';

const NEWEST = { versions: 1, days: 0, budget: 0 };

/** Downloaded to the end at this time. */
function fetched(stage: Stage, entry: Entry, atMs: number): number {
  const file = stage.downloading(entry);
  stage.post({ kind: 'download', event: { kind: 'completed', file, received: SIZE, wasted: 0 } });
  stage.post({ kind: 'completedSeen', file, mtimeMs: 5, fetched: { atMs, realPath: entry.path } });
  return file;
}

function looked(effects: readonly ClientEffect[]) {
  const look = effects.find((effect) => effect.kind === 'lookAtFetched');
  assert.ok(look?.kind === 'lookAtFetched');
  return look;
}

/** Plays the disk: every download is as it was, but for those that are held. */
function retain(stage: Stage, rules: typeof NEWEST, isTrial = false, holds: Readonly<Record<number, string>> = {}) {
  const { ask, rules: asked, downloads, isTrial: isOne } = looked(stage.command({ kind: 'retain', ...rules, isTrial }));
  const seen = downloads.map(({ file }) => ({ file, bytes: SIZE, hold: holds[file] }));
  return stage.post({ kind: 'fetchedSeen', ask, rules: asked, isTrial: isOne, nowMs: 1_000, seen });
}

function told(effects: readonly ClientEffect[]): Extract<ClientEvent, { kind: 'retained' }> {
  const event = eventsIn(effects).find(({ kind }) => kind === 'retained');
  assert.ok(event?.kind === 'retained');
  return event;
}

test('an older version is recorded as going, withdrawn, and then deleted; when that has ended it leaves the library', () => {
  const stage = new Stage();
  const old = fetched(stage, entryOf('app-1.0'), 1);
  fetched(stage, entryOf('app-1.1'), 2);
  const effects = retain(stage, NEWEST);
  assert.deepEqual(kinds(effects), ['unserve', 'announce withdraw', 'saveLibrary', 'retire', 'tell retained']);
  assert.equal(saved(effects)?.[0]?.isRetiring, true);
  assert.deepEqual(
    told(effects).rows.map(({ name, goes, why }) => [name, goes, why]),
    [
      ['app-1.0', true, '1 newer version of it is here'],
      ['app-1.1', false, 'it is the newest'],
    ],
  );
  const ended = stage.post({ kind: 'retired', file: old, kept: undefined });
  assert.deepEqual(saved(ended), []);
  assert.match(sentences(ended), /\/files\/app-1\.0 \(5\.0 MiB\) was deleted by the rules of retention: 1 newer/);
  assert.deepEqual(stage.states(), { 'app-1.1': 'seeding' });
});

test('a trial says the same and deletes nothing; without rules it is about those that are followed', () => {
  const stage = new Stage();
  fetched(stage, entryOf('app-1.0'), 1);
  fetched(stage, entryOf('app-1.1'), 2);
  const trial = retain(stage, NEWEST, true);
  assert.deepEqual([kinds(trial), told(trial).going], [['tell retained'], 1]);
  assert.equal(told(retain(stage, { days: 0, versions: 0, budget: 0 }, true)).versions, 0);
  retain(stage, { days: 30, versions: 5, budget: 0 });
  const { days, versions, going } = told(retain(stage, { days: 0, versions: 0, budget: 0 }, true));
  assert.deepEqual([days, versions, going], [30, 5, 0]);
});

test('a share is never looked at: not one that was made here, nor one that was shared after its download', () => {
  const stage = new Stage();
  stage.seeding(entryOf('app-1.0', 5));
  const mine = fetched(stage, entryOf('app-1.1'), 1);
  stage.share(entryOf('app-1.1', 5));
  fetched(stage, entryOf('app-1.2'), 2);
  const { downloads } = looked(stage.command({ kind: 'retain', ...NEWEST, isTrial: false }));
  assert.ok(!downloads.some(({ file }) => file === mine));
  assert.deepEqual(
    downloads.map(({ entry }) => entry.name),
    ['app-1.2'],
  );
});

test('a download that lay at its target already, an unfinished one and a relocated one are nobody’s to delete', () => {
  const stage = new Stage();
  stage.complete(stage.downloading(entryOf('app-1.0')));
  stage.downloading(entryOf('app-1.1'));
  const moved = fetched(stage, entryOf('app-1.2'), 1);
  const [judge] = stage.command({ kind: 'relocate', from: 'app-1.2', to: '/else/app-1.2', isPrefix: false });
  assert.ok(judge?.kind === 'judgeMoves');
  stage.post({
    kind: 'movesJudged',
    ask: judge.ask,
    isPrefix: false,
    moves: [{ file: moved, from: '/files/app-1.2', to: '/else/app-1.2', found: { kind: 'right', mtimeMs: 5 } }],
  });
  assert.deepEqual(looked(stage.command({ kind: 'retain', ...NEWEST, isTrial: true })).downloads, []);
});

test('a download stays its client’s over a restart, and is nobody’s to delete once its time is another one', () => {
  for (const [mtimeMs, count] of [
    [5, 1],
    [6, 0],
  ] as const) {
    const stage = new Stage();
    const before = { kind: 'complete', mtimeMs: 5, fetched: { atMs: 1, realPath: '/files/app-1.0' } } as const;
    const [check] = stage.post({ kind: 'loaded', entries: [entryOf('app-1.0', 5, { completeness: before })] });
    assert.ok(check?.kind === 'check');
    stage.post({ kind: 'checked', file: check.file, result: { kind: 'complete', path: '/files/app-1.0', mtimeMs } });
    assert.equal(looked(stage.command({ kind: 'retain', ...NEWEST, isTrial: false })).downloads.length, count);
  }
});

test('what the disk shows to be changed or open stays, with the reason', () => {
  const stage = new Stage();
  const old = fetched(stage, entryOf('app-1.0'), 1);
  fetched(stage, entryOf('app-1.1'), 2);
  const effects = retain(stage, NEWEST, false, { [old]: 'it is open in vlc (pid 7)' });
  assert.deepEqual(kinds(effects), ['tell retained']);
  assert.equal(told(effects).rows[0]?.why, 'it is open in vlc (pid 7)');
});

test('a download with several names stays', () => {
  const stage = new Stage();
  const first = entryOf('app-1.0');
  fetched(stage, first, 1);
  const copy = { path: '/other/app', mtorrentPath: '/torrents/second.mtorrent' };
  stage.share({ ...entryOf('app-1.0', 7), ...copy });
  fetched(stage, entryOf('app-1.1'), 2);
  for (const { name, goes } of told(retain(stage, NEWEST)).rows) assert.equal(goes, false, name);
});

test('after a kill in between the deletion goes on, and nothing of it is offered', () => {
  const stage = new Stage();
  const entry = entryOf('app-1.0', 5, { isRetiring: true });
  const effects = stage.post({ kind: 'loaded', entries: [entry] });
  assert.deepEqual(kinds(effects), ['retire']);
  const [retire] = effects;
  assert.ok(retire?.kind === 'retire');
  const ended = stage.post({ kind: 'retired', file: retire.file, kept: '/files/app-1.0 stays: it has changed' });
  assert.deepEqual([saved(ended), stage.states()], [[], {}]);
  assert.match(sentences(ended), /stays: it has changed/);
});

test('what could not be deleted is told once and tried again by the next round', () => {
  const stage = new Stage();
  const old = fetched(stage, entryOf('app-1.0'), 1);
  fetched(stage, entryOf('app-1.1'), 2);
  retain(stage, NEWEST);
  const refusal = { code: 'PERMISSION_DENIED', sentence: 'it may not be deleted' } as const;
  assert.match(sentences(stage.post({ kind: 'retireFailed', file: old, refusal })), /which is tried again: it may not/);
  const again = stage.command({ kind: 'retain', ...NEWEST, isTrial: false });
  assert.deepEqual(kinds(again), ['retire', 'lookAtFetched']);
  assert.deepEqual(stage.post({ kind: 'retireFailed', file: old, refusal }), []);
});

test('nothing is deleted while downloads are still checked after a start, nor while the client closes', () => {
  const stage = new Stage();
  const fetchedBefore = { kind: 'complete', mtimeMs: 5, fetched: { atMs: 1, realPath: '/files/app-1.0' } } as const;
  stage.post({ kind: 'loaded', entries: [entryOf('app-1.0', 5, { completeness: fetchedBefore })] });
  assert.deepEqual(answers(stage.command({ kind: 'retain', ...NEWEST, isTrial: false })), ['UNFINISHED']);
  const later = new Stage();
  fetched(later, entryOf('app-1.0'), 1);
  fetched(later, entryOf('app-1.1'), 2);
  const { ask, rules, downloads } = looked(later.command({ kind: 'retain', ...NEWEST, isTrial: false }));
  later.command({ kind: 'quit' });
  const seen = downloads.map(({ file }) => ({ file, bytes: SIZE, hold: undefined }));
  const effects = later.post({ kind: 'fetchedSeen', ask, rules, isTrial: false, nowMs: 1_000, seen });
  assert.ok(!kinds(effects).includes('retire'));
});

test('a budget that cannot be kept is told once, and again when it can', () => {
  const stage = new Stage();
  const old = fetched(stage, entryOf('a'), 1);
  fetched(stage, entryOf('b'), 2);
  const rules = { days: 0, versions: 0, budget: SIZE };
  const held = { [old]: 'it has changed since it was downloaded' };
  assert.match(sentences(retain(stage, rules, false, held)), /more than the disk-budget/);
  assert.equal(sentences(retain(stage, rules, false, held)), '');
  assert.match(sentences(retain(stage, { ...rules, budget: 3 * SIZE }, false, held)), /fit the disk-budget again/);
});
