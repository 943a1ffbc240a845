// What a client finds out of its own transfer for a summary: the rate that it held, and the times of its download.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Flow, HeldRate } from '../../src/client/files/flow.js';
import { NO_TRANSFER } from '../../src/client/files/record.js';
import { RATE_HELD_MS } from '../../src/client/limits.js';
import { PROGRESS_MS } from '../../src/foundation/base/limits.js';
import { cases } from '../support/cases.js';

test('an even flow has held its rate, whenever it is looked at', () => {
  const held = new HeldRate();
  for (let at = 1; at <= 40; at += 1) {
    held.saw(at * 1_000 * PROGRESS_MS, at * PROGRESS_MS);
    assert.equal(held.highest, 1_000_000);
  }
});

test('a burst is no held rate once something lasted for longer, and a pause does not lower it', () => {
  const held = new HeldRate();
  held.saw(50_000_000, PROGRESS_MS);
  let [total, nowMs] = [50_000_000, PROGRESS_MS];
  for (; nowMs < RATE_HELD_MS * 4; nowMs += PROGRESS_MS, total += 1_000) held.saw(total, nowMs);
  assert.ok(held.highest <= (total * 1_000) / RATE_HELD_MS, 'over the whole time, not over its first moment');
  const before = held.highest;
  held.saw(total + 1, nowMs + 3_600_000);
  assert.equal(held.highest, before);
});

test('no rate is held that is above the fastest report, or below the slowest one of those in a row', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 60 }), (reports) => {
      const held = new HeldRate();
      let total = 0;
      reports.forEach((bytes, at) => {
        total += bytes;
        held.saw(total, (at + 1) * PROGRESS_MS);
      });
      const rates = reports.map((bytes) => (bytes * 1_000) / PROGRESS_MS);
      assert.ok(held.highest <= Math.max(...rates) + 1, `${held.highest}`);
      assert.ok(held.highest >= Math.min(...rates) - 1, `${held.highest}`);
    }),
    { numRuns: cases(1_000) },
  );
});

test('a download that was paused began when it began first, and ends once', () => {
  const flow = new Flow();
  flow.begun(10);
  flow.begun(500);
  flow.ended(900);
  flow.ended(1_000);
  const { startedMs, finishedMs, wanted } = flow.summary({ ...NO_TRANSFER }, 77);
  assert.deepEqual([startedMs, finishedMs, wanted], [10, 900, 77]);
  const some = new Flow().summary({ ...NO_TRANSFER, wanted: 3, wantedBytes: 50 }, 77);
  assert.deepEqual([some.startedMs, some.finishedMs, some.wanted], [undefined, undefined, 50]);
});

test('who has everything from its start and nobody asked has no times and no rates', () => {
  const { downRate, upRate, startedMs } = new Flow().summary({ ...NO_TRANSFER }, 5);
  assert.deepEqual([downRate, upRate, startedMs], [0, 0, undefined]);
});

test('a download that was held and goes on counts what it received before, and held no rate below zero', () => {
  const flow = new Flow();
  flow.saw({ ...NO_TRANSFER, received: 5_000_000, wasted: 10, sent: 7 }, PROGRESS_MS);
  flow.saw({ ...NO_TRANSFER, received: 0, wasted: 0, sent: 7 }, 2 * PROGRESS_MS);
  flow.saw({ ...NO_TRANSFER, received: 1_000, wasted: 3, sent: 9 }, 3 * PROGRESS_MS);
  const { received, wasted, sent, downRate } = flow.summary(NO_TRANSFER, 77);
  assert.deepEqual([received, wasted, sent], [5_001_000, 13, 9]);
  assert.ok(downRate > 0, `${downRate}`);
});

test('what is counted over pauses is the whole of the run, however much came before the first report after each', () => {
  const flow = new Flow();
  flow.opened();
  flow.saw({ ...NO_TRANSFER, received: 100, wasted: 10, reused: 7 }, 1_000);
  flow.opened();
  assert.deepEqual(flow.counted({ ...NO_TRANSFER }), { received: 100, wasted: 10, reused: 7 });
  flow.saw({ ...NO_TRANSFER, received: 500, wasted: 0, reused: 8 }, 2_000);
  const now = { ...NO_TRANSFER, received: 600, wasted: 1, reused: 8 };
  assert.deepEqual(flow.counted(now), { received: 700, wasted: 11, reused: 15 });
  assert.deepEqual(flow.counted(now), { received: 700, wasted: 11, reused: 15 }, 'to look changes nothing');
});

test('what earlier runs received is in every row and in no summary, and is told once', () => {
  const flow = new Flow();
  flow.ranBefore({ received: 1_000, wasted: 100, reused: 50 });
  assert.deepEqual(flow.counted({ ...NO_TRANSFER }), { received: 1_000, wasted: 100, reused: 50 });
  flow.opened();
  flow.saw({ ...NO_TRANSFER, received: 5, reused: 1 }, 1_000);
  // By now what is recorded includes this run.
  flow.ranBefore({ received: 1_005, wasted: 100, reused: 51 });
  flow.opened();
  const now = { ...NO_TRANSFER, received: 20, wasted: 1, reused: 0 };
  assert.deepEqual(flow.counted(now), { received: 1_025, wasted: 101, reused: 51 });
  assert.deepEqual(flow.earlier, { received: 1_005, wasted: 100, reused: 51 });
  assert.deepEqual(flow.before, { receivedBefore: 1_000, wastedBefore: 100 });
  assert.equal(flow.summary(NO_TRANSFER, 77).received, 5);
});

test('whatever totals are seen, a summary has whole numbers that the wire carries', () => {
  const totals = fc.record({ received: fc.nat(), wasted: fc.nat(), sent: fc.nat(), passedMs: fc.nat(100_000) });
  fc.assert(
    fc.property(fc.array(totals, { maxLength: 40 }), (reports) => {
      const flow = new Flow();
      let nowMs = 0;
      for (const { passedMs, ...each } of reports) {
        nowMs += passedMs;
        flow.saw({ ...NO_TRANSFER, ...each }, nowMs);
        const { received, wasted, sent, downRate, upRate } = flow.summary(NO_TRANSFER, 77);
        for (const number of [received, wasted, sent, downRate, upRate])
          assert.ok(Number.isSafeInteger(number) && number >= 0, `${number}`);
      }
    }),
    { numRuns: cases(500) },
  );
});
