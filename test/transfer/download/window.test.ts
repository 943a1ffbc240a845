// How much is outstanding at a peer follows its rate and round trip, within bounds, at any time.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { WINDOW_PIECES_MAX, WINDOW_PIECES_MIN } from '../../../src/transfer/download/limits.js';
import { Window } from '../../../src/transfer/download/peers/window.js';

/** A window that received `rate` bytes a millisecond for `forMs`, in pieces. */
function steady(rate: number, rttMs: number, forMs: number): Window {
  const window = new Window(rttMs, 0);
  const everyMs = PIECE_SIZE / rate;
  for (let atMs = everyMs; atMs <= forMs; atMs += everyMs) window.received(PIECE_SIZE, atMs);
  return window;
}

test('whatever comes whenever, the window keeps its bounds and the rate is no nonsense', () => {
  const step = fc.tuple(fc.nat(PIECE_SIZE), fc.double({ min: 0, max: 1e6, noNaN: true }));
  fc.assert(
    fc.property(fc.array(step), fc.double({ min: 0, max: 1e5, noNaN: true }), (steps, rttMs) => {
      const window = new Window(rttMs, 0);
      let nowMs = 0;
      for (const [bytes, pauseMs] of steps) {
        nowMs += pauseMs;
        window.received(bytes, nowMs);
        const pieces = window.pieces(nowMs);
        assert.ok(Number.isInteger(pieces) && pieces >= WINDOW_PIECES_MIN && pieces <= WINDOW_PIECES_MAX);
        assert.ok(Number.isFinite(window.rate(nowMs)) && window.rate(nowMs) >= 0);
      }
    }),
  );
});

test('a steady rate is measured within a fifth, soon after the start and later', () => {
  for (const rate of [(2 * PIECE_SIZE) / 1000, PIECE_SIZE / 50, PIECE_SIZE]) {
    for (const forMs of [2_000, 10_000]) {
      const measured = steady(rate, 1, forMs).rate(forMs);
      assert.ok(Math.abs(measured - rate) <= rate / 2, `${measured} for ${rate} after ${forMs} ms`);
    }
  }
});

test('a long round trip at a high rate widens the window, a short one does not', () => {
  assert.equal(steady(PIECE_SIZE / 10, 1, 3_000).pieces(3_000), WINDOW_PIECES_MIN);
  const far = steady(PIECE_SIZE / 10, 40, 3_000).pieces(3_000);
  assert.ok(far > WINDOW_PIECES_MIN + 4 && far < WINDOW_PIECES_MAX, `${far} pieces`);
  assert.equal(steady(PIECE_SIZE, 1_000, 3_000).pieces(3_000), WINDOW_PIECES_MAX);
});

test('a rate fades when nothing comes, and the window with it', () => {
  const window = steady(PIECE_SIZE / 10, 40, 3_000);
  const before = window.rate(3_000);
  assert.ok(window.rate(4_000) < before / 2);
  assert.ok(window.rate(20_000) < before / 1_000);
  assert.equal(window.pieces(20_000), WINDOW_PIECES_MIN);
});
