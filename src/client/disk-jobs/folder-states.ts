// What a complete folder on the disk is, compared with what it was: by the stamps of its files, and by hashing where
// those say nothing. Marks the files that have changed in the folder's list. Invariant: a file has no mark only while
// it is as it was when its pieces were right.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { Bitfield } from '../../foundation/torrent/bitfield.js';
import { piecesOfEntry } from '../../foundation/torrent/folder/entry-pieces.js';
import type { FolderList } from '../../foundation/torrent/folder/folder-list.js';
import { servedPieces, wantedPieces } from '../../foundation/torrent/folder/wanted-pieces.js';
import { Layout } from '../../foundation/torrent/layout.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { zerosOf } from '../../foundation/torrent/zeros.js';
import { NO_FILE } from '../../transfer/storage/disk/entry-looks.js';
import { unlinkIfThere } from '../../transfer/storage/disk/publish.js';
import { completeFolder } from '../../transfer/storage/folder/completion.js';
import { loadStamps, saveStamps } from '../../transfer/storage/folder/stamps.js';
import { FOLDER_LOOK_ENTRIES } from '../../transfer/storage/limits.js';
import { targetTaken } from '../../transfer/storage/part/reopening.js';
import { isFolder } from '../../transfer/storage/source/source.js';
import { partPathOf } from '../../transfer/storage/target.js';
import type { SeenFolder } from '../effects.js';
import { recordedMs } from '../files/completeness.js';
import type { Entry } from '../files/record.js';
import { CHANGED_NAMED_MAX } from '../limits.js';
import type { StatePaths } from '../state/library.js';
import type { OnHashed } from './adoption.js';
import { folderMisfits, folderTaken } from './folder-taken.js';
import { holdsSomeOf } from './left-out.js';
import type { LocalHashing } from './local-hashing.js';

/** A folder that is there. */
export interface FolderState {
  /** Of the record of its stamps. */
  readonly mtimeMs: number;
  /** Pieces that can be shared. */
  readonly have: number;
}

/** A folder as a whole was hashed. */
export interface ExaminedFolder {
  /** Pieces that are right, of those that can be judged. */
  readonly good: Bitfield;
  /** Of the chosen files, those that are not right, by their indices. */
  readonly wrong: readonly number[];
}

/** What the last looks at a shared folder saw. */
interface Watched {
  /** Index of the entry that is looked at next. */
  next: number;
  /** Of changed files: their time at the last look, and when they were hashed last. */
  readonly changed: Map<number, { readonly seen: bigint; readonly judged: bigint | undefined }>;
}

/** All methods take the metainfo of a folder, and reject with MiniTorrentError. */
export class FolderStates {
  readonly #hashing: LocalHashing;
  readonly #paths: Pick<StatePaths, 'stampsOf'>;
  readonly #isServedFrom: (entry: Pick<Entry, 'swarm' | 'path'>) => boolean;
  /** By file number. */
  readonly #watched = new Map<number, Watched>();

  /** @param isServedFrom whether the swarm of the entry is served from its path now. */
  constructor(
    hashing: LocalHashing,
    paths: Pick<StatePaths, 'stampsOf'>,
    isServedFrom: (entry: Pick<Entry, 'swarm' | 'path'>) => boolean,
  ) {
    this.#isServedFrom = isServedFrom;
    this.#hashing = hashing;
    this.#paths = paths;
  }

