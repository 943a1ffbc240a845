// The hash pool on real threads: digests are node:crypto's at every edge of the piece size, checks find exactly what is
// wrong, nothing unverified is ever written, and a thread that dies costs nothing but time.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import type { Log } from '../../../src/foundation/base/log.js';
import { Prng } from '../../../src/foundation/base/prng.js';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import { FolderList } from '../../../src/foundation/torrent/folder/folder-list.js';
import { Geometry } from '../../../src/foundation/torrent/geometry.js';
import { Layout } from '../../../src/foundation/torrent/layout.js';
import { HASH_READ_BYTES, HASH_STARTS_FAILED_MAX } from '../../../src/transfer/hash/limits.js';
import type { PieceOutcome, PieceToStore } from '../../../src/transfer/hash/messages.js';
import { type HashPool, type HashPoolOptions, openHashPool } from '../../../src/transfer/hash/pool.js';
import { createPart } from '../../../src/transfer/storage/open-storage.js';
import { failsWith } from '../../support/failures.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const SLOTS = 4;
const DYING = new URL('../../support/dying-hash-worker.js', import.meta.url);

function poolFor(t: TestContext, options: Partial<HashPoolOptions> = {}): HashPool {
  const pool = openHashPool({ threads: 2, ...options });
  t.after(() => pool.close());
  return pool;
}

function randomBytes(size: number, seed = 1): Uint8Array {
  const prng = new Prng(seed);
  const words = Uint32Array.from({ length: Math.ceil(size / 4) }, () => prng.below(2 ** 32));
  return new Uint8Array(words.buffer, 0, size);
}

function sha1(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha1').update(bytes).digest());
}

function digestsOf(bytes: Uint8Array): Uint8Array {
  const digests: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_SIZE) digests.push(sha1(bytes.subarray(at, at + PIECE_SIZE)));
  return new Uint8Array(Buffer.concat(digests));
}

const indicesOf = (bits: Bitfield): number[] =>
  Array.from({ length: bits.pieceCount }, (_, index) => index).filter((index) => bits.has(index));

test("a file's digests are those of its pieces, at every edge of the piece size", async (t) => {
  const pool = poolFor(t);
  const path = join(temporaryDirectory(t), 'file');
  for (const size of [0, 1, PIECE_SIZE - 1, PIECE_SIZE, PIECE_SIZE + 1, 70 * PIECE_SIZE + 12_345]) {
    const bytes = randomBytes(size);
    writeFileSync(path, bytes);
    const geometry = new Geometry(size);
    const layout = new Layout(size);
    const progress: number[] = [];
    const digests = await pool.hash(path, layout, { onProgress: (pieceCount) => progress.push(pieceCount) });
    assert.deepEqual(digests, digestsOf(bytes), `${size} bytes`);
    assert.equal(progress.at(-1) ?? 0, geometry.pieceCount);
    assert.equal((await pool.check(path, layout, digests)).isComplete, true);
    assert.deepEqual(Buffer.from(await pool.sha256(path, layout)), createHash('sha256').update(bytes).digest());
  }
});

/** The bytes that a file system keeps for a file. */
const allocatedOf = (path: string): number => statSync(path).blocks * 512;

test('FC-30: holes and zeros have the digests of their bytes, wherever in a piece the first other byte is', async (t) => {
  const pool = poolFor(t);
  const path = join(temporaryDirectory(t), 'file');
  const size = 7 * PIECE_SIZE + 9;
  const bytes = new Uint8Array(size);
  // In the first read, at the border of two, in the last one, and nowhere.
  for (const at of [0, PIECE_SIZE + HASH_READ_BYTES - 1, 2 * PIECE_SIZE + HASH_READ_BYTES, 4 * PIECE_SIZE - 1])
    bytes[at] = 1;
  writeFileSync(path, bytes.subarray(0, 4 * PIECE_SIZE));
  truncateSync(path, size);
  const layout = new Layout(size);
  const digests = await pool.hash(path, layout);
  assert.deepEqual(digests, digestsOf(bytes));
  assert.ok((await pool.check(path, layout, digests)).isComplete);
});

