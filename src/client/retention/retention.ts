// Carries out the rules of retention among the files of a client: asks what lies on the disk, has what goes withdrawn
// and deleted, and answers who asked. Invariant: what is deleted was downloaded here to the end, and nobody has shared,
// moved or changed it since. Pure.

import { NO_EFFECTS } from '../../foundation/actor/machine.js';
import { formatBytes } from '../../foundation/base/bytes.js';
import { bad, good, refuse } from '../answers/answers.js';
import type { ClientEffect, ClientInput } from '../effects.js';
import { advance } from '../files/advance.js';
import type { FileTable } from '../files/file-table.js';
import type { FileRecord } from '../files/record.js';
import type { ClientCommand } from '../messages.js';
import { RETENTION_ROWS_MAX, type RetentionRow } from './row.js';
import {
  type Decision,
  decide,
  hasRules,
  KEEP_ALL,
  type Retained,
  type RetentionRules,
  type Verdict,
} from './rules.js';
import { seriesOf } from './versions.js';

type RetentionInput = Extract<
  ClientInput,
  { readonly kind: 'fetchedSeen' | 'fetchedUnseen' | 'retired' | 'retireFailed' }
>;
type Seen = Extract<ClientInput, { readonly kind: 'fetchedSeen' }>;

export class Retention {
  /** Those that were followed last. */
  #rules = KEEP_ALL;
  /** Why each file that is being deleted goes. */
  readonly #reasons = new Map<number, string>();
  /** What was told of each that could not be deleted. */
  readonly #failures = new Map<number, string>();
  #shortfall = '';

  /** `isTrial`: nothing is deleted; rules that are all 0 stand for those that are followed. */
  apply(
    files: FileTable,
    { ask, days, versions, budget, isTrial }: Extract<ClientCommand, { kind: 'retain' }>,
  ): readonly ClientEffect[] {
    const given = { days, versions, budget };
    const rules = isTrial && !hasRules(given) ? this.#rules : given;
    if (!isTrial) this.#rules = rules;
    if (!isTrial && files.all().some(isChecked)) {
      const sentence = 'downloads are being checked; nothing is deleted before that has ended';
      return [refuse(ask, 'UNFINISHED', sentence)];
    }
    const downloads = files.all().filter(isDownload);
    const again = isTrial ? NO_EFFECTS : this.#tryAgain(files);
    return [
      ...again,
      { kind: 'lookAtFetched', ask, rules, isTrial, downloads: downloads.map(({ file, entry }) => ({ file, entry })) },
    ];
  }

  /** What could not be deleted so far. */
  #tryAgain(files: FileTable): readonly ClientEffect[] {
    const held = [...this.#failures.keys()].flatMap((file) => files.get(file) ?? []);
    return held.flatMap((record) => advance(files, record, { kind: 'retire' }) ?? NO_EFFECTS);
  }

  /** @param isClosing nothing more is deleted. */
  hear(files: FileTable, input: RetentionInput, isClosing: boolean): readonly ClientEffect[] {
    if (input.kind === 'fetchedSeen') return this.#seen(files, input, isClosing);
    if (input.kind === 'fetchedUnseen') return [refuse(input.ask, input.refusal.code, input.refusal.sentence)];
    // Its user may have removed it meanwhile.
    const record = files.get(input.file);
    if (record === undefined) return NO_EFFECTS;
    return input.kind === 'retired'
      ? this.#retired(files, record, input)
      : this.#retireFailed(record, input.refusal.sentence);
  }

