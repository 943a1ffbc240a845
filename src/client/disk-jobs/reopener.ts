// Performs what storage/reopening.ts decides: looks at the disk, hashes what is doubtful, opens or creates the `.part`
// of a download. Invariant: the record of a download is on the disk, and its `.part` is claimed, before that is created
// or written to.

import { dirname } from 'node:path';
import { fileError, MiniTorrentError, troubleOf } from '../../foundation/base/errors.js';
import type { Log } from '../../foundation/base/log.js';
import { Bitfield } from '../../foundation/torrent/bitfield.js';
import type { ChosenBeside } from '../../foundation/torrent/folder/choice.js';
import type { Metainfo, NameRule } from '../../foundation/torrent/metainfo.js';
import { zerosOf } from '../../foundation/torrent/zeros.js';
import { Permits } from '../../transfer/hash/permits.js';
import type { LinkedFile } from '../../transfer/storage/disk/entry-looks.js';
import { mountOf, mountPoints } from '../../transfer/storage/disk/mounts.js';
import { type Room, roomAt } from '../../transfer/storage/disk/room.js';
import type { FolderNeed } from '../../transfer/storage/folder/need.js';
import { judgeFolderPieces } from '../../transfer/storage/folder/reopening.js';
import { deleteSecondName, partBytesOf } from '../../transfer/storage/leftovers.js';
import type { readMetainfo } from '../../transfer/storage/metainfo-file.js';
import { createPart, makeFilesOwn, openPart } from '../../transfer/storage/open-storage.js';
import type { PartClaims } from '../../transfer/storage/part/claims.js';
import { refuseWithoutDisk, rememberDisk } from '../../transfer/storage/part/disk.js';
import {
  hasChanged,
  hasGone,
  judgeFile,
  judgePart,
  judgePieces,
  type PiecesVerdict,
  type Refused,
  recordedPieces,
} from '../../transfer/storage/part/reopening.js';
import {
  deleteResume,
  type LeftAs,
  leftAs,
  loadResume,
  NOT_CREATED,
  type ResumeReading,
  saveResume,
} from '../../transfer/storage/part/resume.js';
import { loadTotals } from '../../transfer/storage/part/totals.js';
import { inspectIfThere, isFolder } from '../../transfer/storage/source/source.js';
import type { Storage } from '../../transfer/storage/storage.js';
import { checkWritable, targetOf } from '../../transfer/storage/target.js';
import { checkTakesFiles, checkTargetName } from '../../transfer/storage/target-name.js';
import type { CheckResult, There } from '../effects.js';
import { recordedMs, UNFINISHED } from '../files/completeness.js';
import { copiesOf, otherPaths } from '../files/names.js';
import type { Entry, KnownZeros } from '../files/record.js';
import { CHECKS_A_MOUNT_MAX } from '../limits.js';
import type { Choice } from '../messages.js';
import type { StatePaths } from '../state/library.js';
import { Adoption, lookAtTarget, type OnHashed } from './adoption.js';
import { entryOf } from './entry.js';
import type { FolderStates } from './folder-states.js';
import { knownZerosOf } from './known-zeros.js';
import type { LocalHashing } from './local-hashing.js';
import { lookAt } from './look.js';
import type { OpenFiles } from './open-files.js';
import type { FoundCopy, FoundWhole, OpenedPart } from './opened-part.js';
import type { OwnCopies } from './own-copies.js';
import { deviceOf, targetRoom } from './target-room.js';

export interface GetOrder extends Choice {
  /** `destination` is the target itself. */
  readonly exact: boolean;
  readonly mtorrentPath: string;
  readonly destination: string;
}

export interface ReopenerOptions {
  readonly paths: StatePaths;
  readonly claims: PartClaims;
  readonly hashing: LocalHashing;
  readonly copies: OwnCopies;
  readonly folders: FolderStates;
  readonly files: Pick<OpenFiles, 'asked' | 'knows' | 'learn' | 'metainfo'>;
  /** Reads a .mtorrent, as `readMetainfo` does. */
  readonly read: typeof readMetainfo;
  /** Which host names a new .mtorrent may name. */
  readonly mayName: NameRule;
  readonly log: Log;
}

export interface PreparedGet {
  readonly entry: Entry;
  readonly metainfo: Metainfo;
  /** Which files of a folder are asked for, beside those that are known. */
  readonly chosen: ChosenBeside;
  /** What the disk can still take, the `.part` of an earlier try included. */
  readonly room: Room;
  /** ID of the file system. */
  readonly device: number;
  readonly zeros: KnownZeros;
  /** Of a folder. */
  readonly need?: FolderNeed | undefined;
  /** What lies at the target. Then nothing else was looked at. */
  readonly there: There | undefined;
}

