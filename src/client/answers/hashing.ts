// What is hashed for somebody who waits, to be shared or because `verify` was asked for, and how far it is: for whoever watches
// (`overview`), since a large file takes minutes. Decides nothing about files. Invariant: a share is here no longer than its
// hashing, a verification no longer than until its result. Pure.

import type { Wake } from '../../foundation/actor/machine.js';
import type { ClientInput } from '../effects.js';
import { type Books, basename } from '../files/file-table.js';
import { type FileRecord, isUnfinished, rowOf } from '../files/record.js';
import type { FileRow } from '../messages.js';

type ShareProgress = Extract<ClientInput, { kind: 'shareProgressed' }>;

export class Hashing {
  /** By the number of the question. */
  readonly #shares = new Map<number, ShareProgress>();
  /** Pieces hashed, by file number. */
  readonly #verified = new Map<number, number>();

  /** Whatever the machine hears. */
  hear(input: ClientInput | Wake): void {
    switch (input.kind) {
      case 'shareProgressed':
        this.#shares.set(input.ask, input);
        break;
      case 'shareHashed':
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

  /** Its verification is shown instead of what it is otherwise. An unfinished download goes on showing itself. */
  shows(record: FileRecord): boolean {
    return this.#verified.has(record.file) && !isUnfinished(record);
  }

  /** As rows of the state `hashing`. */
  rows(books: Books): readonly FileRow[] {
    return [...[...this.#shares.values()].map(shareRow), ...this.#verifiedRows(books)];
  }

  #verifiedRows(books: Books): readonly FileRow[] {
    return [...this.#verified].flatMap(([file, done]) => {
      const record = books.get(file);
      if (record === undefined || !this.shows(record)) return [];
      const [name, , path, mtorrentPath, size, , pieces, ...rest] = rowOf(record);
      return [[name, 'hashing', path, mtorrentPath, size, done, pieces, ...rest] as const];
    });
  }
}

function shareRow({ path, mtorrentPath, size, done, pieces }: ShareProgress): FileRow {
  return [basename(path), 'hashing', path, mtorrentPath, size, done, pieces, 0, 0, 0, 0, 0, ''];
}
