// The lines of the library's journal. A line is a CRC-32 in eight hex digits, a blank, and one JSON value: first the
// head, then batches of changes, each written at once. A torn last line was never acknowledged and is dropped; any
// other wrong line is damage.

import { crc32 } from 'node:zlib';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { LibraryChange } from '../files/file-table.js';
import type { Entry } from '../files/record.js';
import { JOURNAL_BATCH_MAX, LIBRARY_FILES_MAX } from '../limits.js';
import { damagedState, entryJson, isObject, parseEntry } from './library.js';

const JOURNAL_VERSION = 1;

export interface JournalReading {
  readonly entries: readonly Entry[];
  /** SHA-1 of the library.json that said the same when it was written; '' for none. */
  readonly mirror: string;
  /** The last line was not written to its end. */
  readonly isTorn: boolean;
}

/** A whole journal that says what `entries` are. */
export function formatJournal(entries: readonly Entry[], mirror: string): string {
  const lines = [lineOf({ version: JOURNAL_VERSION, mirror })];
  for (let at = 0; at < entries.length; at += JOURNAL_BATCH_MAX)
    lines.push(lineOf(entries.slice(at, at + JOURNAL_BATCH_MAX).map((entry) => ({ put: entryJson(entry) }))));
  return lines.join('');
}

/** One batch, to be written at once. */
export function formatChanges(changes: readonly LibraryChange[]): string {
  return lineOf(changes.map(({ swarm, entry }) => (entry === undefined ? { drop: swarm } : { put: entryJson(entry) })));
}

/** library.json says the same as all lines before this one. */
export function formatMirror(mirror: string): string {
  return lineOf([{ mirror }]);
}

/** Throws STATE_DAMAGED naming `path` and the line. */
export function parseJournal(path: string, text: string): JournalReading {
  const lines = text.split('\n');
  const isWhole = lines.at(-1) === '';
  if (isWhole) lines.pop();
  const entries = new Map<SwarmKey, Entry>();
  let mirror = '';
  for (const [at, line] of lines.entries()) {
    const isLast = at === lines.length - 1;
    const value = isLast && !isWhole ? undefined : checkedValue(line);
    if (value === undefined && isLast) return { entries: [...entries.values()], mirror, isTorn: true };
    if (value === undefined) throw damagedState(path, `line ${at + 1} does not match its checksum`);
    if (at === 0) mirror = mirrorOf(path, value);
    else if (Array.isArray(value))
      for (const change of value) mirror = applied({ path, entries, line: at + 1 }, change, mirror);
    else throw damagedState(path, `line ${at + 1} is not a list of changes`);
  }
  if (entries.size > LIBRARY_FILES_MAX) throw damagedState(path, 'it has too many files');
  return { entries: [...entries.values()], mirror, isTorn: false };
}

interface Place {
  readonly path: string;
  readonly line: number;
  readonly entries: Map<SwarmKey, Entry>;
}

/** Applies one change. @returns the mirror from there on. */
function applied({ path, line, entries }: Place, change: unknown, mirror: string): string {
  const where = `a change in line ${line}`;
  if (!isObject(change)) throw damagedState(path, `${where} is not an object`);
  if ('put' in change) {
    const entry = parseEntry(path, change['put'], where);
    entries.set(entry.swarm, entry);
  } else if (typeof change['drop'] === 'string') entries.delete(change['drop'] as SwarmKey);
  else if (typeof change['mirror'] === 'string') return change['mirror'];
  else throw damagedState(path, `${where} is of no kind that this program knows`);
  return mirror;
}

function mirrorOf(path: string, head: unknown): string {
  if (!isObject(head) || head['version'] !== JOURNAL_VERSION || typeof head['mirror'] !== 'string')
    throw damagedState(path, `its version is not ${JOURNAL_VERSION}, the one that this program knows`);
  return head['mirror'];
}

function lineOf(value: unknown): string {
  const json = JSON.stringify(value);
  return `${checksum(json)} ${json}\n`;
}

/** Undefined when the checksum does not fit. */
function checkedValue(line: string): unknown {
  const json = line.slice(9);
  return line[8] === ' ' && line.slice(0, 8) === checksum(json) ? JSON.parse(json) : undefined;
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}
