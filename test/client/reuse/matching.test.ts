// What of a wanted share is found in other shares and files: moved pieces, small files under other names, tails with
// zeros behind them. What a plan says is read back from made-up disks and compared byte by byte.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { Matching, type SourceShare } from '../../../src/client/reuse/matching.js';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { type FolderEntry, FolderList } from '../../../src/foundation/torrent/folder/folder-list.js';
import { Geometry } from '../../../src/foundation/torrent/geometry.js';
import { Layout } from '../../../src/foundation/torrent/layout.js';
import { coverOf } from '../../../src/transfer/storage/reuse/cover.js';
import type { ReusePlan } from '../../../src/transfer/storage/reuse/plan.js';

const SEEDS = [11, 22, 33] as const;
const ALL = (): boolean => true;
const NOTHING = (): boolean => false;

const sha1 = (bytes: Uint8Array): Buffer => createHash('sha1').update(bytes).digest();

function digestsOf(bytes: Uint8Array): Uint8Array {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_SIZE) pieces.push(sha1(bytes.subarray(at, at + PIECE_SIZE)));
  return new Uint8Array(Buffer.concat(pieces));
}

/** `length` bytes that no other number has. */
function bytesOf(number: number, length = PIECE_SIZE): Buffer {
  return Buffer.alloc(length, `${number};`);
}

interface MadeFolder {
  readonly list: FolderList;
  readonly space: Buffer;
}

/** Entries of a made folder by path; `pad` before those that are aligned. */
function folderOf(files: Readonly<Record<string, Uint8Array>>, alignedFrom = 4 * PIECE_SIZE): MadeFolder {
  const entries: FolderEntry[] = [];
  const parts: Uint8Array[] = [];
  let size = 0;
  const push = (entry: Partial<FolderEntry>, bytes: Uint8Array): void => {
    entries.push({
      kind: 'file',
      path: '',
      target: '',
      digest: undefined,
      seconds: undefined,
      ...entry,
      size: bytes.length,
    });
    parts.push(bytes);
    size += bytes.length;
  };
  for (const [path, bytes] of Object.entries(files)) {
    const isAligned = bytes.length >= alignedFrom;
    if (isAligned && size % PIECE_SIZE !== 0) push({ kind: 'pad' }, new Uint8Array(PIECE_SIZE - (size % PIECE_SIZE)));
    push(isAligned ? { path } : { path, digest: sha1(bytes).readBigUInt64BE(0) }, bytes);
  }
  return { list: FolderList.of(entries), space: Buffer.concat(parts) };
}

function fileShare(path: string, bytes: Uint8Array, group = 0): SourceShare {
  return { layout: new Layout(bytes.length), digests: digestsOf(bytes), has: ALL, path, mtimeMs: 5, group };
}

function look(matching: Matching, share: SourceShare): void {
  matching.look(matching.share(share), 0, new Geometry(share.layout.size).pieceCount);
}

/** The bytes that the plan has of each piece, read from `disk`; undefined where it is fetched whole. */
function readBack(plan: ReusePlan, layout: Layout, disk: Readonly<Record<string, Uint8Array>>) {
  const geometry = new Geometry(layout.size);
  return Array.from({ length: geometry.pieceCount }, (_, piece) => {
    const cover = coverOf({ plan, geometry, layout }, piece, ALL);
    if (cover === undefined) return undefined;
    const bytes = new Uint8Array(geometry.pieceLength(piece)).fill(46);
    for (const { begin, length } of cover.zeros) bytes.fill(0, begin, begin + length);
    for (const { begin, length, source, offset } of cover.parts) {
      const from = disk[plan.sourceAt(source).path];
      assert.ok(from !== undefined);
      assert.equal(from.length, plan.sourceAt(source).size);
      bytes.set(from.subarray(offset, offset + length), begin);
    }
    return { bytes, holes: cover.holes };
  });
}

test('a piece is found in another file at another place, and neighbours are one run', () => {
  const old = Buffer.concat([1, 2, 3, 4, 5].map((number) => bytesOf(number)));
  const wanted = Buffer.concat([9, 2, 3, 4, 8, 1].map((number) => bytesOf(number)));
  const layout = new Layout(wanted.length);
  const matching = new Matching({ layout, digests: digestsOf(wanted), has: NOTHING }, SEEDS);
  look(matching, fileShare('/old', old));
  const plan = matching.plan([])?.plan;
  assert.ok(plan !== undefined);
  assert.deepEqual(
    [plan.runAt(0), plan.runAt(1)],
    [
      { begin: PIECE_SIZE, length: 3 * PIECE_SIZE, source: 0, offset: PIECE_SIZE },
      { begin: 5 * PIECE_SIZE, length: PIECE_SIZE, source: 0, offset: 0 },
    ],
  );
  assert.deepEqual(plan.sourceAt(0), { path: '/old', size: old.length, mtimeMs: 5, group: 0 });
});

