// The jobs that only tell what the disk says of a file: which pieces an unfinished download has, and its link.

import { linkTo } from '../../foundation/torrent/link.js';
import { piecesListed } from '../answers/answers.js';
import type { ClientEvent } from '../messages.js';
import type { JobGroups } from './job-table.js';
import type { OwnCopies } from './own-copies.js';
import { prepareFailed } from './refused.js';
import type { Rehash } from './rehash.js';

export interface TellingOptions {
  readonly rehash: Rehash;
  readonly copies: OwnCopies;
  readonly answer: (event: ClientEvent) => void;
}

export function tellingJobs({ rehash, copies, answer }: TellingOptions): JobGroups['telling'] {
  return {
    mapPieces: {
      perform: async ({ ask, file, entry }) => {
        answer(piecesListed(ask, entry.name, await rehash.piecesOf(file, entry)));
        return undefined;
      },
      refused: prepareFailed,
    },
    makeLink: {
      perform: async ({ ask, entry }) => {
        answer({ kind: 'accepted', ask, detail: linkTo(await copies.namedBy(entry)) });
        return undefined;
      },
      refused: prepareFailed,
    },
  };
}