  #seen(files: FileTable, input: Seen, isClosing: boolean): readonly ClientEffect[] {
    const { ask, rules, isTrial, nowMs } = input;
    const downloads = input.seen.flatMap(({ file, bytes, hold }) => {
      const record = files.get(file);
      return record === undefined || !isDownload(record) ? [] : [retained(record, bytes, hold)];
    });
    const decision = decide(downloads, rules, nowMs);
    // Told as it was found, before what goes is withdrawn.
    const answer = answerOf(files, { ask, rules, downloads, decision });
    if (isTrial || isClosing) return [answer];
    const retired = decision.verdicts.filter(({ goes }) => goes).flatMap((verdict) => this.#retire(files, verdict));
    return [...retired, ...this.#tellShortfall(decision), answer];
  }

  #retire(files: FileTable, { file, why }: Verdict): readonly ClientEffect[] {
    const record = files.get(file);
    if (record === undefined) return NO_EFFECTS;
    const effects = advance(files, record, { kind: 'retire' });
    if (effects === undefined) return NO_EFFECTS;
    this.#reasons.set(file, why);
    return effects;
  }

  #tellShortfall({ shortfall = '' }: Decision): readonly ClientEffect[] {
    if (shortfall === this.#shortfall) return NO_EFFECTS;
    this.#shortfall = shortfall;
    return shortfall === '' ? [good('downloads fit the disk-budget again')] : [bad(shortfall)];
  }

  /** It is deleted. */
  #retired(
    files: FileTable,
    record: FileRecord,
    { kept }: Extract<ClientInput, { kind: 'retired' }>,
  ): readonly ClientEffect[] {
    const { file, entry } = record;
    const why = this.#reasons.get(file) ?? 'its deletion had begun before this client was started';
    this.#reasons.delete(file);
    this.#failures.delete(file);
    const told = good(`${entry.path} (${formatBytes(entry.size)}) was deleted by the rules of retention: ${why}`);
    const rest = kept === undefined ? NO_EFFECTS : [bad(kept)];
    return [...(advance(files, record, { kind: 'retired' }) ?? NO_EFFECTS), told, ...rest];
  }

  /** It stays withdrawn, and is tried again. */
  #retireFailed({ file, entry }: FileRecord, sentence: string): readonly ClientEffect[] {
    if (this.#failures.get(file) === sentence) return NO_EFFECTS;
    this.#failures.set(file, sentence);
    return [bad(`${entry.path} is no longer shared, but could not be deleted, which is tried again: ${sentence}`)];
  }
}

/** Which downloads there are is not known yet. */
function isChecked({ entry: { completeness }, phase }: FileRecord): boolean {
  return completeness.kind === 'complete' && completeness.fetched !== undefined && phase.at === 'checking';
}

function isDownload({ entry: { completeness }, phase }: FileRecord): boolean {
  return completeness.kind === 'complete' && completeness.fetched !== undefined && phase.at === 'seeding';
}

function retained({ file, entry, phase }: FileRecord, bytes: number, seen: string | undefined): Retained {
  const { completeness, others } = entry;
  const atMs = completeness.kind === 'complete' ? (completeness.fetched?.atMs ?? 0) : 0;
  const hasChanged = phase.at === 'seeding' && phase.changed !== undefined;
  const hold =
    others.length > 0 ? 'it is known by several .mtorrent files' : hasChanged ? 'files of it have changed' : seen;
  return { file, series: seriesOf(entry), size: bytes, atMs, hold };
}

interface Found {
  readonly ask: number;
  readonly rules: RetentionRules;
  readonly downloads: readonly Retained[];
  readonly decision: Decision;
}

function answerOf(files: FileTable, { ask, rules, downloads, decision }: Found): ClientEffect {
  const known = new Map(downloads.map((download) => [download.file, download]));
  const rows = decision.verdicts.slice(0, RETENTION_ROWS_MAX).flatMap(({ file, goes, why }): RetentionRow[] => {
    const [record, download] = [files.get(file), known.get(file)];
    if (record === undefined || download === undefined) return [];
    const { name, path } = record.entry;
    return [{ name, path, size: download.size, atMs: download.atMs, goes, why }];
  });
  const going = decision.verdicts.filter(({ goes }) => goes).length;
  const freed = downloads.reduce((sum, { size }) => sum + size, 0) - decision.bytes;
  const { bytes, shortfall = '' } = decision;
  return {
    kind: 'tell',
    event: { kind: 'retained', ask, ...rules, rows, downloads: downloads.length, going, freed, bytes, shortfall },
  };
}
