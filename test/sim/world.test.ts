// What virtual time promises: everything in the order of its time, ties in the order asked, and nothing that was
// cancelled.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { World } from './world.js';

/** Far and near, and several at one time. */
const time = fc.oneof(fc.nat(4).map(Number), fc.double({ min: 0, max: 50, noNaN: true }), fc.nat(10_000_000));

test('what was asked for happens in the order of its time, ties in the order asked, and what was cancelled does not', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ atMs: time, after: time, cancelled: fc.boolean() })), (asked) => {
      const world = new World();
      const happened: { atMs: number; order: number }[] = [];
      let order = 0;
      const at = (atMs: number, then: () => void): { cancel(): void } => {
        order += 1;
        const own = order;
        return world.at(atMs, () => {
          assert.equal(world.nowMs(), atMs);
          happened.push({ atMs, order: own });
          then();
        });
      };
      for (const { atMs, after, cancelled } of asked) {
        const timer = at(atMs, () => at(world.nowMs() + after, () => undefined));
        if (cancelled) timer.cancel();
      }
      while (world.step(Number.POSITIVE_INFINITY));
      assert.equal(happened.length, 2 * asked.filter(({ cancelled }) => !cancelled).length);
      for (const [index, { atMs, order }] of happened.entries()) {
        const before = happened[index - 1];
        assert.ok(before === undefined || before.atMs < atMs || (before.atMs === atMs && before.order < order));
      }
    }),
  );
});

test('nothing happens that is later than asked for, and what is asked for meanwhile comes before it', () => {
  const world = new World();
  const happened: string[] = [];
  world.at(500, () => happened.push('late'));
  assert.equal(world.step(100), false);
  world.at(7, () => happened.push('early'));
  while (world.step(1_000));
  assert.deepEqual(happened, ['early', 'late']);
});
