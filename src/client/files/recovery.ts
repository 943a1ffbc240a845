// What comes back by itself: a download that found its disk full goes on when there is room, a shared file that was gone or
// changed is shared again when it is right again. Decides when to look, and what a look means; what is shared is looked at
// too, so that a file which nobody fetches is not announced for long after it is gone. A changed file is never shared before
// it was checked. One look at a time. Pure.

import { NO_EFFECTS, type WakeAt } from '../../foundation/actor/machine.js';
import { formatBytes } from '../../foundation/base/bytes.js';
import { good } from '../answers/answers.js';
import type { ClientEffect, Found, LookedAt, SeenSource } from '../effects.js';
import { LOOK_AGAIN_MS, SOURCES_A_LOOK_MAX } from '../limits.js';
import { advance } from './advance.js';
import { recordedMs } from './completeness.js';
import { roomNeeded } from './disk-space.js';
import type { FileTable } from './file-table.js';
import type { FileRecord } from './record.js';

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
      return record === undefined ? NO_EFFECTS : sourceSeen(files, record, one);
    });
  }
}

export function roomSeen(files: FileTable, record: FileRecord, freeBytes: number): readonly ClientEffect[] {
  if (freeBytes < roomNeeded(files, record)) return NO_EFFECTS;
  const effects = advance(files, record, { kind: 'roomFound' });
  if (effects === undefined) return NO_EFFECTS;
  return [good(`${formatBytes(freeBytes)} are free again: ${record.entry.name} goes on`), ...effects];
}

/** A shared file that could not be read. `errno`: Node's, or SHORT_FILE and CHANGED. */
export function serveFailed(files: FileTable, record: FileRecord, errno: string): readonly ClientEffect[] {
  // A disk that fails would fail again with the next request.
  if (errno === 'ENOENT') return lose(files, record, 'is gone', true);
  if (errno === 'SHORT_FILE' || errno === 'CHANGED') return lose(files, record, 'has changed', true);
  return lose(files, record, `cannot be read (${errno})`, false);
}

function lose(files: FileTable, record: FileRecord, what: string, returns: boolean): readonly ClientEffect[] {
  return advance(files, record, { kind: 'lost', sentence: lostSentence(record, what, returns), returns }) ?? NO_EFFECTS;
}

/** Why a complete file is no longer shared. @param returns it is shared again by itself. */
export function lostSentence({ entry }: FileRecord, what: string, returns: boolean): string {
  const then = returns ? 'it is shared again when it is right again' : 'see to its disk, then restart';
  return `${entry.path} ${what}; it is no longer shared: ${then}`;
}

function sourceSeen(files: FileTable, record: FileRecord, { found }: SeenSource): readonly ClientEffect[] {
  const { phase, entry } = record;
  if (phase.at !== 'seeding') return advance(files, record, { kind: 'looked', stamp: stampOf(found) }) ?? NO_EFFECTS;
  if (found === undefined) return lose(files, record, 'is gone', true);
  const isAsKnown = found.size === entry.size && found.mtimeMs === recordedMs(entry.completeness);
  return isAsKnown ? NO_EFFECTS : lose(files, record, 'has changed', true);
}

/** Two looks that give the same stamp saw the same file. */
export function stampOf(found: Found | undefined): string | undefined {
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
