// The life of a file as one table: for each phase and event, the next phase and the actions, or a named refusal.
// Invariant: a file is served to peers exactly while it is announced to trackers, and never while it is missing, mended
// or leaving. Pure.

import type { LifeEvent, Phase } from './life-events.js';

export type { LifeEvent, Phase } from './life-events.js';

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
  /** Deletes what was downloaded, once it is recorded that it goes. */
  | 'retire'
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
  chosenAnew: {
    seeding: () => to({ at: 'checking' }, 'check'),
    checking: (phase) => to(phase, 'check'),
    otherwise: 'late',
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
  retire: {
    seeding: () => to({ at: 'retiring' }, 'save', 'retire'),
    // Of the run before, or it could not be deleted.
    checking: () => to({ at: 'retiring' }, 'retire'),
    retiring: (phase) => to(phase, 'retire'),
    otherwise: 'busy',
  },
  retired: { retiring: () => out('save'), otherwise: 'late' },
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
