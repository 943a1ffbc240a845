// Performs verifications: hashes again what a file is said to have, without hurry while payload moves, and takes bad pieces
// out of a stopped download's bitfield and resume data. Decides nothing about files. Invariant: a piece is out of the shared
// bitfield before it is out of the record, and the record is on the disk before `mended` is said.

import { stat } from 'node:fs/promises';
import { systemClock } from '../../foundation/base/clock.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { Bitfield } from '../../foundation/torrent/bitfield.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { readMetainfo } from '../../transfer/storage/metainfo-file.js';
import { loadResume, saveResume } from '../../transfer/storage/resume.js';
import { partPathOf } from '../../transfer/storage/target.js';
import type { ClientEffect, HashedAgain } from '../effects.js';
import type { Entry } from '../files/record.js';
import { VERIFY_BUSY_MS, VERIFY_REST } from '../limits.js';
import type { StatePaths } from '../state/library.js';
import type { OpenFiles } from './open-files.js';
import { lookAt, type Preparations, type VerifyOptions } from './prepare.js';

export class Rehash {
  readonly #prepare: Preparations;
  readonly #files: OpenFiles;
  readonly #paths: StatePaths;
  /** By file number. */
  readonly #underWay = new Map<number, AbortController>();
  #movedMs = Number.NEGATIVE_INFINITY;

  constructor(prepare: Preparations, files: OpenFiles, paths: StatePaths) {
    this.#prepare = prepare;
    this.#files = files;
    this.#paths = paths;
  }

  /** Payload was sent or received: whoever hashes now is in its way. */
  payloadMoved(): void {
    this.#movedMs = systemClock.nowMs();
  }

  /** Pieces that an unfinished download has; a copy. */
  async piecesOf(file: number, entry: Entry): Promise<Bitfield> {
    const held = this.#files.haveOf(file);
    if (held !== undefined) return held;
    const reading = await loadResume(this.#paths.resumeOf(entry));
    const { pieceCount } = new Geometry(entry.size);
    const isOurs = reading?.kind === 'resume' && reading.resume.size === entry.size;
    return isOurs ? reading.resume.have : new Bitfield(pieceCount);
  }

  /** Rejects with MiniTorrentError when the file cannot be read. */
  async hashAgain(
    { file, entry }: Extract<ClientEffect, { kind: 'hashAgain' }>,
    onProgress: (pieces: number) => void,
  ): Promise<HashedAgain> {
    const metainfo = await this.#metainfoOf(entry);
    const isComplete = entry.mtimeMs !== null;
    const only = isComplete ? undefined : await this.piecesOf(file, entry);
    // A download that completes just now has its final name already.
    const partPath = partPathOf(entry.path);
    const path = isComplete || !(await isThere(partPath)) ? entry.path : partPath;
    const before = await lookAt(path, entry.mtorrentPath);
    if (only?.count === 0) return { kind: 'hashed', claimed: 0, bad: [], found: before };
    const good = await this.#verify(file, path, metainfo, { only, onProgress });
    const after = await lookAt(path, entry.mtorrentPath);
    const claimed = only ?? allOf(metainfo.geometry.pieceCount);
    const isSame = before?.changedMs === after?.changedMs && before?.size === after?.size;
    return {
      kind: 'hashed',
      claimed: claimed.count,
      bad: [...claimed.without(good).ranges()],
      found: isSame ? after : undefined,
    };
  }

  /** Answers how many pieces are left. Its download must not be running. */
  async mend({ file, entry, bad }: Extract<ClientEffect, { kind: 'mend' }>): Promise<number> {
    this.#files.clearPieces(file, bad);
    const path = this.#paths.resumeOf(entry);
    const reading = await loadResume(path);
    // Without a record nothing is claimed: every piece is hashed before it counts.
    if (reading?.kind !== 'resume') return this.#files.haveOf(file)?.count ?? 0;
    const { resume } = reading;
    const wrong = new Bitfield(resume.have.pieceCount);
    for (const [begin, count] of bad) for (let at = 0; at < count; at += 1) wrong.set(begin + at);
    const have = resume.have.without(wrong);
    await saveResume(path, { ...resume, have, synced: resume.synced.without(wrong) }, { durable: true });
    return have.count;
  }

  /** The file is of no interest any more. */
  forget(file: number): void {
    this.#underWay.get(file)?.abort();
  }

  async #verify(
    file: number,
    path: string,
    metainfo: Metainfo,
    options: Pick<VerifyOptions, 'only' | 'onProgress'>,
  ): Promise<Bitfield> {
    const giveUp = new AbortController();
    this.#underWay.set(file, giveUp);
    const restMs = (workedMs: number): number => this.#restMs(workedMs);
    try {
      return await this.#prepare.verify(path, metainfo, { ...options, restMs, givenUp: giveUp.signal });
    } finally {
      this.#underWay.delete(file);
    }
  }

  /** Of a file that was missing at the start it may not have been read yet. */
  async #metainfoOf(entry: Entry): Promise<Metainfo> {
    if (this.#files.knows(entry.swarm)) return this.#files.metainfo(entry.swarm);
    const metainfo = await readMetainfo(entry.mtorrentPath);
    if (metainfo.swarm !== entry.swarm) {
      const sentence = `${entry.mtorrentPath} describes another file than before; put the old one back`;
      throw new MiniTorrentError('INVALID_MTORRENT', sentence);
    }
    this.#files.learn(metainfo);
    return metainfo;
  }

  #restMs(workedMs: number): number {
    return systemClock.nowMs() - this.#movedMs < VERIFY_BUSY_MS ? workedMs * VERIFY_REST : 0;
  }
}

function allOf(pieceCount: number): Bitfield {
  const all = new Bitfield(pieceCount);
  all.setAll();
  return all;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
