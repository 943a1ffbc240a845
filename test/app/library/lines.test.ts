// Whoever asks is answered: however the words of several users and of the client come in between each other, each answer goes
// to its asker, once, under the number it was asked with, and to nobody else.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Lines } from '../../../src/app/library/lines.js';
import type { ClientEvent } from '../../../src/client/messages.js';

const notice: ClientEvent = { kind: 'notice', level: 'good', sentence: 'a tracker is back' };

test('two users may count alike: each gets its own answer under its own number', () => {
  const lines = new Lines();
  const [first, second] = [lines.join(), lines.join()];
  const heard = [lines.asked(first, { kind: 'stats', ask: 1 }), lines.asked(second, { kind: 'wait', ask: 1 })];
  assert.equal(new Set(heard.map(({ ask }) => ask)).size, 2);
  const [stats, wait] = heard.map(({ ask }) => ask);
  assert.deepEqual(lines.said({ kind: 'accepted', ask: wait ?? 0, detail: 'WAITED' }), [
    { user: second, event: { kind: 'accepted', ask: 1, detail: 'WAITED' } },
  ]);
  assert.deepEqual(lines.said({ kind: 'statsListed', ask: stats ?? 0, json: '{}' }), [
    { user: first, event: { kind: 'statsListed', ask: 1, json: '{}' } },
  ]);
  assert.deepEqual([lines.openCount(first), lines.openCount(second)], [0, 0]);
});

test('what happens unasked goes to everybody, and not to who has left', () => {
  const lines = new Lines();
  const [first, second, third] = [lines.join(), lines.join(), lines.join()];
  lines.leave(second);
  lines.leave(second);
  assert.deepEqual(lines.said(notice), [
    { user: first, event: notice },
    { user: third, event: notice },
  ]);
});

test('a list in parts is one answer, which ends with its last part', () => {
  const lines = new Lines();
  const user = lines.join();
  const { ask } = lines.asked(user, { kind: 'list', ask: 7 });
  for (const last of [false, false, true]) {
    assert.equal(lines.openCount(user), 1);
    assert.deepEqual(lines.said({ kind: 'listed', ask, rows: [], last }), [
      { user, event: { kind: 'listed', ask: 7, rows: [], last } },
    ]);
  }
  assert.equal(lines.openCount(user), 0);
  assert.deepEqual(lines.said({ kind: 'listed', ask, rows: [], last: true }), [], 'nobody waits for more');
});

test('when all numbers have been used, one is not used anew while its question is open', () => {
  const lines = new Lines(4);
  const user = lines.join();
  const ask = (): number => lines.asked(user, { kind: 'wait', ask: 9 }).ask;
  const answered = (number: number): void => void lines.said({ kind: 'accepted', ask: number, detail: '' });
  const [open, ...others] = [ask(), ask(), ask()];
  for (const other of others) answered(other);
  const later = [ask(), ask(), ask()];
  assert.equal(new Set([open, ...later]).size, 4);
  assert.throws(ask, /fewer questions are open than there are numbers/);
});

type Step =
  | { readonly kind: 'join' }
  | { readonly kind: 'happens' }
  | { readonly kind: 'leaves' | 'asks'; readonly which: number; readonly ask: number }
  | { readonly kind: 'answers'; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<Step>({ kind: 'join' }, { kind: 'happens' }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('asks' as const), which: fc.nat(), ask: fc.integer({ min: 0, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leaves' as const), which: fc.nat(), ask: fc.constant(0) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('answers' as const), which: fc.nat() }) },
);

/** What should be: for each question that the client has heard, who waits for its answer and under which number. */
interface Expected {
  readonly user: number;
  readonly ask: number;
}

test('with any interleaving each answer reaches its asker exactly once, under its own number', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      // So few numbers that they are all used again and again.
      const lines = new Lines(102);
      const present: number[] = [];
      const unanswered = new Map<number, Expected>();
      for (const each of steps) {
        if (each.kind === 'join') present.push(lines.join());
        else if (each.kind === 'happens') {
          assert.deepEqual(
            lines.said(notice).map(({ user }) => user),
            present,
          );
        } else if (each.kind === 'answers') {
          const ask = [...unanswered.keys()][each.which % unanswered.size];
          if (ask === undefined) continue;
          const { user, ask: own } = unanswered.get(ask) ?? { user: 0, ask: 0 };
          unanswered.delete(ask);
          const answer = { kind: 'accepted', detail: 'X' } as const;
          const wanted = present.includes(user) ? [{ user, event: { ...answer, ask: own } }] : [];
          assert.deepEqual(lines.said({ ...answer, ask }), wanted);
          assert.deepEqual(lines.said({ ...answer, ask }), [], 'once');
        } else {
          const user = present[each.which % present.length];
          if (user === undefined) continue;
          if (each.kind === 'leaves') {
            lines.leave(user);
            present.splice(present.indexOf(user), 1);
            continue;
          }
          const { ask } = lines.asked(user, { kind: 'wait', ask: each.ask });
          assert.equal(unanswered.has(ask), false, 'no two open questions have one number');
          unanswered.set(ask, { user, ask: each.ask });
        }
      }
      for (const user of present) {
        const open = [...unanswered.values()].filter((one) => one.user === user).length;
        assert.equal(lines.openCount(user), open);
      }
    }),
  );
});
