// The flags of every command that makes a `.mtorrent` of a folder: what of the folder is shared, and what is kept of
// its files. Pure.

import { printable } from '../../foundation/torrent/names.js';
import type { FolderSource, SurveyOptions } from '../../transfer/hash/survey.js';

export const FOLDER_FLAGS = {
  exclude: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'leave out what matches, of a folder: *.tmp by name, docs/ with all below, docs/*.md by path',
  },
  'skip-unshareable': {
    type: 'boolean',
    default: false,
    describe: 'leave out what cannot be shared, such as pipes and links that lead out, instead of refusing the folder',
  },
  'follow-links': {
    type: 'boolean',
    default: false,
    describe: 'share what symbolic links point to, not the links',
  },
  mtimes: { type: 'boolean', default: false, describe: "keep the modification times of a folder's files" },
  mode: { type: 'boolean', default: false, describe: 'keep that one file may be executed; of a folder always kept' },
} as const;

/** What of a folder is fetched or shown. */
export const CHOICE_FLAGS = {
  only: { type: 'string', array: true, nargs: 1, describe: "of a folder only what matches: '*.json', docs/" },
  except: { type: 'string', array: true, nargs: 1, describe: 'of a folder all but what matches' },
} as const;

/** The flags as they were given. */
export interface FolderArguments {
  readonly exclude?: readonly string[] | undefined;
  readonly skipUnshareable?: boolean | undefined;
  readonly followLinks?: boolean | undefined;
  readonly mtimes?: boolean | undefined;
  readonly mode?: boolean | undefined;
}

/** @param except the `.mtorrent` that is being made. */
export function surveyOptionsOf(args: FolderArguments, except: string): SurveyOptions {
  const { exclude, skipUnshareable, followLinks, mtimes } = args;
  return { exclude, skipUnshareable, followLinks, mtimes, except };
}

/** What is told once about a folder's names. */
export function notesOn({ skipped, doubtful }: Pick<FolderSource, 'skipped' | 'doubtful'>): readonly string[] {
  const notes: string[] = [];
  if (skipped.count > 0) notes.push(`left out ${told(skipped)}, which cannot be shared`);
  if (doubtful.count > 0) notes.push(`${told(doubtful)} will not fit on every system`);
  return notes;
}

/** '2 names (aux.c, b:c)' */
function told({ count, first }: FolderSource['skipped']): string {
  const names = first.map(printable).join(', ');
  return `${count === 1 ? 'one name' : `${count} names`} (${names}${count > first.length ? ', …' : ''})`;
}
