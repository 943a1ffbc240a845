// How much a token bucket lets pass: never more than its rate, a burst and one request; never less than its rate; at
// once at another rate; and no drift, however long it runs.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { RATE_MAX, RATE_MIN } from '../../../src/app/settings/limits.js';
import { Bucket, NO_LIMIT } from '../../../src/foundation/base/bucket.js';
import { BLOCK_BYTES_MIN, PIECE_SIZE, RATE_BURST_MS, RATE_STEP_MS } from '../../../src/foundation/base/limits.js';

const MIB = 1024 * 1024;
const BLOCKS_MAX = 10_000;
const aRate = fc.oneof(
  fc.integer({ min: RATE_MIN, max: 1_000_000 }),
  fc.integer({ min: 1_000_000, max: 200 * MIB }),
  fc.constantFrom(RATE_MIN, RATE_MAX),
);
const aSize = fc.integer({ min: 1, max: PIECE_SIZE });

/** Passes whenever it may, in steps of `sizes`, from `fromMs` on; answers the bytes that passed before `untilMs`. */
function greedy(bucket: Bucket, sizes: readonly number[], fromMs: number, untilMs: number): number {
  let [nowMs, passed, at] = [fromMs, 0, 0];
  while (nowMs < untilMs) {
    if (bucket.mayPass(nowMs)) {
      const bytes = sizes[at % sizes.length] ?? 1;
      bucket.passed(bytes, nowMs);
      passed += bytes;
      at += 1;
    } else nowMs = Math.max(nowMs + 0.001, bucket.readyMs(nowMs));
  }
  return passed;
}

test('whoever asks, and whenever, no more passes than rate × time + burst + one request', () => {
  const step = fc.record({ waitMs: fc.integer({ min: 0, max: 3_000 }), bytes: aSize });
  fc.assert(
    fc.property(aRate, fc.array(step, { minLength: 1, maxLength: 100 }), (rate, steps) => {
      const bucket = new Bucket(rate, 0);
      const log: { readonly atMs: number; readonly bytes: number }[] = [];
      let nowMs = 0;
      for (const { waitMs, bytes } of steps) {
        nowMs += waitMs;
        if (!bucket.mayPass(nowMs)) continue;
        bucket.passed(bytes, nowMs);
        log.push({ atMs: nowMs, bytes });
      }
      for (let from = 0; from < log.length; from += 1) {
        let passed = 0;
        for (const { atMs, bytes } of log.slice(from)) {
          passed += bytes;
          const seconds = (atMs - (log[from]?.atMs ?? 0)) / 1_000;
          assert.ok(passed <= rate * seconds + (rate * RATE_BURST_MS) / 1_000 + bytes + 1, `${passed} in ${seconds} s`);
        }
      }
    }),
  );
});

test('who is refused may pass at the time that it was told, however large the last request was', () => {
  fc.assert(
    fc.property(
      aRate,
      fc.array(fc.integer({ min: 1, max: 100 * MIB }), { minLength: 1, maxLength: 30 }),
      (rate, all) => {
        const bucket = new Bucket(rate, 0);
        let nowMs = 0;
        for (const bytes of all) {
          nowMs = bucket.readyMs(nowMs);
          assert.ok(bucket.mayPass(nowMs), `at ${nowMs}`);
          bucket.passed(bytes, nowMs);
          assert.ok(bucket.readyMs(nowMs) - nowMs <= (bytes / rate) * 1_000 + 1, 'owes this request at the most');
        }
      },
    ),
  );
});

test('in ten seconds the rate passes to within a few hundredths, at any rate from 100 KiB/s on', () => {
  const rates = fc.integer({ min: 100 * 1024, max: 200 * MIB });
  fc.assert(
    fc.property(rates, (rate) => {
      const bucket = new Bucket(rate, 0);
      const passed = greedy(bucket, [bucket.blockBytes], 0, 10_000);
      assert.ok(Math.abs(passed / (rate * 10) - 1) < 0.02, `${passed} at ${rate}`);
    }),
  );
});

test('a day of small steps adds up: nothing is lost or won by rounding', () => {
  const bucket = new Bucket(100 * 1024 + 1, 0);
  const seconds = 86_400;
  const passed = greedy(bucket, [BLOCK_BYTES_MIN], 0, seconds * 1_000);
  const due = (100 * 1024 + 1) * seconds;
  assert.ok(passed - due >= -BLOCK_BYTES_MIN && passed - due <= BLOCK_BYTES_MIN * 2, `${passed - due}`);
});

test('another rate counts at once, and what is owed from before counts one block at the most', () => {
  fc.assert(
    fc.property(aRate, aRate, aSize, (first, second, bytes) => {
      const bucket = new Bucket(first, 0);
      bucket.passed(bytes, 0);
      bucket.setRate(second, 1);
      const owedMs = (bucket.blockBytes / second) * 1_000;
      assert.ok(bucket.readyMs(1) <= 1 + owedMs + 1, 'no long debt');
      // A minute, or as long as so many blocks take: at the greatest rate a minute has a hundred million.
      const seconds = Math.min(60, (BLOCKS_MAX * bucket.blockBytes) / second);
      const passed = greedy(bucket, [bucket.blockBytes], 1, 1 + seconds * 1_000);
      assert.ok(passed <= second * seconds + (second * RATE_BURST_MS) / 1_000 + bucket.blockBytes + 1, `${passed}`);
      assert.ok(passed >= second * seconds - 2 * bucket.blockBytes, `${passed} of ${second * seconds}`);
    }),
  );
});

test('without a limit everything passes, and a limit that comes back starts without savings', () => {
  const bucket = new Bucket(NO_LIMIT, 0);
  for (let times = 0; times < 100; times += 1) {
    assert.ok(bucket.mayPass(times));
    bucket.passed(MIB, times);
  }
  bucket.setRate(RATE_MIN, 1_000_000);
  assert.ok(bucket.mayPass(1_000_000));
  bucket.passed(1, 1_000_000);
  assert.equal(bucket.mayPass(1_000_000), false);
  bucket.setRate(NO_LIMIT, 1_000_000);
  assert.ok(bucket.mayPass(1_000_000));
});

test('what is given back may pass again, and is never saved beyond the burst', () => {
  const bucket = new Bucket(1_000, 0);
  bucket.passed(500, 0);
  assert.equal(bucket.mayPass(0), false);
  bucket.gaveBack(500, 0);
  assert.ok(bucket.mayPass(0));
  bucket.gaveBack(1_000_000, 0);
  bucket.passed((1_000 * RATE_BURST_MS) / 1_000 + 1, 0);
  assert.equal(bucket.mayPass(0), false);
});

test('blocks are a whole piece where the rate allows, and a small part of a second where not', () => {
  fc.assert(
    fc.property(aRate, (rate) => {
      const { blockBytes } = new Bucket(rate, 0);
      assert.ok(blockBytes >= BLOCK_BYTES_MIN && blockBytes <= PIECE_SIZE && PIECE_SIZE % blockBytes === 0);
      assert.ok(blockBytes === BLOCK_BYTES_MIN || blockBytes * 1_000 <= rate * RATE_STEP_MS);
    }),
  );
  assert.equal(new Bucket(NO_LIMIT, 0).blockBytes, PIECE_SIZE);
  assert.equal(new Bucket(100 * MIB, 0).blockBytes, PIECE_SIZE);
  assert.equal(new Bucket(100 * 1024, 0).blockBytes, BLOCK_BYTES_MIN);
});
