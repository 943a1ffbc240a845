// Pausing a download and going on with it: its own word in the library, so that it holds across runs. What is there stays
// shared. Pure.

import { accept, notFound, refuse, saved } from '../answers/answers.js';
import type { ClientEffect } from '../effects.js';
import type { FileTable } from './file-table.js';
import { isUnfinished } from './record.js';

export function pause(files: FileTable, ask: number, name: string): readonly ClientEffect[] {
  const record = files.find(name);
  if (record === undefined) return [refuse(ask, 'FILE_NOT_FOUND', notFound(name))];
  if (!isUnfinished(record))
    return [refuse(ask, 'INVALID_ARGUMENTS', `${record.entry.name} is complete; there is nothing to pause`)];
  record.entry = { ...record.entry, paused: true };
  const effects: ClientEffect[] = [saved(files), accept(ask, 'PAUSED')];
  if (record.phase.at === 'waiting' || record.phase.at === 'full') record.phase = { at: 'paused' };
  if (record.phase.at === 'downloading') {
    record.phase = { at: 'stopping', after: 'pause' };
    effects.push({ kind: 'stopDownload', file: record.file });
  }
  return effects;
}

export function resume(files: FileTable, ask: number, name: string): readonly ClientEffect[] {
  const record = files.find(name);
  if (record === undefined) return [refuse(ask, 'FILE_NOT_FOUND', notFound(name))];
  const { at } = record.phase;
  const pausesSoon = record.entry.paused && ['checking', 'waiting', 'opening', 'mending'].includes(at);
  if (!pausesSoon && at !== 'paused' && at !== 'failed' && at !== 'full' && at !== 'stopping') {
    return [refuse(ask, 'INVALID_ARGUMENTS', `${record.entry.name} is not paused`)];
  }
  record.entry = { ...record.entry, paused: false };
  if (at === 'paused' || at === 'failed' || at === 'full') record.phase = { at: 'waiting' };
  return [saved(files), accept(ask, 'RESUMED')];
}
