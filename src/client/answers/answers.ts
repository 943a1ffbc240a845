// The answers and notices that several commands share. Each sentence says what happened, to which file, and what to do
// next. Pure.

import type { ErrorCode } from '../../foundation/base/error-codes.js';
import { command, pathWord } from '../../foundation/base/shell-line.js';
import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import { unportableIn } from '../../foundation/torrent/names.js';
import { pieceCells } from '../../foundation/torrent/piece-cells.js';
import type { DownloadEvent } from '../../transfer/download/messages.js';
import type { ClientEffect } from '../effects.js';
import { basename, type FileTable } from '../files/file-table.js';
import { type Entry, type FileRecord, viewsOf } from '../files/record.js';
import { LIBRARY_FILES_MAX } from '../limits.js';
import {
  type ClientEvent,
  type FileView,
  LIST_ROWS_MAX,
  PIECE_CELLS_MAX,
  REUSE_SOURCES_TOLD_MAX,
} from '../messages.js';

export function accept(ask: number, detail: string): ClientEffect {
  return { kind: 'tell', event: { kind: 'accepted', ask, detail } };
}

/** @param detail of the answer, once the share is recorded. */
export function shareRecorded(ask: number, { path }: Entry, detail: string): ClientEffect {
  const unsaved = `${path} is shared until this client ends, but was not recorded`;
  return { kind: 'tellRecorded', ask, detail, unsaved };
}

/** The path of the file, once the download is recorded. */
export function getRecorded(ask: number, { path }: Entry): ClientEffect {
  return { kind: 'tellRecorded', ask, detail: path, unsaved: `${path} is being downloaded, but was not recorded` };
}

export function refuse(ask: number, code: ErrorCode, sentence: string): ClientEffect {
  return { kind: 'tell', event: { kind: 'refused', ask, code, sentence } };
}

/** What a download found on this machine, over all its pauses and runs. */
export function reused({ entry, flow }: FileRecord, event: Extract<DownloadEvent, { kind: 'reused' }>): ClientEffect {
  const { name, path } = entry;
  const sources = [...event.sources].sort(([, a], [, b]) => b - a).slice(0, REUSE_SOURCES_TOLD_MAX);
  const { earlier } = flow;
  const bytes = event.bytes + earlier.reused;
  const fetched = event.fetched + earlier.received - earlier.wasted;
  return { kind: 'tell', event: { kind: 'reused', name, path, bytes, fetched, sources } };
}

export function bad(sentence: string): ClientEffect {
  return { kind: 'tell', event: { kind: 'notice', level: 'bad', sentence } };
}

/** Why no file, or not one alone, is meant by what the user typed. */
export function notFound(files: FileTable, name: string): string {
  const match = files.match(name);
  if (match.kind === 'several') {
    const [first, second] = match.records.map(({ entry }) => entry.mtorrentPath);
    return `several files are known as ${name}; name one by the path of its .mtorrent, such as ${first} or ${second}`;
  }
  return `no shared or downloaded file is known as ${name}; \`show downloads\` lists them`;
}

export function placeTaken({ path, mtorrentPath }: Entry): string {
  return `${path} belongs to ${basename(mtorrentPath)}; choose another destination, or remove that one first`;
}

export function tooMany(): string {
  return `the library is full with ${LIBRARY_FILES_MAX} files; remove some first`;
}

export function good(sentence: string): ClientEffect {
  return { kind: 'tell', event: { kind: 'notice', level: 'good', sentence } };
}

export function listed(ask: number, records: readonly FileRecord[]): readonly ClientEffect[] {
  return listedRows(ask, records.flatMap(viewsOf));
}

export function listedRows(ask: number, rows: readonly FileView[]): readonly ClientEffect[] {
  const effects: ClientEffect[] = [];
  for (let at = 0; at === 0 || at < rows.length; at += LIST_ROWS_MAX) {
    const last = at + LIST_ROWS_MAX >= rows.length;
    effects.push({ kind: 'tell', event: { kind: 'listed', ask, rows: rows.slice(at, at + LIST_ROWS_MAX), last } });
  }
  return effects;
}

export function piecesListed(ask: number, name: string, have: Bitfield): ClientEvent {
  const cells = pieceCells(have, PIECE_CELLS_MAX);
  return { kind: 'piecesListed', ask, name, have: have.count, pieces: have.pieceCount, cells };
}

/** Whoever gets the file may need another name for it. */
export function aboutName({ name, mtorrentPath }: Entry): readonly ClientEffect[] {
  const why = unportableIn(name);
  if (why === undefined) return [];
  const sentence = `${name} is a name that Windows and some file systems refuse (${why}); whoever gets it there names another file at the end, as in: ${command('get', pathWord(basename(mtorrentPath)), 'other-name')}`;
  return [bad(sentence)];
}

export function saved(files: FileTable): ClientEffect {
  return { kind: 'saveLibrary', changes: files.takeChanges() };
}