test('every plan gives the bytes of the wanted share, whatever is shared', () => {
  const numbers = fc.array(fc.nat(6), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(
      numbers,
      fc.nat(1_000),
      fc.array(fc.tuple(numbers, fc.nat(1_000), fc.nat(255)), { maxLength: 4 }),
      (wants, tail, olds) => {
        const build = (list: readonly number[], rest: number): Buffer =>
          Buffer.concat([...list.map((number) => bytesOf(number)), bytesOf(7, rest)]);
        const wanted = build(wants, tail);
        const layout = new Layout(wanted.length);
        const matching = new Matching({ layout, digests: digestsOf(wanted), has: NOTHING }, SEEDS);
        const disk: Record<string, Uint8Array> = {};
        const there = new Set<string>();
        for (const [at, [list, rest, mask]] of olds.entries()) {
          const bytes = build(list, rest);
          const share = { ...fileShare(`/${at}`, bytes), has: (piece: number) => ((mask >> piece) & 1) === 1 };
          disk[share.path] = bytes;
          look(matching, share);
          for (let piece = 0; piece * PIECE_SIZE < bytes.length; piece += 1)
            if (share.has(piece))
              there.add(sha1(bytes.subarray(piece * PIECE_SIZE, (piece + 1) * PIECE_SIZE)).toString('hex'));
        }
        const plan = matching.plan([])?.plan;
        const found = plan === undefined ? [] : readBack(plan, layout, disk);
        for (let piece = 0; piece * PIECE_SIZE < wanted.length; piece += 1) {
          const expected = wanted.subarray(piece * PIECE_SIZE, (piece + 1) * PIECE_SIZE);
          const read = found[piece];
          assert.equal(read !== undefined, there.has(sha1(expected).toString('hex')));
          if (read !== undefined) assert.ok(expected.equals(read.bytes));
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('what is here already is looked for nowhere', () => {
  const bytes = Buffer.concat([bytesOf(1), bytesOf(2)]);
  const wanted = { layout: new Layout(bytes.length), digests: digestsOf(bytes), has: (piece: number) => piece === 0 };
  const matching = new Matching(wanted, SEEDS);
  look(matching, fileShare('/old', bytes));
  assert.equal(matching.plan([])?.plan.bytes, PIECE_SIZE);
});

test('a large file of a folder is found with the zeros behind it, in a plain file that has none', () => {
  const large = bytesOf(3, 4 * PIECE_SIZE + 10);
  const { list, space } = folderOf({ large, other: bytesOf(4, 5 * PIECE_SIZE) });
  const layout = new Layout(list);
  const matching = new Matching({ layout, digests: digestsOf(space), has: NOTHING }, SEEDS);
  const padded = Buffer.concat([large.subarray(4 * PIECE_SIZE), Buffer.alloc(PIECE_SIZE - 10)]);
  look(matching, { ...fileShare('/old', large), paddedTail: sha1(padded) });
  const plan = matching.plan([])?.plan;
  assert.ok(plan !== undefined);
  assert.equal(plan.bytes, large.length);
  const found = readBack(plan, layout, { '/old': large });
  assert.deepEqual(found[4]?.holes ?? 'fetched', [], 'zeros behind a file are no hole');
  assert.ok(padded.equals(found[4]?.bytes ?? new Uint8Array()));
});

test('small files are found by size and digest under other names, and what changed is a hole', () => {
  const [a, b, c] = [bytesOf(1, 100_000), bytesOf(2, 200_000), bytesOf(3, 150_000)];
  const before = folderOf({ 'x/a': a, b, c });
  const changed = bytesOf(9, 20_000);
  const after = folderOf({ A: changed, b, c, d: a });
  const layout = new Layout(after.list);
  const matching = new Matching({ layout, digests: digestsOf(after.space), has: NOTHING }, SEEDS);
  const share = {
    layout: new Layout(before.list),
    digests: digestsOf(before.space),
    has: ALL,
    path: '/old',
    mtimeMs: 0,
  };
  look(matching, { ...share, group: 3 });
  const plan = matching.plan([])?.plan;
  assert.ok(plan !== undefined);
  const disk = { '/old/x/a': a, '/old/b': b, '/old/c': c };
  const [found] = readBack(plan, layout, disk);
  assert.deepEqual(found?.holes, [{ begin: 0, length: 20_000 }]);
  assert.ok(after.space.subarray(20_000).equals(Buffer.from(found?.bytes ?? []).subarray(20_000)));
  assert.equal(plan.groupOf(0), 0);
  assert.equal(matching.wantsSize(200_000), true);
  assert.equal(matching.wantsSize(200_001), false);
});

test('an entry that has changed on this disk is no source', () => {
  const [a, b] = [bytesOf(1, 100_000), bytesOf(2, 200_000)];
  const { list, space } = folderOf({ a, b });
  list.markChanged(0, true);
  const wanted = folderOf({ a, b });
  const matching = new Matching(
    { layout: new Layout(wanted.list), digests: digestsOf(wanted.space), has: NOTHING },
    SEEDS,
  );
  look(matching, { layout: new Layout(list), digests: digestsOf(space), has: ALL, path: '/old', mtimeMs: 0, group: 0 });
  assert.equal(matching.plan([])?.plan.bytes, 200_000);
});

test('an entry that has changed on this disk is no source for a file that lies among others either', () => {
  const [a, b, c] = [bytesOf(1, 100_000), bytesOf(2, 200_000), bytesOf(3, 200_000)];
  const wanted = folderOf({ a, c });
  for (const isChanged of [false, true]) {
    const { list, space } = folderOf({ a, b });
    list.markChanged(0, isChanged);
    const matching = new Matching(
      { layout: new Layout(wanted.list), digests: digestsOf(wanted.space), has: NOTHING },
      SEEDS,
    );
    const digests = digestsOf(space);
    look(matching, { layout: new Layout(list), digests, has: ALL, path: '/old', mtimeMs: 0, group: 0 });
    assert.equal(matching.plan([])?.plan.bytes, isChanged ? undefined : 100_000);
  }
});

test('a piece of which more than half is missing is fetched whole', () => {
  const [a, b] = [bytesOf(1, PIECE_SIZE / 2 - 1), bytesOf(2, PIECE_SIZE / 2 + 1)];
  const { list, space } = folderOf({ a, b });
  const layout = new Layout(list);
  for (const [known, isCovered] of [
    [a, false],
    [b, true],
  ] as const) {
    const matching = new Matching({ layout, digests: digestsOf(space), has: NOTHING }, SEEDS);
    matching.file({ path: '/f', size: known.length, mtimeMs: 0, digest: sha1(known).readBigUInt64BE(0), group: 0 });
    const plan = matching.plan([])?.plan;
    assert.ok(plan !== undefined);
    assert.equal(coverOf({ plan, layout, geometry: new Geometry(space.length) }, 0, ALL) !== undefined, isCovered);
  }
});

test('ten million pieces of a library stream past a wanted file without blocking for long', () => {
  const count = 20_480;
  const wanted = new Uint8Array(count * 20);
  for (let at = 0; at < wanted.length; at += 4)
    new DataView(wanted.buffer).setUint32(at, Math.imul(at + 1, 0x9e37_79b1));
  const layout = new Layout(count * PIECE_SIZE);
  const matching = new Matching({ layout, digests: wanted, has: NOTHING }, SEEDS);
  const library = new Uint8Array(1_000_000 * 20);
  for (let at = 0; at < library.length; at += 4)
    new DataView(library.buffer).setUint32(at, Math.imul(at + 1, 0x85eb_ca77));
  library.set(wanted.subarray(0, 20), 500_000 * 20);
  const share = {
    layout: new Layout(1_000_000 * PIECE_SIZE),
    digests: library,
    has: ALL,
    path: '/l',
    mtimeMs: 0,
    group: 0,
  };
  const number = matching.share(share);
  const beganMs = performance.now();
  for (let round = 0; round < 10; round += 1) matching.look(number, 0, 1_000_000);
  const tookMs = performance.now() - beganMs;
  assert.equal(matching.plan([])?.plan.bytes, PIECE_SIZE);
  assert.ok(tookMs < 20_000, `took ${tookMs} ms`);
  console.log(`# ten million library pieces against ${count}: ${Math.round(tookMs)} ms`);
});
