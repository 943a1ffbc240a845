// Decides which files of shared folders are looked at next, and what a look means. A file that has changed costs its
// own pieces; the rest of its folder stays shared. Pure.

import { NO_EFFECTS } from '../../foundation/actor/machine.js';
import { printable } from '../../foundation/torrent/names.js';
import { FOLDER_LOOK_ENTRIES } from '../../transfer/storage/limits.js';
import { saved } from '../answers/answers.js';
import type { ClientEffect, SeenFolder } from '../effects.js';
import { CHANGED_NAME_CHARACTERS_MAX, CHANGED_NAMED_MAX, LOOK_AGAIN_MS, LOOKS_TOGETHER } from '../limits.js';
import { advance } from './advance.js';
import { recordedMs } from './completeness.js';
import type { FileTable } from './file-table.js';
import { withCompleteness } from './names.js';
import type { FileRecord } from './record.js';

export class FolderWatch {
  /** Folders that are being looked at. */
  readonly #looking = new Set<number>();
  /** Number of the folder looked at last. The next look continues after it. */
  #last = 0;
  /** When the next look is due. */
  #nextMs = Number.NEGATIVE_INFINITY;

  /**
   * Called every LOOK_AGAIN_MS. Where that is not enough to see all files at each look, some looks are one: between
   * them the threads that look can end.
   * @param watched files that are looked at, in ascending order of their numbers.
   */
  look(watched: readonly FileRecord[], nowMs: number): readonly ClientEffect[] {
    if (nowMs < this.#nextMs) return NO_EFFECTS;
    const folders = watched.filter(({ entry, phase }) => entry.folder !== undefined && phase.at === 'seeding');
    const looks =
      folders.reduce((sum, { entry }) => sum + filesOf(entry), 0) > FOLDER_LOOK_ENTRIES ? LOOKS_TOGETHER : 1;
    this.#nextMs = nowMs + looks * LOOK_AGAIN_MS;
    const next = folders.findIndex(({ file }) => file > this.#last);
    const inTurn = next <= 0 ? folders : [...folders.slice(next), ...folders.slice(0, next)];
    const effects: ClientEffect[] = [];
    let left = looks * FOLDER_LOOK_ENTRIES;
    for (const { file, entry } of inTurn) {
      if (left <= 0) break;
      if (this.#looking.has(file)) continue;
      const entries = Math.min(left, filesOf(entry));
      left -= entries;
      this.#last = file;
      effects.push(this.#lookAt(file, entry, entries));
    }
    return effects;
  }

  /** An upload found that a file has changed. */
  lookNow({ file, entry }: FileRecord): readonly ClientEffect[] {
    return this.#looking.has(file) ? NO_EFFECTS : [this.#lookAt(file, entry, 1)];
  }

  /** The look has ended. @param seen the folder is there. */
  seen(files: FileTable, file: number, seen: SeenFolder | undefined): readonly ClientEffect[] {
    this.#looking.delete(file);
    const record = files.get(file);
    if (record?.phase.at !== 'seeding' || seen === undefined) return NO_EFFECTS;
    const { have, changed, mtimeMs } = seen;
    const { entry, phase, transfer } = record;
    const isStamped = recordedMs(entry.completeness) !== mtimeMs;
    if (isStamped) files.amend(record, withCompleteness(entry, entry.path, { kind: 'complete', mtimeMs }));
    const before = phase.changed ?? 0;
    const recorded = isStamped ? [saved(files)] : NO_EFFECTS;
    if (have === transfer.have && changed === before) return recorded;
    const sentence = changedSentence(record, seen);
    const isNews = changed > before || changed === 0;
    const event = { kind: 'entriesSeen', have, changed, sentence, isNews } as const;
    return [...recorded, ...(advance(files, record, event) ?? NO_EFFECTS)];
  }

  #lookAt(file: number, entry: FileRecord['entry'], entries: number): ClientEffect {
    this.#looking.add(file);
    return { kind: 'lookAtEntries', file, entry, entries };
  }
}

function filesOf({ folder }: FileRecord['entry']): number {
  return Math.max(1, folder?.files ?? 0);
}

/** Which files are not shared any more; '' when there is none. */
function changedSentence({ entry }: Pick<FileRecord, 'entry'>, { changed, names }: SeenFolder): string {
  if (changed === 0) return '';
  const shown = names.slice(0, CHANGED_NAMED_MAX).map((name) => printable(shortened(name)));
  const others = changed > shown.length ? `, and ${changed - shown.length} more` : '';
  const [what, they] = changed === 1 ? ['1 file', 'it'] : [`${changed} files`, 'they'];
  return `${what} of ${entry.path} changed and ${changed === 1 ? 'is' : 'are'} not shared until ${they} ${changed === 1 ? 'is' : 'are'} as before: ${shown.join(', ')}${others}`;
}

/** The end of a path says more than its beginning. */
function shortened(path: string): string {
  return path.length <= CHANGED_NAME_CHARACTERS_MAX ? path : `…${path.slice(1 - CHANGED_NAME_CHARACTERS_MAX)}`;
}
