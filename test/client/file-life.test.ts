// The life of a file as the table that it is: every phase and every event, and what holds however they follow each
// other.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { ClientEffect } from '../../src/client/effects.js';
import { advance } from '../../src/client/files/advance.js';
import { isOffered, type LifeEvent, type Phase, stepOf } from '../../src/client/files/file-life.js';
import { FileTable } from '../../src/client/files/file-table.js';
import { cases } from '../support/cases.js';
import { entryOf } from './stage.js';

const why = { code: 'IO_ERROR', sentence: 'it is wrong' } as const;
const trouble = { errno: 'ENOSPC', path: '/files/a.part' } as const;
const PHASES: readonly Phase[] = [
  { at: 'checking' },
  { at: 'waiting', offered: true },
  { at: 'opening', offered: true },
  { at: 'downloading' },
  { at: 'stopping', offered: true },
  { at: 'leaving', ask: 1, content: false },
  { at: 'mending', next: { at: 'waiting', offered: false } },
  { at: 'paused', offered: true },
  { at: 'seeding', offered: true },
  { at: 'failed', offered: true, ...why },
  { at: 'stalled', offered: true, ...why, trouble },
  { at: 'missing', sentence: why.sentence, returns: 'changed', seen: 's', judged: undefined },
];
const EVENTS: readonly LifeEvent[] = [
  { kind: 'shared' },
  { kind: 'accepted' },
  { kind: 'foundComplete', path: '/files/a', mtimeMs: 5, isNews: true },
  { kind: 'foundPartial', have: 3 },
  { kind: 'foundUnusable', sentence: why.sentence, returns: 'changed', judged: 's', isNews: true, have: 3 },
  { kind: 'begin' },
  { kind: 'partOpened', have: 3, paused: false, closing: false },
  { kind: 'partOpened', have: 3, paused: true, closing: false },
  { kind: 'partOpened', have: 3, paused: false, closing: true },
  { kind: 'completed', mtimeMs: 5, closing: false },
  { kind: 'completed', mtimeMs: 5, closing: true },
  { kind: 'completedBad', mtimeMs: 5, sentence: why.sentence },
  { kind: 'failed', ...why },
  { kind: 'stalled', ...why, trouble, isNews: true },
  { kind: 'tryAgain' },
  { kind: 'stopped', paused: false },
  { kind: 'stopped', paused: true },
  { kind: 'pause' },
  { kind: 'resume', paused: true },
  { kind: 'resume', paused: false },
  { kind: 'checkAgain' },
  { kind: 'remove', ask: 2, content: false },
  { kind: 'sharedAgain' },
  { kind: 'gotAgain' },
  { kind: 'gotWhole' },
  { kind: 'lost', sentence: why.sentence, returns: 'changed', isNews: true, elsewhere: false },
  { kind: 'lost', sentence: why.sentence, returns: 'changed', isNews: true, elsewhere: true },
  { kind: 'relocated', from: '/files/a', path: '/new/a', mtimeMs: 6 },
  { kind: 'looked', stamp: 's' },
  { kind: 'looked', stamp: 't' },
  { kind: 'rotted', sentence: why.sentence, judged: 's', elsewhere: false },
  { kind: 'rotted', sentence: why.sentence, judged: 's', elsewhere: true },
  { kind: 'badPieces', bad: [[0, 1]] },
  { kind: 'mended', have: 2 },
  { kind: 'mendFailed', ...why },
  { kind: 'quit' },
];

/** Where it leads, and the actions. In brackets: not offered. `stays`: nothing but that is so. With `!`: refused. */
function told(phase: Phase, event: LifeEvent): string {
  const step = stepOf(phase, event);
  if ('refusal' in step) return `!${step.refusal}`;
  const { next, does } = step;
  if (next === undefined) return ['out', ...does].join(' ');
  const isSame = next.at === phase.at && isOffered(next) === isOffered(phase) && does.length === 0;
  return isSame ? 'stays' : [isOffered(next) ? next.at : `(${next.at})`, ...does].join(' ');
}

/**
 * The cells of one event, those that are alike together; the refusal that most phases share stands last, for `else`.
 */
