// The client's steps that wait for the disk: each prepares, opens, looks at or deletes something and ends in one input of the
// machine, which decides what follows. A refusal is an answer; anything else that goes wrong is our bug and ends the client.

import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unreachable } from '../../foundation/base/assert.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { PROGRESS_MS } from '../../foundation/base/limits.js';
import { nowAndThen } from '../../foundation/base/now-and-then.js';
import type { Address } from '../../foundation/torrent/address.js';
import { freeBytes } from '../../transfer/storage/source.js';
import { piecesListed } from '../answers/answers.js';
import type { ClientEffect, ClientInput, Refusal, SeenSource } from '../effects.js';
import type { ClientEvent } from '../messages.js';
import type { OpenFiles } from './open-files.js';
import { type HashProgress, lookAt, type Preparations } from './prepare.js';
import type { Rehash } from './rehash.js';

export type SlowEffect = Extract<
  ClientEffect,
  {
    readonly kind:
      | 'prepareShare'
      | 'writeShare'
      | 'prepareGet'
      | 'check'
      | 'openPart'
      | 'lookAtCompleted'
      | 'lookAtSources'
      | 'lookAtRoom'
      | 'hashAgain'
      | 'mend'
      | 'mapPieces'
      | 'deleteFiles';
  }
>;

export interface SlowStepsOptions {
  readonly prepare: Preparations;
  readonly files: OpenFiles;
  readonly rehash: Rehash;
  /** The pair that shares of this client are announced to. */
  readonly trackers: readonly [Address, Address];
  readonly post: (input: ClientInput) => void;
  readonly answer: (event: ClientEvent) => void;
  readonly onFatal: (error: unknown) => void;
}

export class SlowSteps {
  readonly #prepare: Preparations;
  readonly #files: OpenFiles;
  readonly #rehash: Rehash;
  readonly #trackers: readonly [Address, Address];
  readonly #post: (input: ClientInput) => void;
  readonly #answer: (event: ClientEvent) => void;
  readonly #onFatal: (error: unknown) => void;

  constructor({ prepare, files, rehash, trackers, post, answer, onFatal }: SlowStepsOptions) {
    this.#prepare = prepare;
    this.#files = files;
    this.#rehash = rehash;
    this.#answer = answer;
    this.#trackers = trackers;
    this.#post = post;
    this.#onFatal = onFatal;
  }

  /** The steps that wait for the disk; each ends in an input. */
  perform(effect: SlowEffect): void {
    switch (effect.kind) {
      case 'prepareShare':
        this.#prepareShare(effect);
        break;
      case 'writeShare':
        this.#writeShare(effect);
        break;
      case 'prepareGet':
        this.#prepareGet(effect);
        break;
      case 'check':
        this.#check(effect);
        break;
      case 'openPart':
        this.#openPart(effect);
        break;
      case 'lookAtCompleted':
        this.#lookAtCompleted(effect);
        break;
      case 'lookAtSources':
        this.#lookAtSources(effect);
        break;
      case 'lookAtRoom':
        this.#lookAtRoom(effect);
        break;
      case 'hashAgain':
        this.#hashAgain(effect);
        break;
      case 'mend':
        this.#mend(effect);
        break;
      case 'mapPieces':
        this.#mapPieces(effect);
        break;
      case 'deleteFiles':
        this.#deleteFiles(effect);
        break;
      default:
        unreachable(effect);
    }
  }

  releasePart(file: number): void {
    this.#attempt(this.#files.releasePart(file), (refusal) => ({ kind: 'partFailed', file, refusal }));
  }

