// What is believed of a file that is met again, as tables and as properties: never a byte that may be another one than
// was verified.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../../src/foundation/base/limits.js';
import { Bitfield } from '../../../../src/foundation/torrent/bitfield.js';
import { swarmKey } from '../../../../src/foundation/torrent/ids.js';
import { PART_UNRECORDED_MS, PART_YOUNGER_MS } from '../../../../src/transfer/storage/limits.js';
import {
  allOf,
  hasChanged,
  judgeFile,
  judgeMetainfo,
  judgePart,
  judgePieces,
  judgeUnknownPart,
  recordedPieces,
  targetTaken,
  unchanged,
  withoutPieces,
} from '../../../../src/transfer/storage/part/reopening.js';
import type { LeftAs, Resume, ResumeReading } from '../../../../src/transfer/storage/part/resume.js';

const PIECES = 10;
const SIZE = PIECES * PIECE_SIZE;
const SHARE = { size: SIZE, pieceCount: PIECES };
const SWARM = swarmKey(new Uint8Array(20).fill(9));
const ENTRY = { path: '/files/a', mtorrentPath: '/files/a.mtorrent', size: SIZE, mtimeMs: 50 };
/** A time that no file has: recorded for a complete file that was found wrong. */
const NEVER_RIGHT_MS = -1;
const DAMAGED: ResumeReading = { kind: 'damaged', reason: 'it is too short' };

function bitsOf(...pieces: readonly number[]): Bitfield {
  const bits = new Bitfield(PIECES);
  for (const piece of pieces) bits.set(piece);
  return bits;
}

/** No piece is zeros. */
const NONE = new Bitfield(PIECES);

function resumeOf(clean: LeftAs['clean'] = null): Resume {
  return { swarm: SWARM, size: SIZE, have: bitsOf(1, 2, 3, 4), synced: bitsOf(1, 2), left: { inode: 77, clean } };
}

function readingOf(resume: Resume, savedMs = 60): ResumeReading {
  return { kind: 'resume', resume, savedMs };
}

const piecesOf = (bits: Bitfield): number[] =>
  Array.from({ length: PIECES }, (_, at) => at).filter((at) => bits.has(at));

test('a file at its target is believed as it was when it was right, hashed when it was touched, and refused when it cannot be it', () => {
  const table: readonly [
    mtimeMs: number | null,
    found: [size: number, mtimeMs: number] | undefined,
    verdict: string,
  ][] = [
    [50, [SIZE, 50], 'believe'],
    [50, [SIZE, 51], 'hash'],
    [50, [SIZE - 1, 50], 'refuse'],
    [50, undefined, 'refuse'],
    [null, undefined, 'unfinished'],
    [null, [SIZE, 50], 'hash'],
    [null, [SIZE + 1, 50], 'refuse'],
    [NEVER_RIGHT_MS, [SIZE, 50], 'hash'],
    [NEVER_RIGHT_MS, undefined, 'refuse'],
  ];
  for (const [mtimeMs, found, verdict] of table) {
    const at = found === undefined ? undefined : { size: found[0], mtimeMs: found[1] };
    assert.equal(judgeFile({ ...ENTRY, mtimeMs }, at).kind, verdict, JSON.stringify([mtimeMs, found]));
  }
});

test('a file at its target is never believed unless both its size and its time are as recorded', () => {
  const ms = fc.integer({ min: 0, max: 3 });
  fc.assert(
    fc.property(fc.option(ms), fc.option(fc.record({ size: ms, mtimeMs: ms })), ms, (mtimeMs, found, size) => {
      const verdict = judgeFile({ ...ENTRY, size, mtimeMs }, found ?? undefined);
      assert.equal(verdict.kind === 'believe', found !== null && found.size === size && found.mtimeMs === mtimeMs);
      assert.equal(verdict.kind === 'hash', found !== null && found.size === size && found.mtimeMs !== mtimeMs);
    }),
  );
});

test('a refusal names the file and what to do', () => {
  const gone = judgeFile(ENTRY, undefined);
  assert.ok(gone.kind === 'refuse');
  assert.equal(gone.sentence, '/files/a is gone; put it back, or remove a.mtorrent');
  assert.equal(
    hasChanged(ENTRY).sentence,
    '/files/a has changed since it was shared; put the old file back, or remove a.mtorrent',
  );
  const other = judgeMetainfo({ ...ENTRY, swarm: SWARM }, swarmKey(new Uint8Array(20)));
  assert.equal(other?.sentence, '/files/a.mtorrent describes another file than before; put the old one back');
  assert.equal(judgeMetainfo({ ...ENTRY, swarm: SWARM }, SWARM), undefined);
});