function rowOf(event: LifeEvent): readonly string[] {
  const byCell = new Map<string, string[]>();
  for (const phase of PHASES) {
    const cell = told(phase, event);
    byCell.set(cell, [...(byCell.get(cell) ?? []), phase.at]);
  }
  return [...byCell].map(([cell, phases]) => `${phases.length > 5 ? 'else' : phases.join(', ')} → ${cell}`).sort();
}

const nameOf = (event: LifeEvent): string =>
  [
    event.kind,
    ...Object.entries(event).flatMap(([key, value]) =>
      value === true || key === 'stamp' ? [value === true ? key : value] : [],
    ),
  ].join(' ');

const LIFE: Readonly<Record<string, readonly string[]>> = {
  shared: ['checking → seeding offer save', 'else → !known'],
  accepted: ['checking → (waiting) save', 'else → !known'],
  'foundComplete isNews': [
    'checking → seeding offer save',
    'else → !late',
    'missing → seeding tellRightAgain offer save',
  ],
  foundPartial: ['checking, missing → (waiting)', 'else → !late'],
  'foundUnusable isNews': ['checking, missing → (missing) tell', 'else → !late'],
  begin: ['else → !late', 'waiting → opening openPart'],
  partOpened: ['else → !late', 'leaving → out releasePart delete', 'opening → downloading offer startDownload'],
  'partOpened paused': ['else → !late', 'leaving → out releasePart delete', 'opening → paused offer releasePart'],
  'partOpened closing': ['else → !late', 'leaving → out releasePart delete', 'opening → waiting'],
  completed: [
    'else → !late',
    'leaving → out tellCompleted delete',
    'opening, downloading, stopping → seeding offer save tellCompleted',
  ],
  'completed closing': [
    'else → !late',
    'leaving → out tellCompleted delete',
    'opening, downloading, stopping → (seeding) save tellCompleted',
  ],
  completedBad: ['downloading, stopping → (seeding) tell', 'else → !late', 'leaving → out tellCompleted delete'],
  failed: ['else → !late', 'leaving → out delete', 'waiting, opening, downloading, stopping, paused → failed tell'],
  'stalled isNews': [
    'else → !late',
    'leaving → out delete',
    'waiting, opening, downloading, stopping, paused → stalled tell',
  ],
  tryAgain: ['else → !late', 'missing → stays', 'stalled → waiting'],
  stopped: ['else → !late', 'leaving → out delete', 'stopping → waiting'],
  'stopped paused': ['else → !late', 'leaving → out delete', 'stopping → paused'],
  pause: ['downloading → stopping stopDownload', 'else → stays', 'seeding → !complete', 'waiting, stalled → paused'],
  'resume paused': ['downloading, seeding, missing → !notPaused', 'else → stays', 'paused, failed, stalled → waiting'],
  resume: ['else → !notPaused', 'paused, failed, stalled → waiting', 'stopping, leaving → stays'],
  checkAgain: ['else → !late', 'missing → (checking) check'],
  remove: [
    'downloading → (leaving) stopDownload',
    'else → out delete',
    'leaving → !leaving',
    'opening, stopping, mending → (leaving)',
  ],
  relocated: ['checking, missing → seeding offer', 'else → !busy', 'seeding → seeding hangUp offer'],
  sharedAgain: ['checking, missing → out', 'else → !known', 'seeding → stays'],
  gotAgain: ['else → !known', 'failed, stalled, missing → out'],
  gotWhole: ['else → !known', 'else → out'],
  'lost isNews': ['else → !late', 'seeding → (missing) tell'],
  'lost isNews elsewhere': ['else → !late', 'seeding → (checking) check'],
  'looked s': ['else → !late', 'missing → (missing) check'],
  'looked t': ['else → !late', 'missing → stays'],
  rotted: ['else → !busy', 'missing → stays', 'seeding → (missing) tell'],
  'rotted elsewhere': ['else → !busy', 'missing → stays', 'seeding → (checking) check'],
  badPieces: [
    'checking, opening, leaving, mending → !busy',
    'downloading → (stopping) stopDownload',
    'seeding → !complete',
    'stopping → (stopping)',
    'waiting, paused, failed, stalled, missing → (mending) mend',
  ],
  mended: ['else → !late', 'leaving → out delete', 'mending → (waiting)'],
  mendFailed: ['else → !late', 'leaving → out delete', 'mending → (failed) tell'],
  quit: [
    'checking, leaving, mending, missing → stays',
    'downloading → (stopping) stopDownload',
    'failed → (failed)',
    'opening → (opening)',
    'paused → (paused)',
    'seeding → (seeding)',
    'stalled → (stalled)',
    'stopping → (stopping)',
    'waiting → (waiting)',
  ],
};

