// The `.part` of a new version begins as a clone, on real files: what is the same is verified where it lies, what was
// believed of zeros is doubted where the clone has written, and a disk that cannot clone changes nothing. Where this
// machine has no such disk, a copy stands for the clone.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type PartToFill, placePieces } from '../../../src/client/reuse/cloning.js';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { silentLog } from '../../../src/foundation/base/log.js';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import { FolderList } from '../../../src/foundation/torrent/folder/folder-list.js';
import { Layout } from '../../../src/foundation/torrent/layout.js';
import { openHashPool } from '../../../src/transfer/hash/pool.js';
import type { CloneCall } from '../../../src/transfer/storage/disk/clone.js';
import { CLONING_MS } from '../../../src/transfer/storage/limits.js';
import { createPart, openPart } from '../../../src/transfer/storage/open-storage.js';
import { type ReusePlan, ReusePlanBuilder } from '../../../src/transfer/storage/reuse/plan.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const PIECES = 12;
const SIZE = (PIECES - 1) * PIECE_SIZE + 1_000;
const COPIES: CloneCall = async (from, to) => copyFileSync(from, to);
const CANNOT: CloneCall = () => Promise.reject(Object.assign(new Error('no clones'), { code: 'ENOTSUP' }));
const AT_ONCE = { nowMs: () => 0 };

const setIn = (bits: Bitfield): readonly number[] =>
  Array.from({ length: bits.pieceCount }, (_, at) => at).filter((at) => bits.has(at));

/** Of pieces, each of its own bytes; 0: of zeros. */
function fileOf(pieces: readonly number[], size = SIZE): Buffer {
  return Buffer.concat(pieces.map((seed) => Buffer.alloc(PIECE_SIZE, seed === 0 ? 0 : `${seed};`))).subarray(0, size);
}

function digestsOf(bytes: Uint8Array): Uint8Array {
  const digests: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_SIZE)
    digests.push(
      createHash('sha1')
        .update(bytes.subarray(at, at + PIECE_SIZE))
        .digest(),
    );
  return new Uint8Array(Buffer.concat(digests));
}

/** A plan that has these pieces at the same place. */
function planOf(path: string, pieces: readonly number[]): ReusePlan {
  const builder = new ReusePlanBuilder();
  const { size, mtimeMs } = statSync(path);
  const source = builder.source({ path, size, mtimeMs, group: 0 });
  for (const piece of pieces) {
    const begin = piece * PIECE_SIZE;
    builder.run({ begin, length: Math.min(PIECE_SIZE, SIZE - begin), source, offset: begin });
  }
  return builder.build();
}

const OLD = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
/** Pieces 2 and 7 are others, 4 and 9 are zeros. */
const NEW = [1, 2, 33, 4, 0, 6, 7, 88, 9, 0, 11, 12];
const SAME = [0, 1, 3, 5, 6, 8, 10, 11];

interface Stage {
  readonly part: PartToFill;
  readonly place: (call: CloneCall, nowMs?: () => number) => Promise<Bitfield | undefined>;
  readonly target: string;
}

async function stageVersion(t: TestContext, old: Buffer = fileOf(OLD)): Promise<Stage> {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'old');
  writeFileSync(path, old);
  const target = join(directory, 'new');
  const storage = await createPart(target, new Layout(SIZE));
  t.after(() => storage.close());
  const have = new Bitfield(PIECES);
  for (const piece of [4, 9]) have.set(piece);
  const part = { storage, have, isNew: true };
  const plan = planOf(path, SAME);
  const place = (call: CloneCall, nowMs = AT_ONCE.nowMs): Promise<Bitfield | undefined> =>
    placePieces(part, plan, { clock: { nowMs }, log: silentLog, call });
  return { part, place, target };
}

/** Which of these pieces are right where they lie. */
async function settle(t: TestContext, { storage }: PartToFill, placed: Bitfield): Promise<readonly number[]> {
  const pool = openHashPool({ threads: 1 });
  t.after(() => pool.close());
  const digests = digestsOf(fileOf(NEW));
  const right: number[] = [];
  for (const [first, count] of placed.ranges()) {
    const areRight = await pool.settlePieces(storage, first, digests.subarray(first * 20, (first + count) * 20));
    right.push(...Array.from(areRight, (is, at) => (is ? [first + at] : [])).flat());
  }
  return right;
}

