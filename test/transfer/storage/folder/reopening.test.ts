// What is believed of a folder that is continued: file by file, what nobody has touched since it was recorded.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../../src/foundation/base/limits.js';
import { Bitfield } from '../../../../src/foundation/torrent/bitfield.js';
import { type FolderEntry, FolderList, NO_STAMP } from '../../../../src/foundation/torrent/folder/folder-list.js';
import { swarmKey } from '../../../../src/foundation/torrent/ids.js';
import { Layout } from '../../../../src/foundation/torrent/layout.js';
import { NO_FILE } from '../../../../src/transfer/storage/disk/entry-looks.js';
import { judgeFolderPieces } from '../../../../src/transfer/storage/folder/reopening.js';
import { PART_UNRECORDED_MS, PART_YOUNGER_MS } from '../../../../src/transfer/storage/limits.js';
import { createPart, examinePart, openPart } from '../../../../src/transfer/storage/open-storage.js';
import { decodeResume, encodeResume, type LeftAs, leftAs } from '../../../../src/transfer/storage/part/resume.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const SWARM = swarmKey(new Uint8Array(20).fill(9));
const SAVED_MS = 1_000_000;
const INODE = 77;

const file = (path: string, size: number): FolderEntry => ({
  kind: 'file',
  path,
  size,
  target: '',
  digest: undefined,
  seconds: undefined,
});

/** Pieces: 0 and half of 1 `a`; the other half `b`; 2 `c` and `d`; 3 a pad and `e`. */
const LIST = FolderList.of([
  file('a', 1.5 * PIECE_SIZE),
  file('b', 0.5 * PIECE_SIZE),
  file('empty', 0),
  file('c', 0.5 * PIECE_SIZE),
  file('d', 0.5 * PIECE_SIZE),
  { ...file('', 5), kind: 'pad' },
  file('e', 10),
]);
const PIECES = 4;

function bits(...pieces: readonly number[]): Bitfield {
  const all = new Bitfield(PIECES);
  for (const piece of pieces) all.set(piece);
  return all;
}

const NONE = bits();
const piecesOf = (of: Bitfield): number[] => Array.from({ length: PIECES }, (_, at) => at).filter((at) => of.has(at));

const reading = (left: LeftAs) => ({
  kind: 'resume' as const,
  resume: { swarm: SWARM, size: LIST.size, have: bits(0, 1, 2), synced: bits(0, 2), left },
  savedMs: SAVED_MS,
});

const times = (...ms: readonly (number | undefined)[]): BigInt64Array =>
  BigInt64Array.from(ms, (each) => (each === undefined ? NO_FILE : BigInt(each) * 1_000_000n));

function judged(
  left: LeftAs,
  found: BigInt64Array,
  zeros = NONE,
  inode = INODE,
): [believed: number[], doubtful: number[]] {
  const { believed, doubtful } = judgeFolderPieces(reading(left), LIST, zeros, { inode, times: found });
  return [piecesOf(believed), piecesOf(doubtful)];
}

const STOPPED: LeftAs = { inode: INODE, clean: null, times: times(1, 2, 3, 4, 5, undefined, undefined) };
const RUNNING: LeftAs = { inode: INODE, clean: null };

test('after a clean stop the pieces of untouched files are believed, those of touched ones hashed, those of missing ones fetched', () => {
  const found = (at: number, ms: number | undefined): BigInt64Array => {
    const all = times(1, 2, 3, 4, 5, undefined, undefined);
    all.set(times(ms), at);
    return all;
  };
  assert.deepEqual(judged(STOPPED, found(0, 1)), [[0, 1, 2], []]);
  // Whoever copies the folder keeps its times.
  assert.deepEqual(judged(STOPPED, found(0, 1), NONE, 5), [[0, 1, 2], []]);
  assert.deepEqual(judged(STOPPED, found(0, 9)), [[2], [0, 1]]);
  assert.deepEqual(judged(STOPPED, found(1, 9)), [[0, 2], [1]]);
  assert.deepEqual(judged(STOPPED, found(1, undefined)), [[0, 2], []]);
  assert.deepEqual(judged(STOPPED, found(2, 9)), [[0, 1, 2], []]);
  assert.deepEqual(judged(STOPPED, found(6, 9)), [[0, 1, 2], [3]]);
  assert.deepEqual(judged({ ...STOPPED, times: times(1) }, found(0, 1)), [[], [0, 1, 2]]);
});

test('after a crash what was flushed is believed, the rest of the record hashed, and files younger than it hashed throughout', () => {
  const found = (at: number, ms: number | undefined): BigInt64Array => {
    const all = times(1, 2, 3, 4, 5, undefined, 7);
    all.set(times(ms), at);
    return all;
  };
  assert.deepEqual(judged(RUNNING, found(0, 1)), [[0, 2], [1]]);
  assert.deepEqual(judged(RUNNING, found(3, SAVED_MS + PART_UNRECORDED_MS + 1)), [[0, 2], [1]]);
  assert.deepEqual(judged(RUNNING, found(6, SAVED_MS + PART_UNRECORDED_MS + 1)), [
    [0, 2],
    [1, 3],
  ]);
  assert.deepEqual(judged(RUNNING, found(0, SAVED_MS + PART_YOUNGER_MS + 1)), [[2], [0, 1]]);
  assert.deepEqual(judged(RUNNING, found(4, undefined)), [[0], [1]]);
  assert.deepEqual(judged(RUNNING, found(0, 1), NONE, 5), [[], [0, 1, 2, 3]]);
});

