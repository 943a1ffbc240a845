// Several users share one client: however their requests and its answers interleave, each answer reaches whoever asked,
// once, under the user's own request id, and nobody else.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Subscribers, type Subscription } from '../../../src/app/library/subscribers.js';
import type { ClientCommand, ClientEvent } from '../../../src/client/messages.js';
import { STATS } from '../../support/client-stats.js';

const notice: ClientEvent = { kind: 'notice', level: 'good', sentence: 'a tracker is back' };

interface User extends Subscription {
  readonly heard: ClientEvent[];
}

interface Stage {
  readonly subscribers: Subscribers;
  /** What the client was told, under the client's ids. */
  readonly commands: ClientCommand[];
  join(): User;
}

function stage(idCount?: number): Stage {
  const commands: ClientCommand[] = [];
  const subscribers = new Subscribers((command) => commands.push(command), idCount);
  const join = (): User => {
    const heard: ClientEvent[] = [];
    return { heard, ...subscribers.join((event) => heard.push(event)) };
  };
  return { subscribers, commands, join };
}

test('two users may use the same request ids: each gets its own answer under its own id', () => {
  const { subscribers, commands, join } = stage();
  const [first, second] = [join(), join()];
  first.tell({ kind: 'stats', ask: 1 });
  second.tell({ kind: 'wait', ask: 1 });
  const [stats, wait] = commands.map(({ ask }) => ask);
  assert.notEqual(stats, wait);
  subscribers.deliver({ kind: 'accepted', ask: wait ?? 0, detail: 'WAITED' });
  assert.deepEqual([first.heard, second.heard], [[], [{ kind: 'accepted', ask: 1, detail: 'WAITED' }]]);
  subscribers.deliver({ kind: 'statsListed', ask: stats ?? 0, stats: STATS });
  assert.deepEqual(first.heard, [{ kind: 'statsListed', ask: 1, stats: STATS }]);
  assert.deepEqual([first.openCount(), second.openCount()], [0, 0]);
});

test('a notification goes to everybody, and not to a user who has left', () => {
  const { subscribers, join } = stage();
  const [first, second, third] = [join(), join(), join()];
  second.leave();
  second.leave();
  subscribers.deliver(notice);
  assert.deepEqual([first.heard, second.heard, third.heard], [[notice], [], [notice]]);
});

test('a list in parts is one answer, which ends with its last part', () => {
  const { subscribers, commands, join } = stage();
  const user = join();
  user.tell({ kind: 'list', ask: 7 });
  const ask = commands[0]?.ask ?? 0;
  for (const last of [false, false, true]) {
    assert.equal(user.openCount(), 1);
    subscribers.deliver({ kind: 'listed', ask, rows: [], last });
    assert.deepEqual(user.heard.at(-1), { kind: 'listed', ask: 7, rows: [], last });
  }
  assert.equal(user.openCount(), 0);
  subscribers.deliver({ kind: 'listed', ask, rows: [], last: true });
  assert.equal(user.heard.length, 3, 'nobody waits for more');
});

test('when all request ids have been used, none is used again while its request is open', () => {
  const { subscribers, commands, join } = stage(4);
  const user = join();
  const ask = (): number => {
    user.tell({ kind: 'wait', ask: 9 });
    return commands.at(-1)?.ask ?? -1;
  };
  const [open, ...others] = [ask(), ask(), ask()];
  for (const other of others) subscribers.deliver({ kind: 'accepted', ask: other, detail: '' });
  const later = [ask(), ask(), ask()];
  assert.equal(new Set([open, ...later]).size, 4);
  assert.throws(ask, /fewer requests are open than there are ids/);
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

/** For each request that the client has got: who waits for its answer, and under which id. */
interface Expected {
  readonly user: User;
  readonly ask: number;
}

test('with any interleaving each answer reaches its asker exactly once, under its own id', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      // So few ids that they are all used again and again.
      const { subscribers, commands, join } = stage(102);
      const everybody: User[] = [];
      const present: User[] = [];
      const unanswered = new Map<number, Expected>();
      const said = (event: ClientEvent): readonly { readonly user: User; readonly event: ClientEvent }[] => {
        for (const { heard } of everybody) heard.length = 0;
        subscribers.deliver(event);
        return everybody.flatMap((user) => user.heard.map((own) => ({ user, event: own })));
      };
      for (const each of steps) {
        if (each.kind === 'join') {
          const user = join();
          present.push(user);
          everybody.push(user);
        } else if (each.kind === 'happens') {
          assert.deepEqual(
            said(notice).map(({ user }) => everybody.indexOf(user)),
            present.map((user) => everybody.indexOf(user)),
          );
        } else if (each.kind === 'answers') {
          const ask = [...unanswered.keys()][each.which % unanswered.size];
          const expected = ask === undefined ? undefined : unanswered.get(ask);
          if (ask === undefined || expected === undefined) continue;
          unanswered.delete(ask);
          const answer = { kind: 'accepted', detail: 'X' } as const;
          const { user, ask: own } = expected;
          const wanted = present.includes(user) ? [{ user, event: { ...answer, ask: own } }] : [];
          assert.deepEqual(said({ ...answer, ask }), wanted);
          assert.deepEqual(said({ ...answer, ask }), [], 'once');
        } else {
          const user = present[each.which % present.length];
          if (user === undefined) continue;
          if (each.kind === 'leaves') {
            user.leave();
            present.splice(present.indexOf(user), 1);
            continue;
          }
          user.tell({ kind: 'wait', ask: each.ask });
          const ask = commands.at(-1)?.ask ?? -1;
          assert.equal(unanswered.has(ask), false, 'no two open requests have one id');
          unanswered.set(ask, { user, ask: each.ask });
        }
      }
      for (const user of present) {
        const open = [...unanswered.values()].filter((one) => one.user === user).length;
        assert.equal(user.openCount(), open);
      }
    }),
  );
});
