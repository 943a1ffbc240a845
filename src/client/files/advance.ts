// Applies one event to one file: changes its record as the table in file-life.ts says, and turns the table's actions
// into effects. Decides nothing itself. Invariant: a file that is no longer offered is withdrawn from peers and
// trackers. Pure.

import { unreachable } from '../../foundation/base/assert.js';
import { bad, good, saved } from '../answers/answers.js';
import type { ClientEffect } from '../effects.js';
import { type Completeness, complete, foundAgain } from './completeness.js';
import { type Action, isOffered, type LifeEvent, type Phase, stepOf } from './file-life.js';
import type { FileTable } from './file-table.js';
import { namesOf, pairsOf, relocated, servedFrom, withCompleteness, withReuse } from './names.js';
import { type Entry, type FileRecord, isUnfinished, offeredCount } from './record.js';

/** @returns undefined when the table refuses the event; then nothing has changed. */
export function advance(files: FileTable, record: FileRecord, event: LifeEvent): readonly ClientEffect[] | undefined {
  const { phase } = record;
  const step = stepOf(phase, event);
  if ('refusal' in step) return undefined;
  const { next, does } = step;
  const former = record.entry.path;
  files.amend(record, entryAfter(record.entry, event));
  if (next === undefined) files.forget(record);
  else enter(files, record, next, event);
  const isWithdrawn = isOffered(phase) && (next === undefined || !isOffered(next));
  const withdrawal = isWithdrawn ? withdraw(record, event.kind === 'quit') : [];
  const removal = event.kind === 'remove' ? event : phase.at === 'leaving' ? phase : undefined;
  const moved = event.kind === 'foundComplete' && former !== event.path ? [servedElsewhere(record, former)] : [];
  return [...withdrawal, ...moved, ...does.flatMap((action) => effectsOf(action, files, record, event, removal))];
}

function servedElsewhere({ entry }: FileRecord, former: string): ClientEffect {
  return good(`${former} is gone or has changed; ${entry.name} is shared from its copy ${entry.path} now`);
}

/** What the event changes in the library. */
function entryAfter(entry: Entry, event: LifeEvent): Entry {
  switch (event.kind) {
    case 'foundComplete': {
      const { path, mtimeMs } = event;
      const served = servedFrom(entry, path);
      return completed(served, foundAgain(served.completeness, mtimeMs));
    }
    case 'relocated':
      return servedFrom(relocated(entry, event.from, event.path, event.mtimeMs), event.path);
    case 'completed':
      return completed(entry, complete(event.mtimeMs, event.fetched));
    case 'completedBad':
      return completed(entry, complete(event.mtimeMs, undefined));
    case 'retire':
      return entry.isRetiring === true ? entry : { ...entry, isRetiring: true };
    case 'rotted':
      return withCompleteness(entry, entry.path, { kind: 'rotten' });
    case 'pause':
      return withCompleteness(entry, entry.path, { kind: 'partial', paused: true });
    case 'resume':
      return withCompleteness(entry, entry.path, { kind: 'partial', paused: false });
    default:
      return entry;
  }
}

/** Whole at the path that it is served from: it needs no sources any more. */
function completed(entry: Entry, completeness: Completeness): Entry {
  return withReuse(withCompleteness(entry, entry.path, completeness), undefined);
}

function enter(files: FileTable, record: FileRecord, next: Phase, event: LifeEvent): void {
  const { transfer, geometry, phase } = record;
  const wasSeeding = phase.at === 'seeding';
  files.enter(record, next);
  if (next.at === 'seeding' && !wasSeeding) transfer.have = geometry.pieceCount;
  if ('have' in event && event.have !== undefined) transfer.have = event.have;
  if (next.at !== 'downloading' && next.at !== 'stopping' && next.at !== 'leaving')
    Object.assign(transfer, { rate: 0, peers: 0 });
}

/** Who asked for it, and whether what is shared is deleted, too. */
type Removal = Pick<Extract<LifeEvent, { kind: 'remove' }>, 'ask' | 'content'>;