test('FC-07: a part that no record knows is examined; with a record, damaged or not, it is opened again', () => {
  assert.equal(judgePart(false, false), 'create');
  assert.equal(judgePart(false, true), 'create');
  assert.equal(judgePart(true, true), 'reopen');
  assert.equal(judgePart(true, false), 'examine');
});

test('FC-07: an unknown part with a right piece, or without any data, is continued; any other is of something else', () => {
  const judge = (good: number, diskBytes: number) => judgeUnknownPart('/files/a.part', { good, pieces: 9, diskBytes });
  assert.equal(judge(1, 4096), undefined);
  assert.equal(judge(0, 0), undefined);
  assert.match(judge(0, 4096)?.sentence ?? '', /^\/files\/a\.part is there and no piece of it is right/);
});

test('FC-07: a file at the target that is not whole is never written to; its right pieces are kept by renaming it', () => {
  const taken = (good: number, isPartThere = false, more = 0) =>
    targetTaken('/files/my a', '/files/my a.part', { good, pieces: 9, more, isPartThere }).sentence;
  assert.match(taken(0), /^\/files\/my a exists already and is another file/);
  assert.match(taken(4), /4 of its 9 pieces are right; .*: mv '\/files\/my a' '\/files\/my a\.part' and run/);
  assert.match(taken(4, true), /move that file away: \/files\/my a\.part is continued then/);
  // Longer than it is to be: whoever follows the advice is told what becomes of the rest.
  assert.match(taken(9, false, 6), /all of its 9 pieces are right, with 6 B behind them; .*cut off what is behind/);
  assert.match(taken(0, false, 6), /is another file/);
});

test('FC-06: after a clean end all is believed while the file is as it was left; then every piece is hashed', () => {
  const reading = readingOf(resumeOf({ mtimeMs: 50, size: SIZE }));
  const found = { inode: 77, size: SIZE, mtimeMs: 50 };
  const judge = (at: typeof found) => judgePieces(reading, SHARE, NONE, at);
  assert.deepEqual([piecesOf(judge(found).believed), piecesOf(judge(found).doubtful)], [[1, 2, 3, 4], []]);
  for (const touched of [
    { ...found, mtimeMs: 51 },
    { ...found, size: 1 },
  ])
    assert.deepEqual([judge(touched).believed.count, judge(touched).doubtful.isComplete], [0, true]);
});

