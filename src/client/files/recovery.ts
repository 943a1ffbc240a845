// Decides when to look at full disks, missing files and shared files, and what a look means. A full download continues
// when there is room; a missing file is shared again when it is right. Invariant: a changed file is never shared
// unchecked. Pure.

import { NO_EFFECTS, type WakeAt } from '../../foundation/actor/machine.js';
import { formatBytes } from '../../foundation/base/bytes.js';
import { good } from '../answers/answers.js';
import type { ClientEffect, Found, LookedAt, SeenSource } from '../effects.js';
import { LOOK_AGAIN_MS, SOURCES_A_LOOK_MAX } from '../limits.js';
import { advance } from './advance.js';
import { recordedMs } from './completeness.js';
import { roomNeeded } from './disk-space.js';
import type { FileTable } from './file-table.js';
import { hasOtherCopy, otherPaths } from './names.js';
import { type FileRecord, isWatched } from './record.js';

export class Recovery {
  /** When the next look is due. Undefined: there is nothing to look at. */
  #nextMs: number | undefined;
  #looking = false;
  /** Number of the file looked at last. The next look continues after it. */
  #lastFile = 0;

  /** Called after each input. Asks to be woken for the next look. */
  look(files: FileTable, nowMs: number): readonly (ClientEffect | WakeAt)[] {
    if (this.#nextMs !== undefined && nowMs < this.#nextMs) return NO_EFFECTS;
    const watched = files.hasWatched ? files.all().filter(isWatched) : [];
    const isDue = this.#nextMs !== undefined;
    // With nothing to look at no wake is needed: a new file arrives as an input.
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
      if (phase.at !== 'missing') sources.push([file, entry.path, undefined]);
      else sources.push([file, entry.path, entry.mtorrentPath, otherPaths(entry)]);
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

/** A shared file could not be read. `errno`: of Node, or SHORT_FILE or CHANGED. */
export function serveFailed(files: FileTable, record: FileRecord, errno: string): readonly ClientEffect[] {
  // A failing disk would fail again at the next request, so such a file does not return.
  if (errno === 'ENOENT') return lose(files, record, 'is gone', true);
  if (errno === 'SHORT_FILE' || errno === 'CHANGED') return lose(files, record, 'has changed', true);
  return lose(files, record, `cannot be read (${errno})`, false);
}

/** A share of other content has been made of its copy at `path`. */
export function overwritten(files: FileTable, record: FileRecord, path: string): readonly ClientEffect[] {
  return record.entry.path === path ? lose(files, record, 'has changed', true) : NO_EFFECTS;
}

function lose(files: FileTable, record: FileRecord, what: string, returns: boolean): readonly ClientEffect[] {
  const [sentence, elsewhere] = [lostSentence(record, what, returns), hasOtherCopy(record.entry)];
  return advance(files, record, { kind: 'lost', sentence, returns, elsewhere }) ?? NO_EFFECTS;
}

/** Why a complete file is no longer shared. @param returns it will be shared again by itself. */
export function lostSentence({ entry }: FileRecord, what: string, returns: boolean): string {
  const then = returns ? 'it is shared again when it is right again' : 'check its disk, then restart the client';
  return `${entry.path} ${what}; it is no longer shared: ${then}`;
}

function sourceSeen(files: FileTable, record: FileRecord, { found }: SeenSource): readonly ClientEffect[] {
  const { phase, entry } = record;
  if (phase.at !== 'seeding') return advance(files, record, { kind: 'looked', stamp: stampOf(found) }) ?? NO_EFFECTS;
  if (found === undefined) return lose(files, record, 'is gone', true);
  const isAsKnown = found.size === entry.size && found.mtimeMs === recordedMs(entry.completeness);
  return isAsKnown ? NO_EFFECTS : lose(files, record, 'has changed', true);
}

/** Looks at the same, unchanged file give the same stamp. */
export function stampOf(found: Found | undefined): string | undefined {
  return found === undefined
    ? undefined
    : `${found.size} ${found.mtimeMs} ${found.changedMs} ${found.metainfoMtimeMs ?? 'none'}${found.others ?? ''}`;
}

/** Rotated to begin after the file `last`. File numbers ascend in the table. */
function inTurn(records: readonly FileRecord[], last: number): readonly FileRecord[] {
  const at = records.findIndex(({ file }) => file > last);
  return at <= 0 ? records : [...records.slice(at), ...records.slice(0, at)];
}
