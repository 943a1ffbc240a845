// What comes back by itself: a download that found its disk full goes on when there is room, a shared file that was gone or
// changed is shared again when it is right again. Decides when to look, and what a look means; what is shared is looked at
// too, so that a file which nobody fetches is not announced for long after it is gone. A changed file is never shared before
// it was checked. One look at a time. Pure.

import { NO_EFFECTS, type WakeAt } from '../../foundation/actor/machine.js';
import { formatBytes } from '../../foundation/base/bytes.js';
import { bad, good } from '../answers/answers.js';
import type { ClientEffect, Found, LookedAt, SeenSource } from '../effects.js';
import { LOOK_AGAIN_MS, SOURCES_A_LOOK_MAX } from '../limits.js';
import { roomNeeded } from './disk-space.js';
import type { FileTable } from './file-table.js';
import { type FileRecord, NEVER_RIGHT_MS } from './record.js';
import { withdraw } from './sharing.js';

export class Recovery {
  /** Undefined while there is nothing to look at. */
  #nextMs: number | undefined;
  #looking = false;
  /** The number of the file that was looked at last: the next look goes on behind it. */
  #lastFile = 0;

  /** To be asked after each input; says again when it wants to be woken. */
  look(files: FileTable, nowMs: number): readonly (ClientEffect | WakeAt)[] {
    if (this.#nextMs !== undefined && nowMs < this.#nextMs) return NO_EFFECTS;
    const watched = files.all().filter(isWatched);
    const isDue = this.#nextMs !== undefined;
    // Nothing to look at, so nothing to wake up for: whatever adds a file is an input.
    this.#nextMs = watched.length === 0 ? undefined : nowMs + LOOK_AGAIN_MS;
    if (this.#nextMs === undefined) return NO_EFFECTS;
    const effects: (ClientEffect | WakeAt)[] = [{ kind: 'wakeAt', atMs: this.#nextMs }];
    return isDue ? [...this.#lookAt(watched), ...effects] : effects;
  }

  #lookAt(watched: readonly FileRecord[]): readonly ClientEffect[] {
    const effects: ClientEffect[] = [];
    const sources: LookedAt[] = [];
    for (const { file, phase, entry } of watched)
      if (phase.at === 'full') effects.push({ kind: 'lookAtRoom', file, path: entry.path });
    for (const { file, entry, phase } of inTurn(watched, this.#lastFile)) {
      if (phase.at === 'full') continue;
      if (sources.length >= SOURCES_A_LOOK_MAX) break;
      sources.push([file, entry.path, phase.at === 'missing' ? entry.mtorrentPath : undefined]);
    }
    if (sources.length > 0 && !this.#looking) {
      this.#looking = true;
      this.#lastFile = sources.at(-1)?.[0] ?? 0;
      effects.push({ kind: 'lookAtSources', sources });
    }
    return effects;
  }

  sourcesSeen(files: FileTable, seen: readonly SeenSource[]): readonly ClientEffect[] {
    this.#looking = false;
    return seen.flatMap((one) => {
      const record = files.get(one.file);
      return record === undefined ? NO_EFFECTS : sourceSeen(record, one);
    });
  }
}

/** A download that the disk has no room for: it waits, and what is there stays shared. */
export function stall(record: FileRecord, sentence: string): readonly ClientEffect[] {
  const { name, path } = record.entry;
  const told = `${sentence}; it goes on by itself when there is room`;
  record.phase = { at: 'full', sentence: told };
  return [{ kind: 'tell', event: { kind: 'stalled', name, path, code: 'DISK_FULL', sentence: told } }];
}

export function roomSeen(files: FileTable, record: FileRecord, freeBytes: number): readonly ClientEffect[] {
  if (record.phase.at !== 'full' || freeBytes < roomNeeded(files, record)) return NO_EFFECTS;
  record.phase = { at: 'waiting' };
  return [good(`${formatBytes(freeBytes)} are free again: ${record.entry.name} goes on`)];
}

/** A shared file that could not be read. `errno`: Node's, or SHORT_FILE and CHANGED. */
export function serveFailed(record: FileRecord, errno: string): readonly ClientEffect[] {
  // A disk that fails would fail again with the next request.
  if (errno === 'ENOENT') return lose(record, 'is gone', true);
  if (errno === 'SHORT_FILE' || errno === 'CHANGED') return lose(record, 'has changed', true);
  return lose(record, `cannot be read (${errno})`, false);
}

function lose(
  record: FileRecord,
  what: string,
  returns: boolean,
  judged: string | undefined = undefined,
): readonly ClientEffect[] {
  const { path } = record.entry;
  const then = returns ? 'it is shared again when it is right again' : 'see to its disk, then restart';
  const sentence = `${path} ${what}; it is no longer shared: ${then}`;
  record.phase = { at: 'missing', sentence, returns, seen: judged, judged };
  return [...withdraw(record), bad(sentence)];
}

/**
 * Pieces of a complete file are not right. Whatever its time stamp says, it is believed again only after every piece was
 * hashed: at once when the file changes, or when somebody asks for it.
 */
export function rot(record: FileRecord, badCount: number, found: Found | undefined): readonly ClientEffect[] {
  record.entry = { ...record.entry, mtimeMs: NEVER_RIGHT_MS };
  const judged = stampOf(found);
  if (record.phase.at === 'missing') {
    record.phase = { ...record.phase, judged };
    return NO_EFFECTS;
  }
  const pieces = badCount === 1 ? '1 piece that is' : `${badCount} pieces that are`;
  return lose(record, `has ${pieces} not right`, true, judged);
}

/** At start: what the library says of it is not so. `found` is what was judged. */
export function unusable(record: FileRecord, sentence: string, found: Found | undefined): readonly ClientEffect[] {
  record.phase = {
    at: 'missing',
    sentence,
    returns: record.entry.mtimeMs !== null,
    seen: undefined,
    judged: stampOf(found),
  };
  return [bad(sentence)];
}

/** What was missing is right again: said, since its being missing was. */
export function rightAgain(record: FileRecord): readonly ClientEffect[] {
  return record.phase.at === 'missing' ? [good(`${record.entry.path} is right again and shared`)] : NO_EFFECTS;
}

function sourceSeen(record: FileRecord, { found }: SeenSource): readonly ClientEffect[] {
  const { phase, entry, file } = record;
  if (phase.at === 'seeding') {
    if (found === undefined) return lose(record, 'is gone', true);
    const isAsKnown = found.size === entry.size && found.mtimeMs === entry.mtimeMs;
    return isAsKnown ? NO_EFFECTS : lose(record, 'has changed', true);
  }
  if (phase.at !== 'missing' || !phase.returns) return NO_EFFECTS;
  const stamp = stampOf(found);
  // Still being written while it changes between two looks; what was judged once is judged again when it has changed.
  const isStill = stamp !== undefined && stamp === phase.seen && stamp !== phase.judged;
  record.phase = { ...phase, seen: stamp, judged: isStill ? stamp : phase.judged };
  return isStill ? [{ kind: 'check', file, entry }] : NO_EFFECTS;
}

function stampOf(found: Found | undefined): string | undefined {
  return found === undefined
    ? undefined
    : `${found.size} ${found.mtimeMs} ${found.changedMs} ${found.metainfoMtimeMs ?? 'none'}`;
}

function isWatched({ phase }: FileRecord): boolean {
  return phase.at === 'full' || phase.at === 'seeding' || (phase.at === 'missing' && phase.returns);
}

/** From the one behind `last` on, all around. Numbers of files grow in the order of the table. */
function inTurn(records: readonly FileRecord[], last: number): readonly FileRecord[] {
  const at = records.findIndex(({ file }) => file > last);
  return at <= 0 ? records : [...records.slice(at), ...records.slice(0, at)];
}
