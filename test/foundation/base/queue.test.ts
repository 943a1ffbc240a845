// The queue behind every mailbox and link: it must agree with a plain array for any sequence of operations.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { BoundedQueue } from '../../../src/foundation/base/queue.js';

type Step = { readonly kind: 'push'; readonly item: number } | { readonly kind: 'shift' | 'peek' | 'removeOdd' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), item: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('shift' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('peek' as const, 'removeOdd' as const) }) },
);

test('a bounded queue behaves as an array that says no when it is full', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 200 }), (capacity, steps) => {
      const queue = new BoundedQueue<number>(capacity);
      let model: number[] = [];
      for (const next of steps) {
        if (next.kind === 'push') {
          const fits = model.length < capacity;
          assert.equal(queue.push(next.item), fits);
          if (fits) model.push(next.item);
        } else if (next.kind === 'shift') assert.equal(queue.shift(), model.shift());
        else if (next.kind === 'peek') assert.equal(queue.peek(), model[0]);
        else {
          const kept = model.filter((item) => item % 2 === 0);
          assert.equal(
            queue.removeWhere((item) => item % 2 === 1),
            model.length - kept.length,
          );
          model = kept;
        }
        assert.equal(queue.length, model.length);
      }
    }),
  );
});

test('a queue without room for one item is a mistake', () => {
  assert.throws(() => new BoundedQueue(0), { name: 'AssertionFailed' });
});
