// What follows when an entry gains or loses names: its announcements move to the trackers that its names name now, and
// it is served from the copy that comes first. Invariant: a file is announced to the pairs of its names alone. Pure.

import { getRecorded, refuse, saved, shareRecorded } from '../answers/answers.js';
import type { ClientEffect } from '../effects.js';
import { advance, announce, register } from './advance.js';
import { isPaused } from './completeness.js';
import { isOffered } from './file-life.js';
import { basename, type FileTable } from './file-table.js';
import { entryOfNames, isSameName, namesOf, pairsOf, pairsWithout, succeeding, withNames } from './names.js';
import type { Entry, FileRecord, Name } from './record.js';
import { overwritten } from './recovery.js';

/** Gives the file this entry; it is announced where it was not, and withdrawn where it is named no more. */
export function renamed(files: FileTable, record: FileRecord, entry: Entry): readonly ClientEffect[] {
  const { isListed, details } = record.entry;
  const before = pairsOf(record.entry);
  files.amend(record, entry);
  if (!isOffered(record.phase)) return [];
  // The trackers of before hear it, too.
  const isToldAgain = isListed !== entry.isListed || details?.info !== entry.details?.info;
  const now = pairsOf(entry);
  const withdrawn = pairsWithout(before, now).map(
    (trackers) => ({ kind: 'announce', trackers, command: { kind: 'withdraw', swarm: entry.swarm } }) as const,
  );
  const isNew = pairsWithout(now, before);
  const registered = register(record).filter(
    (effect) => effect.kind === 'announce' && (isToldAgain || isNew.includes(effect.trackers)),
  );
  const sought = announce(record, { kind: 'findSeeders', swarm: entry.swarm }).filter(
    (effect) => effect.kind === 'announce' && record.phase.at === 'downloading' && isNew.includes(effect.trackers),
  );
  return [...withdrawn, ...registered, ...sought];
}

/**
 * The same content is shared once more: its .mtorrent, its trackers and its copy become known as well.
 * @param detail of the answer.
 */
export function sharedAgain(
  files: FileTable,
  ask: number,
  record: FileRecord,
  fresh: Entry,
  detail = basename(fresh.mtorrentPath),
): readonly ClientEffect[] {
  const before = record.entry;
  const effects = renamed(files, record, withNames(before, fresh));
  const { file, entry } = record;
  // The served copy was touched since: its new time is what uploads compare.
  const isTouched = JSON.stringify(before.completeness) !== JSON.stringify(entry.completeness);
  const served: readonly ClientEffect[] = isTouched ? [{ kind: 'serve', file, entry, complete: true }] : [];
  return [...effects, ...served, saved(files), shareRecorded(ask, fresh, detail)];
}

/** More files of a folder are shared than before, from the place of `fresh`. It is looked at as after a start. */
export function chosenAnew(files: FileTable, record: FileRecord, fresh: Entry): readonly ClientEffect[] {
  files.amend(record, succeeding(fresh, record.entry));
  // They were those of its download.
  Object.assign(record.transfer, { wanted: 0, wantedBytes: 0 });
  return [...(advance(files, record, { kind: 'chosenAnew' }) ?? []), saved(files)];
}

/** The download of this content to this place is known, and a second word for it may only name further trackers. */
export function goesOn({ entry, phase }: FileRecord, fresh: Entry): boolean {
  const isOver = phase.at === 'failed' || phase.at === 'stalled' || phase.at === 'missing' || phase.at === 'leaving';
  return entry.completeness.kind === 'partial' && entry.path === fresh.path && !isOver;
}

/** The download goes on, also with the trackers that this .mtorrent names; a paused one is resumed. */
export function gotAgain(files: FileTable, ask: number, record: FileRecord, fresh: Entry): readonly ClientEffect[] {
  const { completeness } = record.entry;
  const effects = renamed(files, record, withNames(record.entry, { ...fresh, completeness }));
  const resumed = isPaused(completeness) ? advance(files, record, { kind: 'resume', paused: true }) : undefined;
  return [...effects, saved(files), getRecorded(ask, fresh), ...(resumed ?? [])];
}

/** Other content that was known at the path of `fresh` is not there any more. */
export function supersede(files: FileTable, fresh: Entry): readonly ClientEffect[] {
  return files.ofPath(fresh.path).flatMap((record) => {
    if (record.entry.swarm === fresh.swarm) return [];
    const effects = overwritten(files, record, fresh.path);
    const isNamed = namesOf(record.entry).some(
      ({ mtorrentPath, path }) => mtorrentPath !== fresh.mtorrentPath || path !== fresh.path,
    );
    if (isNamed || record.phase.at !== 'missing') return effects;
    // Neither its content nor its .mtorrent is left.
    return advance(files, record, { kind: 'sharedAgain' }) ?? [];
  });
}

/** Forgets some of the names that a file has; the others stay shared. */
export function forgetNames(
  files: FileTable,
  ask: number,
  record: FileRecord,
  names: readonly Name[],
): readonly ClientEffect[] {
  const { entry, phase } = record;
  const left = namesOf(entry).filter((name) => !names.some((other) => isSameName(name, other)));
  const next = entryOfNames(entry, left);
  if (next === undefined || phase.at === 'leaving')
    return [refuse(ask, 'INVALID_ARGUMENTS', `${entry.name} is being removed already`)];
  const effects = renamed(files, record, next);
  const sentence = `${entry.path} is no longer shared`;
  const moved =
    next.path === entry.path
      ? []
      : advance(files, record, { kind: 'lost', sentence, returns: 'changed', isNews: true, elsewhere: true });
  const kept = left.map(({ mtorrentPath }) => mtorrentPath);
  const mtorrentPaths = [...new Set(names.map(({ mtorrentPath }) => mtorrentPath))].filter(
    (path) => !kept.includes(path),
  );
  return [
    ...effects,
    ...(moved ?? []),
    saved(files),
    { kind: 'deleteMetainfo', ask, swarm: entry.swarm, mtorrentPaths },
  ];
}