test('FC-30: pieces that must be zeros are written where they are anything else, and stay holes where they are not', async (t) => {
  const pool = poolFor(t);
  const path = join(temporaryDirectory(t), 'file.part');
  const size = 20 * PIECE_SIZE + 3;
  const layout = new Layout(size);
  const storage = await createPart(path.slice(0, -'.part'.length), layout);
  t.after(() => storage.close());
  const other = Uint8Array.of(7);
  for (const at of [2 * PIECE_SIZE, 6 * PIECE_SIZE - 1, 9 * PIECE_SIZE, size - 1]) storage.writeAt(at, other);
  const zeros = new Bitfield(21);
  for (const piece of [0, 1, 2, 3, 5, 20]) zeros.set(piece);
  assert.equal(await pool.clear(storage, zeros), 3);
  const expected = Buffer.alloc(size);
  expected[9 * PIECE_SIZE] = 7;
  assert.ok(readFileSync(path).equals(expected), 'nothing else was touched');
  assert.ok(allocatedOf(path) < 4 * PIECE_SIZE, `${allocatedOf(path)} bytes are kept`);
  assert.equal(await pool.clear(storage, zeros), 0);
});

test('with a pace one small range is checked at a time, and a rest follows each', async (t) => {
  const pool = poolFor(t);
  const path = join(temporaryDirectory(t), 'file');
  const bytes = randomBytes(11 * PIECE_SIZE + 5);
  writeFileSync(path, bytes);
  const layout = new Layout(bytes.length);
  const heard: string[] = [];
  const rest = async (workedMs: number): Promise<void> => {
    assert.ok(workedMs >= 0);
    heard.push('rests');
    await new Promise((resolve) => setImmediate(resolve));
    heard.push('rested');
  };
  const onProgress = (pieceCount: number): void => void heard.push(`${pieceCount} done`);
  const options = { onProgress, pace: { rangePieces: 5, rest } };
  assert.ok((await pool.check(path, layout, digestsOf(bytes), options)).isComplete);
  assert.deepEqual(
    heard,
    [5, 10, 12].flatMap((done) => ['rests', 'rested', `${done} done`]),
  );
});

test('P28: a check finds exactly the pieces that were damaged', async (t) => {
  const pool = poolFor(t);
  const path = join(temporaryDirectory(t), 'file');
  const size = 130 * PIECE_SIZE + 7;
  const bytes = randomBytes(size);
  const digests = digestsOf(bytes);
  const geometry = new Geometry(size);
  const layout = new Layout(size);
  const prng = new Prng(5);
  const damaged = new Set([0, 63, 64, 130, ...Array.from({ length: 6 }, () => prng.below(131))]);
  for (const index of damaged) {
    const at = geometry.pieceOffset(index) + prng.below(geometry.pieceLength(index));
    bytes[at] = (bytes[at] ?? 0) ^ (1 << prng.below(8));
  }
  writeFileSync(path, bytes);
  const good = await pool.check(path, layout, digests);
  for (let index = 0; index < geometry.pieceCount; index += 1) assert.equal(good.has(index), !damaged.has(index));

  const only = new Bitfield(geometry.pieceCount);
  for (const index of [0, 5, 6, 64, 130]) only.set(index);
  assert.deepEqual(indicesOf(await pool.check(path, layout, digests, { only })), [5, 6]);
});

test('pieces past the end of a file that is too short are not good, those before it are', async (t) => {
  const pool = poolFor(t);
  const path = join(temporaryDirectory(t), 'file');
  const bytes = randomBytes(3 * PIECE_SIZE);
  writeFileSync(path, bytes);
  const digests = digestsOf(bytes);
  truncateSync(path, 2 * PIECE_SIZE - 1);
  assert.deepEqual(indicesOf(await pool.check(path, new Layout(bytes.length), digests)), [0]);
});

test('a file that changes while it is hashed is refused', async (t) => {
  const pool = poolFor(t, { threads: 1 });
  const path = join(temporaryDirectory(t), 'file');
  const size = 200 * PIECE_SIZE;
  writeFileSync(path, '');
  truncateSync(path, size);
  const touch = (): void => writeFileSync(path, 'x', { flag: 'r+' });
  await assert.rejects(
    pool.hash(path, new Layout(size), { onProgress: touch }),
    failsWith('FILE_CHANGED', path, 'try again'),
  );
  const shrink = (): void => truncateSync(path, 5);
  await assert.rejects(pool.hash(path, new Layout(size), { onProgress: shrink }), failsWith('FILE_CHANGED'));
  await assert.rejects(pool.hash(path, new Layout(6)), failsWith('FILE_CHANGED'));
  await assert.rejects(pool.sha256(path, new Layout(6)), failsWith('FILE_CHANGED'));
});