/** All methods reject with MiniTorrentError. */
export class Reopener {
  readonly #options: ReopenerOptions;
  /** By mount: one that hangs keeps no check of the others waiting. */
  readonly #checks = new Map<string, Permits>();
  readonly #adoption: Adoption;

  constructor(options: ReopenerOptions) {
    this.#options = options;
    this.#adoption = new Adoption(options.hashing, (entry) => this.#recordOf(entry));
  }

  /**
   * Reads the .mtorrent and finds the target. A `.part` that no record knows is hashed and recorded. ALREADY_EXISTS
   * when it is of something else, ALREADY_RUNNING when another client writes it.
   * @param onHashed gets the pieces hashed so far, and where they lie.
   */
  async prepareGet(order: GetOrder, onHashed: (entry: Entry, done: number) => void): Promise<PreparedGet> {
    const { mtorrentPath, destination, exact, only, except } = order;
    const read = await this.#options.read(mtorrentPath, this.#options.mayName);
    const { metainfo, chosen } = this.#options.files.asked(read, { only, except });
    const path = exact ? destination : await targetOf(destination, metainfo);
    const directory = dirname(path);
    const entry = entryOf(metainfo, mtorrentPath, path, UNFINISHED, { only, except });
    await checkTargetName(path);
    const there = await lookAtTarget(path);
    const device = await deviceOf(directory);
    const prepared = { entry, metainfo, chosen, device, zeros: knownZerosOf(metainfo) };
    if (there !== undefined) return { ...prepared, room: await roomAt(directory), there };
    await checkWritable(path);
    await checkTakesFiles(path);
    await this.#options.claims.refuseIfTaken(path);
    const partBytes = await partBytesOf(path, metainfo.layout);
    if (partBytes === undefined) await refuseWithoutDisk(this.#recordOf(entry), path);
    const hasRecord = partBytes !== undefined && (await loadResume(this.#recordOf(entry))) !== undefined;
    if (judgePart(partBytes !== undefined, hasRecord) === 'examine')
      await this.#adoption.adoptPart(entry, metainfo, (done) => onHashed(entry, done));
    return { ...prepared, ...(await targetRoom(path, metainfo.layout, partBytes)), there };
  }

  /** As Adoption.wholeAt, also for a folder. */
  async wholeAt(entry: Entry, metainfo: Metainfo, onHashed?: OnHashed): Promise<FoundCopy> {
    if (metainfo.layout.folder !== undefined) return this.#options.folders.wholeAt(entry, metainfo, onHashed);
    return { mtimeMs: await this.#adoption.wholeAt(entry, metainfo, onHashed) };
  }

  /** The same for a get. What is known of another choice of the folder stays, unless more is asked for. */
  async judgeTarget(entry: Entry, onHashed: OnHashed): Promise<FoundCopy & { readonly chosen: ChosenBeside }> {
    const { files, copies, folders } = this.#options;
    const { metainfo, chosen } = files.knows(entry)
      ? ({ metainfo: files.metainfo(entry.swarm), chosen: 'same' } as const)
      : files.asked(await copies.metainfoOf(entry), entry.folder);
    if (chosen !== 'fewer' && chosen !== 'other') return { ...(await this.wholeAt(entry, metainfo, onHashed)), chosen };
    return { ...(await folders.judgeAt(entry, metainfo, onHashed)), chosen };
  }

  /** Compares what the library says about a file with the disk. */
  check(entry: Entry): Promise<{ readonly result: CheckResult; readonly metainfo: Metainfo | undefined }> {
    return this.#checksAt(entry.path).during(async () => {
      // Before the check, so that a change during it is noticed at the next look.
      const isFolder = entry.folder !== undefined;
      const found = await lookAt(entry.path, entry.mtorrentPath, otherPaths(entry), isFolder);
      const unusable = async ({ sentence }: Pick<Refused, 'sentence'>) => ({
        result: { kind: 'unusable', sentence, found, have: await this.#recordedCount(entry) } as const,
        metainfo: undefined,
      });
      try {
        const metainfo = this.#options.files.learn(await this.#options.copies.metainfoOf(entry), entry.folder);
        if (entry.folder?.followsLinks === true) metainfo.layout.folder?.followLinks();
        const verdict = await this.#checkCopies(entry, metainfo);
        return verdict.kind === 'refuse' ? await unusable(verdict) : { result: verdict, metainfo };
      } catch (error) {
        const failure = fileError(error, entry.path);
        const { result } = await unusable({ sentence: failure.message });
        return { result: { ...result, trouble: troubleOf(failure) }, metainfo: undefined };
      }
    });
  }

  #checksAt(path: string): Permits {
    const mount = mountOf(path, mountPoints());
    const permits = this.#checks.get(mount) ?? new Permits(CHECKS_A_MOUNT_MAX);
    this.#checks.set(mount, permits);
    return permits;
  }

  /** The first copy that is right; else what is wrong with the one that was served. */
  async #checkCopies(entry: Entry, metainfo: Metainfo): Promise<CheckResult | Refused> {
    const [served, ...others] = copiesOf(entry);
    const verdict = await settled(this.#checkFile(served ?? entry, metainfo));
    if (!('error' in verdict) && verdict.kind !== 'refuse') return verdict;
    for (const other of others) {
      const found = await settled(this.#checkFile(other, metainfo));
      if (!('error' in found) && found.kind !== 'refuse') return found;
    }
    if ('error' in verdict) throw verdict.error;
    return verdict;
  }

  async #checkFile(entry: Entry, metainfo: Metainfo): Promise<CheckResult | Refused> {
    if (metainfo.layout.folder !== undefined) return this.#checkFolder(entry, metainfo);
    const found = await inspectIfThere(entry.path);
    const verdict = judgeFile({ ...entry, mtimeMs: recordedMs(entry.completeness) }, found);
    if (verdict.kind === 'refuse') return verdict;
    if (verdict.kind === 'unfinished' || found === undefined) return this.#checkPart(entry, metainfo);
    if (verdict.kind === 'hash') {
      if (!(await this.#options.hashing.check(entry.path, metainfo)).isComplete) return hasChanged(entry);
      if (entry.completeness.kind === 'partial') {
        await deleteSecondName(entry.path);
        await this.forgetProgress(entry);
      }
    }
    return { kind: 'complete', path: entry.path, mtimeMs: found.mtimeMs };
  }

  async #checkFolder(entry: Entry, metainfo: Metainfo): Promise<CheckResult | Refused> {
    const { folders } = this.#options;
    const { path, completeness } = entry;
    const isThere = await isFolder(path);
    if (completeness.kind !== 'partial') {
      if (!isThere) return hasGone(entry);
      return { kind: 'complete', path, ...(await folders.check(entry, metainfo)) };
    }
    if (!isThere || (await partBytesOf(path)) !== undefined) return this.#checkPart(entry, metainfo);
    // It got its name just before a crash, or somebody has put it there.
    const found = await folders.wholeAt(entry, metainfo);
    await this.forgetProgress(entry);
    return { kind: 'complete', path, ...found };
  }

  async #checkPart(entry: Entry, metainfo: Metainfo): Promise<CheckResult> {
    const [device, totals] = [await deviceOf(dirname(entry.path)), await loadTotals(this.#recordOf(entry))];
    const [zeros, { size, pieceCount }] = [zerosOf(metainfo), metainfo.geometry];
    const have = recordedPieces(await loadResume(this.#recordOf(entry)), size, pieceCount).with(zeros.pieces).count;
    return { kind: 'partial', have, device, zeros: knownZerosOf(metainfo, zeros), totals };
  }

  /** How many pieces an unfinished download is recorded to have. */
  async #recordedCount(entry: Entry): Promise<number> {
    if (entry.completeness.kind !== 'partial') return 0;
    const reading = await loadResume(this.#recordOf(entry)).catch(() => undefined);
    return reading?.kind === 'resume' ? reading.resume.have.count : 0;
  }

  /**
   * Claims the `.part`, and creates it, or opens that of an earlier try and finds its good pieces. The caller releases
   * the claim of a part that it gets.
   */
  async openPart(entry: Entry, metainfo: Metainfo): Promise<OpenedPart | FoundWhole> {
    const { claims } = this.#options;
    await claims.take(entry.path);
    let opened: OpenedPart | FoundWhole | undefined;
    try {
      opened = await this.#open(entry, metainfo);
      return opened;
    } finally {
      if (opened?.kind !== 'part') await claims.release(entry.path);
    }
  }

  async #open(entry: Entry, metainfo: Metainfo): Promise<OpenedPart | FoundWhole> {
    if ((await lookAtTarget(entry.path)) !== undefined)
      return { kind: 'whole', ...(await this.wholeAt(entry, metainfo)) };
    metainfo.layout.folder?.forgetStamps();
    let reading = await this.#readingOf(entry);
    const verdict = judgePart((await partBytesOf(entry.path)) !== undefined, reading !== undefined);
    if (verdict === 'examine') {
      await this.#adoption.adoptPart(entry, metainfo);
      reading = await this.#readingOf(entry);
    }
    if (verdict !== 'create') await rememberDisk(this.#recordOf(entry), entry.path);
    if (verdict !== 'create' && reading !== undefined) return this.#reopen(entry, metainfo, reading);
    await refuseWithoutDisk(this.#recordOf(entry), entry.path);
    const have = Bitfield.shared(metainfo.geometry.pieceCount);
    // A new file reads as zeros wherever nothing was written: its pieces of zeros are there.
    fill(have, zerosOf(metainfo).pieces);
    await this.#record(entry, have, NOT_CREATED);
    const storage = await createPart(entry.path, metainfo.layout);
    try {
      await rememberDisk(this.#recordOf(entry), entry.path);
      await this.#makeHoles(storage, have);
      return { kind: 'part', storage, have, isNew: true };
    } catch (error) {
      await storage.close();
      throw error;
    }
  }

  /** A new folder has no files yet, and so no zeros. */
  async #makeHoles(storage: Storage, zeros: Bitfield): Promise<void> {
    if (storage.layout.folder === undefined || zeros.count === 0) return;
    await this.#options.hashing.clear(storage, zeros);
  }

  async #readingOf(entry: Entry): Promise<ResumeReading | undefined> {
    const reading = await loadResume(this.#recordOf(entry));
    if (reading?.kind === 'damaged') {
      const { reason } = reading;
      this.#options.log.warn({ path: entry.path, reason }, 'resume data is damaged; every piece is checked');
    }
    return reading;
  }

  async #reopen(entry: Entry, metainfo: Metainfo, reading: ResumeReading): Promise<OpenedPart> {
    const have = Bitfield.shared(metainfo.geometry.pieceCount);
    const zeros = zerosOf(metainfo).pieces;
    const { storage, found, times, linked } = await openPart(entry.path, metainfo.layout);
    const { folder } = metainfo.layout;
    const verdict =
      folder === undefined || times === undefined
        ? judgePieces(reading, metainfo.geometry, zeros, found)
        : judgeFolderPieces(reading, folder, zeros, { inode: found.inode, times });
    try {
      fill(have, await this.#goodPieces(storage, metainfo, verdict, linked));
      // All good pieces count as flushed from here on. The record must say so before the first write: one of a clean
      // stop is not believed once the file has changed.
      await storage.flush();
      await this.#record(entry, have, leftAs(found, false));
      return { kind: 'part', storage, have, isNew: false };
    } catch (error) {
      await storage.close();
      throw error;
    }
  }

  /** The pieces that are right, after those of zeros were made so. */
  async #goodPieces(
    storage: Storage,
    metainfo: Metainfo,
    verdict: PiecesVerdict,
    linked: readonly LinkedFile[],
  ): Promise<Bitfield> {
    const { believed, doubtful, toClear } = verdict;
    const { hashing, log } = this.#options;
    const { path } = storage;
    log.info({ path, believed: believed.count, hashed: doubtful.count + toClear.count }, 'a download goes on');
    const checked = doubtful.count === 0 ? doubtful : await hashing.check(path, metainfo, doubtful);
    const copied = await makeFilesOwn(storage, linked, believed.with(checked));
    if (copied > 0)
      log.info({ path, files: copied }, 'files that had other names were copied before they are written to');
    const written = toClear.count === 0 ? 0 : await hashing.clear(storage, toClear);
    if (written > 0) log.warn({ path, pieces: written }, 'pieces of zeros held other bytes; they are zeros again');
    return believed.with(checked).with(toClear);
  }

  /** Deletes the record of a complete download. A record that cannot be deleted does no harm. */
  async forgetProgress(entry: Entry): Promise<void> {
    try {
      await deleteResume(this.#recordOf(entry));
    } catch (error) {
      const { log } = this.#options;
      log.warn({ err: error, path: entry.path }, 'the resume data of a complete download could not be deleted');
    }
  }

  #recordOf(entry: Entry): string {
    return this.#options.paths.resumeOf(entry);
  }

  /** Saves the record of a download whose pieces are all flushed. */
  async #record(entry: Entry, have: Bitfield, left: LeftAs): Promise<void> {
    const { swarm, size } = entry;
    await saveResume(this.#recordOf(entry), { swarm, size, have, synced: have, left }, { durable: true });
  }
}

async function settled<T>(work: Promise<T>): Promise<T | { readonly error: MiniTorrentError }> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof MiniTorrentError) return { error };
    throw error;
  }
}

/** In place, since other threads look at the same memory. */
function fill(have: Bitfield, pieces: Bitfield): void {
  have.bytes.set(pieces.bytes);
  have.recount();
}