test('what is the same is right where it lies, and zeros are doubted and made so', async (t) => {
  const stage = await stageVersion(t);
  const placed = await stage.place(COPIES);
  assert.ok(placed !== undefined);
  assert.deepEqual(setIn(placed), [0, 1, 3, 4, 5, 6, 8, 9, 10, 11]);
  assert.equal(stage.part.have.count, 0, 'a hole that the clone has filled is not there');
  assert.deepEqual(await settle(t, stage.part, placed), setIn(placed));
  const bytes = readFileSync(`${stage.target}.part`);
  const wanted = fileOf(NEW);
  for (const piece of setIn(placed)) {
    const [begin, end] = [piece * PIECE_SIZE, Math.min(SIZE, (piece + 1) * PIECE_SIZE)];
    assert.ok(bytes.subarray(begin, end).equals(wanted.subarray(begin, end)), `piece ${piece}`);
  }
});

test('a source that lies gives no piece, and other zeros stay believed', async (t) => {
  const stage = await stageVersion(
    t,
    fileOf(
      OLD.map((seed) => seed + 100),
      7 * PIECE_SIZE,
    ),
  );
  const placed = await stage.place(COPIES);
  assert.ok(placed !== undefined);
  assert.deepEqual(setIn(stage.part.have), [9], 'the clone does not reach it');
  assert.deepEqual(await settle(t, stage.part, placed), [4]);
});

test('a disk that cannot clone is asked once, and everything is as it was', async (t) => {
  const stage = await stageVersion(t);
  assert.equal(await stage.place(CANNOT), undefined);
  assert.deepEqual(setIn(stage.part.have), [4, 9]);
  assert.ok(readFileSync(`${stage.target}.part`).equals(Buffer.alloc(SIZE)));
});

test('no file is cloned once the first byte has waited long enough, nor after the disk has refused one', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'old');
  writeFileSync(path, fileOf(OLD, 9 * PIECE_SIZE));
  const entry = { kind: 'file', target: '', digest: undefined, seconds: undefined } as const;
  const list = FolderList.of([0, 1, 2].map((at) => ({ ...entry, path: `d/${at}`, size: 9 * PIECE_SIZE })));
  const builder = new ReusePlanBuilder();
  const source = builder.source({ path, size: 9 * PIECE_SIZE, mtimeMs: statSync(path).mtimeMs, group: 0 });
  for (const at of [0, 1, 2]) builder.run({ begin: at * 9 * PIECE_SIZE, length: 9 * PIECE_SIZE, source, offset: 0 });
  const plan = builder.build();
  const cloned = async (name: string, call: CloneCall, eachMs: number): Promise<number> => {
    let [calls, ms] = [0, 0];
    const storage = await createPart(join(directory, name), new Layout(list));
    t.after(() => storage.close());
    const counted: CloneCall = (from, to) => {
      calls += 1;
      ms += eachMs;
      return call(from, to);
    };
    const part = { storage, have: new Bitfield(27), isNew: true };
    await placePieces(part, plan, { clock: { nowMs: () => ms }, log: silentLog, call: counted });
    return calls;
  };
  assert.equal(await cloned('fast', COPIES, 1), 3);
  assert.equal(await cloned('slow', COPIES, CLONING_MS), 1);
  assert.equal(await cloned('cannot', CANNOT, 1), 1);
});

test('a part of an earlier run that began as a clone is looked at where it lies, and one that did not is not', async (t) => {
  const stage = await stageVersion(t);
  await stage.place(COPIES);
  const { have } = stage.part;
  for (const piece of [0, 1, 4, 9]) have.set(piece);
  const { storage } = await openPart(stage.target, new Layout(SIZE));
  t.after(() => storage.close());
  const path = join(stage.target, '../old');
  const again = (of: PartToFill): Promise<Bitfield | undefined> =>
    placePieces(of, planOf(path, [3, 5, 6, 8, 10, 11]), { clock: AT_ONCE, log: silentLog, call: CANNOT });
  const placed = await again({ storage, have, isNew: false });
  assert.deepEqual(placed && setIn(placed), [3, 5, 6, 8, 10, 11]);
  assert.deepEqual(setIn(have), [0, 1, 4, 9], 'zeros were cleared when it was opened');
  const other = await stageVersion(t);
  for (const piece of [0, 1]) other.part.storage.writeAt(piece * PIECE_SIZE, fileOf(NEW).subarray(0, PIECE_SIZE));
  for (const piece of [0, 1, 4, 9]) other.part.have.set(piece);
  assert.equal(await again({ ...other.part, isNew: false }), undefined);
});
