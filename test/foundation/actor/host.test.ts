// What every actor relies on: inputs one at a time and in order, whatever its shell does meanwhile; one wake-up; a
// bounded mailbox; and a crash that ends this actor once and nothing else.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Host, type HostOptions } from '../../../src/foundation/actor/host.js';
import type { Machine, Wake, WakeAt } from '../../../src/foundation/actor/machine.js';
import { ManualTimers } from '../../support/manual-timers.js';

type Input = { readonly kind: 'say'; readonly word: string };
type Effect = { readonly kind: 'said'; readonly word: string };

interface Stage {
  readonly host: Host<Input, Effect>;
  readonly heard: string[];
  readonly said: string[];
  readonly crashes: unknown[];
  readonly timers: ManualTimers;
}

/** An actor that answers each word with itself, and does what `react` and `perform` add. */
function stage(
  react: (word: string, nowMs: number) => readonly (Effect | WakeAt)[],
  extra: Partial<HostOptions<Input, Effect>> & {
    readonly onSaid?: (word: string, host: Host<Input, Effect>) => void;
  } = {},
): Stage {
  const heard: string[] = [];
  const said: string[] = [];
  const crashes: unknown[] = [];
  const timers = new ManualTimers();
  const machine: Machine<Input | Wake, Effect | WakeAt> = {
    receive(input, nowMs) {
      const word = input.kind === 'wake' ? 'wake' : input.word;
      heard.push(word);
      return react(word, nowMs);
    },
  };
  const host: Host<Input, Effect> = new Host<Input, Effect>({
    name: 'parrot',
    machine,
    perform(effect) {
      said.push(effect.word);
      extra.onSaid?.(effect.word, host);
    },
    onCrash: (error) => crashes.push(error),
    timers,
    ...extra,
  });
  return { host, heard, said, crashes, timers };
}

const say = (word: string): Input => ({ kind: 'say', word });
const said = (word: string): Effect => ({ kind: 'said', word });

test('inputs are handled in the order they came', () => {
  const { host, said: words } = stage((word) => [said(word)]);
  for (const word of ['a', 'b', 'c']) host.post(say(word));
  assert.deepEqual(words, ['a', 'b', 'c']);
});

test('an input posted while another is handled waits until all effects of that one were performed', () => {
  const {
    host,
    heard,
    said: words,
  } = stage((word) => (word === 'a' ? [said('a1'), said('a2')] : [said(word)]), {
    onSaid: (word, self) => {
      if (word === 'a1') self.post(say('b'));
      if (word === 'a2') self.post(say('c'));
    },
  });
  host.post(say('a'));
  assert.deepEqual(heard, ['a', 'b', 'c']);
  assert.deepEqual(words, ['a1', 'a2', 'b', 'c']);
});

test('a crash in the machine or in the shell is reported once and stops the actor', () => {
  const broken = new Error('broken');
  for (const where of ['machine', 'shell']) {
    const { host, heard, crashes } = stage(
      (word) => {
        if (where === 'machine' && word === 'bad') throw broken;
        return [said(word)];
      },
      {
        onSaid: (word, self) => {
          if (where === 'shell' && word === 'bad') {
            self.post(say('lost'));
            throw broken;
          }
        },
      },
    );
    for (const word of ['good', 'bad', 'late']) host.post(say(word));
    assert.deepEqual(crashes, [broken], where);
    assert.deepEqual(heard, ['good', 'bad'], where);
    assert.equal(host.isStopped, true);
  }
});

test('a full mailbox crashes the actor instead of growing', () => {
  const { host, crashes, heard } = stage((word) => [said(word)], {
    mailboxMax: 3,
    onSaid: (word, self) => {
      if (word === 'flood') for (let at = 0; at < 10; at += 1) self.post(say(`x${at}`));
    },
  });
  host.post(say('flood'));
  assert.equal(crashes.length, 1);
  assert.match(String(crashes[0]), /parrot: mailbox full \(3\)/);
  assert.deepEqual(heard, ['flood']);
});

test('a wake-up rings once at its time, and a later request replaces an earlier one', () => {
  const { host, heard, timers } = stage((word) => {
    if (word === 'late') return [{ kind: 'wakeAt', atMs: 100 }];
    if (word === 'early') return [{ kind: 'wakeAt', atMs: 50 }];
    return [];
  });
  host.post(say('early'));
  host.post(say('late'));
  assert.equal(timers.pendingCount, 1);
  timers.advanceTo(99);
  assert.deepEqual(heard, ['early', 'late']);
  timers.advanceTo(1_000);
  assert.deepEqual(heard, ['early', 'late', 'wake']);
});

test('a stopped actor hears nothing, keeps no timer and performs no further effect', () => {
  const {
    host,
    heard,
    said: words,
    timers,
  } = stage((word) => (word === 'wait' ? [{ kind: 'wakeAt', atMs: 10 }] : [said('one'), said('two')]), {
    onSaid: (_, self) => self.stop(),
  });
  host.post(say('wait'));
  host.post(say('go'));
  host.post(say('late'));
  timers.advanceTo(100);
  assert.deepEqual(heard, ['wait', 'go']);
  assert.deepEqual(words, ['one']);
  assert.equal(timers.pendingCount, 0);
});

test('a wake-up without a time is a mistake of the machine', () => {
  const { host, crashes } = stage(() => [{ kind: 'wakeAt', atMs: Number.NaN }]);
  host.post(say('x'));
  assert.match(String(crashes[0]), /AssertionFailed/);
});