  /** After a restart, or when the folder is back: files whose stamps are right are believed. */
  async check(entry: Entry, metainfo: Metainfo): Promise<FolderState> {
    const { path, swarm, completeness } = entry;
    const list = listOf(metainfo);
    const recorded = recordedMs(completeness) ?? 0;
    if (!(await loadStamps(this.#paths.stampsOf(entry), swarm, list, recorded))) {
      await this.examine(path, metainfo);
      return this.record(entry, metainfo);
    }
    const files = chosenFiles(list);
    const times = await this.#hashing.look(path, metainfo.layout, files);
    for (let at = 0; at < files.length; at += 1) {
      const file = files[at] ?? 0;
      list.markChanged(file, times[at] !== list.stampOf(file));
    }
    return { mtimeMs: recorded, have: servedPieces(metainfo.layout).count };
  }

  /**
   * Hashes every piece, and stamps the files that are right. FILE_CHANGED when somebody writes to them.
   * @param onHashed gets the pieces hashed so far.
   */
  async examine(path: string, metainfo: Metainfo, onHashed?: OnHashed): Promise<ExaminedFolder> {
    const list = listOf(metainfo);
    const files = chosenFiles(list);
    const before = await this.#hashing.look(path, metainfo.layout, files);
    const whole = wholePieces(metainfo.layout);
    const good = await this.#hashing.check(path, metainfo, whole, onHashed);
    const after = await this.#hashing.look(path, metainfo.layout, files);
    const wrong: number[] = [];
    for (const [at, file] of files.entries()) {
      const time = before[at] ?? NO_FILE;
      const isStill = time !== NO_FILE && time === after[at];
      const isKept = isStill && isRight(list, file, whole, good);
      list.markChanged(file, !isKept);
      if (isKept) list.stamp(file, time);
      else wrong.push(file);
    }
    return { good, wrong };
  }

  /**
   * What lies at the target of a get, if every chosen file is right; what it lacks beside their bytes is made then.
   * Otherwise ALREADY_EXISTS, saying what it is; FILE_CHANGED.
   */
  async wholeAt(entry: Entry, metainfo: Metainfo, onHashed?: OnHashed): Promise<FolderState> {
    await this.judgeAt(entry, metainfo, onHashed);
    return this.record(entry, metainfo);
  }

  /** The same, and nothing is recorded. */
  async judgeAt(entry: Entry, metainfo: Metainfo, onHashed?: OnHashed): Promise<FolderState> {
    const { path } = entry;
    if (!(await isFolder(path))) {
      const found = { good: 0, pieces: metainfo.geometry.pieceCount, more: 0, isPartThere: false };
      throw new MiniTorrentError('ALREADY_EXISTS', targetTaken(path, partPathOf(path), found).sentence);
    }
    const { good, wrong } = await this.examine(path, metainfo, onHashed);
    const telling = good.without(zerosOf(metainfo).pieces).count;
    if (wrong.length > 0 && telling === 0 && !(await holdsSomeOf(this.#hashing, path, metainfo))) {
      const sentence = `${path} exists already and holds other files; choose another destination or move it away`;
      throw new MiniTorrentError('ALREADY_EXISTS', sentence);
    }
    const list = listOf(metainfo);
    if (wrong.length > 0) throw await folderTaken(path, list, wrong, chosenFiles(list).length);
    const misfits = await completeFolder(path, list);
    if (misfits.length > 0) throw folderMisfits(path, list, misfits);
    return { mtimeMs: 0, have: servedPieces(metainfo.layout).count };
  }

  /** Records the stamps of the list, which are right. */
  async record(entry: Entry, metainfo: Metainfo): Promise<FolderState> {
    const mtimeMs = await saveStamps(this.#paths.stampsOf(entry), entry.swarm, listOf(metainfo));
    return { mtimeMs, have: servedPieces(metainfo.layout).count };
  }

  /**
   * The entry of a share that was hashed just now, with the time of its stamps.
   * @param learned what threads work with: the same, or what was known before.
   */
  async shared(entry: Entry, metainfo: Metainfo, learned: Metainfo): Promise<Entry> {
    const { folder } = metainfo.layout;
    if (folder === undefined) return entry;
    const { mtimeMs } = await this.record(entry, metainfo);
    const known = listOf(learned);
    if (known !== folder && this.#isServedFrom(entry)) takeStamps(known, folder);
    return { ...entry, completeness: { kind: 'complete', mtimeMs } };
  }

  /**
   * The folder of `entry`, which lay at `from`, where the entry says. Files that have the times they had are believed,
   * the others are hashed; VERIFICATION_FAILED unless all are right. Then `learned` has the stamps of `metainfo`.
   * @param metainfo with a list of its own.
   * @param learned what threads work with; undefined: another copy is served.
   */
  async moved(
    from: string,
    entry: Entry,
    metainfo: Metainfo,
    learned?: Metainfo,
    onHashed?: OnHashed,
  ): Promise<FolderState> {
    const { path, swarm, completeness, name } = entry;
    const list = listOf(metainfo);
    const stampsThere = this.#paths.stampsOf({ swarm, path: from });
    const isKnown = await loadStamps(stampsThere, swarm, list, recordedMs(completeness) ?? 0);
    const files = chosenFiles(list);
    const times = await this.#hashing.look(path, metainfo.layout, files);
    const others = files.filter((file, at) => times[at] !== list.stampOf(file));
    if (isKnown) {
      for (const file of files) list.markChanged(file, false);
      await this.#judgeMoved(path, metainfo, others, onHashed);
    } else await this.examine(path, metainfo, onHashed);
    const wrong = changedFiles(list);
    if (wrong.length > 0) {
      const named = wrong.slice(0, CHANGED_NAMED_MAX).map((index) => list.pathOf(index));
      const sentence = `${path} is not ${name} as it was shared: ${wrong.length} of its ${files.length} files are missing or differ (${named.join(', ')}); it stays recorded at ${from}`;
      throw new MiniTorrentError('VERIFICATION_FAILED', sentence);
    }
    const state = await this.record(entry, metainfo);
    if (learned !== undefined && learned.layout !== metainfo.layout) takeStamps(listOf(learned), list);
    if (path !== from) await unlinkIfThere(stampsThere);
    return state;
  }

  /** Stamps those of these files that are right, and marks the others. */
  async #judgeMoved(path: string, metainfo: Metainfo, files: Uint32Array, onHashed?: OnHashed): Promise<void> {
    if (files.length === 0) return;
    const { layout } = metainfo;
    const list = listOf(metainfo);
    const whole = wholePieces(layout);
    const before = await this.#hashing.look(path, layout, files);
    const only = new Bitfield(whole.pieceCount);
    for (const [at, file] of files.entries())
      if (before[at] !== NO_FILE) for (const piece of piecesOfEntry(list, file)) if (whole.has(piece)) only.set(piece);
    const good = only.count === 0 ? only : await this.#hashing.check(path, metainfo, only, onHashed);
    const after = await this.#hashing.look(path, layout, files);
    for (const [at, file] of files.entries()) {
      const time = after[at] ?? NO_FILE;
      const isKept = time !== NO_FILE && time === before[at] && isRight(list, file, whole, good);
      list.markChanged(file, !isKept);
      if (isKept) list.stamp(file, time);
    }
  }

  async forget(file: number, entry: Entry): Promise<void> {
    this.#watched.delete(file);
    await unlinkIfThere(this.#paths.stampsOf(entry));
  }

  /**
   * Looks at the next `entries` files, and again at those that have changed. One that is the same at two looks is
   * hashed, and shared again when it is right. FILE_NOT_FOUND, NOT_A_DIRECTORY when the folder is gone.
   */
  async look(file: number, entry: Entry, metainfo: Metainfo, entries: number): Promise<SeenFolder> {
    const list = listOf(metainfo);
    const watched = this.#watched.get(file) ?? { next: 0, changed: new Map() };
    this.#watched.set(file, watched);
    const changed = changedFiles(list);
    const looked = Uint32Array.from(new Set([...slice(list, watched, entries), ...taken(changed, watched.changed)]));
    const times = await this.#hashing.look(entry.path, metainfo.layout, looked);
    const still: number[] = [];
    let isNew = false;
    for (const [at, index] of looked.entries()) {
      const seen = times[at] ?? NO_FILE;
      if (!list.hasChanged(index) && seen === list.stampOf(index)) continue;
      list.markChanged(index, true);
      const known = watched.changed.get(index);
      if (known?.seen === seen && seen !== NO_FILE) {
        still.push(index);
        isNew ||= known.judged !== seen;
      }
      // Moved behind the others, which have their turn at the next look.
      watched.changed.delete(index);
      watched.changed.set(index, { seen, judged: known?.judged });
    }
    const isStamped = isNew && (await this.#judge(entry, metainfo, watched, still));
    const now = changedFiles(list);
    const { mtimeMs, have } = isStamped
      ? await this.record(entry, metainfo)
      : { mtimeMs: recordedMs(entry.completeness) ?? 0, have: servedPieces(metainfo.layout).count };
    const names = now.slice(0, CHANGED_NAMED_MAX).map((index) => list.pathOf(index));
    return { have, changed: now.length, names, mtimeMs };
  }

  /** Hashes files that were the same at two looks. Resolves to whether one of them is right. */
  async #judge(entry: Entry, metainfo: Metainfo, watched: Watched, still: readonly number[]): Promise<boolean> {
    const { layout } = metainfo;
    const list = listOf(metainfo);
    const whole = wholePieces(layout);
    const only = new Bitfield(whole.pieceCount);
    for (const index of still) for (const piece of piecesOfEntry(list, index)) if (whole.has(piece)) only.set(piece);
    const good = only.count === 0 ? only : await this.#hashing.check(entry.path, metainfo, only);
    const times = await this.#hashing.look(entry.path, layout, Uint32Array.from(still));
    let isStamped = false;
    for (const [at, index] of still.entries()) {
      const seen = watched.changed.get(index)?.seen ?? NO_FILE;
      if (times[at] !== seen) continue;
      if (!isRight(list, index, whole, good)) {
        watched.changed.set(index, { seen, judged: seen });
        continue;
      }
      list.stamp(index, seen);
      list.markChanged(index, false);
      watched.changed.delete(index);
      isStamped = true;
    }
    return isStamped;
  }

  /** Files of these pieces count as changed: a verification has found the pieces wrong. */
  rotted(metainfo: Metainfo, bad: Bitfield): void {
    const list = listOf(metainfo);
    for (const index of chosenFiles(list))
      for (const piece of piecesOfEntry(list, index)) if (bad.has(piece)) list.markChanged(index, true);
  }
}

function listOf({ layout }: Metainfo): FolderList {
  if (layout.folder === undefined) throw new MiniTorrentError('INTERNAL', 'a folder has a list');
  return layout.folder;
}

/** Every file of the folder is right, and has the stamp that the other list has. */
function takeStamps(list: FolderList, fresh: FolderList): void {
  for (let index = 0; index < list.count; index += 1) {
    list.stamp(index, fresh.stampOf(index));
    list.markChanged(index, false);
  }
}

function chosenFiles(list: FolderList): Uint32Array {
  return list.indicesOf((index) => list.isFile(index) && list.isChosen(index));
}

function changedFiles(list: FolderList): readonly number[] {
  const files: number[] = [];
  for (let index = 0; index < list.count; index += 1) if (list.hasChanged(index)) files.push(index);
  return files;
}

/** The pieces that lie on this disk whole, when every chosen file is right. */
export function wholePieces(layout: Layout): Bitfield {
  return wantedPieces(layout)?.whole ?? servedPieces(new Layout(layout.size));
}

/** @param whole pieces that can be judged. What none of them shows is believed by its size. */
function isRight(list: FolderList, index: number, whole: Bitfield, good: Bitfield): boolean {
  for (const piece of piecesOfEntry(list, index)) if (whole.has(piece) && !good.has(piece)) return false;
  return true;
}

/** The next files of the list, in turn. */
function slice(list: FolderList, watched: Watched, entries: number): readonly number[] {
  const files: number[] = [];
  for (let looked = 0; looked < list.count && files.length < entries; looked += 1) {
    const index = watched.next;
    watched.next = (index + 1) % list.count;
    if (list.isFile(index) && list.isChosen(index)) files.push(index);
  }
  return files;
}

/** Those of the changed files that are looked at now: new ones first, then the ones looked at longest ago. */
function taken(changed: readonly number[], known: ReadonlyMap<number, unknown>): readonly number[] {
  const fresh = changed.filter((index) => !known.has(index));
  return [...fresh, ...known.keys()].slice(0, FOLDER_LOOK_ENTRIES);
}
