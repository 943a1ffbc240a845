// Decides which downloads the rules of retention delete, and why each of the others stays. It is given downloads alone,
// never a share, and names none of those that something keeps. Pure.

import { formatBytes } from '../../foundation/base/bytes.js';

/** 0: the rule is off. */
export interface RetentionRules {
  /** Days for which a download is kept. */
  readonly days: number;
  /** Newest versions of each thing that are kept. */
  readonly versions: number;
  /** Bytes that all downloads may take. */
  readonly budget: number;
}

export const KEEP_ALL: RetentionRules = { days: 0, versions: 0, budget: 0 };

/** A download that is complete. */
export interface Retained {
  readonly file: number;
  /** Equal for versions of one thing. */
  readonly series: string;
  /** Bytes. */
  readonly size: number;
  /** Wall-clock time of its end, in milliseconds. */
  readonly atMs: number;
  /** Why it may not be deleted, whatever the rules say. */
  readonly hold: string | undefined;
}

export interface Verdict {
  readonly file: number;
  readonly goes: boolean;
  readonly why: string;
}

export interface Decision {
  /** One for each download: those that go first, each kind from the oldest to the newest. */
  readonly verdicts: readonly Verdict[];
  /** Bytes of those that stay. */
  readonly bytes: number;
  /** Why the budget is not kept; undefined when it is. */
  readonly shortfall: string | undefined;
}

const DAY_MS = 86_400_000;

export function hasRules({ days, versions, budget }: RetentionRules): boolean {
  return days > 0 || versions > 0 || budget > 0;
}

/** @param nowMs wall-clock time. */
export function decide(downloads: readonly Retained[], rules: RetentionRules, nowMs: number): Decision {
  const oldestFirst = [...downloads].sort((a, b) => a.atMs - b.atMs || a.file - b.file);
  const newer = newerOf(oldestFirst);
  const verdicts = new Map<number, Verdict>();
  for (const download of oldestFirst) verdicts.set(download.file, byAge(download, newer(download), rules, nowMs));
  const stays = (): readonly Retained[] => oldestFirst.filter(({ file }) => verdicts.get(file)?.goes !== true);
  let bytes = bytesOf(stays());
  const last = oldestFirst.at(-1);
  for (const download of rules.budget === 0 ? [] : stays()) {
    if (bytes <= rules.budget) break;
    const isKept = rules.versions > 0 ? newer(download) < rules.versions : download === last;
    if (isKept || download.hold !== undefined) continue;
    const why = `all downloads together take more than the disk-budget of ${formatBytes(rules.budget)}, and it is the oldest of those that may go`;
    verdicts.set(download.file, { file: download.file, goes: true, why });
    bytes -= download.size;
  }
  const all = oldestFirst.flatMap(({ file }) => verdicts.get(file) ?? []);
  return {
    verdicts: [...all.filter(({ goes }) => goes), ...all.filter(({ goes }) => !goes)],
    bytes,
    shortfall: rules.budget === 0 || bytes <= rules.budget ? undefined : shortfallOf(stays(), rules, bytes),
  };
}

/** How many newer versions of it there are. */
function newerOf(oldestFirst: readonly Retained[]): (download: Retained) => number {
  const ranks = new Map<Retained, number>();
  const seen = new Map<string, number>();
  for (const download of [...oldestFirst].reverse()) {
    const rank = seen.get(download.series) ?? 0;
    ranks.set(download, rank);
    seen.set(download.series, rank + 1);
  }
  return (download) => ranks.get(download) ?? 0;
}

function byAge({ file, atMs, hold }: Retained, newer: number, rules: RetentionRules, nowMs: number): Verdict {
  const { days, versions } = rules;
  const stays = (why: string): Verdict => ({ file, goes: false, why });
  if (hold !== undefined) return stays(hold);
  // A clock that was set back makes nothing older.
  const isOld = days > 0 && nowMs - atMs > days * DAY_MS;
  if (versions > 0 && newer < versions)
    return stays(newer === 0 ? 'it is the newest' : `it is one of the ${versions} newest`);
  if (days > 0 && !isOld) return stays(`it was downloaded within the last ${counted(days, 'day')}`);
  const reasons = [
    ...(versions > 0 ? [`${counted(newer, 'newer version')} of it ${newer === 1 ? 'is' : 'are'} here`] : []),
    ...(isOld ? [`it was downloaded more than ${counted(days, 'day')} ago`] : []),
  ];
  return reasons.length === 0 ? stays('no rule deletes it') : { file, goes: true, why: reasons.join(', and ') };
}

function shortfallOf(left: readonly Retained[], { budget, versions }: RetentionRules, bytes: number): string {
  const held = left.filter(({ hold }) => hold !== undefined);
  const kept = left.length - held.length;
  const parts = [
    ...(kept === 0
      ? []
      : [
          versions > 0
            ? `${formatBytes(bytes - bytesOf(held))} are kept by keep-versions`
            : 'the newest download is kept',
        ]),
    ...(held.length === 0 ? [] : [`${formatBytes(bytesOf(held))} may not be deleted`]),
  ];
  return `downloads take ${formatBytes(bytes)}, more than the disk-budget of ${formatBytes(budget)}: ${parts.join(', and ')}`;
}

function bytesOf(downloads: readonly Retained[]): number {
  return downloads.reduce((sum, { size }) => sum + size, 0);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
