// The progress of hashing, for `overview`: shares, verifications and files found for a get, which take minutes for a
// large file. Decides nothing about files. Invariant: an entry lasts exactly as long as its hashing. Pure.

import type { Wake } from '../../foundation/actor/machine.js';
import type { ClientInput } from '../effects.js';
import { basename, type FileTable } from '../files/file-table.js';
import { type FileRecord, isUnfinished, NO_TRANSFER, viewOf } from '../files/record.js';
import type { FileView } from '../messages.js';

type ShareProgress = Extract<ClientInput, { kind: 'shareProgressed' }>;

export class Hashing {
  /** By the `ask` of the share. */
  readonly #shares = new Map<number, ShareProgress>();
  /** Pieces hashed, by file number. */
  readonly #verified = new Map<number, number>();

  /** Takes every input of the client's machine. */
  hear(input: ClientInput | Wake): void {
    switch (input.kind) {
      case 'shareProgressed':
        this.#shares.set(input.ask, input);
        break;
      case 'shareHashed':
      case 'getPrepared':
      case 'targetJudged':
      case 'movesJudged':
      case 'prepareFailed':
        this.#shares.delete(input.ask);
        break;
      case 'verifyProgressed':
        this.#verified.set(input.file, input.done);
        break;
      case 'hashedAgain':
        this.#verified.delete(input.file);
        break;
      default:
    }
  }

  /** The file is shown as `hashing`. An unfinished download keeps its own state. */
  shows(record: FileRecord): boolean {
    return this.#verified.has(record.file) && !isUnfinished(record);
  }

  /** As rows of the state `hashing`. */
  rows(files: FileTable): readonly FileView[] {
    return [...[...this.#shares.values()].map(shareView), ...this.#verifiedRows(files)];
  }

  #verifiedRows(files: FileTable): readonly FileView[] {
    return [...this.#verified].flatMap(([file, done]) => {
      const record = files.get(file);
      if (record === undefined || !this.shows(record)) return [];
      return [{ ...viewOf(record), state: 'hashing', have: done } as const];
    });
  }
}

function shareView({ path, mtorrentPath, size, done, pieces }: ShareProgress): FileView {
  const name = basename(path);
  return {
    ...NO_TRANSFER,
    name,
    state: 'hashing',
    path,
    mtorrentPath,
    size,
    have: done,
    pieces,
    problem: '',
    zeros: 0,
    files: 0,
    changed: 0,
    filesDone: 0,
    receivedBefore: 0,
    wastedBefore: 0,
  };
}
