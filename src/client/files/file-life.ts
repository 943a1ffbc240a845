// The life of a file as one table: for each phase and event, the next phase and the actions, or a named refusal.
// Invariant: a file is served to peers exactly while it is announced to trackers, and never while it is missing, mended
// or leaving. Pure.

import type { DiskTrouble } from '../../foundation/base/errnos.js';
import type { ErrorCode } from '../../foundation/base/errors.js';
import type { PieceRange } from '../../foundation/torrent/bitfield.js';

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
  /** The client closes. */
  | { readonly kind: 'quit' };

/** What a step does, in this order. Withdrawing a file that is no longer offered comes first and is implied. */
export type Action =
  | 'openPart'
  | 'releasePart'
  /** Serves and announces it. Repeated when its pieces or its path have changed. */
  | 'offer'
  /** Ends the connections that were told of other pieces; they come back. */
  | 'hangUp'
  | 'startDownload'
  | 'stopDownload'
  | 'check'
  | 'mend'
  | 'save'
  /** Tells the user the reason of the new phase. */
  | 'tell'
  | 'tellCompleted'
  | 'tellRightAgain'
  /** Removes it from the library, deletes the .mtorrent and what an unfinished download left. */
  | 'delete';

/**
 * late: an answer to something that is over. busy: something works on the file and must report first. known: the record
 * may not be replaced.
 */
export type LifeRefusal = 'late' | 'busy' | 'known' | 'complete' | 'notPaused' | 'leaving';

export type Step =
  /** `next` undefined: the file leaves the library. */
  { readonly next: Phase | undefined; readonly does: readonly Action[] } | { readonly refusal: LifeRefusal };

export type PhaseName = Phase['at'];
export type LifeEventKind = LifeEvent['kind'];
type PhaseAt<A extends PhaseName> = Extract<Phase, { readonly at: A }>;
type EventOf<K extends LifeEventKind> = Extract<LifeEvent, { readonly kind: K }>;
type Cell<P extends Phase, K extends LifeEventKind> = LifeRefusal | ((phase: P, event: EventOf<K>) => Step);
type Row<K extends LifeEventKind> = { readonly [A in PhaseName]?: Cell<PhaseAt<A>, K> } & {
  /** For every phase that is not named. */
  readonly otherwise: Cell<Phase, K>;
};

const to = (next: Phase, ...does: readonly Action[]): Step => ({ next, does });
const out = (...does: readonly Action[]): Step => ({ next: undefined, does });

const stays = (phase: Phase): Step => to(phase);
const withdraws = (phase: Phase): Step => to('offered' in phase ? { ...phase, offered: false } : phase);
const waits = (phase: Phase): Step => to({ at: 'waiting', offered: isOffered(phase) });
const pauses = (phase: Phase): Step => to({ at: 'paused', offered: isOffered(phase) });
const isRemoved = (): Step => out('delete');
const isReplaced = (): Step => out();
const isPartial = (): Step => to({ at: 'waiting', offered: false });
const tellIf = (isNews: boolean): readonly Action[] => (isNews ? ['tell'] : []);
const isUnusable = (_: Phase, { sentence, returns, judged, isNews }: EventOf<'foundUnusable'>): Step =>
  to({ at: 'missing', sentence, returns, seen: undefined, judged }, ...tellIf(isNews));
const completes = (_: Phase, { closing }: EventOf<'completed'>): Step =>
  // While the client closes it is only recorded: the next start offers it.
  closing
    ? to({ at: 'seeding', offered: false }, 'save', 'tellCompleted')
    : to({ at: 'seeding', offered: true }, 'offer', 'save', 'tellCompleted');
const completesBad = (): Step => to({ at: 'seeding', offered: false }, 'tell');
const fails = (phase: Phase, { code, sentence }: EventOf<'failed'>): Step =>
  to({ at: 'failed', offered: isOffered(phase), code, sentence }, 'tell');
const stalls = (phase: Phase, { code, sentence, trouble, isNews }: EventOf<'stalled'>): Step =>
  to({ at: 'stalled', offered: isOffered(phase), code, sentence, trouble }, ...tellIf(isNews));
