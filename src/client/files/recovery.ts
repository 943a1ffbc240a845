// Decides when to look at full or failing disks, missing files and shared files, and what a look means. What waits for
// its disk is tried again at growing pauses; a missing file is shared again when it is right. Invariant: a changed file
// is never shared unchecked. Pure.

import { NO_EFFECTS, type WakeAt } from '../../foundation/actor/machine.js';
import { meaningOf } from '../../foundation/base/errnos.js';
import { good } from '../answers/answers.js';
import type { CheckResult, ClientEffect, ClientInput, Found, LookedAt, Refusal, SeenSource } from '../effects.js';
import { LOOK_AGAIN_MS, SOURCES_A_LOOK_MAX } from '../limits.js';
import { advance } from './advance.js';
import { recordedMs } from './completeness.js';
import { hasRoom } from './disk-space.js';
import type { Phase } from './file-life.js';
import type { FileTable } from './file-table.js';
import { FolderWatch } from './folder-watch.js';
import { hasOtherCopy, otherPaths } from './names.js';
import { type FileRecord, isWatched } from './record.js';
import { Retries } from './retries.js';

type Complete = Extract<CheckResult, { kind: 'complete' }>;
type LookSeen = Extract<ClientInput, { kind: 'sourcesSeen' | 'entriesSeen' | 'roomSeen' }>;
type Unusable = Extract<CheckResult, { kind: 'unusable' }>;

export class Recovery {
  /** Bytes that the user wants to stay free; undefined: not set. */
  readonly #reserve: number | undefined;
  readonly #retries = new Retries();
  /** When the next look is due. Undefined: there is nothing to look at. */
  #nextMs: number | undefined;
  #looking = false;
  readonly #folders = new FolderWatch();
  /** Files whose disk is being asked for its room. */
  readonly #asked = new Set<number>();
  /** Number of the file looked at last. The next look continues after it. */
  #lastFile = 0;

  constructor(reserve?: number | undefined) {
    this.#reserve = reserve;
  }

