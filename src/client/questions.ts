// Commands that only ask: what the books know is answered at once, what threads or the disk know is asked there. Changes
// nothing. Pure.

import { unreachable } from '../base/assert.js';
import { listed, notFound, refuse } from './answers.js';
import type { Books } from './books.js';
import type { ClientEffect } from './effects.js';
import { type ClientCommand, OVERVIEW_ROWS_MAX } from './messages.js';
import { type FileRecord, rowOf } from './record.js';

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
      | 'trackers'
      | 'verify'
      | 'logLevel'
      | 'doctor';
  }
>;

export function answer(books: Books, question: Question): readonly ClientEffect[] {
  const { ask } = question;
  switch (question.kind) {
    case 'list':
      return listed(ask, books.all());
    case 'overview':
      return [overview(books, ask)];
    case 'stats':
      return [{ kind: 'listStats', ask }];
    case 'find':
      return about(books, question, (record) => listed(ask, [record]));
    case 'peers':
      return about(books, question, ({ file }) => [{ kind: 'listPeers', ask, file }]);
    case 'pieces':
    case 'verify':
    case 'trackers':
    case 'logLevel':
    case 'doctor':
      return [refuse(ask, 'INVALID_ARGUMENTS', `${question.kind} is not known to this client`)];
    default:
      return unreachable(question);
  }
}

function about(
  books: Books,
  { ask, name }: { readonly ask: number; readonly name: string },
  then: (record: FileRecord) => readonly ClientEffect[],
): readonly ClientEffect[] {
  const record = books.find(name);
  return record === undefined ? [refuse(ask, 'FILE_NOT_FOUND', notFound(name))] : then(record);
}

function overview(books: Books, ask: number): ClientEffect {
  const records = books.all();
  const rows = records.filter(({ phase }) => phase.at !== 'seeding').slice(0, OVERVIEW_ROWS_MAX);
  const sum = (of: (record: FileRecord) => number): number => records.reduce((total, record) => total + of(record), 0);
  return {
    kind: 'tell',
    event: {
      kind: 'overviewListed',
      ask,
      rows: rows.map(rowOf),
      files: records.length,
      received: sum(({ transfer }) => transfer.received),
      sent: sum(({ transfer }) => transfer.sent),
    },
  };
}
