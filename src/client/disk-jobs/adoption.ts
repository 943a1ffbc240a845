// Takes up what lies where a download is to go and no record knows: a whole file at the target, pieces in a `.part`.
// Hashes it, and refuses what is of something else. Invariant: nothing is written to a file before pieces in it were
// found right.

import { lstat, stat } from 'node:fs/promises';
import { equalBytes } from '../../foundation/base/bytes.js';
import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { zerosOf } from '../../foundation/torrent/zeros.js';
import { deleteSecondName, partBytesOf } from '../../transfer/storage/leftovers.js';
import { examinePart } from '../../transfer/storage/open-storage.js';
import { type Examined, judgeUnknownPart, type Taken, targetTaken } from '../../transfer/storage/part/reopening.js';
import { leftAs, saveResume } from '../../transfer/storage/part/resume.js';
import { inspectSource, lookAtSource, type Source } from '../../transfer/storage/source/source.js';
import { partPathOf } from '../../transfer/storage/target.js';
import type { There } from '../effects.js';
import type { Entry } from '../files/record.js';
import { holdsSomeOf } from './left-out.js';
import type { LocalHashing } from './local-hashing.js';

/** @param done pieces. */
export type OnHashed = (done: number) => void;

/** What lies at the target; undefined when nothing does. */
export async function lookAtTarget(path: string): Promise<There | undefined> {
  try {
    await lstat(path);
  } catch (error) {
    const failure = fileError(error, path);
    if (failure.code === 'FILE_NOT_FOUND') return undefined;
    throw failure;
  }
  return (await lookAtSource(path)) ?? { size: -1, mtimeMs: 0 };
}

/** All methods reject with MiniTorrentError. */
export class Adoption {
  readonly #hashing: LocalHashing;
  readonly #recordOf: (entry: Entry) => string;

  constructor(hashing: LocalHashing, recordOf: (entry: Entry) => string) {
    this.#hashing = hashing;
    this.#recordOf = recordOf;
  }

  /**
   * The modification time of the file at the target, if it is whole. Otherwise rejects with ALREADY_EXISTS, saying what
   * it is; FILE_CHANGED, when somebody writes to it; VERIFICATION_FAILED.
   */
  async wholeAt({ path }: Entry, metainfo: Metainfo, onHashed?: OnHashed): Promise<number> {
    const { geometry, sha256 } = metainfo;
    const source = await sourceAt(path);
    const good = source === undefined ? undefined : await this.#goodAt(path, metainfo, onHashed);
    if (source?.size !== geometry.size || good?.isComplete !== true) {
      const more = Math.max(0, (source?.size ?? 0) - geometry.size);
      const isPartThere = (await partBytesOf(path)) !== undefined;
      const kind = source === undefined ? await kindOf(path) : undefined;
      const found = { good: tellingOf(good, metainfo), pieces: geometry.pieceCount, more, isPartThere, kind };
      throw new MiniTorrentError('ALREADY_EXISTS', targetTaken(path, partPathOf(path), found).sentence);
    }
    if (sha256 !== undefined && !equalBytes(await this.#hashing.sha256(source), sha256)) {
      const sentence = `${path} has the right pieces but not the SHA-256 of its .mtorrent; do not use it, and tell whoever made the .mtorrent`;
      throw new MiniTorrentError('VERIFICATION_FAILED', sentence);
    }
    await deleteSecondName(path);
    return source.mtimeMs;
  }

  /** Makes a record of the pieces in the `.part`. ALREADY_EXISTS when it is of something else. */
  async adoptPart(entry: Entry, metainfo: Metainfo, onHashed?: OnHashed): Promise<void> {
    const { path, swarm, size } = entry;
    const partPath = partPathOf(path);
    const { stamp, diskBytes, times: before } = await examinePart(path, metainfo.layout);
    const good = await this.#goodAt(partPath, metainfo, onHashed);
    const examined: Examined = { good: tellingOf(good, metainfo), pieces: good.pieceCount, diskBytes };
    const refused = judgeUnknownPart(partPath, examined);
    if (refused !== undefined && !(await holdsSomeOf(this.#hashing, partPath, metainfo)))
      throw new MiniTorrentError('ALREADY_EXISTS', refused.sentence);
    const { stamp: after, times } = await examinePart(path, metainfo.layout);
    if (after.mtimeMs !== stamp.mtimeMs || after.size !== stamp.size || !areEqual(times, before))
      throw isChanging(partPath);
    const left = leftAs(after, true, times);
    await saveResume(this.#recordOf(entry), { swarm, size, have: good, synced: good, left }, { durable: true });
  }

  async #goodAt(path: string, metainfo: Metainfo, onHashed: OnHashed | undefined): Promise<Bitfield> {
    const before = await lookAtSource(path);
    const good = await this.#hashing.check(path, metainfo, undefined, onHashed);
    const after = await lookAtSource(path);
    if (before?.mtimeMs !== after?.mtimeMs || before?.size !== after?.size) throw isChanging(path);
    return good;
  }
}

/** Of files of a folder, or of none. */
function areEqual(one: BigInt64Array | undefined, other: BigInt64Array | undefined): boolean {
  return one?.length === other?.length && (one?.every((time, at) => time === other?.[at]) ?? true);
}

/** Right pieces that show whose a file is. */
function tellingOf(good: Bitfield | undefined, metainfo: Metainfo): number {
  if (good === undefined) return 0;
  return good.isComplete ? good.count : good.without(zerosOf(metainfo).pieces).count;
}

function isChanging(path: string): MiniTorrentError {
  const sentence = `${path} is being written by another program; wait for it, then run the same command again`;
  return new MiniTorrentError('FILE_CHANGED', sentence);
}

/** Undefined for a file. */
async function kindOf(path: string): Promise<Taken['kind']> {
  const [named, found] = [await lstat(path).catch(() => undefined), await stat(path).catch(() => undefined)];
  if (found === undefined) return named?.isSymbolicLink() === true ? 'a link that leads to nothing' : undefined;
  if (found.isDirectory()) return 'a folder';
  return found.isFile() ? undefined : 'no regular file';
}

/** Undefined for what is not a readable file of a size that can be shared. */
async function sourceAt(path: string): Promise<Source | undefined> {
  try {
    return await inspectSource(path);
  } catch (error) {
    const isOther =
      error instanceof MiniTorrentError && ['FILE_NOT_FOUND', 'NOT_A_FILE', 'LIMIT_REACHED'].includes(error.code);
    if (isOther) return undefined;
    throw error;
  }
}
