// The flags of every command that makes a `.mtorrent` of a folder: what of the folder is shared, and what is kept of
// its files. Pure.

import type { SurveyOptions } from '../../../transfer/hash/survey.js';

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
