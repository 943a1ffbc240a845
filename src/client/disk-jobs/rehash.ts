// Verifies the pieces that a file should have, slowly while payload moves, and removes bad ones from a stopped
// download's bitfield and record. Decides nothing about files. Invariant: a bad piece leaves the shared bitfield before
// the record, and the record is on the disk before `mended` is reported.

import { systemClock } from '../../foundation/base/clock.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { zerosOf } from '../../foundation/torrent/zeros.js';
import { partBytesOf } from '../../transfer/storage/leftovers.js';
import { allOf, recordedPieces, unchanged, withoutPieces } from '../../transfer/storage/part/reopening.js';
import { loadResume, saveResume } from '../../transfer/storage/part/resume.js';
import { isFolder } from '../../transfer/storage/source/source.js';
import { partPathOf } from '../../transfer/storage/target.js';
import type { ClientEffect, HashedAgain } from '../effects.js';
import type { Entry } from '../files/record.js';
import { VERIFY_BUSY_MS, VERIFY_REST } from '../limits.js';
import type { StatePaths } from '../state/library.js';
import { type FolderStates, wholePieces } from './folder-states.js';
import type { LocalHashing, VerifyOptions } from './local-hashing.js';
import { lookAt } from './look.js';
import type { OpenFiles } from './open-files.js';
import type { OwnCopies } from './own-copies.js';

export interface RehashOptions {
  readonly hashing: LocalHashing;
  readonly files: OpenFiles;
  readonly paths: StatePaths;
  readonly copies: OwnCopies;
  readonly folders: FolderStates;
}

export class Rehash {
  readonly #hashing: LocalHashing;
  readonly #files: OpenFiles;
  readonly #paths: StatePaths;
  readonly #copies: OwnCopies;
  readonly #folders: FolderStates;
  /** By file number. */
  readonly #inProgress = new Map<number, AbortController>();
  #movedMs = Number.NEGATIVE_INFINITY;

  constructor({ hashing, files, paths, copies, folders }: RehashOptions) {
    this.#folders = folders;
    this.#hashing = hashing;
    this.#files = files;
    this.#paths = paths;
    this.#copies = copies;
  }

  /** Payload was sent or received: verification slows down. */
  payloadMoved(): void {
    this.#movedMs = systemClock.nowMs();
  }

  /** A copy of the pieces that an unfinished download has, and of those of zeros. */
  async piecesOf(file: number, entry: Entry): Promise<Bitfield> {
    const recorded = await this.#recordedOf(file, entry);
    return this.#files.knows(entry) ? recorded.with(zerosOf(this.#files.metainfo(entry.swarm)).pieces) : recorded;
  }

  /** Until its `.part` is opened, nobody knows whether the pieces of zeros are zeros there. */
  async #recordedOf(file: number, entry: Entry): Promise<Bitfield> {
    const open = this.#files.haveOf(file);
    if (open !== undefined) return open;
    return recordedPieces(
      await loadResume(this.#paths.resumeOf(entry)),
      entry.size,
      new Geometry(entry.size).pieceCount,
    );
  }

  /** Rejects with MiniTorrentError when the file cannot be read. @param onProgress called with the pieces done. */
  async hashAgain(
    { file, entry }: Extract<ClientEffect, { kind: 'hashAgain' }>,
    onProgress: (pieces: number) => void,
  ): Promise<HashedAgain> {
    const metainfo = await this.#copies.learned(entry, this.#files);
    if (metainfo.layout.folder !== undefined) return this.#hashFolderAgain(file, entry, metainfo, onProgress);
    const isComplete = entry.completeness.kind !== 'partial';
    const only = isComplete ? undefined : await this.#recordedOf(file, entry);
    const path = isComplete ? entry.path : await pathOf(entry);
    const before = await lookAt(path, entry.mtorrentPath);
    if (only?.count === 0) return { kind: 'hashed', claimed: 0, bad: [], found: before };
    if (isComplete && before !== undefined && before.size > entry.size) throw longer(path, before.size, entry.size);
    const good = await this.#verify(file, path, metainfo, { only, onProgress });
    const found = unchanged(before, await lookAt(path, entry.mtorrentPath));
    const claimed = only ?? allOf(metainfo.geometry.pieceCount);
    return { kind: 'hashed', claimed: claimed.count, bad: [...claimed.without(good).ranges()], found };
  }

  /** Files of bad pieces count as changed; what no whole piece shows is not judged. */
  async #hashFolderAgain(
    file: number,
    entry: Entry,
    metainfo: Metainfo,
    onProgress: (pieces: number) => void,
  ): Promise<HashedAgain> {
    const isComplete = entry.completeness.kind !== 'partial';
    const whole = wholePieces(metainfo.layout);
    const only = isComplete ? whole : whole.common(await this.#recordedOf(file, entry));
    const path = isComplete || (await isFolder(entry.path)) ? entry.path : partPathOf(entry.path);
    const found = await lookAt(path, entry.mtorrentPath, [], true);
    if (only.count === 0) return { kind: 'hashed', claimed: 0, bad: [], found };
    const bad = only.without(await this.#verify(file, path, metainfo, { only, onProgress }));
    if (isComplete) this.#folders.rotted(metainfo, bad);
    return { kind: 'hashed', claimed: only.count, bad: [...bad.ranges()], found };
  }

  /** Resolves to how many pieces are left. Its download must not be running. */
  async mend({ file, entry, bad }: Extract<ClientEffect, { kind: 'mend' }>): Promise<number> {
    this.#files.clearPieces(file, bad);
    const path = this.#paths.resumeOf(entry);
    const reading = await loadResume(path);
    // Without a record, every piece is hashed before it counts.
    if (reading?.kind !== 'resume') return this.#files.haveOf(file)?.count ?? 0;
    const resume = withoutPieces(reading.resume, bad);
    await saveResume(path, resume, { durable: true });
    return resume.have.count;
  }

  /** The file is removed: its verification ends. */
  forget(file: number): void {
    this.#inProgress.get(file)?.abort();
  }

  async #verify(
    file: number,
    path: string,
    metainfo: Metainfo,
    options: Pick<VerifyOptions, 'only' | 'onProgress'>,
  ): Promise<Bitfield> {
    const cancel = new AbortController();
    this.#inProgress.set(file, cancel);
    const restMs = (workedMs: number): number => this.#restMs(workedMs);
    try {
      return await this.#hashing.verify(path, metainfo, { ...options, restMs, signal: cancel.signal });
    } finally {
      this.#inProgress.delete(file);
    }
  }

  #restMs(workedMs: number): number {
    return systemClock.nowMs() - this.#movedMs < VERIFY_BUSY_MS ? workedMs * VERIFY_REST : 0;
  }
}

/** Where an unfinished download is. One that has just completed has its final name already. */
async function pathOf({ path }: Entry): Promise<string> {
  const partBytes = await partBytesOf(path).catch(() => undefined);
  return partBytes === undefined ? path : partPathOf(path);
}

/** All its pieces may be right, and it is another file all the same. */
function longer(path: string, bytes: number, size: number): MiniTorrentError {
  const sentence = `${path} has ${bytes} bytes and had ${size} when it was shared; put the old file back, or share it again`;
  return new MiniTorrentError('FILE_CHANGED', sentence);
}
