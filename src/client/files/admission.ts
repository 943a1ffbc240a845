// Decides whether a new file may join the library: one file for each swarm and path, a bounded number of files, room on
// its disk. A record that it replaces is dropped. Pure.

import { NO_EFFECTS } from '../../foundation/actor/machine.js';
import { shellLine } from '../../foundation/base/shell-line.js';
import { placeTaken, tooMany } from '../answers/answers.js';
import type { ClientEffect, Refusal } from '../effects.js';
import { LIBRARY_FILES_MAX } from '../limits.js';
import { advance } from './advance.js';
import { roomRefusal, type Target } from './disk-space.js';
import { stepOf } from './file-life.js';
import type { FileTable } from './file-table.js';
import { type Entry, type FileRecord, isUnfinished } from './record.js';

/** Why a share is refused; undefined when it is not. */
export function shareRefusal(files: FileTable, entry: Entry): Refusal | undefined {
  const known = files.ofSwarm(entry.swarm);
  if (known !== undefined && isUnfinished(known)) {
    const sentence = `the same content is an unfinished download here, ${known.entry.name}; let it complete, or remove it with --force`;
    return { code: 'ALREADY_EXISTS', sentence };
  }
  return known === undefined ? countRefusal(files) : undefined;
}

/** Why a get is refused; undefined when it is not. */
export function getRefusal(
  files: FileTable,
  entry: Entry,
  target: Target,
  reserve: number | undefined,
): Refusal | undefined {
  const known = files.ofSwarm(entry.swarm);
  if (known !== undefined && 'refusal' in stepOf(known.phase, { kind: 'gotAgain' }))
    return { code: 'ALREADY_EXISTS', sentence: isElsewhere(entry, known) };
  const other = files.ofPath(entry.path).find((record) => record !== known);
  if (other !== undefined) return { code: 'ALREADY_EXISTS', sentence: placeTaken(other.entry) };
  return (known === undefined ? countRefusal(files) : undefined) ?? roomRefusal(files, entry, target, reserve);
}

/** Why a file that is complete at its target cannot join; undefined when it can. */
export function wholeRefusal(files: FileTable, entry: Entry): Refusal | undefined {
  const known = files.ofSwarm(entry.swarm);
  // What was shared from there is not there any more. A download goes on.
  const other = files.ofPath(entry.path).find((record) => record !== known && isUnfinished(record));
  if (other !== undefined) return { code: 'ALREADY_EXISTS', sentence: placeTaken(other.entry) };
  return known === undefined ? countRefusal(files) : undefined;
}

/** One place of a swarm is downloaded to or served from; a copy of it becomes known by the same get. */
function isElsewhere({ name, path }: Entry, known: FileRecord): string {
  const copied = `copy it with: ${shellLine('cp', '-a', known.entry.path, path)} and run the same command again`;
  if (known.entry.path === path) return `${name} is here already as ${path}`;
  return isUnfinished(known)
    ? `${name} is being downloaded to ${known.entry.path}; once it is complete, ${copied}`
    : `${name} is here already as ${known.entry.path}; to have it at ${path} as well, ${copied}`;
}

/** Drops the record of the same swarm, so that a new one can take its place. */
export function makeWay(
  files: FileTable,
  entry: Entry,
  kind: 'sharedAgain' | 'gotAgain' | 'gotWhole',
): readonly ClientEffect[] {
  const known = files.ofSwarm(entry.swarm);
  return known === undefined ? NO_EFFECTS : (advance(files, known, { kind }) ?? NO_EFFECTS);
}

function countRefusal(files: FileTable): Refusal | undefined {
  return files.size >= LIBRARY_FILES_MAX ? { code: 'LIMIT_REACHED', sentence: tooMany() } : undefined;
}