test('hashing ends early when it is cancelled, and says so', async (t) => {
  const pool = poolFor(t, { threads: 1 });
  const path = join(temporaryDirectory(t), 'file');
  const layout = new Layout(2 ** 40);
  writeFileSync(path, '');
  truncateSync(path, layout.size);
  const stop = new AbortController();
  let ranges = 0;
  const onProgress = (): void => {
    ranges += 1;
    stop.abort();
  };
  const options = { signal: stop.signal, onProgress };
  await assert.rejects(pool.hash(path, layout, options), failsWith('CANCELLED'));
  assert.ok(ranges <= 4, 'only what was under way was finished');
  await assert.rejects(pool.sha256(path, layout, AbortSignal.abort()), failsWith('CANCELLED'));
});

test('a file that is not there is said to be so', async (t) => {
  const pool = poolFor(t);
  const path = join(temporaryDirectory(t), 'nothing');
  await assert.rejects(pool.hash(path, new Layout(1)), failsWith('FILE_NOT_FOUND', path));
  await assert.rejects(pool.check(path, new Layout(1), new Uint8Array(20)), failsWith('FILE_NOT_FOUND', path));
});

interface Bench {
  readonly pool: HashPool;
  readonly slab: SharedArrayBuffer;
  readonly path: string;
  readonly fd: number;
}

/** One piece that came alone. */
async function store(pool: HashPool, piece: PieceToStore): Promise<PieceOutcome> {
  const outcomes = await pool.storePieces([piece]);
  assert.equal(outcomes.length, 1);
  return outcomes[0] as PieceOutcome;
}

const STORED: PieceOutcome = { kind: 'stored', errno: '', entry: 0 };
const MISMATCH: PieceOutcome = { kind: 'mismatch', errno: '', entry: 0 };

function bench(t: TestContext, options: Partial<HashPoolOptions> = {}): Bench {
  const slab = new SharedArrayBuffer(SLOTS * PIECE_SIZE);
  const path = join(temporaryDirectory(t), 'file.part');
  const fd = openSync(path, 'w+');
  t.after(() => closeSync(fd));
  return { pool: poolFor(t, { slab, ...options }), slab, path, fd };
}

test('a slot that matches is written to its place, whole, and nothing beside it', async (t) => {
  const { pool, slab, path, fd } = bench(t);
  const piece = randomBytes(PIECE_SIZE);
  new Uint8Array(slab, 2 * PIECE_SIZE, PIECE_SIZE).set(piece);
  const short = piece.subarray(0, 1_000);
  const storage = { fd, size: 3 * PIECE_SIZE + 1_000, list: 0 };
  const tasks = [
    { piece: 1, slot: 2, digest: sha1(piece), storage },
    { piece: 3, slot: 2, digest: sha1(short), storage },
  ];
  for (const task of tasks) assert.deepEqual(await store(pool, task), STORED);
  const expected = Buffer.concat([new Uint8Array(PIECE_SIZE), piece, new Uint8Array(PIECE_SIZE), short]);
  assert.ok(readFileSync(path).equals(expected));
});

test("a folder's pieces are verified and written by the list of their task, hashed and checked, and an error names the file", async (t) => {
  const slab = new SharedArrayBuffer(SLOTS * PIECE_SIZE);
  const pool = poolFor(t, { slab });
  const directory = temporaryDirectory(t);
  const plain = { target: '', digest: undefined, seconds: undefined };
  const list = FolderList.of([
    { ...plain, kind: 'file', path: 'd/a', size: 10 },
    { ...plain, kind: 'file', path: 'd/b', size: PIECE_SIZE - 20 },
    { ...plain, kind: 'pad', path: '', size: 10 },
    { ...plain, kind: 'file', path: 'large', size: PIECE_SIZE + 5 },
  ]);
  const layout = new Layout(list);
  const bytes = randomBytes(layout.size);
  bytes.fill(0, PIECE_SIZE - 10, PIECE_SIZE);
  const digests = digestsOf(bytes);
  const part = await createPart(join(directory, 'x'), layout);
  const pieces = [0, 1, 2].map((piece): PieceToStore => {
    const memory = new Uint8Array(slab, piece * PIECE_SIZE, PIECE_SIZE);
    memory.set(bytes.subarray(piece * PIECE_SIZE, (piece + 1) * PIECE_SIZE));
    return { piece, slot: piece, digest: digests.subarray(piece * 20, piece * 20 + 20), storage: part.handle };
  });
  for (const { kind } of await pool.storePieces(pieces)) assert.equal(kind, 'stored');
  mkdirSync(join(directory, 'mine'));
  symlinkSync(join(directory, 'mine'), join(part.path, 'away'));
  renameSync(join(part.path, 'd'), join(directory, 'd'));
  renameSync(join(part.path, 'away'), join(part.path, 'd'));
  assert.deepEqual(await pool.storePieces(pieces.slice(0, 1)), [{ kind: 'ioError', errno: 'ENOTDIR', entry: 0 }]);
  assert.deepEqual(readdirSync(join(directory, 'mine')), []);
  await assert.rejects(pool.hash(part.path, layout), failsWith('NOT_A_DIRECTORY', 'd/a'));
  rmSync(join(part.path, 'd'));
  assert.deepEqual(indicesOf(await pool.check(part.path, layout, digests)), [1, 2]);
  await assert.rejects(pool.hash(part.path, layout), failsWith('FILE_CHANGED', 'd/a'));
  renameSync(join(directory, 'd'), join(part.path, 'd'));
  assert.deepEqual(await pool.hash(part.path, layout), digests);
  await part.close();
});

