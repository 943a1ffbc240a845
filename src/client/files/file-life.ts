// The life of a file, as one table: in which phase which event leads where, and what has to be done then. Each cell is a
// step or a named refusal. Invariant: a file is served to peers exactly while it is announced to trackers; one that is
// missing, being mended or about to be removed is neither. Pure.

import type { ErrorCode } from '../../foundation/base/errors.js';
import type { PieceRange } from '../../foundation/torrent/bitfield.js';

/** `offered`: served to peers and announced to the trackers. Where it is not named, the phase itself says so. */
export type Phase =
  /** New to this run. Of a file of the library: is it, and its .mtorrent, what the library says? */
  | { readonly at: 'checking' }
  /** Accepted, but as many downloads run as may. */
  | { readonly at: 'waiting'; readonly offered: boolean }
  /** The `.part` is being opened. */
  | { readonly at: 'opening'; readonly offered: boolean }
  | { readonly at: 'downloading' }
  /** The download was told to stop. */
  | { readonly at: 'stopping'; readonly offered: boolean }
  /** Removed as soon as nothing works on it any more; the command `ask` waits for that. */
  | { readonly at: 'leaving'; readonly ask: number }
  /** Bad pieces are being made missing in its resume data; `next` follows. */
  | { readonly at: 'mending'; readonly next: Phase }
  /** Fetches nothing until it is resumed. */
  | { readonly at: 'paused'; readonly offered: boolean }
  | { readonly at: 'seeding'; readonly offered: boolean }
  | { readonly at: 'failed'; readonly offered: boolean; readonly code: ErrorCode; readonly sentence: string }
  /** Its disk is full; it goes on when there is room. */
  | { readonly at: 'full'; readonly offered: boolean; readonly sentence: string }
  /** A file that is gone or changed. */
  | {
      readonly at: 'missing';
      readonly sentence: string;
      /** It is shared again when it is right again. */
      readonly returns: boolean;
      /** Stamp of the file at the last look, and at its last check; undefined: there was none. */
      readonly seen: string | undefined;
      readonly judged: string | undefined;
    };

export type LifeEvent =
  /** A share or a get has prepared a new record. */
  | { readonly kind: 'shared' }
  | { readonly kind: 'accepted' }
  /** The check at start, or of a missing file that came back. */
  | { readonly kind: 'foundComplete'; readonly mtimeMs: number }
  | { readonly kind: 'foundPartial'; readonly have: number }
  | {
      readonly kind: 'foundUnusable';
      readonly sentence: string;
      readonly returns: boolean;
      readonly judged: string | undefined;
    }
  /** One more download may run. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'partOpened'; readonly have: number; readonly paused: boolean; readonly closing: boolean }
  /** The file lies complete at its target. */
  | { readonly kind: 'completed'; readonly mtimeMs: number; readonly closing: boolean }
  /** The same, but a verification has found bad pieces in it. */
  | { readonly kind: 'completedBad'; readonly mtimeMs: number; readonly sentence: string }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly sentence: string }
  | { readonly kind: 'diskFull'; readonly sentence: string }
  | { readonly kind: 'roomFound' }
  | { readonly kind: 'stopped'; readonly paused: boolean }
  | { readonly kind: 'pause' }
  /** `paused`: the library says so, though its phase may not show it yet. */
  | { readonly kind: 'resume'; readonly paused: boolean }
  | { readonly kind: 'remove'; readonly ask: number }
  /** The same content is shared, or the same .mtorrent got, once more: a new record takes the place of this one. */
  | { readonly kind: 'sharedAgain' }
  | { readonly kind: 'gotAgain' }
  /** A look, or an upload, found the complete file gone or changed. */
  | { readonly kind: 'lost'; readonly sentence: string; readonly returns: boolean }
  /** A missing file was looked at. */
  | { readonly kind: 'looked'; readonly stamp: string | undefined }
  /** Pieces of the complete file are not right. */
  | { readonly kind: 'rotted'; readonly sentence: string; readonly judged: string | undefined }
  /** Pieces of the unfinished file are not right. */
  | { readonly kind: 'badPieces'; readonly bad: readonly PieceRange[] }
  | { readonly kind: 'mended'; readonly have: number }
  | { readonly kind: 'mendFailed'; readonly code: ErrorCode; readonly sentence: string }
  /** The client closes. */
  | { readonly kind: 'quit' };

