// Ranges of many files share the pool in turn: never more at once than there are permits, first come, first served.

import assert from 'node:assert/strict';
import test from 'node:test';
import { deferred } from '../../../src/foundation/base/deferred.js';
import { Permits } from '../../../src/transfer/hash/permits.js';

test('no more work is under way than there are permits, and turns are kept', async () => {
  const permits = new Permits(2);
  const gates = Array.from({ length: 6 }, () => deferred<void>());
  const started: number[] = [];
  const all = gates.map((gate, at) =>
    permits.during(() => {
      started.push(at);
      return gate.promise;
    }),
  );
  for (const [at, gate] of gates.entries()) {
    assert.deepEqual(started, [0, 1, 2, 3, 4, 5].slice(0, at + 2));
    gate.resolve();
    await all[at];
    await Promise.resolve();
  }
  await Promise.all(all);
});

test('work that fails gives its permit back', async () => {
  const permits = new Permits(1);
  await assert.rejects(permits.during(() => Promise.reject(new Error('no'))));
  assert.equal(await permits.during(() => Promise.resolve(5)), 5);
});