test('every event has its answer in every phase: a step, or a refusal that has a name', () => {
  assert.deepEqual(Object.fromEntries(EVENTS.map((event) => [nameOf(event), rowOf(event)])), LIFE);
});

test('what is not offered stays so, unless the step offers it', () => {
  for (const phase of PHASES) {
    const hidden: Phase = 'offered' in phase ? { ...phase, offered: false } : phase;
    for (const event of EVENTS) {
      const step = stepOf(hidden, event);
      if ('refusal' in step || step.next === undefined || isOffered(hidden)) continue;
      assert.equal(isOffered(step.next), step.does.includes('offer'), `${hidden.at}, ${nameOf(event)}`);
    }
  }
});

/** What peers and trackers know of the file after these effects. */
class World {
  served = false;
  announced = false;
  deleted = 0;

  hear(effect: ClientEffect): void {
    if (effect.kind === 'serve') this.served = true;
    if (effect.kind === 'unserve') this.served = false;
    if (effect.kind === 'deleteFiles') this.deleted += 1;
    if (effect.kind !== 'announce') return;
    if (effect.command.kind === 'register') {
      assert.ok(this.served, 'what is announced is served');
      this.announced = true;
    }
    if (effect.command.kind === 'withdraw') {
      assert.ok(this.announced, 'nothing is withdrawn twice');
      this.announced = false;
    }
  }
}

test('however events follow each other, what is announced is served, and neither while it is checked, mended, missing or leaving', () => {
  const running = EVENTS.filter(({ kind }) => kind !== 'quit');
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...running), { maxLength: 60 }), (events) => {
      const files = new FileTable();
      const record = files.add(entryOf('a'));
      const world = new World();
      for (const event of events) {
        const before = structuredClone({ ...record, geometry: undefined, flow: undefined });
        const effects = advance(files, record, event);
        for (const effect of effects ?? []) world.hear(effect);
        if (effects === undefined)
          assert.deepEqual({ ...record, geometry: undefined, flow: undefined }, before, 'refused: unchanged');
        const isIn = files.get(record.file) !== undefined;
        const { at } = record.phase;
        assert.equal(world.announced, world.served);
        assert.equal(world.served, isIn && isOffered(record.phase), at);
        if (world.served) assert.ok(!['checking', 'mending', 'missing', 'leaving'].includes(at), at);
        assert.ok(world.deleted <= 1 && (world.deleted === 0 || !isIn), 'deleted once, after it left the library');
        if (!isIn) break;
      }
    }),
    { numRuns: cases(2_000) },
  );
});

test('a client that closes serves nothing more, whatever comes after', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...PHASES),
      fc.array(fc.constantFrom(...EVENTS), { maxLength: 20 }),
      (phase, events) => {
        const files = new FileTable();
        const record = files.add(entryOf('a'));
        files.enter(record, phase);
        advance(files, record, { kind: 'quit' });
        assert.equal(isOffered(record.phase), false);
        const answers = events.filter(
          (event) =>
            ['stopped', 'failed', 'stalled', 'mended', 'mendFailed'].includes(event.kind) ||
            ('closing' in event && event.closing),
        );
        for (const event of answers) {
          for (const effect of advance(files, record, event) ?? []) assert.notEqual(effect.kind, 'serve');
          assert.equal(isOffered(record.phase), false, event.kind);
          if (files.get(record.file) === undefined) break;
        }
      },
    ),
    { numRuns: cases(1_000) },
  );
});