  /** A preparation's failure is an answer; anything that is no MiniTorrentError is our bug. */
  #attempt(work: Promise<void>, refused: (refusal: Refusal) => ClientInput): void {
    work.catch((error: unknown) => {
      if (error instanceof MiniTorrentError) this.#post(refused({ code: error.code, sentence: error.message }));
      else this.#onFatal(error);
    });
  }

  #prepareShare({ ask, path, mtorrentPath }: Extract<ClientEffect, { kind: 'prepareShare' }>): void {
    const work = async (): Promise<void> => {
      const told = nowAndThen(PROGRESS_MS, (progress: HashProgress) =>
        this.#post({ kind: 'shareProgressed', ask, path, mtorrentPath, ...progress }),
      );
      const { entry, metainfo } = await this.#prepare.hashShare(path, mtorrentPath, this.#trackers, told);
      this.#files.learn(metainfo);
      this.#post({ kind: 'shareHashed', ask, entry });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'prepareFailed', ask, refusal }));
  }

  #writeShare({ ask, entry }: Extract<ClientEffect, { kind: 'writeShare' }>): void {
    const work = async (): Promise<void> => {
      await this.#prepare.writeShare(entry, this.#files.metainfo(entry.swarm));
      this.#post({ kind: 'sharePrepared', ask, entry });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'prepareFailed', ask, refusal }));
  }

  #prepareGet({ ask, mtorrentPath, destination }: Extract<ClientEffect, { kind: 'prepareGet' }>): void {
    const work = async (): Promise<void> => {
      const { entry, metainfo, freeBytes, device } = await this.#prepare.get(mtorrentPath, destination);
      this.#files.learn(metainfo);
      this.#post({ kind: 'getPrepared', ask, entry, freeBytes, device });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'prepareFailed', ask, refusal }));
  }

  #check({ file, entry }: Extract<ClientEffect, { kind: 'check' }>): void {
    const work = async (): Promise<void> => {
      const { result, metainfo } = await this.#prepare.check(entry);
      if (metainfo !== undefined) this.#files.learn(metainfo);
      this.#post({ kind: 'checked', file, result });
    };
    this.#attempt(work(), ({ sentence }) => ({
      kind: 'checked',
      file,
      result: { kind: 'unusable', sentence, found: undefined },
    }));
  }

  #openPart({ file, entry }: Extract<ClientEffect, { kind: 'openPart' }>): void {
    const work = async (): Promise<void> => {
      const part = await this.#prepare.openPart(entry, this.#files.metainfo(entry.swarm));
      this.#files.partOpened(file, part);
      this.#post({ kind: 'partOpened', file, have: part.have.count });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'partFailed', file, refusal }));
  }

  #deleteFiles({ ask, file, entry, unfinished }: Extract<ClientEffect, { kind: 'deleteFiles' }>): void {
    const work = async (): Promise<void> => {
      this.#rehash.forget(file);
      this.#files.forget(file, entry.swarm);
      await this.#prepare.deleteFiles(entry, unfinished);
      this.#post({ kind: 'removed', ask, refusal: undefined });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'removed', ask, refusal }));
  }

  #lookAtCompleted({ file, entry }: Extract<ClientEffect, { kind: 'lookAtCompleted' }>): void {
    const work = async (): Promise<void> => {
      // Gone again already? Then the next serve fails and says so.
      const mtimeMs = await stat(entry.path).then(
        (found) => found.mtimeMs,
        () => 0,
      );
      await this.#prepare.forgetProgress(entry);
      this.#post({ kind: 'completedSeen', file, mtimeMs });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'partFailed', file, refusal }));
  }

  #lookAtSources({ sources }: Extract<ClientEffect, { kind: 'lookAtSources' }>): void {
    const work = async (): Promise<void> => {
      const seen: SeenSource[] = [];
      for (const [file, path, mtorrentPath] of sources) seen.push({ file, found: await lookAt(path, mtorrentPath) });
      this.#post({ kind: 'sourcesSeen', seen });
    };
    work().catch((error: unknown) => this.#onFatal(error));
  }

  #hashAgain(effect: Extract<ClientEffect, { kind: 'hashAgain' }>): void {
    const { file } = effect;
    const work = async (): Promise<void> => {
      const told = nowAndThen(PROGRESS_MS, (done: number) => this.#post({ kind: 'verifyProgressed', file, done }));
      this.#post({ kind: 'hashedAgain', file, result: await this.#rehash.hashAgain(effect, told) });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'hashedAgain', file, result: { kind: 'failed', refusal } }));
  }

  #mend(effect: Extract<ClientEffect, { kind: 'mend' }>): void {
    const { file } = effect;
    const work = async (): Promise<void> => {
      this.#post({ kind: 'mended', file, have: await this.#rehash.mend(effect) });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'mendFailed', file, refusal }));
  }

  #mapPieces({ ask, file, entry }: Extract<ClientEffect, { kind: 'mapPieces' }>): void {
    const work = async (): Promise<void> => {
      this.#answer(piecesListed(ask, entry.name, await this.#rehash.piecesOf(file, entry)));
    };
    this.#attempt(work(), (refusal) => ({ kind: 'prepareFailed', ask, refusal }));
  }

  #lookAtRoom({ file, path }: Extract<ClientEffect, { kind: 'lookAtRoom' }>): void {
    const work = async (): Promise<void> => {
      this.#post({ kind: 'roomSeen', file, freeBytes: await freeBytes(dirname(path)) });
    };
    // Its disk is not mounted for now, say: then there is no room.
    this.#attempt(work(), () => ({ kind: 'roomSeen', file, freeBytes: 0 }));
  }
}
