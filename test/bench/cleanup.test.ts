// What a bench made goes away last made first, once, whatever one of the steps does, and also what was made too late.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Cleanup, withCleanup } from '../../bench/cleanup.js';

test('steps run once, last made first, and one that fails does not stop the rest', async () => {
  const cleanup = new Cleanup();
  const done: string[] = [];
  cleanup.add(async () => done.push('first'));
  cleanup.add(async () => {
    throw new Error('planted in a step');
  });
  cleanup.add(async () => done.push('last'));
  await Promise.all([cleanup.run(), cleanup.run()]);
  cleanup.add(async () => done.push('late'));
  await cleanup.run();
  assert.deepEqual(done, ['last', 'first', 'late']);
});

test('a bench that fails is cleaned up after, and its error is told', async () => {
  let cleaned = false;
  const failing = withCleanup(async (cleanup) => {
    cleanup.add(async () => {
      cleaned = true;
    });
    throw new Error('planted in the bench');
  });
  await assert.rejects(failing, /planted in the bench/);
  assert.equal(cleaned, true);
});
