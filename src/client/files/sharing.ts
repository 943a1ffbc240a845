// What the client offers to others, and what it tells the trackers about it. Invariant: what is announced is served; what is
// withdrawn is withdrawn from both. Pure.

import { tooMany } from '../answers/answers.js';
import type { ClientEffect, Refusal } from '../effects.js';
import { LIBRARY_FILES_MAX } from '../limits.js';
import type { FileTable } from './file-table.js';
import { type Entry, type FileRecord, isUnfinished } from './record.js';

export function seed(record: FileRecord): readonly ClientEffect[] {
  record.phase = { at: 'seeding' };
  record.served = true;
  record.transfer.have = record.geometry.pieceCount;
  return [{ kind: 'serve', file: record.file, entry: record.entry, complete: true }, ...register(record)];
}

export function register(record: FileRecord): readonly ClientEffect[] {
  record.announced = true;
  const { swarm, name, size } = record.entry;
  const { pieceCount } = record.geometry;
  return [announce(record, { kind: 'register', swarm, name, size, pieceCount, have: record.transfer.have })];
}

export function withdraw(record: FileRecord): readonly ClientEffect[] {
  const effects: ClientEffect[] = [];
  if (record.served) effects.push({ kind: 'unserve', file: record.file });
  if (record.announced) effects.push(announce(record, { kind: 'withdraw', swarm: record.entry.swarm }));
  record.served = false;
  record.announced = false;
  return effects;
}

/** Why content may not be shared here; undefined when it may. */
export function shareRefusal(files: FileTable, entry: Entry): Refusal | undefined {
  const known = files.ofSwarm(entry.swarm);
  if (known !== undefined && isUnfinished(known)) {
    const sentence = `the same content is an unfinished download here, ${known.entry.name}; let it complete, or remove it with --force`;
    return { code: 'ALREADY_EXISTS', sentence };
  }
  return known === undefined && files.size >= LIBRARY_FILES_MAX
    ? { code: 'LIMIT_REACHED', sentence: tooMany() }
    : undefined;
}

/** A failed or missing file makes room for a new try at the same swarm. */
export function replace(files: FileTable, record: FileRecord): readonly ClientEffect[] {
  const effects = withdraw(record);
  files.forget(record);
  return effects;
}

export function announce(
  record: FileRecord,
  command: Extract<ClientEffect, { kind: 'announce' }>['command'],
): ClientEffect {
  return { kind: 'announce', trackers: record.entry.trackers, command };
}