test('after a crash what was flushed is believed, unless the file is another one or was changed by somebody else', () => {
  const reading = readingOf(resumeOf(), 50);
  const found = { inode: 77, size: SIZE, mtimeMs: 60 };
  const believed = (at: typeof found): number[] => piecesOf(judgePieces(reading, SHARE, NONE, at).believed);
  const doubtful = (at: typeof found): number[] => piecesOf(judgePieces(reading, SHARE, NONE, at).doubtful);
  assert.deepEqual(doubtful(found), [3, 4]);
  assert.deepEqual(doubtful({ ...found, mtimeMs: 50 + PART_UNRECORDED_MS }), [3, 4]);
  // Another client may have continued it meanwhile.
  assert.deepEqual(doubtful({ ...found, mtimeMs: 51 + PART_UNRECORDED_MS }), [0, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(believed(found), [1, 2]);
  assert.deepEqual(believed({ ...found, inode: 78 }), []);
  assert.deepEqual(believed({ ...found, size: 1 }), []);
  assert.deepEqual(believed({ ...found, mtimeMs: 50 + PART_YOUNGER_MS }), [1, 2]);
  assert.deepEqual(believed({ ...found, mtimeMs: 51 + PART_YOUNGER_MS }), []);
});

test('a record that cannot be read, or is of another size, has every piece hashed', () => {
  const found = { inode: 77, size: SIZE, mtimeMs: 50 };
  for (const reading of [DAMAGED, readingOf({ ...resumeOf({ mtimeMs: 50, size: SIZE }), size: SIZE - 1 })]) {
    const { believed, doubtful } = judgePieces(reading, SHARE, NONE, found);
    assert.deepEqual([believed.count, doubtful.isComplete], [0, true]);
  }
});

const small = fc.integer({ min: 0, max: 2 });
const bits = fc.uint8Array({ minLength: 2, maxLength: 2 }).map((bytes) => {
  bytes[1] = (bytes[1] ?? 0) & 0xc0;
  return new Bitfield(PIECES, bytes);
});
const anyReading = fc.record({
  have: bits,
  synced: bits,
  inode: small,
  clean: fc.option(fc.record({ mtimeMs: small, size: small.map((less) => SIZE - less) })),
  savedMs: small,
});
const anyFound = fc.record({ inode: small, size: small.map((less) => SIZE - less), mtimeMs: small });

test('believed and doubtful pieces share none and are together at least what the record says; a touched file is believed in nothing', () => {
  fc.assert(
    fc.property(anyReading, anyFound, ({ have, synced: flushed, inode, clean, savedMs }, found) => {
      // A record never says that a piece was flushed which it does not have.
      const synced = flushed.without(flushed.without(have));
      const resume: Resume = { swarm: SWARM, size: SIZE, have, synced, left: { inode, clean } };
      const { believed, doubtful } = judgePieces(readingOf(resume, savedMs), SHARE, NONE, found);
      const looked = believed.with(doubtful);
      assert.ok(have.without(looked).count === 0, 'nothing that is recorded is fetched again unseen');
      assert.ok(looked.isComplete || looked.without(have).count === 0, 'the record counts, or every piece is hashed');
      assert.equal(believed.without(doubtful).count, believed.count);
      const isTouched =
        clean === null
          ? inode !== found.inode || found.size !== SIZE
          : clean.size !== found.size || clean.mtimeMs !== found.mtimeMs;
      if (isTouched) assert.deepEqual([believed.count, doubtful.isComplete], [0, true]);
      if (clean === null) assert.equal(believed.without(synced).count, 0, 'only what was flushed');
    }),
  );
});

test('FC-30: whatever a record says, a piece of zeros is believed or made zeros, and is never hashed or missing', () => {
  fc.assert(
    fc.property(
      anyReading,
      bits,
      anyFound,
      fc.boolean(),
      ({ have, synced, inode, clean, savedMs }, zeros, found, isRead) => {
        const resume: Resume = { swarm: SWARM, size: SIZE, have, synced, left: { inode, clean } };
        const reading = isRead ? readingOf(resume, savedMs) : DAMAGED;
        const [plain, verdict] = [judgePieces(reading, SHARE, NONE, found), judgePieces(reading, SHARE, zeros, found)];
        assert.deepEqual(piecesOf(verdict.believed), piecesOf(plain.believed));
        assert.deepEqual(piecesOf(verdict.doubtful), piecesOf(plain.doubtful.without(zeros)));
        assert.deepEqual(piecesOf(verdict.toClear), piecesOf(zeros.without(verdict.believed)));
        assert.equal(plain.toClear.count, 0);
      },
    ),
  );
});

test('a record without its bad pieces has the others, flushed or not', () => {
  const resume = withoutPieces(resumeOf(), [
    [0, 2],
    [4, 3],
  ]);
  assert.deepEqual([piecesOf(resume.have), piecesOf(resume.synced)], [[2, 3], [2]]);
});

test('a record says nothing of a download of another size, nor when it is damaged or missing', () => {
  assert.deepEqual(piecesOf(recordedPieces(readingOf(resumeOf()), SIZE, PIECES)), [1, 2, 3, 4]);
  assert.equal(recordedPieces(readingOf(resumeOf()), SIZE - 1, PIECES).count, 0);
  assert.equal(recordedPieces(DAMAGED, SIZE, PIECES).count, 0);
  assert.equal(recordedPieces(undefined, SIZE, PIECES).count, 0);
});

test('what changed while it was hashed was not found', () => {
  const found = { size: SIZE, mtimeMs: 50, changedMs: 60, metainfoMtimeMs: undefined };
  assert.equal(unchanged(found, found), found);
  assert.equal(unchanged(found, { ...found, changedMs: 61 }), undefined);
  assert.equal(unchanged({ ...found, size: 1 }, found), undefined);
  assert.equal(unchanged(undefined, found), undefined);
  assert.equal(unchanged(undefined, undefined), undefined);
  assert.equal(allOf(PIECES).isComplete, true);
});
