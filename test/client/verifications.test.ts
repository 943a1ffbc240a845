// `verify` in the client's machine: what is done about bad pieces in every phase that a file can be in. A test plays
// disk and threads.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ClientEffect, Found, HashedAgain } from '../../src/client/effects.js';
import type { PieceRange } from '../../src/foundation/torrent/bitfield.js';
import { NO_TOTALS } from '../../src/transfer/storage/part/totals.js';
import { answers, entryOf, eventsIn, failedBy, kinds, PIECES, SIZE, Stage, saved, sentences } from './stage.js';

const FOUND: Found = { size: SIZE, mtimeMs: 1, changedMs: 2, metainfoMtimeMs: 3 };
const BAD: readonly PieceRange[] = [[2, 3]];

function hashed(bad: readonly PieceRange[], claimed = PIECES, found = FOUND): Extract<HashedAgain, { kind: 'hashed' }> {
  return { kind: 'hashed', claimed, bad, found };
}

function judged(stage: Stage, file: number, result: HashedAgain): readonly ClientEffect[] {
  return stage.post({ kind: 'hashedAgain', file, result });
}

/** `good/pieces` of the answer to `verify`, and its bad ranges. */
function verified(effects: readonly ClientEffect[]): readonly unknown[] {
  return eventsIn(effects).flatMap((event) =>
    event.kind === 'verified' ? [`${event.good}/${event.pieces}`, ...event.bad] : [],
  );
}

/** A download that is paused with all its pieces known. */
function paused(stage: Stage): number {
  const file = stage.downloading(entryOf('a'));
  stage.command({ kind: 'pause', name: 'a' });
  stage.stopped(file);
  assert.deepEqual(stage.states(), { a: 'paused' });
  return file;
}

test('a file that is right stays as it is, and is verified once at a time', () => {
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 1));
  assert.deepEqual(kinds(stage.command({ kind: 'verify', name: 'a' })), ['hashAgain']);
  assert.deepEqual(answers(stage.command({ kind: 'verify', name: 'a' })), ['INVALID_ARGUMENTS']);
  const effects = judged(stage, file, hashed([]));
  assert.deepEqual(kinds(effects), ['tell verified']);
  assert.deepEqual(verified(effects), [`${PIECES}/${PIECES}`]);
  assert.deepEqual(kinds(stage.command({ kind: 'verify', name: 'a' })), ['hashAgain']);
  assert.deepEqual(answers(stage.command({ kind: 'verify', name: 'b' })), ['FILE_NOT_FOUND']);
});

test('a complete file with bad pieces is withdrawn before the answer, and never believed by its time stamp again', () => {
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 1));
  stage.command({ kind: 'verify', name: 'a' });
  const effects = judged(stage, file, hashed(BAD));
  assert.deepEqual(kinds(effects), ['unserve', 'announce withdraw', 'tell notice', 'saveLibrary', 'tell verified']);
  assert.deepEqual(verified(effects), [`${PIECES - 3}/${PIECES}`, [2, 3]]);
  assert.match(sentences(effects), /\/files\/a has 3 bad pieces; it is no longer shared/);
  assert.deepEqual(stage.states(), { a: 'missing' });
  assert.deepEqual(saved(effects)?.[0]?.completeness, { kind: 'rotten' });
});

test('a missing file that verify finds right is shared again, unless it changed meanwhile', () => {
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 1));
  stage.command({ kind: 'verify', name: 'a' });
  judged(stage, file, hashed(BAD));
  stage.command({ kind: 'verify', name: 'a' });
  assert.deepEqual(kinds(judged(stage, file, { ...hashed([]), found: undefined })), ['tell verified']);
  stage.command({ kind: 'verify', name: 'a' });
  const effects = judged(stage, file, hashed([], PIECES, { ...FOUND, mtimeMs: 9 }));
  assert.deepEqual(kinds(effects), ['tell notice', 'serve', 'announce register', 'saveLibrary', 'tell verified']);
  assert.deepEqual(saved(effects)?.[0]?.completeness, { kind: 'complete', mtimeMs: 9 });
  assert.deepEqual(stage.states(), { a: 'seeding' });
});

test('a running download with bad pieces is withdrawn and let go, mended, and goes on', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  assert.deepEqual(kinds(stage.command({ kind: 'verify', name: 'a' })), ['hashAgain']);
  assert.deepEqual(kinds(judged(stage, file, hashed(BAD, 6))), ['unserve', 'announce withdraw', 'stopDownload']);
  const [mend, ...more] = stage.stopped(file);
  assert.deepEqual(mend?.kind === 'mend' && mend.bad, BAD);
  assert.deepEqual(more, []);
  assert.deepEqual(stage.states(), { a: 'checking' });
  const effects = stage.post({ kind: 'mended', file, have: 3 });
  assert.deepEqual(kinds(effects), ['tell notice', 'tell verified', 'openPart']);
  assert.deepEqual(verified(effects), [`3/${PIECES}`, [2, 3]]);
  assert.deepEqual(kinds(stage.post({ kind: 'partOpened', file, have: 3, totals: NO_TOTALS })), [
    'serve',
    'announce register',
    'startDownload',
  ]);
});

test('a paused download is mended where it is, served again and stays paused', () => {
  const stage = new Stage();
  const file = paused(stage);
  stage.command({ kind: 'verify', name: 'a' });
  assert.deepEqual(kinds(judged(stage, file, hashed(BAD, 6))), ['unserve', 'announce withdraw', 'mend']);
  assert.deepEqual(kinds(stage.post({ kind: 'mended', file, have: 3 })), ['tell notice', 'tell verified', 'openPart']);
  assert.deepEqual(kinds(stage.post({ kind: 'partOpened', file, have: 3, totals: NO_TOTALS })), [
    'serve',
    'announce register',
    'releasePart',
  ]);
  assert.deepEqual(stage.states(), { a: 'paused' });
});