  /** Called after each input. Asks to be woken for the next look. */
  look(files: FileTable, nowMs: number): readonly (ClientEffect | WakeAt)[] {
    if (this.#nextMs !== undefined && nowMs < this.#nextMs) return NO_EFFECTS;
    const watched = files.hasWatched ? files.all().filter(isWatched) : [];
    const isDue = this.#nextMs !== undefined;
    // With nothing to look at no wake is needed: a new file arrives as an input.
    this.#nextMs = watched.length === 0 ? undefined : nowMs + LOOK_AGAIN_MS;
    if (this.#nextMs === undefined) return NO_EFFECTS;
    const effects: (ClientEffect | WakeAt)[] = [{ kind: 'wakeAt', atMs: this.#nextMs }];
    return isDue ? [...this.#tryAgain(files, watched, nowMs), ...this.#lookAt(watched, nowMs), ...effects] : effects;
  }

  /** What a disk failed and no look can tell apart from what works. */
  #tryAgain(files: FileTable, watched: readonly FileRecord[], nowMs: number): readonly ClientEffect[] {
    this.#retries.keep((file) => files.get(file) !== undefined);
    const effects: ClientEffect[] = [];
    for (const record of watched) {
      const { file, phase } = record;
      const isTried =
        phase.at === 'missing' ? phase.returns === 'tried' : phase.at === 'stalled' && !waitsForRoom(phase);
      if (isTried && this.#retries.isDue(file, nowMs)) effects.push(...this.#begin(files, record));
    }
    return effects;
  }

  #begin(files: FileTable, record: FileRecord): readonly ClientEffect[] {
    this.#retries.begun(record.file);
    return advance(files, record, { kind: 'tryAgain' }) ?? NO_EFFECTS;
  }

  #lookAt(watched: readonly FileRecord[], nowMs: number): readonly ClientEffect[] {
    const effects: ClientEffect[] = [];
    const sources: LookedAt[] = [];
    for (const { file, phase } of watched) {
      if (phase.at !== 'stalled' || !waitsForRoom(phase) || this.#asked.has(file)) continue;
      this.#asked.add(file);
      effects.push({ kind: 'lookAtRoom', file, path: phase.trouble.path });
    }
    for (const { file, entry, phase } of inTurn(watched, this.#lastFile)) {
      if (phase.at !== 'seeding' && phase.at !== 'missing') continue;
      if (sources.length >= SOURCES_A_LOOK_MAX) break;
      sources.push(lookedAt({ file, entry }, phase.at === 'missing'));
    }
    effects.push(...this.#folders.look(watched, nowMs));
    if (sources.length > 0 && !this.#looking) {
      this.#looking = true;
      this.#lastFile = sources.at(-1)?.[0] ?? 0;
      effects.push({ kind: 'lookAtSources', sources });
    }
    return effects;
  }

  /** A look has ended. @param isClosing nothing new is begun for what is shared. */
  looked(files: FileTable, look: LookSeen, nowMs: number, isClosing: boolean): readonly ClientEffect[] {
    if (look.kind === 'roomSeen') return this.#roomSeen(files, look, nowMs);
    if (isClosing) return NO_EFFECTS;
    if (look.kind === 'entriesSeen') return this.#folders.seen(files, look.file, look.seen);
    this.#looking = false;
    return look.seen.flatMap((one) => {
      const record = files.get(one.file);
      return record === undefined ? NO_EFFECTS : this.#sourceSeen(files, record, one, nowMs);
    });
  }

  #roomSeen(files: FileTable, { file, room }: LookSeen & { kind: 'roomSeen' }, nowMs: number): readonly ClientEffect[] {
    this.#asked.delete(file);
    const record = files.get(file);
    if (record?.phase.at !== 'stalled' || !this.#retries.isDue(file, nowMs)) return NO_EFFECTS;
    const { trouble } = record.phase;
    // A disk that could not be asked shows it when it is tried.
    const isRoomy = room === undefined || hasRoom(files, record, trouble, room, this.#reserve);
    return isRoomy ? this.#begin(files, record) : NO_EFFECTS;
  }

  /** A download has failed: for good, or until its disk has room or works again. */
  downloadFailed(files: FileTable, record: FileRecord, refusal: Refusal, nowMs: number): readonly ClientEffect[] {
    const { code, sentence, trouble } = refusal;
    if (trouble === undefined || meaningOf(trouble.errno).lasting === 'stays')
      return advance(files, record, { kind: 'failed', code, sentence }) ?? NO_EFFECTS;
    const isNews = this.#retries.failed(record.file, sentence, nowMs);
    return advance(files, record, { kind: 'stalled', code, sentence, trouble, isNews }) ?? NO_EFFECTS;
  }

  /** A download has got pieces onto its disk. */
  downloadGrew({ file, entry }: FileRecord): readonly ClientEffect[] {
    return this.#retries.returned(file) ? [good(`${entry.name} goes on`)] : NO_EFFECTS;
  }

  /** What has failed so far does not count. */
  forget(record: FileRecord | undefined): void {
    if (record !== undefined) this.#retries.forget(record.file);
  }

  /** A check has found the whole file. */
  foundComplete(files: FileTable, record: FileRecord, { path, mtimeMs, have }: Complete): readonly ClientEffect[] {
    const isTold = record.phase.at === 'missing' && record.phase.returns !== 'tried';
    const isNews = this.#retries.returned(record.file) || isTold;
    return advance(files, record, { kind: 'foundComplete', path, mtimeMs, isNews, have }) ?? NO_EFFECTS;
  }

  foundUnusable(
    files: FileTable,
    record: FileRecord,
    { sentence, found, have = 0, trouble }: Unusable,
    nowMs: number,
  ): readonly ClientEffect[] {
    const judged = stampOf(found);
    if (trouble === undefined) {
      const change = { kind: 'foundUnusable', sentence, returns: 'changed', judged, have, isNews: true } as const;
      return advance(files, record, change) ?? NO_EFFECTS;
    }
    const isNews = this.#retries.failed(record.file, sentence, nowMs);
    const trial = { kind: 'foundUnusable', sentence, returns: 'tried', judged, have, isNews } as const;
    return advance(files, record, trial) ?? NO_EFFECTS;
  }

  /** A shared file, or one of a folder, could not be read. `errno`: of Node, or SHORT_FILE or CHANGED. */
  serveFailed(
    files: FileTable,
    record: FileRecord,
    { path, errno }: { readonly path: string; readonly errno: string },
    nowMs: number,
  ): readonly ClientEffect[] {
    if (record.entry.folder !== undefined && path !== record.entry.path) return this.#folders.lookNow(record);
    if (errno === 'ENOENT') return lose(files, record, 'is gone');
    if (errno === 'SHORT_FILE' || errno === 'CHANGED') return lose(files, record, 'has changed');
    if (record.phase.at !== 'seeding') return NO_EFFECTS;
    const { reason, remedy } = meaningOf(errno);
    const sentence = `${record.entry.path} ${reason}; it is no longer shared, and is tried again by itself: ${remedy}`;
    const isNews = this.#retries.failed(record.file, sentence, nowMs);
    // Another copy is found by the next try: at once, a disk that fails each time would be asked without a pause.
    const elsewhere = false;
    return advance(files, record, { kind: 'lost', sentence, returns: 'tried', isNews, elsewhere }) ?? NO_EFFECTS;
  }

  #sourceSeen(
    files: FileTable,
    record: FileRecord,
    { found, errno }: SeenSource,
    nowMs: number,
  ): readonly ClientEffect[] {
    const { phase, entry } = record;
    if (phase.at === 'seeding' && errno !== undefined)
      return this.serveFailed(files, record, { path: entry.path, errno }, nowMs);
    if (phase.at !== 'seeding') return advance(files, record, { kind: 'looked', stamp: stampOf(found) }) ?? NO_EFFECTS;
    if (found === undefined) return lose(files, record, 'is gone');
    // The root of a folder is there; its files are looked at by themselves.
    if (entry.folder !== undefined) return NO_EFFECTS;
    const isAsKnown = found.size === entry.size && found.mtimeMs === recordedMs(entry.completeness);
    return isAsKnown ? NO_EFFECTS : lose(files, record, 'has changed');
  }
}

function lose(files: FileTable, record: FileRecord, what: string): readonly ClientEffect[] {
  const [sentence, elsewhere] = [lostSentence(record, what), hasOtherCopy(record.entry)];
  return advance(files, record, { kind: 'lost', sentence, returns: 'changed', isNews: true, elsewhere }) ?? NO_EFFECTS;
}

/** Why a complete file is no longer shared, until it looks different. */
export function lostSentence({ entry }: FileRecord, what: string): string {
  return `${entry.path} ${what}; it is no longer shared: it is shared again when it is right again`;
}

/** A share of other content has been made of its copy at `path`. */
export function overwritten(files: FileTable, record: FileRecord, path: string): readonly ClientEffect[] {
  return record.entry.path === path ? lose(files, record, 'has changed') : NO_EFFECTS;
}

function waitsForRoom({ trouble }: Extract<Phase, { at: 'stalled' }>): boolean {
  return meaningOf(trouble.errno).lasting === 'room';
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

function lookedAt({ file, entry }: Pick<FileRecord, 'file' | 'entry'>, isMissing: boolean): LookedAt {
  const { path, mtorrentPath, folder } = entry;
  // Another copy says nothing of the one that is served.
  const others = isMissing ? otherPaths(entry) : [];
  if (folder !== undefined) return [file, path, isMissing ? mtorrentPath : undefined, others, true];
  return isMissing ? [file, path, mtorrentPath, others] : [file, path, undefined];
}
