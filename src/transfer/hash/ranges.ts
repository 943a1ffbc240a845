// Hashes or checks a whole local file on the pool's threads, in ranges of pieces: bounded tasks under way, results put in
// their place in whatever order they come. The threads read the file themselves. A file that changes meanwhile is
// refused, since its digests would describe bytes that never were in it together.

import { type FileHandle, open } from 'node:fs/promises';
import { assert } from '../../foundation/base/assert.js';
import { systemClock } from '../../foundation/base/clock.js';
import { errorCodeOfErrno, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { DIGEST_SIZE, HASH_RANGE_PIECES } from '../../foundation/base/limits.js';
import { Bitfield, type PieceRange } from '../../foundation/torrent/bitfield.js';
import type { Geometry } from '../../foundation/torrent/geometry.js';
import type { HashAnswer, HashTask } from './messages.js';

export interface RangeOptions {
  /** Called with the number of pieces done so far, after each range. */
  readonly onProgress?: ((pieceCount: number) => void) | undefined;
  /** Ends the walk after the ranges under way; the result is then CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  readonly pace?: Pace | undefined;
}

/** For a walk that must not be in anybody's way: one small range at a time, with a rest after each. */
export interface Pace {
  /** Pieces of one range, at most HASH_RANGE_PIECES. */
  readonly rangePieces: number;
  /** @param workedMs how long the range took. */
  readonly rest: (workedMs: number) => Promise<void>;
}

export interface RangeThreads {
  /** Ranges that may be under way together. */
  readonly lanes: number;
  /** Performs one task, when its turn comes among all files. */
  run(task: HashTask): Promise<HashAnswer>;
}

/** SHA-1 of each piece of the file at `path`, 20 bytes each. FILE_CHANGED when it is not `geometry.size` bytes throughout. */
export async function hashFile(
  threads: RangeThreads,
  path: string,
  geometry: Geometry,
  options: RangeOptions,
): Promise<Uint8Array> {
  const digests = new Uint8Array(geometry.pieceCount * DIGEST_SIZE);
  await withUnchangedFile(path, geometry.size, (fd) =>
    walk(threads, rangesOf(geometry, undefined, options.pace), options, async ([first, count]) => {
      const answer = await threads.run({ kind: 'hashRange', fd, first, count, size: geometry.size });
      if (answer.kind !== 'hashed') throw failureOf(answer, path);
      digests.set(answer.digests, first * DIGEST_SIZE);
    }),
  );
  return digests;
}

/** SHA-256 of the file at `path`, in one task: FILE_CHANGED as above. */
export async function sha256File(run: RangeThreads['run'], path: string, size: number): Promise<Uint8Array> {
  return withUnchangedFile(path, size, async (fd) => {
    const answer = await run({ kind: 'sha256File', fd, size });
    if (answer.kind !== 'sha256') throw failureOf(answer, path);
    return answer.digest;
  });
}

/**
 * The pieces of the file at `path` that have their digest; those past its end have not.
 * @param only looks at these pieces and no others.
 */
export async function checkFile(
  threads: RangeThreads,
  path: string,
  geometry: Geometry,
  digests: Uint8Array,
  options: RangeOptions & { readonly only?: Bitfield | undefined },
): Promise<Bitfield> {
  assert(digests.length === geometry.pieceCount * DIGEST_SIZE, 'a file is checked against one digest a piece');
  const good = new Bitfield(geometry.pieceCount);
  await withFile(path, (file) =>
    walk(threads, rangesOf(geometry, options.only, options.pace), options, async ([first, count]) => {
      const answer = await threads.run({
        kind: 'checkRange',
        fd: file.fd,
        first,
        count,
        size: geometry.size,
        digests: digests.subarray(first * DIGEST_SIZE, (first + count) * DIGEST_SIZE),
      });
      if (answer.kind !== 'checked') throw failureOf(answer, path);
      const range = new Bitfield(count, answer.good);
      for (let at = 0; at < count; at += 1) if (range.has(at)) good.set(first + at);
    }),
  );
  return good;
}

/** All pieces, or those of `only`, in ranges of a bounded number. */
function* rangesOf(
  geometry: Geometry,
  only: Bitfield | undefined,
  { rangePieces }: Pick<Pace, 'rangePieces'> = { rangePieces: HASH_RANGE_PIECES },
): Generator<PieceRange> {
  const whole: readonly PieceRange[] = geometry.pieceCount === 0 ? [] : [[0, geometry.pieceCount]];
  for (const [begin, length] of only === undefined ? whole : only.ranges()) {
    for (let at = 0; at < length; at += rangePieces) yield [begin + at, Math.min(rangePieces, length - at)];
  }
}

/** Performs every range, `lanes` at a time, or one at a time with a pace. Settles when none is under way any more, so that the file may be closed. */
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

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    const file = await open(path, 'r');
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

function withUnchangedFile<T>(path: string, size: number, use: (fd: number) => Promise<T>): Promise<T> {
  return withFile(path, async (file) => {
    const before = await file.stat({ bigint: true });
    if (before.size !== BigInt(size)) throw changed(path);
    const result = await use(file.fd);
    const after = await file.stat({ bigint: true });
    if (after.size !== before.size || after.mtimeNs !== before.mtimeNs) throw changed(path);
    return result;
  });
}

function failureOf(answer: HashAnswer, path: string): MiniTorrentError {
  if (answer.kind === 'ended') return changed(path);
  assert(answer.kind === 'ioError', 'a thread answers what it was asked');
  const sentence = `${path} could not be read (${answer.errno}); check the disk and try again`;
  return new MiniTorrentError(errorCodeOfErrno(answer.errno), sentence);
}

function changed(path: string): MiniTorrentError {
  return new MiniTorrentError(
    'FILE_CHANGED',
    `${path} changed while it was hashed; try again when nobody writes to it`,
  );
}
