// A command ends by a signal or by its time limit, whatever it waits for, and keeps nothing of waits that are over.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Cancellation } from '../../../../src/app/cli/one-shot/cancellation.js';
import { failsWith } from '../../../support/failures.js';

const NEVER = new Promise<never>(() => undefined);
const ROUNDS = 3;
const WAITS = 100_000;
/** Much less than a wait that is kept takes: a promise, its reactions, a closure. */
const BYTES_A_WAIT_MAX = 32;

function stage(t: TestContext): { readonly cancellation: Cancellation; readonly said: string[] } {
  const said: string[] = [];
  const cancellation = new Cancellation((sentence) => said.push(sentence));
  t.after(() => cancellation.close());
  return { cancellation, said };
}

test('a time limit ends a wait, aborts what need not go on, and says what did not come', async (t) => {
  const { cancellation } = stage(t);
  cancellation.limitTo(1);
  await assert.rejects(
    cancellation.orEnd(NEVER, 'it came'),
    failsWith('TIMED_OUT', 'timed out before it came; run the same command again'),
  );
  assert.equal(cancellation.signal.aborted, true);
  assert.deepEqual(await cancellation.firstOf(NEVER), { kind: 'late' });
});

test('a time limit before which no tracker has answered has the code of that', async (t) => {
  const { cancellation } = stage(t);
  cancellation.limitTo(1);
  const before = (silent: string | undefined) => cancellation.orEnd(NEVER, 'it came', () => silent);
  await assert.rejects(
    before('a:1 and b:2'),
    failsWith('NO_TRACKER', 'timed out before any tracker answered, of a:1 and b:2; run the same command again'),
  );
  await assert.rejects(before(undefined), failsWith('TIMED_OUT', 'timed out before it came'));
});

test('a limit that was lifted ends nothing, even when it had passed', async (t) => {
  const { cancellation } = stage(t);
  cancellation.limitTo(1);
  await cancellation.firstOf(NEVER);
  cancellation.liftLimit();
  assert.deepEqual(await cancellation.firstOf(Promise.resolve(7)), { kind: 'done', value: 7 });
});

test('a signal ends every wait with its exit code, and a limit that passes later does not hide it', async (t) => {
  const { cancellation, said } = stage(t);
  const waits = [cancellation.firstOf(NEVER), cancellation.firstOf(NEVER)];
  process.emit('SIGTERM', 'SIGTERM');
  const stopped = { kind: 'stopped', signal: 'SIGTERM', exitCode: 143 } as const;
  assert.deepEqual(await Promise.all(waits), [stopped, stopped]);
  cancellation.limitTo(0);
  assert.deepEqual(await cancellation.firstOf(NEVER), stopped);
  assert.equal(said.length, 1);
});

test('what was waited for and fails once nobody waits any more is no unhandled rejection', async (t) => {
  const { cancellation } = stage(t);
  let fail = (_error: Error): void => undefined;
  const work = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  cancellation.limitTo(1);
  assert.deepEqual(await cancellation.firstOf(work), { kind: 'late' });
  fail(new Error('too late'));
  await new Promise((resolve) => setImmediate(resolve));
});

test('a command that waits very often keeps none of its waits', async (t) => {
  const { cancellation } = stage(t);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const bytesAfter = async (waits: number): Promise<number> => {
    for (let wait = 0; wait < waits; wait += 1) await cancellation.firstOf(Promise.resolve());
    collect();
    return process.memoryUsage().heapUsed;
  };
  // What is kept grows with each round; what the other tests of this process leave does not.
  let leastBytes = Number.POSITIVE_INFINITY;
  let beforeBytes = await bytesAfter(1_000);
  for (let round = 0; round < ROUNDS; round += 1) {
    const nowBytes = await bytesAfter(WAITS);
    leastBytes = Math.min(leastBytes, nowBytes - beforeBytes);
    beforeBytes = nowBytes;
  }
  assert.ok(leastBytes < WAITS * BYTES_A_WAIT_MAX, `${leastBytes} bytes are kept of ${WAITS} waits`);
});