test('a slot that does not match is never written', async (t) => {
  const { pool, slab, path, fd } = bench(t);
  const piece = randomBytes(PIECE_SIZE);
  const digest = sha1(piece);
  const slot = new Uint8Array(slab, 0, PIECE_SIZE);
  for (const at of [0, 1, PIECE_SIZE / 2, PIECE_SIZE - 1]) {
    slot.set(piece);
    slot[at] = (slot[at] ?? 0) ^ 1;
    assert.deepEqual(
      await store(pool, { piece: 0, slot: 0, digest, storage: { fd, size: PIECE_SIZE, list: 0 } }),
      MISMATCH,
    );
  }
  slot.set(piece);
  const short = { piece: 0, slot: 0, digest, storage: { fd, size: PIECE_SIZE - 1, list: 0 } };
  assert.deepEqual(await store(pool, short), MISMATCH);
  assert.equal(readFileSync(path).length, 0);
});

test('a disk that cannot take a piece is an answer with the name of its error', async (t) => {
  const { pool, slab, path } = bench(t);
  const digest = sha1(new Uint8Array(slab, 0, 10));
  const full = openSync('/dev/full', 'w');
  t.after(() => closeSync(full));
  assert.deepEqual(await store(pool, { piece: 0, slot: 0, digest, storage: { fd: full, size: 10, list: 0 } }), {
    kind: 'ioError',
    errno: 'ENOSPC',
    entry: 0,
  });
  const readOnly = openSync(path, 'r');
  t.after(() => closeSync(readOnly));
  assert.deepEqual(await store(pool, { piece: 0, slot: 0, digest, storage: { fd: readOnly, size: 10, list: 0 } }), {
    kind: 'ioError',
    errno: 'EBADF',
    entry: 0,
  });
});

test('pieces that come together have each their own outcome, in order', async (t) => {
  const { pool, slab, fd, path } = bench(t);
  const bytes = randomBytes(3 * PIECE_SIZE);
  new Uint8Array(slab).set(bytes);
  const digests = digestsOf(bytes);
  const tasks = [2, 0, 1].map((slot) => {
    const digest = slot === 0 ? new Uint8Array(20) : digests.subarray(slot * 20, slot * 20 + 20);
    return { piece: slot, slot, digest, storage: { fd, size: bytes.length, list: 0 } };
  });
  assert.deepEqual(await pool.storePieces(tasks), [STORED, MISMATCH, STORED]);
  const expected = Buffer.concat([new Uint8Array(PIECE_SIZE), bytes.subarray(PIECE_SIZE)]);
  assert.ok(readFileSync(path).equals(expected));
});

test('every slot at once, on every thread, ends in the right place', async (t) => {
  const { pool, slab, path, fd } = bench(t);
  const bytes = randomBytes(SLOTS * PIECE_SIZE);
  new Uint8Array(slab).set(bytes);
  const digests = digestsOf(bytes);
  const outcomes = await Promise.all(
    Array.from({ length: SLOTS }, (_, slot) => {
      const digest = digests.subarray(slot * 20, slot * 20 + 20);
      return store(pool, { piece: SLOTS - 1 - slot, slot, digest, storage: { fd, size: bytes.length, list: 0 } });
    }),
  );
  assert.ok(outcomes.every((outcome) => outcome.kind === 'stored'));
  const written = readFileSync(path);
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const there = written.subarray((SLOTS - 1 - slot) * PIECE_SIZE, (SLOTS - slot) * PIECE_SIZE);
    assert.ok(there.equals(bytes.subarray(slot * PIECE_SIZE, (slot + 1) * PIECE_SIZE)));
  }
});

/** As in test/support/dying-hash-worker.ts; whether a thread spins is found out soon here. */
const FAILURES = ['dies', 'throws', 'runs out of memory', 'spins'];