/** What a step does, in this order. A file that was offered and is no longer is withdrawn first: that needs no name. */
export type Action =
  | 'openPart'
  | 'releasePart'
  /** Serves and announces it, once more if that is so already: there is more of it, or it lies elsewhere. */
  | 'offer'
  | 'startDownload'
  | 'stopDownload'
  | 'check'
  | 'mend'
  | 'save'
  /** Says why the phase is what it is. */
  | 'tell'
  | 'tellCompleted'
  | 'tellRightAgain'
  /** Out of the table, and the .mtorrent and what an unfinished download left deleted. */
  | 'delete';

/**
 * late: an answer after its question was settled. busy: something works on the file, and reports first. known: the record is
 * not to be replaced.
 */
export type LifeRefusal = 'late' | 'busy' | 'known' | 'complete' | 'notPaused' | 'leaving';

export type Step =
  /** `next` undefined: the file is out of the library. */
  { readonly next: Phase | undefined; readonly does: readonly Action[] } | { readonly refusal: LifeRefusal };

export type PhaseName = Phase['at'];
export type LifeEventKind = LifeEvent['kind'];
type PhaseAt<A extends PhaseName> = Extract<Phase, { readonly at: A }>;
type EventOf<K extends LifeEventKind> = Extract<LifeEvent, { readonly kind: K }>;
type Cell<P extends Phase, K extends LifeEventKind> = LifeRefusal | ((phase: P, event: EventOf<K>) => Step);
type Row<K extends LifeEventKind> = { readonly [A in PhaseName]?: Cell<PhaseAt<A>, K> } & {
  /** In every phase that is not named. */
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
const isUnusable = (_: Phase, { sentence, returns, judged }: EventOf<'foundUnusable'>): Step =>
  to({ at: 'missing', sentence, returns, seen: undefined, judged }, 'tell');
const completes = (_: Phase, { closing }: EventOf<'completed'>): Step =>
  // While closing nobody is to hear of it any more; the next start knows that it is complete.
  closing
    ? to({ at: 'seeding', offered: false }, 'save', 'tellCompleted')
    : to({ at: 'seeding', offered: true }, 'offer', 'save', 'tellCompleted');
const completesBad = (): Step => to({ at: 'seeding', offered: false }, 'tell');
const fails = (phase: Phase, { code, sentence }: EventOf<'failed'>): Step =>
  to({ at: 'failed', offered: isOffered(phase), code, sentence }, 'tell');
const fills = (phase: Phase, { sentence }: EventOf<'diskFull'>): Step =>
  to({ at: 'full', offered: isOffered(phase), sentence }, 'tell');
const leaves = (_: Phase, { ask }: EventOf<'remove'>): Step => to({ at: 'leaving', ask });
const resumesLater = (phase: Phase, { paused }: EventOf<'resume'>): Step =>
  paused ? to(phase) : { refusal: 'notPaused' };
/** Opened again when it is mended, and offered again then. */
const isMended = (): Step => to({ at: 'mending', next: { at: 'waiting', offered: false } }, 'mend');

const LIFE: { readonly [K in LifeEventKind]: Row<K> } = {
  shared: { checking: () => to({ at: 'seeding', offered: true }, 'offer', 'save'), otherwise: 'known' },
  accepted: { checking: () => to({ at: 'waiting', offered: false }, 'save'), otherwise: 'known' },
  foundComplete: {
    checking: () => to({ at: 'seeding', offered: true }, 'offer', 'save'),
    missing: () => to({ at: 'seeding', offered: true }, 'tellRightAgain', 'offer', 'save'),
    otherwise: 'late',
  },
  foundPartial: { checking: isPartial, missing: isPartial, otherwise: 'late' },
  foundUnusable: { checking: isUnusable, missing: isUnusable, otherwise: 'late' },
  begin: { waiting: ({ offered }) => to({ at: 'opening', offered }, 'openPart'), otherwise: 'late' },
  partOpened: {
    opening: (phase, { paused, closing }) => {
      if (closing) return waits(phase);
      // Offered before the first piece is here: whoever asks the tracker next finds one more seeder of what we have.
      return paused
        ? to({ at: 'paused', offered: true }, 'offer', 'releasePart')
        : to({ at: 'downloading' }, 'offer', 'startDownload');
    },
    leaving: () => out('releasePart', 'delete'),
    otherwise: 'late',
  },
  completed: {
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
  // While it waits or is paused: its `.part` could not be closed.
  failed: {
    waiting: fails,
    opening: fails,
    downloading: fails,
    stopping: fails,
    paused: fails,
    leaving: isRemoved,
    otherwise: 'late',
  },
  diskFull: {
    waiting: fills,
    opening: fills,
    downloading: fills,
    stopping: fills,
    paused: fills,
    leaving: isRemoved,
    otherwise: 'late',
  },
  roomFound: { full: waits, otherwise: 'late' },
  stopped: {
    stopping: (phase, { paused }) => (paused ? pauses(phase) : waits(phase)),
    leaving: isRemoved,
    otherwise: 'late',
  },
  pause: {
    waiting: pauses,
    full: pauses,
    downloading: () => to({ at: 'stopping', offered: true }, 'stopDownload'),
    seeding: 'complete',
    // The library says that it is paused; it is as soon as its phase allows.
    otherwise: stays,
  },
  resume: {
    paused: waits,
    failed: waits,
    full: waits,
    stopping: stays,
    leaving: stays,
    checking: resumesLater,
    waiting: resumesLater,
    opening: resumesLater,
    mending: resumesLater,
    otherwise: 'notPaused',
  },
  remove: {
    downloading: (_, { ask }) => to({ at: 'leaving', ask }, 'stopDownload'),
    // Its `.part` or its resume data is being made or written: deleted once that is over.
    opening: leaves,
    stopping: leaves,
    mending: leaves,
    leaving: 'leaving',
    otherwise: isRemoved,
  },
  sharedAgain: { seeding: stays, checking: isReplaced, missing: isReplaced, otherwise: 'known' },
  gotAgain: { failed: isReplaced, full: isReplaced, missing: isReplaced, otherwise: 'known' },
  lost: {
    seeding: (_, { sentence, returns }) =>
      to({ at: 'missing', sentence, returns, seen: undefined, judged: undefined }, 'tell'),
    otherwise: 'late',
  },
  looked: {
    missing: (phase, { stamp }) => {
      if (!phase.returns) return to(phase);
      // It changes between two looks while it is being written. What was judged once is judged again when it has changed.
      const isStill = stamp !== undefined && stamp === phase.seen && stamp !== phase.judged;
      return isStill ? to({ ...phase, seen: stamp, judged: stamp }, 'check') : to({ ...phase, seen: stamp });
    },
    otherwise: 'late',
  },
  rotted: {
    seeding: (_, { sentence, judged }) => to({ at: 'missing', sentence, returns: true, seen: judged, judged }, 'tell'),
    missing: (phase, { judged }) => to({ ...phase, judged }),
    otherwise: 'busy',
  },
  badPieces: {
    downloading: () => to({ at: 'stopping', offered: false }, 'stopDownload'),
    stopping: withdraws,
    waiting: isMended,
    paused: isMended,
    full: isMended,
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
  // The types of the table tie each cell to its phase and event; an index by both at once does not.
  const cell = (row[phase.at] ?? row.otherwise) as Cell<Phase, LifeEventKind>;
  return typeof cell === 'string' ? { refusal: cell } : cell(phase, event);
}

/** Served to peers and announced to the trackers. */
export function isOffered(phase: Phase): boolean {
  return phase.at === 'downloading' || ('offered' in phase && phase.offered);
}

/** Takes one of the places of running downloads. */
export function isRunning({ at }: Phase): boolean {
  return at === 'opening' || at === 'downloading' || at === 'stopping' || at === 'leaving';
}

/** Something works on its `.part` or its resume data, and reports when that is over. */
export function isWorkedOn({ at }: Phase): boolean {
  return at === 'opening' || at === 'stopping' || at === 'leaving' || at === 'mending';
}
