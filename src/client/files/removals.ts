// `remove`: off the trackers, out of the library, and only then off the disk. A download that is being written is let go
// first. Each is answered once. Pure.

import { NO_EFFECTS } from '../../foundation/actor/machine.js';
import { present } from '../../foundation/base/assert.js';
import { notFound, refuse, saved } from '../answers/answers.js';
import type { ClientEffect } from '../effects.js';
import { basename, type FileTable } from './file-table.js';
import { type FileRecord, isUnfinished } from './record.js';
import { withdraw } from './sharing.js';

export class Removals {
  /** Who waits for the removal of a file. */
  readonly #asks = new Map<number, number>();

  remove(files: FileTable, ask: number, name: string, force: boolean): readonly ClientEffect[] {
    const record = files.find(name);
    if (record === undefined) return [refuse(ask, 'FILE_NOT_FOUND', notFound(name))];
    if (this.#asks.has(record.file)) {
      return [refuse(ask, 'INVALID_ARGUMENTS', `${record.entry.name} is being removed already`)];
    }
    if (isUnfinished(record) && !force) {
      const sentence = `${record.entry.name} is not downloaded completely; wait for it, or drop what is there with: remove ${basename(record.entry.mtorrentPath)} --force`;
      return [refuse(ask, 'NOT_COMPLETE', sentence)];
    }
    this.#asks.set(record.file, ask);
    const { at } = record.phase;
    if (at !== 'downloading' && at !== 'opening' && at !== 'stopping' && at !== 'mending')
      return this.takeOff(files, record, isUnfinished(record));
    // Its `.part` or its record is being made or written, or let go for a pause: deleted once that is over.
    record.phase = { at: 'stopping', after: 'remove' };
    return at === 'downloading' ? [{ kind: 'stopDownload', file: record.file }] : NO_EFFECTS;
  }

  /** Nothing is at work on it any more. */
  takeOff(files: FileTable, record: FileRecord, unfinished: boolean): readonly ClientEffect[] {
    const ask = present(this.#asks.get(record.file), 'who removes a file waits for its answer');
    this.#asks.delete(record.file);
    const effects = [...withdraw(record)];
    files.forget(record);
    effects.push(saved(files), { kind: 'deleteFiles', ask, file: record.file, entry: record.entry, unfinished });
    return effects;
  }
}

/** Let go, and to be removed then. */
export function isLeaving({ phase }: FileRecord): boolean {
  return phase.at === 'stopping' && phase.after === 'remove';
}
