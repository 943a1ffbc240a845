// What host names stand for while name servers hang, fail or answer, and in which order their hosts are dialed.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type Deferred, deferred } from '../../../src/foundation/base/deferred.js';
import { Names } from '../../../src/foundation/wire/names.js';

const DEADLINE_MS = 50;
const FOR_EVER_MS = 1_000_000;

/** A system whose answers the test gives; each lookup in the order in which it began. */
function stage(deadlineMs: number): { names: Names; begun: string[]; answer: Map<string, Deferred<string[]>> } {
  const begun: string[] = [];
  const answer = new Map<string, Deferred<string[]>>();
  const names = new Names((name) => {
    begun.push(name);
    const turn = deferred<string[]>();
    answer.set(name, turn);
    return turn.promise;
  }, deadlineMs);
  return { names, begun, answer };
}

/** A lookup that has a place begins. */
function begins(): Promise<unknown> {
  return new Promise(setImmediate);
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test('a name that nobody answers holds up no other name', async () => {
  const { names, begun, answer } = stage(DEADLINE_MS);
  await assert.rejects(names.hostsOf('hangs.example'), /hangs\.example: no answer within 2 s/);
  const fast = names.hostsOf('fast.example');
  await begins();
  answer.get('fast.example')?.resolve(['192.0.2.7']);
  assert.deepEqual(await fast, ['192.0.2.7']);
  assert.deepEqual(begun, ['hangs.example', 'fast.example'], 'the one that hangs is still being looked up');
});

test('names that were not answered in time leave a place to the others', async () => {
  const { names, begun, answer } = stage(DEADLINE_MS);
  const late = ['one.example', 'two.example'];
  for (const name of late) await assert.rejects(names.hostsOf(name));
  const third = names.hostsOf('three.example');
  await assert.rejects(third);
  assert.deepEqual(begun, late, 'both places are taken, once');
  for (const name of late) answer.get(name)?.reject(systemError('EAI_AGAIN'));
  await begins();
  answer.get('three.example')?.resolve(['192.0.2.3']);
  await begins();
  begun.length = 0;
  for (const name of late) await assert.rejects(names.hostsOf(name));
  assert.deepEqual(begun, ['one.example'], 'of names that are late one is looked up at a time');
  const again = names.hostsOf('three.example');
  await begins();
  answer.get('three.example')?.resolve(['192.0.2.3']);
  assert.deepEqual(await again, ['192.0.2.3']);
});

test('while no name server answers a name stands for what it stood for last; a name that is gone stands for nothing', async () => {
  const { names, answer } = stage(DEADLINE_MS);
  const ask = async (turn: (lookup: Deferred<string[]> | undefined) => void): Promise<readonly string[]> => {
    const asked = names.hostsOf('t.example');
    await begins();
    turn(answer.get('t.example'));
    return asked;
  };
  assert.deepEqual(await ask((lookup) => lookup?.resolve(['192.0.2.1'])), ['192.0.2.1']);
  assert.deepEqual(await ask((lookup) => lookup?.reject(systemError('EAI_AGAIN'))), ['192.0.2.1']);
  assert.deepEqual(await ask(() => undefined), ['192.0.2.1'], 'nor while it hangs');
  assert.deepEqual(await ask((lookup) => lookup?.resolve(['192.0.2.2'])), ['192.0.2.2'], 'it has moved');
  await assert.rejects(
    ask((lookup) => lookup?.reject(systemError('ENOTFOUND'))),
    /there is no such name/,
  );
  await assert.rejects(
    ask((lookup) => lookup?.reject(systemError('EAI_AGAIN'))),
    /no name server answers/,
  );
});

test('of several hosts of a name those come last at which nobody spoke, until somebody does', async () => {
  const { names, answer } = stage(FOR_EVER_MS);
  const hosts = async (): Promise<readonly string[]> => {
    const asked = names.hostsOf('t.example');
    await begins();
    answer.get('t.example')?.resolve(['192.0.2.1', '192.0.2.2', '192.0.2.3']);
    return asked;
  };
  await hosts();
  names.dialed('t.example', '192.0.2.1', false);
  assert.deepEqual(await hosts(), ['192.0.2.2', '192.0.2.3', '192.0.2.1']);
  for (const host of ['192.0.2.2', '192.0.2.2', '192.0.2.3']) names.dialed('t.example', host, false);
  assert.deepEqual(await hosts(), ['192.0.2.1', '192.0.2.3', '192.0.2.2']);
  names.dialed('t.example', '192.0.2.2', true);
  assert.deepEqual(await hosts(), ['192.0.2.2', '192.0.2.1', '192.0.2.3']);
});
