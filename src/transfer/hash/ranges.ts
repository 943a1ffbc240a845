// Hashes or checks a whole share on the pool's threads, which read its storage themselves: ranges of pieces, a bounded
// number in flight, their results put together in whatever order they come. A share that changes meanwhile is refused,
// since its digests would describe bytes that were never there together.

import { assert, present } from '../../foundation/base/assert.js';
import { systemClock } from '../../foundation/base/clock.js';
import { errnoError, MiniTorrentError } from '../../foundation/base/errors.js';
import { DIGEST_SIZE, HASH_RANGE_PIECES } from '../../foundation/base/limits.js';
import { Bitfield, type PieceRange } from '../../foundation/torrent/bitfield.js';
import { NO_STAMP } from '../../foundation/torrent/folder/folder-list.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import { NO_FILE } from '../storage/disk/entry-looks.js';
import { FOLDER_LOOK_ENTRIES } from '../storage/limits.js';
import { openSource } from '../storage/open-storage.js';
import type { Storage } from '../storage/storage.js';
import type { HashAnswer, HashTask } from './messages.js';

export interface RangeOptions {
  /** Called with the number of pieces done so far, after each range. */
  readonly onProgress?: ((pieceCount: number) => void) | undefined;
  /** Ends the walk after the ranges in flight; it then rejects with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  readonly pace?: Pace | undefined;
}

/** For a walk that must not slow down other work: one small range at a time, with a rest after each. */
export interface Pace {
  /** Pieces of one range, at most HASH_RANGE_PIECES. */
  readonly rangePieces: number;
  /** @param workedMs how long the range took. */
  readonly rest: (workedMs: number) => Promise<void>;
}

export interface RangeThreads {
  /** Ranges that may be in flight together. */
  readonly lanes: number;
  /** Runs one task when its turn comes among those of all files. */
  run(task: HashTask): Promise<HashAnswer>;
}

/**
 * SHA-1 of each piece of what lies at `path`, 20 bytes each. FILE_CHANGED when it is not what `layout` says throughout.
 * The packed files of a folder get their digests in its list; the files must have the stamps that it has.
 */
export async function hashShare(
  threads: RangeThreads,
  path: string,
  layout: Layout,
  options: RangeOptions,
): Promise<Uint8Array> {
  const { pieceCount } = new Geometry(layout.size);
  const digests = new Uint8Array(pieceCount * DIGEST_SIZE);
  const kind = layout.folder === undefined ? 'hashRange' : 'digestRange';
  const hash = (storage: Storage): Promise<void> =>
    walk(threads, rangesOf(pieceCount, undefined, options.pace), options, async ([first, count]) => {
      const answer = await threads.run({ kind, storage: storage.handle, first, count });
      if (answer.kind !== 'hashed') throw failureOf(answer, storage);
      digests.set(answer.digests, first * DIGEST_SIZE);
    });
  if (layout.folder === undefined) await whileUnchanged(path, layout, hash);
  else {
    await whileOpen(path, layout, async (storage) => {
      await hash(storage);
      await checkStamps(threads, storage, options.signal);
    });
  }
  return digests;
}

/**
 * The times of these entries of the folder at `path`, as `timesOf` has them. At most FOLDER_LOOK_ENTRIES. Rejects with
 * MiniTorrentError when the folder is not there.
 */
export function takeTimes(
  run: RangeThreads['run'],
  path: string,
  layout: Layout,
  entries: Uint32Array,
): Promise<BigInt64Array> {
  return whileOpen(path, layout, (storage) => timesIn(run, storage, entries));
}

/** The same of any number of entries of an open folder, on several threads. */
export async function lookAtEntries(
  threads: RangeThreads,
  storage: Storage,
  entries: Uint32Array,
): Promise<BigInt64Array> {
  const times = new BigInt64Array(entries.length);
  await walk(threads, rangesIn(entries.length, FOLDER_LOOK_ENTRIES), {}, async ([first, count]) => {
    times.set(await timesIn(threads.run, storage, entries.subarray(first, first + count)), first);
  });
  return times;
}

async function timesIn(run: RangeThreads['run'], storage: Storage, entries: Uint32Array): Promise<BigInt64Array> {
  const indices = new Uint8Array(entries.slice().buffer);
  const answer = await run({ kind: 'takeTimes', storage: storage.handle, entries: indices });
  if (answer.kind === 'ioError') throw errnoError(answer.errno, storage.path);
  assert(answer.kind === 'timesTaken', 'a thread answers what it was asked');
  return new BigInt64Array(answer.times.slice().buffer);
}

/** Throws FILE_CHANGED when a file of an open folder has not the size and the modification time of its list. */
async function checkStamps(threads: RangeThreads, storage: Storage, signal: AbortSignal | undefined): Promise<void> {
  const list = present(storage.layout.folder, 'a folder is looked at');
  const files = list.indicesOf((entry) => list.isFile(entry));
  await walk(threads, rangesIn(files.length, FOLDER_LOOK_ENTRIES), { signal }, async ([first, count]) => {
    const entries = files.subarray(first, first + count);
    const times = await timesIn(threads.run, storage, entries);
    for (const [at, entry] of entries.entries()) {
      const stamp = list.stampOf(entry);
      const isSame = stamp === NO_STAMP ? times[at] !== NO_FILE : times[at] === stamp;
      if (!isSame) throw isChanged(storage.pathOf(entry));
    }
  });
}

/** SHA-256 of what lies at `path`, in one task: FILE_CHANGED as above. */
export async function sha256Of(run: RangeThreads['run'], path: string, layout: Layout): Promise<Uint8Array> {
  return whileUnchanged(path, layout, async (storage) => {
    const answer = await run({ kind: 'sha256', storage: storage.handle });
    if (answer.kind !== 'sha256') throw failureOf(answer, storage);
    return answer.digest;
  });
}

/**
 * The pieces of what lies at `path` that have their digest; those past its end have not.
 * @param only looks at these pieces and no others.
 */
export async function checkShare(
  threads: RangeThreads,
  path: string,
  layout: Layout,
  digests: Uint8Array,
  options: RangeOptions & { readonly only?: Bitfield | undefined },
): Promise<Bitfield> {
  const { pieceCount } = new Geometry(layout.size);
  assert(digests.length === pieceCount * DIGEST_SIZE, 'a share is checked against one digest a piece');
  const good = new Bitfield(pieceCount);
  await whileOpen(path, layout, (storage) =>
    walk(threads, rangesOf(pieceCount, options.only, options.pace), options, async ([first, count]) => {
      const range = digests.subarray(first * DIGEST_SIZE, (first + count) * DIGEST_SIZE);
      const answer = await threads.run({ kind: 'checkRange', storage: storage.handle, first, count, digests: range });
      if (answer.kind !== 'checked') throw failureOf(answer, storage);
      const found = new Bitfield(count, answer.good);
      for (let at = 0; at < count; at += 1) if (found.has(at)) good.set(first + at);
    }),
  );
  return good;
}

/** Which pieces from `first` on have their digest where they lie in an open storage; one of zeros is made so. */
export async function settlePieces(
  run: RangeThreads['run'],
  storage: Storage,
  first: number,
  digests: Uint8Array,
): Promise<readonly boolean[]> {
  const count = digests.length / DIGEST_SIZE;
  const answer = await run({ kind: 'settleRange', storage: storage.handle, first, count, digests });
  if (answer.kind !== 'checked') throw failureOf(answer, storage);
  const good = new Bitfield(count, answer.good);
  return Array.from({ length: count }, (_, at) => good.has(at));
}

/**
 * Makes these pieces of an open storage zeros. Resolves to how many of them had to be written. The caller has the
 * storage open for writing, and nobody else writes to it.
 */
export async function clearPieces(threads: RangeThreads, storage: Storage, pieces: Bitfield): Promise<number> {
  let written = 0;
  await walk(threads, rangesOf(pieces.pieceCount, pieces), {}, async ([first, count]) => {
    const answer = await threads.run({ kind: 'clearRange', storage: storage.handle, first, count });
    if (answer.kind !== 'cleared') throw failureOf(answer, storage);
    written += answer.written;
  });
  return written;
}

/** All pieces, or those of `only`, in ranges of a bounded number. */
function* rangesOf(
  pieceCount: number,
  only: Bitfield | undefined,
  { rangePieces }: Pick<Pace, 'rangePieces'> = { rangePieces: HASH_RANGE_PIECES },
): Generator<PieceRange> {
  const whole: readonly PieceRange[] = pieceCount === 0 ? [] : [[0, pieceCount]];
  for (const [begin, length] of only === undefined ? whole : only.ranges()) {
    for (let at = 0; at < length; at += rangePieces) yield [begin + at, Math.min(rangePieces, length - at)];
  }
}

function* rangesIn(count: number, each: number): Generator<PieceRange> {
  for (let at = 0; at < count; at += each) yield [at, Math.min(each, count - at)];
}

/** Performs every range, `lanes` at a time, or one at a time with a pace. No range is in flight once it settles. */
async function walk(
  threads: RangeThreads,
  ranges: Generator<PieceRange>,
  options: RangeOptions,
  perform: (range: PieceRange) => Promise<void>,
): Promise<void> {
  let pieceCount = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    // The lanes draw from one generator; `for … of` in each of them would close it for the others.
    for (let next = ranges.next(); next.done !== true && !failed; next = ranges.next()) {
      try {
        if (options.signal?.aborted === true) throw new MiniTorrentError('CANCELLED', 'hashing was cancelled');
        const beganMs = systemClock.nowMs();
        await perform(next.value);
        await options.pace?.rest(systemClock.nowMs() - beganMs);
      } catch (error) {
        failed = true;
        throw error;
      }
      pieceCount += next.value[1];
      options.onProgress?.(pieceCount);
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: options.pace === undefined ? threads.lanes : 1 }, lane));
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}

async function whileOpen<T>(path: string, layout: Layout, use: (storage: Storage) => Promise<T>): Promise<T> {
  const storage = await openSource(path, layout);
  try {
    return await use(storage);
  } finally {
    await storage.close();
  }
}

function whileUnchanged<T>(path: string, layout: Layout, use: (storage: Storage) => Promise<T>): Promise<T> {
  return whileOpen(path, layout, async (storage) => {
    const before = await storage.stamp();
    if (before.size !== layout.size) throw isChanged(path);
    const result = await use(storage);
    const after = await storage.stamp();
    if (after.size !== before.size || after.mtimeNs !== before.mtimeNs) throw isChanged(path);
    return result;
  });
}

function failureOf(answer: HashAnswer, storage: Storage): MiniTorrentError {
  if (answer.kind === 'ended') return isChanged(storage.pathOf(answer.entry));
  assert(answer.kind === 'ioError', 'a thread answers what it was asked');
  return errnoError(answer.errno, storage.pathOf(answer.entry));
}

function isChanged(path: string): MiniTorrentError {
  return new MiniTorrentError(
    'FILE_CHANGED',
    `${path} changed while it was hashed; try again when nobody writes to it`,
  );
}
