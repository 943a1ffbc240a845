// Looks at the places that shares were moved to. What has the size and the times that were recorded is believed, the
// rest is hashed. Invariant: what is not right changes nothing, neither records nor what is served.

import { basename, join } from 'node:path';
import { MiniTorrentError, troubleOf } from '../../foundation/base/errors.js';
import { choose } from '../../foundation/torrent/folder/choice.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { explained } from '../../transfer/storage/disk/room.js';
import { inspectSource, isFolder, lookAtSource } from '../../transfer/storage/source/source.js';
import type { ClientEffect, ClientInput, JudgedMove, Move } from '../effects.js';
import { recordedMs } from '../files/completeness.js';
import { servedFrom } from '../files/names.js';
import type { Entry } from '../files/record.js';
import { EVERYTHING } from '../messages.js';
import type { FolderStates } from './folder-states.js';
import type { LocalHashing } from './local-hashing.js';
import type { OpenFiles } from './open-files.js';
import type { FoundCopy } from './opened-part.js';
import type { OwnCopies } from './own-copies.js';

export interface RelocationOptions {
  readonly hashing: LocalHashing;
  readonly files: OpenFiles;
  readonly copies: OwnCopies;
  readonly folders: FolderStates;
}

/** Gets the pieces of a copy that are hashed so far. */
type Report = (entry: Entry, done: number) => void;

export class Relocation {
  readonly #options: RelocationOptions;

  constructor(options: RelocationOptions) {
    this.#options = options;
  }

  async judge(
    { ask, isPrefix, moves }: Extract<ClientEffect, { readonly kind: 'judgeMoves' }>,
    report: Report,
  ): Promise<ClientInput> {
    const judged: JudgedMove[] = [];
    for (const move of moves) {
      const { file, from, to } = move;
      judged.push({ file, from, to, found: await this.#found(move, report) });
    }
    return { kind: 'movesJudged', ask, isPrefix, moves: judged };
  }

  async #found(move: Move, report: Report): Promise<JudgedMove['found']> {
    if (move.refusal !== undefined) return { kind: 'wrong', refusal: move.refusal };
    try {
      return { kind: 'right', ...(await this.#lookAt(move, report)) };
    } catch (failure) {
      if (!(failure instanceof MiniTorrentError)) throw failure;
      const { code, message: sentence } = await explained(failure);
      return { kind: 'wrong', refusal: { code, sentence, trouble: troubleOf(failure) } };
    }
  }

  async #lookAt({ entry, from, to }: Move, report: Report): Promise<FoundCopy> {
    const copy: Entry = { ...servedFrom(entry, from), path: to };
    const metainfo = await this.#options.copies.metainfoOf(entry);
    const onHashed = (done: number): void => report(copy, done);
    return entry.folder === undefined
      ? this.#file(copy, from, metainfo, onHashed)
      : this.#folder(entry, copy, from, metainfo, onHashed);
  }

  async #file(copy: Entry, from: string, metainfo: Metainfo, onHashed: (done: number) => void): Promise<FoundCopy> {
    const { path, name, size, completeness } = copy;
    if (await isFolder(path)) {
      const sentence = `${path} is a directory and ${name} is a file; name the file itself, such as ${join(path, basename(from))}`;
      throw new MiniTorrentError('NOT_A_FILE', sentence);
    }
    const source = await inspectSource(path);
    const stays = `${name} stays recorded at ${from}`;
    if (source.size !== size) {
      const sentence = `${path} has ${source.size} bytes and ${name} has ${size}, so it is another file; ${stays}`;
      throw new MiniTorrentError('VERIFICATION_FAILED', sentence);
    }
    if (source.mtimeMs !== recordedMs(completeness)) {
      const good = await this.#options.hashing.check(path, metainfo, undefined, onHashed);
      if (!good.isComplete) {
        const sentence = `${path} differs from ${name}: ${good.count} of its ${good.pieceCount} pieces are right; ${stays}`;
        throw new MiniTorrentError('VERIFICATION_FAILED', sentence);
      }
      const after = await lookAtSource(path);
      if (after?.mtimeMs !== source.mtimeMs || after.size !== size) {
        const sentence = `${path} is being written by another program; wait for it, then run the same command again`;
        throw new MiniTorrentError('FILE_CHANGED', sentence);
      }
    }
    // At the start, its old place may have been what kept it from being loaded.
    this.#options.files.learn(metainfo);
    return { mtimeMs: source.mtimeMs };
  }

  /** Judged with a list of its own, since threads serve the folder by the stamps of theirs. */
  async #folder(
    entry: Entry,
    copy: Entry,
    from: string,
    metainfo: Metainfo,
    onHashed: (done: number) => void,
  ): Promise<FoundCopy> {
    const { files, folders } = this.#options;
    if (!(await isFolder(copy.path))) {
      const sentence = `${copy.path} is no directory, and ${copy.name} is a folder; name the place to which it was moved`;
      throw new MiniTorrentError('NOT_A_DIRECTORY', sentence);
    }
    const { folder } = metainfo.layout;
    const learned = files.learn(metainfo, entry.folder);
    const isServed = from === entry.path || !files.servesFrom(entry);
    if (folder !== undefined) {
      if (learned.layout !== metainfo.layout) choose(folder, entry.folder ?? EVERYTHING);
      if (entry.folder?.followsLinks === true) folder.followLinks();
    }
    if (entry.folder?.followsLinks === true) learned.layout.folder?.followLinks();
    return folders.moved(from, copy, metainfo, isServed ? learned : undefined, onHashed);
  }
}
