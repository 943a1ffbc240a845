// The commands that change one file: pause, resume, remove. The table in file-life.ts decides whether its phase allows
// it; this file does it or says why not. The removal of a file in use is answered when its work has ended. Pure.

import { accept, notFound, refuse, saved } from '../answers/answers.js';
import type { ClientEffect } from '../effects.js';
import type { ClientCommand } from '../messages.js';
import { advance } from './advance.js';
import { isPaused } from './completeness.js';
import type { FileTable } from './file-table.js';
import { namesOf } from './names.js';
import { type FileRecord, isRunning, isUnfinished, type Name } from './record.js';
import { forgetNames } from './renaming.js';

export function pause(files: FileTable, ask: number, name: string): readonly ClientEffect[] {
  return about(files, ask, name, (record) => {
    const effects = isUnfinished(record) ? advance(files, record, { kind: 'pause' }) : undefined;
    if (effects === undefined)
      return [refuse(ask, 'INVALID_ARGUMENTS', `${record.entry.name} is complete; there is nothing to pause`)];
    return [saved(files), accept(ask, 'PAUSED'), ...effects];
  });
}

export function resume(files: FileTable, ask: number, name: string): readonly ClientEffect[] {
  return about(files, ask, name, (record) => {
    const { phase, entry } = record;
    if (phase.at === 'missing') {
      const sentence = `${entry.name} cannot go on: ${phase.sentence}; it is being looked at again`;
      return [refuse(ask, 'FILE_NOT_FOUND', sentence), ...(advance(files, record, { kind: 'checkAgain' }) ?? [])];
    }
    const effects = advance(files, record, { kind: 'resume', paused: isPaused(record.entry.completeness) });
    if (effects === undefined) return [refuse(ask, 'INVALID_ARGUMENTS', `${record.entry.name} is not paused`)];
    return [saved(files), accept(ask, 'RESUMED'), ...effects];
  });
}

/** The first or the last of those that wait for their turn. One whose turn it is already stays as it is. */
export function requeue(
  files: FileTable,
  { ask, name, isFirst }: Extract<ClientCommand, { kind: 'queue' }>,
): readonly ClientEffect[] {
  return about(files, ask, name, (record) => {
    if (files.waiting.has(record)) {
      files.requeue(record, isFirst);
      return [accept(ask, isFirst ? 'FIRST' : 'LAST')];
    }
    if (isRunning(record.phase)) return [accept(ask, 'RUNNING')];
    const sentence = `${record.entry.name} does not wait for its turn`;
    return [refuse(ask, 'INVALID_ARGUMENTS', sentence)];
  });
}

/**
 * Off the trackers, out of the library, and only then off the disk. A word that means some of a file's names removes
 * those.
 */
export function remove(
  files: FileTable,
  { ask, name, force, content }: Extract<ClientCommand, { kind: 'remove' }>,
): readonly ClientEffect[] {
  return about(files, ask, name, (record, names) => {
    const { entry, phase } = record;
    if (names.length < namesOf(entry).length) {
      if (!content) return forgetNames(files, ask, record, names);
      const sentence = `${entry.name} is shared by other .mtorrent files, too; remove those first, and delete it with the last one`;
      return [refuse(ask, 'INVALID_ARGUMENTS', sentence)];
    }
    if (isUnfinished(record) && !force && phase.at !== 'leaving') {
      const sentence = `${entry.name} is not complete yet; wait for it, or remove it with --force to discard what is there`;
      return [refuse(ask, 'NOT_COMPLETE', sentence)];
    }
    return (
      advance(files, record, { kind: 'remove', ask, content }) ?? [
        refuse(ask, 'INVALID_ARGUMENTS', `${entry.name} is being removed already`),
      ]
    );
  });
}

function about(
  files: FileTable,
  ask: number,
  name: string,
  then: (record: FileRecord, names: readonly Name[]) => readonly ClientEffect[],
): readonly ClientEffect[] {
  const match = files.match(name);
  if (match.kind === 'file') return then(match.record, match.names);
  return [refuse(ask, 'FILE_NOT_FOUND', notFound(files, name))];
}
