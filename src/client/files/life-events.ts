// The phases in the life of a file, and what can happen to it. `file-life.ts` says what leads to what. Pure.

import type { DiskTrouble } from '../../foundation/base/errnos.js';
import type { ErrorCode } from '../../foundation/base/error-codes.js';
import type { PieceRange } from '../../foundation/torrent/bitfield.js';
import type { Fetched } from './completeness.js';

/** `offered`: served to peers and announced to the trackers. A phase without it implies the answer. */
export type Phase =
  /** New to this run. A file of the library is compared with what lies on the disk. */
  | { readonly at: 'checking' }
  /** Waits until another download ends: the limit is reached. */
  | { readonly at: 'waiting'; readonly offered: boolean }
  /** The `.part` is being opened. */
  | { readonly at: 'opening'; readonly offered: boolean }
  | { readonly at: 'downloading' }
  /** The download was told to stop, and has not stopped yet. */
  | { readonly at: 'stopping'; readonly offered: boolean }
  /** Removed as soon as its work has ended. The command `ask` waits for that. `content`: so is what is shared. */
  | { readonly at: 'leaving'; readonly ask: number; readonly content: boolean }
  /** Withdrawn, and being deleted by the rules of retention. */
  | { readonly at: 'retiring' }
  /** Bad pieces are being marked missing in its resume data. `next` follows. */
  | { readonly at: 'mending'; readonly next: Phase }
  /** Fetches nothing until it is resumed. */
  | { readonly at: 'paused'; readonly offered: boolean }
  /** `changed`: files of the folder that are not what they were, and are not shared; `sentence` names some of them. */
  | { readonly at: 'seeding'; readonly offered: boolean; readonly changed?: number; readonly sentence?: string }
  | { readonly at: 'failed'; readonly offered: boolean; readonly code: ErrorCode; readonly sentence: string }
  /** Its disk is full or fails. It is tried again by itself. */
  | {
      readonly at: 'stalled';
      readonly offered: boolean;
      readonly code: ErrorCode;
      readonly sentence: string;
      readonly trouble: DiskTrouble;
    }
  /** A file that is gone, has changed, or cannot be read. */
  | {
      readonly at: 'missing';
      readonly sentence: string;
      readonly returns: Returning;
      /** Stamps of the file at the last look and at the last check. Undefined: none yet. */
      readonly seen: string | undefined;
      readonly judged: string | undefined;
    };

/** How a missing file comes back: checked when it looks different, or also from time to time. */
export type Returning = 'never' | 'changed' | 'tried';

export type LifeEvent =
  /** A share or a get has prepared a new record. */
  | { readonly kind: 'shared' }
  | { readonly kind: 'accepted' }
  /** Result of the check at start, or of a missing file that reappeared. */
  | {
      readonly kind: 'foundComplete';
      readonly path: string;
      readonly mtimeMs: number;
      readonly isNews: boolean;
      /** Pieces that can be shared; absent: all. */
      readonly have?: number | undefined;
    }
  | { readonly kind: 'foundPartial'; readonly have: number }
  | {
      readonly kind: 'foundUnusable';
      /** Pieces that an unfinished download is recorded to have. */
      readonly have: number;
      readonly sentence: string;
      readonly returns: Returning;
      readonly judged: string | undefined;
      /** False: the user knows. */
      readonly isNews: boolean;
    }
  /** One more download may run. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'partOpened'; readonly have: number; readonly paused: boolean; readonly closing: boolean }
  /** The file is complete at its target. */
  | {
      readonly kind: 'completed';
      readonly mtimeMs: number;
      readonly closing: boolean;
      readonly have?: number | undefined;
      /** Absent: it lay at its target when its `.part` was to be opened. */
      readonly fetched?: Fetched | undefined;
    }
  /** The same, after a verification has found bad pieces in it. */
  | { readonly kind: 'completedBad'; readonly mtimeMs: number; readonly sentence: string }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly sentence: string }
  /** Its disk is full or fails. */
  | {
      readonly kind: 'stalled';
      readonly code: ErrorCode;
      readonly sentence: string;
      readonly trouble: DiskTrouble;
      readonly isNews: boolean;
    }
  /** What its disk failed is tried again. */
  | { readonly kind: 'tryAgain' }
  | { readonly kind: 'stopped'; readonly paused: boolean }
  | { readonly kind: 'pause' }
  /** `paused`: recorded in the library, even if the phase does not show it yet. */
  | { readonly kind: 'resume'; readonly paused: boolean }
  /** A missing file is compared with the disk at once. */
  | { readonly kind: 'checkAgain' }
  | { readonly kind: 'remove'; readonly ask: number; readonly content: boolean }
  /** The same swarm is shared or fetched once more: a new record replaces this one. */
  | { readonly kind: 'sharedAgain' }
  | { readonly kind: 'gotAgain' }
  /** The same swarm was asked for where every byte of it lies already. */
  | { readonly kind: 'gotWhole' }
  /** Other files of the folder than before are shared from now on. */
  | { readonly kind: 'chosenAnew' }
  /** A look or an upload found that the copy which is served is gone or has changed. `elsewhere`: there are others. */
  | {
      readonly kind: 'lost';
      readonly sentence: string;
      readonly returns: Returning;
      readonly isNews: boolean;
      readonly elsewhere: boolean;
    }
  /** Its copy at `from` was found right at `path`. All that one command relocates is saved at once. */
  | {
      readonly kind: 'relocated';
      readonly from: string;
      readonly path: string;
      readonly mtimeMs: number;
      readonly have?: number | undefined;
    }
  /** A look at a shared folder found that other pieces of it can be shared than before. */
  | {
      readonly kind: 'entriesSeen';
      readonly have: number;
      readonly changed: number;
      /** About those that have changed; '' when none has. */
      readonly sentence: string;
      readonly isNews: boolean;
    }
  /** A missing file was looked at. */
  | { readonly kind: 'looked'; readonly stamp: string | undefined }
  /** Pieces of the complete file are wrong. */
  | {
      readonly kind: 'rotted';
      readonly sentence: string;
      readonly judged: string | undefined;
      readonly elsewhere: boolean;
    }
  /** Pieces of the unfinished download are wrong. */
  | { readonly kind: 'badPieces'; readonly bad: readonly PieceRange[] }
  | { readonly kind: 'mended'; readonly have: number }
  | { readonly kind: 'mendFailed'; readonly code: ErrorCode; readonly sentence: string }
  /** The rules of retention have it deleted. */
  | { readonly kind: 'retire' }
  /** It is deleted, as far as it is what was downloaded. */
  | { readonly kind: 'retired' }
  /** The client closes. */
  | { readonly kind: 'quit' };