function deleteFiles(files: FileTable, record: FileRecord, { ask, content }: Removal): ClientEffect {
  const { file, entry } = record;
  const beside = content ? sharesBeside(files, record) : [];
  return { kind: 'deleteFiles', ask, file, entry, unfinished: isUnfinished(record), content, beside };
}

/** The others at its place, in it, or around it. */
function sharesBeside(files: FileTable, record: FileRecord): readonly Entry[] {
  const { path } = record.entry;
  const isNear = (other: string): boolean =>
    other === path || other.startsWith(`${path}/`) || path.startsWith(`${other}/`);
  return files
    .all()
    .filter((other) => other !== record && namesOf(other.entry).some((name) => isNear(name.path)))
    .map(({ entry }) => entry);
}

function effectsOf(
  action: Action,
  files: FileTable,
  record: FileRecord,
  event: LifeEvent,
  removal: Removal | undefined,
): readonly ClientEffect[] {
  const { file, entry, phase } = record;
  switch (action) {
    case 'releasePart':
    case 'stopDownload':
      return [{ kind: action, file }];
    case 'openPart':
    case 'startDownload':
    case 'check':
      return [{ kind: action, file, entry }];
    case 'offer':
      return [{ kind: 'serve', file, entry, complete: phase.at === 'seeding' }, ...register(record)];
    case 'hangUp':
      return [{ kind: 'unserve', file }];
    case 'mend':
      return event.kind === 'badPieces' ? [{ kind: 'mend', file, entry, bad: event.bad }] : [];
    case 'save':
      return [saved(files)];
    case 'tell':
      return tell(record, event);
    case 'tellCompleted':
      return [{ kind: 'tell', event: { kind: 'completed', name: entry.name, path: entry.path } }];
    case 'tellRightAgain':
      return [good(`${entry.path} is right again and shared`)];
    case 'retire':
      return [{ kind: 'retire', file, entry, beside: sharesBeside(files, record) }];
    case 'delete':
      return removal === undefined ? [] : [saved(files), deleteFiles(files, record, removal)];
    default:
      return unreachable(action);
  }
}

/** Tells the user the reason of the phase. */
function tell({ entry, phase }: FileRecord, event: LifeEvent): readonly ClientEffect[] {
  const { name, path } = entry;
  if (event.kind === 'completedBad') {
    const { sentence } = event;
    return [{ kind: 'tell', event: { kind: 'failed', name, path, code: 'VERIFICATION_FAILED', sentence } }];
  }
  switch (phase.at) {
    case 'failed':
      return [{ kind: 'tell', event: { kind: 'failed', name, path, code: phase.code, sentence: phase.sentence } }];
    case 'stalled':
      return [{ kind: 'tell', event: { kind: 'stalled', name, path, code: phase.code, sentence: phase.sentence } }];
    case 'missing':
      return [bad(phase.sentence)];
    case 'seeding':
      return [phase.sentence === undefined ? good(`${path} is right again and shared`) : bad(phase.sentence)];
    default:
      return [];
  }
}

/** @param isClosing the trackers are told once for all files. */
function withdraw(record: FileRecord, isClosing: boolean): readonly ClientEffect[] {
  const unserve: ClientEffect = { kind: 'unserve', file: record.file };
  return isClosing ? [unserve] : [unserve, ...announce(record, { kind: 'withdraw', swarm: record.entry.swarm })];
}

export function register(record: FileRecord): readonly ClientEffect[] {
  const { swarm, name, size, details, isListed } = record.entry;
  const { pieceCount } = record.geometry;
  const have = offeredCount(record);
  return announce(record, { kind: 'register', swarm, name, size, pieceCount, have, details, isListed });
}

/** Says it to every pair that the file is announced to. */
export function announce(
  record: FileRecord,
  command: Extract<ClientEffect, { kind: 'announce' }>['command'],
): readonly ClientEffect[] {
  return pairsOf(record.entry).map((trackers) => ({ kind: 'announce', trackers, command }));
}

/** What was done for the file, for reports about its swarm. */
export function summarize(record: FileRecord, nowMs: number): readonly ClientEffect[] {
  record.flow.saw(record.transfer, nowMs);
  const { swarm, size } = record.entry;
  return announce(record, { kind: 'summary', swarm, summary: record.flow.summary(record.transfer, size) });
}
