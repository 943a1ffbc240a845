// Which hook runs when: few at once, in the order of events, each for a limited time, and none after the end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type HookEvent, hookEnvironment } from '../../../src/app/automation/hook-facts.js';
import { type HookEffect, type HookInput, HookQueue } from '../../../src/app/automation/hook-queue.js';
import {
  HOOK_END_MS,
  HOOK_LINE_CHARACTERS_MAX,
  HOOK_OUTPUT_BYTES_MAX,
  HOOK_TERM_MS,
  HOOKS_RUNNING_MAX,
  HOOKS_WAITING_MAX,
} from '../../../src/app/automation/limits.js';
import { OutputLines } from '../../../src/app/automation/output-lines.js';
import { SETTING_NAMES, variableOf } from '../../../src/app/settings/table.js';
import type { Wake, WakeAt } from '../../../src/foundation/actor/machine.js';
import { nearest } from '../../../src/foundation/base/nearest.js';

const LIMIT_MS = 60_000;

function eventOf(number: number): HookEvent {
  return { kind: 'complete', name: `${number}.bin`, path: `/d/${number}.bin`, code: '', reason: '' };
}

class Play {
  readonly queue = new HookQueue(LIMIT_MS);
  readonly effects: (HookEffect | WakeAt)[] = [];

  say(input: HookInput | Wake, nowMs = 0): readonly (HookEffect | WakeAt)[] {
    const effects = this.queue.receive(input, nowMs);
    this.effects.push(...effects);
    return effects;
  }

  of<K extends HookEffect['kind']>(kind: K): readonly Extract<HookEffect, { kind: K }>[] {
    return this.effects.filter((effect): effect is Extract<HookEffect, { kind: K }> => effect.kind === kind);
  }
}

test('as many hooks run at once as may, and the others in the order of their events', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.infiniteStream(fc.nat()), (count, choices) => {
      const play = new Play();
      for (let number = 0; number < count; number += 1) play.say({ kind: 'happened', event: eventOf(number) });
      const ended = new Set<number>();
      for (;;) {
        const running = play.of('start').filter(({ run }) => !ended.has(run));
        assert.ok(running.length <= HOOKS_RUNNING_MAX);
        const chosen = running[(choices.next().value ?? 0) % Math.max(1, running.length)];
        if (chosen === undefined) break;
        ended.add(chosen.run);
        play.say({ kind: 'ended', run: chosen.run });
      }
      assert.deepEqual(
        play.of('start').map(({ event }) => event.name),
        Array.from({ length: count }, (_, number) => eventOf(number).name),
      );
      assert.ok(play.queue.isIdle);
      assert.equal(play.of('idle').length, 1);
    }),
  );
});

test('what would wait behind too many is dropped by name, and the others still run', () => {
  const play = new Play();
  const count = HOOKS_RUNNING_MAX + HOOKS_WAITING_MAX + 1;
  for (let number = 0; number < count; number += 1) play.say({ kind: 'happened', event: eventOf(number) });
  assert.deepEqual(
    play.of('dropped').map(({ event, because }) => [event.name, because]),
    [[`${count - 1}.bin`, 'crowded']],
  );
});

test('a hook that runs for too long gets SIGTERM, and SIGKILL when it goes on', () => {
  const play = new Play();
  assert.deepEqual(
    play.say({ kind: 'happened', event: eventOf(1) }).filter(({ kind }) => kind === 'wakeAt'),
    [{ kind: 'wakeAt', atMs: LIMIT_MS }],
  );
  assert.equal(play.say({ kind: 'wake' }, LIMIT_MS - 1).filter(({ kind }) => kind === 'signal').length, 0);
  play.say({ kind: 'wake' }, LIMIT_MS);
  play.say({ kind: 'wake' }, LIMIT_MS + HOOK_TERM_MS);
  play.say({ kind: 'wake' }, LIMIT_MS + 10 * HOOK_TERM_MS);
  assert.deepEqual(
    play.of('signal').map(({ signal }) => signal),
    ['SIGTERM', 'SIGKILL'],
  );
  assert.equal(play.of('late').length, 1);
});

test('when the client ends, hooks that run are ended soon and hooks that wait are not run', () => {
  const play = new Play();
  for (let number = 0; number < 5; number += 1) play.say({ kind: 'happened', event: eventOf(number) });
  play.say({ kind: 'close' }, 1_000);
  assert.equal(play.of('dropped').length, 5 - HOOKS_RUNNING_MAX);
  assert.equal(play.of('signal').length, HOOKS_RUNNING_MAX);
  play.say({ kind: 'happened', event: eventOf(9) }, 1_001);
  play.say({ kind: 'wake' }, 1_000 + HOOK_END_MS);
  assert.deepEqual(new Set(play.of('signal').map(({ signal }) => signal)), new Set(['SIGTERM', 'SIGKILL']));
  assert.equal(play.of('start').length, HOOKS_RUNNING_MAX);
  assert.equal(play.of('idle').length, 0);
  for (const { run } of play.of('start')) play.say({ kind: 'ended', run }, 4_000);
  assert.equal(play.of('idle').length, 1);
});

test('the output of a hook is cut into bounded lines of bounded size, wherever it is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 4_000 }), { maxLength: 30 }), (chunks) => {
      const lines = new OutputLines();
      const all = [...chunks.flatMap((chunk) => lines.push(chunk)), ...lines.end()];
      assert.ok(all.every((line) => line.length <= HOOK_LINE_CHARACTERS_MAX && !line.includes('\n')));
      const bytes = Buffer.concat(chunks);
      const plain = (text: string): string => text.replaceAll(/\r?\n/g, '');
      if (bytes.length <= HOOK_OUTPUT_BYTES_MAX)
        assert.equal(plain(all.join('')), plain(new TextDecoder().decode(bytes)));
    }),
  );
  const endless = new OutputLines();
  const said = Array.from({ length: 100 }, () => endless.push(Buffer.from('x'.repeat(10_000)))).flat();
  assert.ok(said.join('').length < HOOK_OUTPUT_BYTES_MAX + 200);
  assert.match(said.at(-1) ?? '', /left out/);
  assert.deepEqual(endless.end(), []);
});

test('a hook learns the facts by names that no setting has or nearly has, and nothing that is ours alone', () => {
  const event: HookEvent = { ...eventOf(1), kind: 'error', code: 'IO_ERROR', reason: 'a\0b' };
  const env = hookEnvironment(event, undefined, { PATH: '/bin', NOTIFY_SOCKET: '/run/x', GONE: undefined });
  assert.equal(env['PATH'], '/bin');
  assert.equal(env['NOTIFY_SOCKET'], undefined);
  assert.equal(env['MTORRENT_HOOK_EVENT'], 'error');
  assert.equal(env['MTORRENT_HOOK_REASON'], 'ab');
  const known = SETTING_NAMES.map((name) => variableOf(name).slice('MTORRENT_'.length));
  for (const name of Object.keys(env).filter((each) => each.startsWith('MTORRENT_')))
    assert.equal(nearest(name.slice('MTORRENT_'.length), known), undefined, `${name} would be taken for a mistake`);
});
