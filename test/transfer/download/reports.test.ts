// What a download reports, and when: haves in batches of bounded size, the record every so often, nothing twice.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { HAVE_RANGES_MAX } from '../../../src/foundation/base/limits.js';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import { Layout } from '../../../src/foundation/torrent/layout.js';
import {
  HAVE_COMMON_MS,
  HAVE_RARE_MS,
  PART_SYNC_MS,
  RESUME_SAVE_MIN_MS,
  RESUME_SAVE_MS,
  RESUME_SAVE_PIECES,
} from '../../../src/transfer/download/limits.js';
import { Reports } from '../../../src/transfer/download/reports.js';
import { OwnPieces } from '../../../src/transfer/download/requests/own-pieces.js';

const reportsOf = (pieces: number): Reports => new Reports(new OwnPieces(new Bitfield(pieces)), new Layout(pieces));

function stored(reports: Reports, piece: number, isRare: boolean, nowMs: number): void {
  reports.pieceOffered(piece, isRare, nowMs);
  reports.pieceStored(piece, nowMs);
}

test('the first have is sent at once; what arrives within a batch of it is sent once, merged', () => {
  const reports = reportsOf(10);
  stored(reports, 7, false, 100);
  assert.equal(reports.havesDueMs, 100);
  assert.deepEqual(reports.due([], 100).at(0), { kind: 'tellHaves', ranges: [[7, 1]] });
  for (const piece of [4, 2, 3]) stored(reports, piece, false, 101);
  assert.equal(reports.havesDueMs, 100 + HAVE_COMMON_MS);
  assert.deepEqual(reports.due([], 100 + HAVE_COMMON_MS - 1), []);
  assert.deepEqual(reports.due([], 100 + HAVE_COMMON_MS), [{ kind: 'tellHaves', ranges: [[2, 3]] }]);
  assert.deepEqual(reports.tellHaves(), []);
  assert.equal(reports.havesDueMs, Number.POSITIVE_INFINITY);
});

test('haves that hold a rare piece wait for less than others', () => {
  const reports = reportsOf(10);
  stored(reports, 7, true, 100);
  assert.equal(reports.due([], 100).at(0)?.kind, 'tellHaves');
  stored(reports, 1, false, 101);
  assert.equal(reports.havesDueMs, 100 + HAVE_COMMON_MS);
  stored(reports, 2, true, 102);
  assert.equal(reports.havesDueMs, 100 + HAVE_RARE_MS);
  stored(reports, 3, false, 103);
  assert.deepEqual(reports.due([], 100 + HAVE_RARE_MS), [{ kind: 'tellHaves', ranges: [[1, 3]] }]);
  stored(reports, 4, true, 100 + HAVE_RARE_MS + HAVE_COMMON_MS);
  assert.equal(reports.havesDueMs, 100 + HAVE_RARE_MS + HAVE_COMMON_MS, 'nothing was told for long');
});

test('a batch of very many ranges is sent in frames that keep their bound, and covers every piece once', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(5_000), { minLength: 1, maxLength: 4_000, size: 'max' }), (pieces) => {
      const reports = reportsOf(5_001);
      for (const piece of pieces) stored(reports, piece, false, 0);
      const told: number[] = [];
      for (const effect of reports.tellHaves()) {
        assert.ok(effect.kind === 'tellHaves' && effect.ranges.length <= HAVE_RANGES_MAX);
        for (const [begin, count] of effect.ranges) for (let at = 0; at < count; at += 1) told.push(begin + at);
      }
      assert.deepEqual(
        told,
        [...pieces].sort((a, b) => a - b),
      );
    }),
    { numRuns: 20 },
  );
});

test('the record is saved some time after the first new piece, not for each', () => {
  const reports = reportsOf(50);
  let saves = 0;
  for (let atMs = 0; atMs < 10_000; atMs += 200) {
    stored(reports, atMs / 200, false, atMs);
    saves += reports.due([], atMs).filter(({ kind }) => kind === 'saveResume').length;
  }
  assert.equal(saves, Math.floor(10_000 / (RESUME_SAVE_MS + 200)));
});

test('the faster pieces come the sooner the record is saved, within bounds', () => {
  for (const [everyMs, most] of [
    [1, Math.ceil(5_000 / RESUME_SAVE_MIN_MS)],
    [20, Math.ceil(5_000 / (RESUME_SAVE_PIECES * 20))],
  ] as const) {
    const reports = reportsOf(5_000);
    let unsaved = 0;
    let saves = 0;
    for (let atMs = RESUME_SAVE_MS; atMs < RESUME_SAVE_MS + 5_000; atMs += everyMs) {
      stored(reports, atMs % 5_000, false, atMs);
      unsaved += 1;
      if (reports.due([], atMs).some(({ kind }) => kind === 'saveResume')) {
        saves += 1;
        unsaved = 0;
      }
      assert.ok(unsaved <= Math.max(RESUME_SAVE_PIECES, RESUME_SAVE_MIN_MS / everyMs));
    }
    assert.ok(saves > 0 && saves <= most, `${saves} of at most ${most}`);
  }
});

test('the file is flushed a while after the first piece that no flush covers, and not without one', () => {
  const reports = reportsOf(100);
  let flushes = 0;
  for (let atMs = 0; atMs <= PART_SYNC_MS * 5; atMs += 100) {
    if (atMs <= PART_SYNC_MS * 2) stored(reports, 1, false, atMs);
    flushes += reports.due([], atMs).filter(({ kind }) => kind === 'syncPart').length;
  }
  // The second one comes after the last piece, and covers it.
  assert.equal(flushes, 2);
});

test('sums add up', () => {
  const reports = reportsOf(1);
  reports.received(10);
  reports.received(5);
  reports.wasted(5);
  assert.deepEqual(reports.totals, { received: 15, wasted: 5 });
});
