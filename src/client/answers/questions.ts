// Commands that only ask: answered at once from the file table, or by an effect that asks threads, trackers or the
// disk. Changes no file. Pure.

import { unreachable } from '../../foundation/base/assert.js';
import { Bitfield } from '../../foundation/torrent/bitfield.js';
import type { ClientEffect } from '../effects.js';
import { register } from '../files/advance.js';
import { isOffered } from '../files/file-life.js';
import type { FileTable } from '../files/file-table.js';
import { entryOfNames } from '../files/names.js';
import { type FileRecord, isUnfinished, viewOf } from '../files/record.js';
import { type ClientCommand, OVERVIEW_ROWS_MAX, type Rates } from '../messages.js';
import { accept, listed, listedRows, notFound, piecesListed, refuse } from './answers.js';
import { type DoctorRequest, doctorRequestOf } from './doctor-request.js';
import type { Hashing } from './hashing.js';

export type Question = Extract<
  ClientCommand,
  {
    readonly kind:
      | 'list'
      | 'find'
      | 'overview'
      | 'peers'
      | 'stats'
      | 'pieces'
      | 'link'
      | 'map'
      | 'trackers'
      | 'logLevel'
      | 'doctor'
      | 'reannounce';
  }
>;

export interface Known {
  readonly files: FileTable;
  readonly hashing: Hashing;
  readonly rates: Rates;
  /** What trackers refuse now. */
  readonly refusals: DoctorRequest['refusals'];
}

export function answer({ files, hashing, rates, refusals }: Known, question: Question): readonly ClientEffect[] {
  const { ask } = question;
  switch (question.kind) {
    case 'list':
      return listed(ask, files.all());
    case 'overview':
      return [overview(files, hashing, ask)];
    case 'stats':
      return [{ kind: 'listStats', ask }];
    case 'find':
      return find(files, question);
    case 'peers':
      return about(files, question, ({ file }) => [{ kind: 'listPeers', ask, file }]);
    case 'pieces':
      return about(files, question, (record) => [pieces(ask, record)]);
    case 'link':
      return link(files, question);
    case 'map':
      return about(files, question, ({ file, entry, geometry }) => [
        { kind: 'mapSwarm', ask, file, name: entry.name, pieces: geometry.pieceCount },
      ]);
    case 'trackers':
      return [{ kind: 'listTrackers', ask }];
    case 'logLevel':
      return [{ kind: 'logLevel', level: question.level }, accept(ask, question.level)];
    case 'doctor':
      return [{ kind: 'diagnose', ask, ...doctorRequestOf(files, rates, refusals) }];
    case 'reannounce':
      if (question.name === '') return announceAgain(ask, files.all());
      return about(files, question, (record) => announceAgain(ask, [record]));
    default:
      return unreachable(question);
  }
}

function find(files: FileTable, { ask, name }: Extract<Question, { kind: 'find' }>): readonly ClientEffect[] {
  const match = files.match(name);
  if (match.kind !== 'file') return [refuse(ask, 'FILE_NOT_FOUND', notFound(files, name))];
  const { record, names } = match;
  return listedRows(ask, [viewOf(record, isUnfinished(record) ? record.entry : names[0])]);
}

function link(files: FileTable, { ask, name }: Extract<Question, { kind: 'link' }>): readonly ClientEffect[] {
  const match = files.match(name);
  if (match.kind !== 'file') return [refuse(ask, 'FILE_NOT_FOUND', notFound(files, name))];
  const { record, names } = match;
  return [{ kind: 'makeLink', ask, entry: entryOfNames(record.entry, names) ?? record.entry }];
}

function about(
  files: FileTable,
  { ask, name }: { readonly ask: number; readonly name: string },
  then: (record: FileRecord) => readonly ClientEffect[],
): readonly ClientEffect[] {
  const record = files.find(name);
  return record === undefined ? [refuse(ask, 'FILE_NOT_FOUND', notFound(files, name))] : then(record);
}

/** Registering a download again also makes it ask for peers. */
function announceAgain(ask: number, records: readonly FileRecord[]): readonly ClientEffect[] {
  const announced = records.filter(({ phase }) => isOffered(phase));
  return [...announced.flatMap(register), accept(ask, String(announced.length))];
}

function pieces(ask: number, record: FileRecord): ClientEffect {
  const { file, entry, geometry } = record;
  if (isUnfinished(record)) return { kind: 'mapPieces', ask, file, entry };
  const all = new Bitfield(geometry.pieceCount);
  all.setAll();
  return { kind: 'tell', event: piecesListed(ask, entry.name, all) };
}

function overview(files: FileTable, hashing: Hashing, ask: number): ClientEffect {
  const records = files.all();
  const isShown = (record: FileRecord): boolean => record.phase.at !== 'seeding' && !hashing.shows(record);
  const rows = [
    ...hashing.rows(files),
    ...records
      .filter(isShown)
      .slice(0, OVERVIEW_ROWS_MAX)
      .map((record) => viewOf(record)),
  ];
  const sum = (of: (record: FileRecord) => number): number => records.reduce((total, record) => total + of(record), 0);
  return {
    kind: 'tell',
    event: {
      kind: 'overviewListed',
      ask,
      rows: rows.slice(0, OVERVIEW_ROWS_MAX),
      files: records.length,
      received: sum(({ transfer, flow }) => flow.counted(transfer).received - flow.before.receivedBefore),
      sent: sum(({ transfer }) => transfer.sent),
    },
  };
}