const leaves = (_: Phase, { ask, content }: EventOf<'remove'>): Step => to({ at: 'leaving', ask, content });
const resumesLater = (phase: Phase, { paused }: EventOf<'resume'>): Step =>
  paused ? to(phase) : { refusal: 'notPaused' };
/** Peers that read the old place come back. */
const isServedThere = (phase: Phase): Step =>
  to({ at: 'seeding', offered: true }, ...(isOffered(phase) ? (['hangUp'] as const) : []), 'offer');
/** Once mended, it is opened and offered again. */
const isMended = (): Step => to({ at: 'mending', next: { at: 'waiting', offered: false } }, 'mend');

const LIFE: { readonly [K in LifeEventKind]: Row<K> } = {
  shared: { checking: () => to({ at: 'seeding', offered: true }, 'offer', 'save'), otherwise: 'known' },
  accepted: { checking: () => to({ at: 'waiting', offered: false }, 'save'), otherwise: 'known' },
  foundComplete: {
    checking: () => to({ at: 'seeding', offered: true }, 'offer', 'save'),
    missing: (_, { isNews }) =>
      to({ at: 'seeding', offered: true }, ...(isNews ? (['tellRightAgain'] as const) : []), 'offer', 'save'),
    otherwise: 'late',
  },
  foundPartial: { checking: isPartial, missing: isPartial, otherwise: 'late' },
  foundUnusable: { checking: isUnusable, missing: isUnusable, otherwise: 'late' },
  begin: { waiting: ({ offered }) => to({ at: 'opening', offered }, 'openPart'), otherwise: 'late' },
  partOpened: {
    opening: (phase, { paused, closing }) => {
      if (closing) return waits(phase);
      // Offered before the first piece arrives, so that the next peer finds one more source.
      return paused
        ? to({ at: 'paused', offered: true }, 'offer', 'releasePart')
        : to({ at: 'downloading' }, 'offer', 'startDownload');
    },
    leaving: () => out('releasePart', 'delete'),
    otherwise: 'late',
  },
  completed: {
    // It lay at its target when its `.part` was to be opened.
    opening: completes,
    downloading: completes,
    stopping: completes,
    leaving: () => out('tellCompleted', 'delete'),
    otherwise: 'late',
  },
  completedBad: {
    downloading: completesBad,
    stopping: completesBad,
    leaving: () => out('tellCompleted', 'delete'),
    otherwise: 'late',
  },
  // In `waiting` and `paused`: its `.part` could not be closed.
  failed: {
    waiting: fails,
    opening: fails,
    downloading: fails,
    stopping: fails,
    paused: fails,
    leaving: isRemoved,
    otherwise: 'late',
  },
  stalled: {
    waiting: stalls,
    opening: stalls,
    downloading: stalls,
    stopping: stalls,
    paused: stalls,
    leaving: isRemoved,
    otherwise: 'late',
  },
  tryAgain: {
    stalled: waits,
    missing: (phase) => (phase.returns === 'tried' ? to(phase, 'check') : to(phase)),
    otherwise: 'late',
  },
  stopped: {
    stopping: (phase, { paused }) => (paused ? pauses(phase) : waits(phase)),
    leaving: isRemoved,
    otherwise: 'late',
  },
  pause: {
    waiting: pauses,
    stalled: pauses,
    downloading: () => to({ at: 'stopping', offered: true }, 'stopDownload'),
    seeding: 'complete',
    // Recorded in the library; it takes effect as soon as the phase allows.
    otherwise: stays,
  },
  resume: {
    paused: waits,
    failed: waits,
    stalled: waits,
    stopping: stays,
    leaving: stays,
    checking: resumesLater,
    waiting: resumesLater,
    opening: resumesLater,
    mending: resumesLater,
    otherwise: 'notPaused',
  },
  checkAgain: { missing: () => to({ at: 'checking' }, 'check'), otherwise: 'late' },
  remove: {
    downloading: (_, { ask, content }) => to({ at: 'leaving', ask, content }, 'stopDownload'),
    // Its `.part` or resume data is being written: deleted once that has ended.
    opening: leaves,
    stopping: leaves,
    mending: leaves,
    leaving: 'leaving',
    otherwise: isRemoved,
  },
  sharedAgain: { seeding: stays, checking: isReplaced, missing: isReplaced, otherwise: 'known' },
  gotAgain: { failed: isReplaced, stalled: isReplaced, missing: isReplaced, otherwise: 'known' },
  gotWhole: {
    checking: isReplaced,
    waiting: isReplaced,
    paused: isReplaced,
    failed: isReplaced,
    stalled: isReplaced,
    missing: isReplaced,
    otherwise: 'known',
  },
  lost: {
    seeding: (_, { sentence, returns, isNews, elsewhere }) =>
      // The check finds the copy from which it is served from now on.
      elsewhere
        ? to({ at: 'checking' }, 'check')
        : to({ at: 'missing', sentence, returns, seen: undefined, judged: undefined }, ...tellIf(isNews)),
    otherwise: 'late',
  },
  relocated: { seeding: isServedThere, checking: isServedThere, missing: isServedThere, otherwise: 'busy' },
  entriesSeen: {
    seeding: ({ offered }, { changed, sentence, isNews }) => {
      const next = { at: 'seeding', offered, ...(changed === 0 ? {} : { changed, sentence }) } as const;
      // Also when there are more pieces: peers that come back learn of them.
      const offer: readonly Action[] = offered ? ['hangUp', 'offer'] : [];
      return to(next, ...offer, ...tellIf(isNews));
    },
    otherwise: 'late',
  },
  looked: {
    missing: (phase, { stamp }) => {
      if (phase.returns === 'never') return to(phase);
      // The state in which its disk failed: that one is tried again at growing pauses.
      if (phase.returns === 'tried' && phase.judged === undefined) return to({ ...phase, judged: stamp, seen: stamp });
      // A file that differs between two looks is still being written. One check for each state of the file.
      const isStill = stamp !== undefined && stamp === phase.seen && stamp !== phase.judged;
      return isStill ? to({ ...phase, seen: stamp, judged: stamp }, 'check') : to({ ...phase, seen: stamp });
    },
    otherwise: 'late',
  },
  rotted: {
    seeding: (_, { sentence, judged, elsewhere }) =>
      elsewhere
        ? to({ at: 'checking' }, 'check')
        : to({ at: 'missing', sentence, returns: 'changed', seen: judged, judged }, 'tell'),
    missing: (phase, { judged }) => to({ ...phase, judged }),
    otherwise: 'busy',
  },
  badPieces: {
    downloading: () => to({ at: 'stopping', offered: false }, 'stopDownload'),
    stopping: withdraws,
    waiting: isMended,
    paused: isMended,
    stalled: isMended,
    failed: (phase) => to({ at: 'mending', next: { ...phase, offered: false } }, 'mend'),
    missing: (phase) => to({ at: 'mending', next: phase }, 'mend'),
    seeding: 'complete',
    otherwise: 'busy',
  },
  mended: { mending: ({ next }) => to(next), leaving: isRemoved, otherwise: 'late' },
  mendFailed: {
    mending: (_, { code, sentence }) => to({ at: 'failed', offered: false, code, sentence }, 'tell'),
    leaving: isRemoved,
    otherwise: 'late',
  },
  quit: { downloading: () => to({ at: 'stopping', offered: false }, 'stopDownload'), otherwise: withdraws },
};

/** What the event leads to in this phase. */
export function stepOf(phase: Phase, event: LifeEvent): Step {
  const row = LIFE[event.kind];
  // TypeScript cannot correlate the two indices; the type of the table guarantees the match.
  const cell = (row[phase.at] ?? row.otherwise) as Cell<Phase, LifeEventKind>;
  return typeof cell === 'string' ? { refusal: cell } : cell(phase, event);
}

/** Served to peers and announced to the trackers. */
export function isOffered(phase: Phase): boolean {
  return phase.at === 'downloading' || ('offered' in phase && phase.offered);
}