test('a failed download is mended and stays failed, and a record that cannot be written fails it', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  const failed = failedBy(file, 'IO_ERROR', 'the disk is broken');
  stage.post(failed);
  stage.command({ kind: 'verify', name: 'a' });
  judged(stage, file, hashed(BAD, 6));
  stage.post({ kind: 'mended', file, have: 3 });
  assert.deepEqual(stage.states(), { a: 'failed' });
  stage.command({ kind: 'verify', name: 'a' });
  judged(stage, file, hashed([[0, 1]], 3));
  const refusal = { code: 'DISK_FULL', sentence: 'no room' } as const;
  const effects = stage.post({ kind: 'mendFailed', file, refusal });
  assert.deepEqual(answers(effects), ['DISK_FULL']);
  assert.match(sentences(effects), /could not be recorded: no room; check that disk, then verify it again/);
});

test('a file in a passing phase is verified when that is over', () => {
  const stage = new Stage();
  stage.get(entryOf('a'));
  assert.deepEqual(stage.command({ kind: 'verify', name: 'a' }), []);
  assert.deepEqual(kinds(stage.post({ kind: 'partOpened', file: 1, have: 0, totals: NO_TOTALS })), [
    'serve',
    'announce register',
    'startDownload',
    'hashAgain',
  ]);
});

test('a download that completes while its bad pieces are found is never shared', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  stage.command({ kind: 'verify', name: 'a' });
  stage.post({ kind: 'download', event: { kind: 'completed', file, received: SIZE, wasted: 0 } });
  assert.deepEqual(kinds(judged(stage, file, hashed(BAD, 6))), ['unserve', 'announce withdraw', 'stopDownload']);
  const effects = stage.post({ kind: 'completedSeen', file, mtimeMs: 5 });
  assert.deepEqual(kinds(effects), ['tell failed', 'tell notice', 'saveLibrary', 'tell verified']);
  assert.deepEqual(stage.states(), { a: 'missing' });
  assert.deepEqual(saved(effects)?.[0]?.completeness, { kind: 'rotten' });
});

test('a download that fails while it is let go is mended all the same', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  stage.command({ kind: 'verify', name: 'a' });
  judged(stage, file, hashed(BAD, 6));
  const event = failedBy(file, 'DISK_FULL', 'no room', 'ENOSPC');
  assert.deepEqual(kinds(stage.post(event)), ['tell stalled', 'mend']);
  assert.deepEqual(kinds(stage.post({ kind: 'mended', file, have: 3 })), ['tell notice', 'tell verified', 'openPart']);
});

test('a file that is removed while it is verified is gone, and both are answered', () => {
  for (const when of ['hashing', 'letting go', 'mending'] as const) {
    const stage = new Stage();
    const file = stage.downloading(entryOf('a'));
    stage.command({ kind: 'verify', name: 'a' });
    if (when !== 'hashing') judged(stage, file, hashed(BAD, 6));
    if (when === 'mending') stage.stopped(file);
    stage.command({ kind: 'remove', name: 'a', force: true, content: false });
    const end = when === 'mending' ? stage.post({ kind: 'mended', file, have: 3 }) : stage.stopped(file);
    assert.ok(kinds(end).includes('deleteFiles'), when);
    // The answer may come with the next input.
    const rest = [...end, ...stage.post({ kind: 'wake' })];
    assert.deepEqual(answers(rest), ['FILE_NOT_FOUND'], when);
    assert.match(sentences(rest), /was removed while it was being verified/);
    assert.deepEqual(judged(stage, file, hashed(BAD, 6)), [], 'a late answer');
    assert.deepEqual(stage.states(), {});
  }
});

test('pause and resume hold while bad pieces are mended', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  stage.command({ kind: 'verify', name: 'a' });
  judged(stage, file, hashed(BAD, 6));
  stage.stopped(file);
  assert.deepEqual(answers(stage.command({ kind: 'pause', name: 'a' })), ['accepted PAUSED']);
  stage.post({ kind: 'mended', file, have: 3 });
  stage.post({ kind: 'partOpened', file, have: 3, totals: NO_TOTALS });
  assert.deepEqual(stage.states(), { a: 'paused' });
});

test('a client that closes ends what is being mended first, and begins no verification', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  stage.get(entryOf('b'));
  stage.command({ kind: 'verify', name: 'b' });
  stage.command({ kind: 'verify', name: 'a' });
  judged(stage, file, hashed(BAD, 6));
  stage.command({ kind: 'quit' });
  assert.ok(kinds(stage.stopped(file)).includes('mend'));
  stage.post({ kind: 'partOpened', file: 2, have: 0, totals: NO_TOTALS });
  const end = stage.post({ kind: 'mended', file, have: 3 });
  assert.deepEqual(kinds(end), ['tell notice', 'tell verified', 'saveLibrary', 'halt']);
  assert.equal(kinds(stage.effects).filter((kind) => kind === 'hashAgain').length, 1);
});

test('of very many bad ranges some are told, and that there are more', () => {
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 1));
  stage.command({ kind: 'verify', name: 'a' });
  const bad = Array.from({ length: 300 }, (_, at): PieceRange => [2 * at, 1]);
  const [told] = eventsIn(judged(stage, file, hashed(bad, 1_000))).filter(({ kind }) => kind === 'verified');
  assert.ok(told?.kind === 'verified' && told.bad.length === 256 && told.more && told.good === 700);
});
