// The slow steps of the client, off its machine: hash a file to share, read a .mtorrent to get, check at start what the
// library says, open a `.part`. Each reads or makes one file and answers with what it found; what follows is decided by the
// machine. One hash pool serves them all: shares and checks one at a time, and beside them one verification; it ends after a while without a job.

import type { Stats } from 'node:fs';
import { lstat, stat, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import type { Log } from '../../foundation/base/log.js';
import { systemTimers, type Timer } from '../../foundation/base/timers.js';
import type { Address } from '../../foundation/torrent/address.js';
import { Bitfield } from '../../foundation/torrent/bitfield.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import { formatHead, type Metainfo, makeMetainfo } from '../../foundation/torrent/metainfo.js';
import { Permits } from '../../transfer/hash/permits.js';
import type { HashPool } from '../../transfer/hash/pool.js';
import { checkMetainfoPath, readMetainfo, writeMetainfo } from '../../transfer/storage/metainfo-file.js';
import { believed, deleteResume, loadResume, type ResumeReading, saveResume } from '../../transfer/storage/resume.js';
import { freeBytes, inspectSource } from '../../transfer/storage/source.js';
import { createPart, openPart, type Stamp, type Storage } from '../../transfer/storage/storage.js';
import { partPathOf, resolveTarget } from '../../transfer/storage/target.js';
import type { CheckResult, Found } from '../effects.js';
import type { Entry } from '../files/record.js';
import { CHECKS_MAX, HASH_POOL_IDLE_MS, VERIFY_RANGE_PIECES } from '../limits.js';
import type { StatePaths } from '../state/library.js';

export interface OpenedPart {
  readonly storage: Storage;
  readonly metainfo: Metainfo;
  /** Shared memory; its pieces are verified. */
  readonly have: Bitfield;
}

export interface HashProgress {
  readonly size: number;
  readonly pieces: number;
  /** Pieces. */
  readonly done: number;
}

export interface VerifyOptions {
  /** Undefined: all pieces. */
  readonly only: Bitfield | undefined;
  /** How long to rest after so many milliseconds of work; both in milliseconds. */
  readonly restMs: (workedMs: number) => number;
  readonly givenUp: AbortSignal;
  /** Told how many pieces were hashed, after every few. */
  readonly onProgress: (pieces: number) => void;
}

export class Preparations {
  readonly #paths: StatePaths;
  readonly #log: Log;
  readonly #threads: number;
  readonly #read: (path: string) => Promise<Metainfo>;
  readonly #checks = new Permits(CHECKS_MAX);
  /** One at a time, so that several do not add up to more than one may take. */
  readonly #verifications = new Permits(1);
  readonly #closing = new AbortController();
  #jobs = 0;
  #pool: HashPool | undefined;
  #idle: Timer | undefined;
  #closed = false;
  #last: Promise<unknown> = Promise.resolve();

  /** @param read gives the content of a .mtorrent; rejects as `readMetainfo` does. */
  constructor(paths: StatePaths, threads: number, log: Log, read = readMetainfo) {
    this.#read = read;
    this.#paths = paths;
    this.#threads = threads;
    this.#log = log;
  }

  /** Hashes `path`. What would refuse its .mtorrent is found before, since hashing may take minutes. */
  async hashShare(
    path: string,
    mtorrentPath: string,
    trackers: readonly [Address, Address],
    onProgress: (progress: HashProgress) => void,
  ): Promise<{ entry: Entry; metainfo: Metainfo }> {
    if (!mtorrentPath.endsWith('.mtorrent')) {
      throw new MiniTorrentError(
        'INVALID_ARGUMENTS',
        `${mtorrentPath} does not end in .mtorrent; name it like ${basename(path)}.mtorrent`,
      );
    }
    const source = await inspectSource(path);
    const name = basename(path).normalize('NFC');
    await checkMetainfoPath(mtorrentPath, formatHead({ trackers, name, size: source.size }), { overwrite: false });
    const geometry = new Geometry(source.size);
    const { size, pieceCount: pieces } = geometry;
    const told = { onProgress: (done: number) => onProgress({ size, pieces, done }) };
    const digests = await this.#withPool((pool) => pool.hash(source.path, source.layout, told));
    const metainfo = makeMetainfo({ trackers, name, size: source.size, digests });
    return { entry: entryOf(metainfo, mtorrentPath, source.path, source.mtimeMs), metainfo };
  }

  /** Writes the .mtorrent of what was hashed; nothing is left when it fails. */
  async writeShare(entry: Entry, metainfo: Metainfo): Promise<void> {
    await writeMetainfo(entry.mtorrentPath, metainfo, { overwrite: false });
  }

  /** Reads the .mtorrent and finds where the file will go. ALREADY_EXISTS when something is there. */
  async get(
    mtorrentPath: string,
    destination: string,
  ): Promise<{ entry: Entry; metainfo: Metainfo; freeBytes: number; device: number }> {
    const metainfo = await this.#read(mtorrentPath);
    const path = await resolveTarget(destination, metainfo.name);
    const directory = dirname(path);
    const entry = entryOf(metainfo, mtorrentPath, path, null);
    if ((await isThere(partPathOf(path))) && (await loadResume(this.#paths.resumeOf(entry))) === undefined)
      throw strangePart(path);
    return {
      entry,
      metainfo,
      freeBytes: (await freeBytes(directory)) + (await allocatedBytes(partPathOf(path))),
      device: (await stat(directory)).dev,
    };
  }

  /** What the library says of one file, held against the disk. */
  check(entry: Entry): Promise<{ result: CheckResult; metainfo: Metainfo | undefined }> {
    return this.#checks.during(() => this.#check(entry));
  }

  async #check(entry: Entry): Promise<{ result: CheckResult; metainfo: Metainfo | undefined }> {
    // Before the judgement: what changes under it is then looked at again.
    const found = await lookAt(entry.path, entry.mtorrentPath);
    const unusable = (sentence: string) => ({
      result: { kind: 'unusable', sentence, found } as const,
      metainfo: undefined,
    });
    try {
      const metainfo = await this.#read(entry.mtorrentPath);
      if (metainfo.swarm !== entry.swarm)
        return unusable(`${entry.mtorrentPath} describes another file than before; put the old one back`);
      const complete = await this.#checkComplete(entry, metainfo);
      if (typeof complete === 'string') return unusable(complete);
      if (complete !== undefined) return { result: complete, metainfo };
      const device = (await stat(dirname(entry.path))).dev;
      const resume = await loadResume(this.#paths.resumeOf(entry));
      const have = resume?.kind === 'resume' ? resume.resume.have.count : 0;
      return { result: { kind: 'partial', have, device }, metainfo };
    } catch (error) {
      return unusable(fileError(error, entry.path).message);
    }
  }

  /** Undefined: the download is not complete, and was not said to be. A sentence: it was, and is not what it was. */
  async #checkComplete(entry: Entry, metainfo: Metainfo): Promise<CheckResult | string | undefined> {
    const found = await inspectIfThere(entry.path);
    if (found === undefined) {
      if (entry.mtimeMs === null) return undefined;
      return `${entry.path} is gone; put it back, or remove ${basename(entry.mtorrentPath)}`;
    }
    if (found.size === entry.size && found.mtimeMs === entry.mtimeMs)
      return { kind: 'complete', mtimeMs: found.mtimeMs };
    // Touched, or finished in the moment before a crash: the bytes decide.
    const right = found.size === entry.size && (await this.#isWhole(entry.path, metainfo));
    if (right && entry.mtimeMs === null) {
      await dropTwin(partPathOf(entry.path), entry.path);
      await this.forgetProgress(entry);
    }
    if (right) return { kind: 'complete', mtimeMs: found.mtimeMs };
    return `${entry.path} has changed since it was shared; put the old file back, or remove ${basename(entry.mtorrentPath)}`;
  }

  async #isWhole(path: string, metainfo: Metainfo): Promise<boolean> {
    return (await this.#withPool((pool) => pool.check(path, metainfo.layout, metainfo.digests))).isComplete;
  }

  /**
   * The pieces of `only`, or of all, that are right. Small ranges with a rest after each; no share or check waits for it.
   * CANCELLED when it is given up.
   */
  verify(path: string, { layout, digests }: Metainfo, options: VerifyOptions): Promise<Bitfield> {
    const { only, restMs, givenUp, onProgress } = options;
    const signal = AbortSignal.any([this.#closing.signal, givenUp]);
    const rest = async (workedMs: number): Promise<void> => {
      const forMs = restMs(workedMs);
      // Given up while it rests: the walk sees it.
      if (forMs > 0) await pause(forMs, undefined, { signal }).catch(() => undefined);
    };
    const pace = { rangePieces: VERIFY_RANGE_PIECES, rest };
    return this.#verifications.during(() =>
      this.#lend((pool) => pool.check(path, layout, digests, { only, signal, pace, onProgress })),
    );
  }

  /** Creates the `.part`, or opens the one of an earlier try and finds out which of its pieces are good. */
  async openPart(entry: Entry, metainfo: Metainfo): Promise<OpenedPart> {
    const have = Bitfield.shared(metainfo.geometry.pieceCount);
    const reading = await loadResume(this.#paths.resumeOf(entry));
    if (reading?.kind === 'damaged')
      this.#log.warn({ path: entry.path, reason: reading.reason }, 'resume data is damaged; every piece is checked');
    if (!(await isThere(partPathOf(entry.path)))) {
      // The record comes first: a `.part` without one is somebody else's file, which is never written to.
      const nothing = new Bitfield(metainfo.geometry.pieceCount);
      const record = { swarm: entry.swarm, size: entry.size, have: nothing, synced: nothing, inode: 0, clean: null };
      await saveResume(this.#paths.resumeOf(entry), record, { durable: true });
      return { storage: await createPart(entry.path, metainfo.layout), metainfo, have };
    }
    if (reading === undefined) throw strangePart(entry.path);
    const { storage, found } = await openPart(entry.path, metainfo.layout);
    try {
      have.bytes.set((await this.#goodPieces(entry, found, metainfo, reading)).bytes);
      have.recount();
      // What a crash left in the kernel's memory is hashed now; from here on it counts as flushed. The record says so before
      // a byte is written: one that speaks of the file as it was after a clean end would be believed no more.
      await storage.flush();
      const { swarm, size } = entry;
      const record = { swarm, size, have, synced: have, inode: found.inode, clean: null };
      await saveResume(this.#paths.resumeOf(entry), record, { durable: true });
    } catch (error) {
      await storage.close();
      throw error;
    }
    return { storage, metainfo, have };
  }

  /** Believes what was flushed, hashes what was written since, and everything when there is no record to build on. */
  async #goodPieces(entry: Entry, found: Stamp, metainfo: Metainfo, reading: ResumeReading): Promise<Bitfield> {
    const resume = reading.kind === 'resume' && reading.resume.size === entry.size ? reading.resume : undefined;
    const check = (only: Bitfield | undefined): Promise<Bitfield> =>
      this.#withPool((pool) => pool.check(partPathOf(entry.path), metainfo.layout, metainfo.digests, { only }));
    if (resume === undefined || reading.kind !== 'resume') return check(undefined);
    const good = believed(resume, reading.savedMs, found);
    const doubtful = resume.have.without(good);
    this.#log.info({ path: entry.path, believed: good.count, hashed: doubtful.count }, 'a download goes on');
    return doubtful.count === 0 ? good : good.with(await check(doubtful));
  }

  /** Of a download that is complete; what cannot be deleted is in nobody's way. */
  async forgetProgress(entry: Entry): Promise<void> {
    try {
      await deleteResume(this.#paths.resumeOf(entry));
    } catch (error) {
      this.#log.warn({ err: error, path: entry.path }, 'the resume data of a complete download could not be deleted');
    }
  }

  /** What a removed file leaves here: its .mtorrent, and of an unfinished one the `.part` and the resume data. */
  async deleteFiles(entry: Entry, unfinished: boolean): Promise<void> {
    await deleteResume(this.#paths.resumeOf(entry));
    if (unfinished) await unlinkIfThere(partPathOf(entry.path));
    await unlinkIfThere(entry.mtorrentPath);
  }

  /** Ends the pool's threads; a job under way is cancelled. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#closing.abort();
    this.#idle?.cancel();
    await this.#pool?.close();
  }

  /** Jobs run in the order they came, so that two shares do not thrash one disk. */
  #withPool<T>(job: (pool: HashPool) => Promise<T>): Promise<T> {
    const done = this.#last.then(() => this.#lend(job));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #lend<T>(job: (pool: HashPool) => Promise<T>): Promise<T> {
    // Loaded with the first job: most starts have none, and a prompt is there the sooner.
    const { openHashPool } = await import('../../transfer/hash/pool.js');
    if (this.#closed) throw new MiniTorrentError('CANCELLED', 'the client is closing');
    this.#idle?.cancel();
    this.#jobs += 1;
    this.#pool ??= openHashPool({ threads: this.#threads, log: this.#log });
    try {
      return await job(this.#pool);
    } finally {
      this.#jobs -= 1;
      if (this.#jobs === 0 && !this.#closed) this.#closeLater();
    }
  }

  /** Threads take longer to start than a small file to hash, so they stay for the next share of a batch. */
  #closeLater(): void {
    this.#idle = systemTimers.at(systemTimers.nowMs() + HASH_POOL_IDLE_MS, () => {
      const idle = this.#pool;
      this.#pool = undefined;
      idle?.close().catch((error: unknown) => this.#log.error({ err: error }, 'the hash threads did not end'));
    });
  }
}

function strangePart(path: string): MiniTorrentError {
  return new MiniTorrentError(
    'ALREADY_EXISTS',
    `${partPathOf(path)} is there and is not of a download of this client; move it away`,
  );
}

function entryOf(metainfo: Metainfo, mtorrentPath: string, path: string, mtimeMs: number | null): Entry {
  const { name, geometry, swarm, trackers } = metainfo;
  return { mtorrentPath, path, name, size: geometry.size, swarm, trackers, mtimeMs, paused: false };
}

/** What lies at `path`, as its name and times tell; undefined when that is no file that can be looked at. */
export async function lookAt(path: string, mtorrentPath: string | undefined): Promise<Found | undefined> {
  const [source, metainfo] = await Promise.all([
    statOf(path),
    mtorrentPath === undefined ? undefined : statOf(mtorrentPath),
  ]);
  if (source === undefined || !source.isFile()) return undefined;
  const { size, mtimeMs, ctimeMs } = source;
  return { size, mtimeMs, changedMs: ctimeMs, metainfoMtimeMs: metainfo?.mtimeMs };
}

function statOf(path: string): Promise<Stats | undefined> {
  // Whatever hides it from us, it is not there for us.
  return stat(path).catch(() => undefined);
}

async function inspectIfThere(path: string) {
  try {
    return await inspectSource(path);
  } catch (error) {
    if (error instanceof MiniTorrentError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw fileError(error, path);
  }
}

/** Bytes on disk that a resumed download need not take again. */
async function allocatedBytes(path: string): Promise<number> {
  return (await isThere(path)) ? (await stat(path)).blocks * 512 : 0;
}

/** A download killed between the two steps of its renaming has both names. */
async function dropTwin(partPath: string, path: string): Promise<void> {
  if (!(await isThere(partPath))) return;
  const [part, whole] = [await lstat(partPath), await lstat(path)];
  if (part.ino === whole.ino && part.dev === whole.dev) await unlinkIfThere(partPath);
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(error, path);
  }
}
