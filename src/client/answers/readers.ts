// Those who read a file in order while it is fetched: each asks for its next pieces and is answered when they are
// there. Invariant: every question is answered once, also when the download fails or its file is removed. Pure.

import { NO_EFFECTS } from '../../foundation/actor/machine.js';
import type { ClientEffect } from '../effects.js';
import type { FileTable } from '../files/file-table.js';
import { type FileRecord, isUnfinished } from '../files/record.js';
import { READERS_MAX } from '../limits.js';
import type { ClientCommand } from '../messages.js';
import { notFound, refuse } from './answers.js';

interface Reader {
  readonly ask: number;
  readonly file: number;
  readonly piece: number;
  /** The running download has heard of it. */
  isTold: boolean;
}

export class Readers {
  #waiting: Reader[] = [];

  read(files: FileTable, { ask, name, piece }: Extract<ClientCommand, { kind: 'read' }>): readonly ClientEffect[] {
    const record = files.find(name);
    if (record === undefined) return [refuse(ask, 'FILE_NOT_FOUND', notFound(files, name))];
    if (piece >= record.geometry.pieceCount)
      return [refuse(ask, 'INVALID_ARGUMENTS', `${record.entry.name} has no piece ${piece}`)];
    if (this.#waiting.length >= READERS_MAX) {
      const sentence = `${READERS_MAX} programs read downloads of this client already; wait until one of them is done`;
      return [refuse(ask, 'LIMIT_REACHED', sentence)];
    }
    this.#waiting.push({ ask, file: record.file, piece, isTold: false });
    return NO_EFFECTS;
  }

  /** A download has these pieces now. */
  readable(file: number, piece: number, pieces: number): readonly ClientEffect[] {
    return this.#answer(
      (reader) => reader.file === file && reader.piece === piece,
      ({ ask }) => ({ kind: 'tell', event: { kind: 'readable', ask, pieces } }),
    );
  }

  /** What each that still waits is told after something happened. */
  next(files: FileTable): readonly ClientEffect[] {
    if (this.#waiting.length === 0) return NO_EFFECTS;
    const effects: ClientEffect[] = [];
    for (const reader of [...this.#waiting]) {
      const record = files.get(reader.file);
      const end = endOf(reader, record);
      if (end !== undefined)
        effects.push(
          ...this.#answer(
            (other) => other === reader,
            () => end,
          ),
        );
      else if (record?.phase.at !== 'downloading') reader.isTold = false;
      else if (!reader.isTold) {
        reader.isTold = true;
        effects.push({ kind: 'read', file: reader.file, piece: reader.piece });
      }
    }
    return effects;
  }

  #answer(isMeant: (reader: Reader) => boolean, answerTo: (reader: Reader) => ClientEffect): readonly ClientEffect[] {
    const meant = this.#waiting.filter(isMeant);
    this.#waiting = this.#waiting.filter((reader) => !meant.includes(reader));
    return meant.map(answerTo);
  }
}

/** The last word; undefined while the piece may still come. */
function endOf({ ask, piece }: Reader, record: FileRecord | undefined): ClientEffect | undefined {
  if (record === undefined) return refuse(ask, 'FILE_NOT_FOUND', 'the download was removed');
  const { phase, geometry } = record;
  if (phase.at === 'failed' || phase.at === 'missing') {
    return refuse(ask, phase.at === 'failed' ? phase.code : 'FILE_CHANGED', phase.sentence);
  }
  if (isUnfinished(record)) return undefined;
  return { kind: 'tell', event: { kind: 'readable', ask, pieces: geometry.pieceCount - piece } };
}