for (const [way, what] of FAILURES.entries()) {
  test(`F16: a task whose thread ${what} is done by another one`, async (t) => {
    const taskDeadlineMs = what === 'spins' ? 2_000 : undefined;
    const { pool, slab, fd, path } = bench(t, { entry: DYING, threads: 1, taskDeadlineMs });
    new Int32Array(slab, (SLOTS - 1) * PIECE_SIZE, 2).set([0, way]);
    const digest = sha1(new Uint8Array(slab, 0, 100));
    const task = { piece: 0, slot: 0, digest, storage: { fd, size: 100, list: 0 } };
    assert.deepEqual(await store(pool, task), STORED, 'its thread has started');
    new Int32Array(slab, (SLOTS - 1) * PIECE_SIZE, 1)[0] = 1;
    assert.deepEqual(await store(pool, task), STORED);
    assert.equal(readFileSync(path).length, 100);
    assert.deepEqual(await store(pool, task), STORED, 'and the pool works on');
  });
}

test('F16: a task that kills two threads is given up, and the pool works on', async (t) => {
  const { pool, slab, fd } = bench(t, { entry: DYING, threads: 1 });
  new Int32Array(slab, (SLOTS - 1) * PIECE_SIZE, 1)[0] = 2;
  const task = { piece: 0, slot: 0, digest: sha1(new Uint8Array(100)), storage: { fd, size: 100, list: 0 } };
  await assert.rejects(store(pool, task), failsWith('INTERNAL', 'twice'));
  assert.deepEqual(await store(pool, task), STORED);
});

test('a closed pool refuses work instead of hanging', async (t) => {
  const { pool, slab, fd } = bench(t);
  await pool.close();
  const task = { piece: 0, slot: 0, digest: sha1(new Uint8Array(slab, 0, 1)), storage: { fd, size: 1, list: 0 } };
  await assert.rejects(store(pool, task), failsWith('CANCELLED'));
});

// One that is ended while it requires such a module aborts the whole program, on Node 20 about once in 300 times.
test('a hash thread never requires an ES module, so that it may be ended while it loads', async (t) => {
  const pool = poolFor(t, { entry: new URL('../../support/importing-hash-worker.js', import.meta.url) });
  const path = join(temporaryDirectory(t), 'file');
  const bytes = randomBytes(10);
  writeFileSync(path, bytes);
  assert.deepEqual(await pool.hash(path, new Layout(bytes.length)), digestsOf(bytes));
});

test('a pool is warm when all threads that it keeps have answered, and works as ever then', async (t) => {
  const { pool, slab, fd } = bench(t);
  await pool.warmUp();
  const task = { piece: 0, slot: 0, digest: sha1(new Uint8Array(slab, 0, 1)), storage: { fd, size: 1, list: 0 } };
  assert.deepEqual(await store(pool, task), STORED);
});

test('closing ends a pool that is still getting warm', async (t) => {
  const { pool } = bench(t);
  const warm = pool.warmUp().then(
    () => undefined,
    (error: unknown) => error,
  );
  await pool.close();
  const failure = await warm;
  // Its threads may have been up in the very moment.
  if (failure !== undefined) assert.ok(failsWith('CANCELLED')(failure));
  await assert.rejects(pool.warmUp(), failsWith('CANCELLED'));
});

test('threads that cannot even load are not started for ever: the pool says what is wrong and is closed', async (t) => {
  const died: string[] = [];
  const log = { error: (facts: { err: unknown }) => died.push(String(facts.err)) } as unknown as Log;
  const { pool, slab, fd } = bench(t, { entry: new URL('../../support/no-such-worker.js', import.meta.url), log });
  const task = { piece: 0, slot: 0, digest: sha1(new Uint8Array(slab, 0, 1)), storage: { fd, size: 1, list: 0 } };
  await assert.rejects(pool.warmUp(), failsWith('INTERNAL'));
  // Each try starts a thread, so their number is bounded by the pool's own bound.
  let failure = await failureOf(pool, task);
  for (let tries = 0; tries < HASH_STARTS_FAILED_MAX && !/no hash thread can be started/.test(failure); tries += 1)
    failure = await failureOf(pool, task);
  assert.match(failure, /no hash thread can be started .*no-such-worker/);
  const before = died.length;
  assert.match(await failureOf(pool, task), /no hash thread can be started/);
  assert.equal(died.length, before, 'nothing more was started');
});

async function failureOf(pool: HashPool, task: PieceToStore): Promise<string> {
  const error = await store(pool, task).then(
    () => undefined,
    (failed: unknown) => failed,
  );
  assert.ok(failsWith('INTERNAL')(error));
  return (error as Error).message;
}