test('no record, or one of other bytes, proves nothing; zeros are made again where they are not believed', () => {
  const found = times(1, 2, 3, 4, 5, undefined, 7);
  const at = { inode: INODE, times: found };
  for (const proves of [
    { kind: 'damaged' as const, reason: 'it is too short' },
    { ...reading(RUNNING), resume: { ...reading(RUNNING).resume, size: LIST.size + 1 } },
  ]) {
    const { believed, doubtful, toClear } = judgeFolderPieces(proves, LIST, bits(2), at);
    assert.deepEqual([believed, doubtful, toClear].map(piecesOf), [[], [0, 1, 3], [2]]);
  }
  const { believed, doubtful, toClear } = judgeFolderPieces(reading(RUNNING), LIST, bits(1, 2), at);
  assert.deepEqual([believed, doubtful, toClear].map(piecesOf), [[0, 2], [], [1]]);
});

test('an entry that is left out says nothing about the pieces that it shares with others', () => {
  const list = FolderList.of([file('a', 10), file('b', PIECE_SIZE)]);
  list.leaveOut(0);
  const resume = { swarm: SWARM, size: list.size, have: new Bitfield(2), synced: new Bitfield(2) };
  resume.have.setAll();
  const left = { inode: INODE, clean: null, times: times(undefined, 5) };
  const verdict = judgeFolderPieces(
    { kind: 'resume', resume: { ...resume, left }, savedMs: 0 },
    list,
    new Bitfield(2),
    {
      inode: INODE,
      times: times(undefined, 5),
    },
  );
  assert.equal(verdict.believed.count, 2);
});

test('any record and any times: what is believed is recorded, nothing is both believed and doubtful, and no touched file is believed', () => {
  const time = fc.option(fc.bigInt({ min: 0n, max: 5n }), { nil: NO_FILE });
  const all = fc.array(time, { minLength: 7, maxLength: 7 }).map((each) => BigInt64Array.from(each));
  const pieces = fc.subarray([0, 1, 2, 3]).map((each) => bits(...each));
  fc.assert(
    fc.property(all, all, pieces, pieces, pieces, (left, found, have, synced, zeros) => {
      const resume = { swarm: SWARM, size: LIST.size, have, synced, left: { inode: INODE, clean: null, times: left } };
      const at = { inode: INODE, times: found };
      const verdict = judgeFolderPieces({ kind: 'resume', resume, savedMs: 0 }, LIST, zeros, at);
      const { believed, doubtful, toClear } = verdict;
      const files = [[0], [0, 1], [3, 4], [6]];
      for (let piece = 0; piece < PIECES; piece += 1) {
        const isUntouched = (files[piece] ?? []).every((each) => found[each] !== NO_FILE && found[each] === left[each]);
        assert.equal(believed.has(piece), isUntouched && have.has(piece));
        assert.ok(!(believed.has(piece) && doubtful.has(piece)));
        assert.equal(toClear.has(piece), zeros.has(piece) && !believed.has(piece));
      }
    }),
  );
});

test('how a folder was left comes back from its record, to the nanosecond', () => {
  const resume = { swarm: SWARM, size: LIST.size, have: bits(1), synced: bits(), left: { ...STOPPED } };
  const read = decodeResume(encodeResume(resume));
  assert.deepEqual(read.kind === 'resume' ? read.resume.left : read, STOPPED);
  assert.deepEqual(leftAs({ inode: 1, mtimeMs: 2, size: 3 }, false, times(1)), { inode: 1, clean: null });
  const running = { ...resume, left: RUNNING };
  const again = decodeResume(encodeResume(running));
  assert.deepEqual(again.kind === 'resume' ? again.resume.left : again, RUNNING);
});

test('a part tells when each of its files was written, forgets stamps, and is empty only when nothing lies there', async (t) => {
  const directory = temporaryDirectory(t);
  const list = FolderList.of([file('a', 4), file('d/b', 4), file('c', 4)]);
  const layout = new Layout(list);
  const target = join(directory, 'x');
  const part = await createPart(target, layout);
  part.writeAt(0, Buffer.from('aaaabb'));
  await part.close();
  utimesSync(`${target}.part/a`, 5, 5);
  mkdirSync(`${target}.part/c`);
  list.stamp(0, 7n);
  const { storage, times: seen } = await openPart(target, layout);
  assert.deepEqual([seen?.[0], seen?.[2], seen?.[1] === NO_FILE], [5_000_000_000n, NO_FILE, false]);
  assert.deepEqual(await storage.times(), seen);
  await storage.close();
  assert.equal(list.stampOf(0), NO_STAMP);
  const examined = await examinePart(target, layout);
  assert.deepEqual(examined.times, seen);
  assert.ok(examined.diskBytes > 0);
  renameSync(`${target}.part`, `${target}.away`);
  mkdirSync(join(directory, 'x.part'));
  assert.equal((await examinePart(target, layout)).diskBytes, 0);
  writeFileSync(`${target}.part/mine`, '');
  assert.ok((await examinePart(target, layout)).diskBytes > 0);
  rmSync(`${target}.away`, { recursive: true });
  assert.deepEqual(readdirSync(directory), ['x.part']);
});
