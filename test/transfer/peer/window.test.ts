// How many blocks are sent at a time: few on a short link, what it holds on a long one, and nobody waits for who does not read.

import assert from 'node:assert/strict';
import test from 'node:test';
import { UPLOAD_LATE_UNKNOWN_MS, UPLOADS_QUEUED, UPLOADS_UNDER_WAY_MAX } from '../../../src/transfer/peer/limits.js';
import { UploadWindow } from '../../../src/transfer/peer/upload/window.js';

/** A link that carries one block after the other, each in `blockMs`, and holds each for `delayMs` more; `peers` get them in turn. */
function send(
  underWay: UploadWindow,
  blocks: number,
  blockMs: number,
  delayMs: number,
  peers = 1,
): { most: number; endMs: number } {
  const arrivals: number[] = [];
  let ended = 0;
  let freeMs = 0;
  let most = 0;
  let nowMs = 0;
  for (let sent = 0; sent < blocks; ) {
    if (underWay.readyMs(nowMs) <= nowMs) {
      underWay.begun(1 + (sent % peers), nowMs);
      freeMs = Math.max(freeMs, nowMs) + blockMs;
      arrivals.push(freeMs + delayMs);
      sent += 1;
      most = Math.max(most, arrivals.length);
      continue;
    }
    nowMs = Math.min(arrivals[0] ?? Number.POSITIVE_INFINITY, underWay.readyMs(nowMs));
    while ((arrivals[0] ?? Number.POSITIVE_INFINITY) <= nowMs) {
      arrivals.shift();
      underWay.ended(1 + (ended % peers), nowMs);
      ended += 1;
    }
  }
  return { most, endMs: freeMs };
}

test('on a short link few blocks are under way, and it is never idle', () => {
  const { most, endMs } = send(new UploadWindow(), 500, 20, 0.2);
  assert.ok(most <= 2 * UPLOADS_QUEUED + 2, `${most} under way`);
  assert.ok(endMs < 500 * 20 * 1.02, `${endMs} ms`);
});

test('on a long link as many are under way as it holds, so that it is full', () => {
  const { most, endMs } = send(new UploadWindow(), 2_000, 4, 100);
  assert.ok(most > 25 && most <= UPLOADS_UNDER_WAY_MAX, `${most} under way`);
  assert.ok(endMs < 2_000 * 4 * 1.2, `${endMs} ms`);
});

test('many that have just come wait for our own link, which makes it no longer: few blocks are under way', () => {
  for (const peers of [20, 100, 400]) {
    const { most, endMs } = send(new UploadWindow(), 400, 20, 0.2, peers);
    assert.ok(most <= 3 * UPLOADS_QUEUED, `${most} under way to ${peers}`);
    assert.ok(endMs < 400 * 20 * 1.02, `${endMs} ms`);
  }
});

test('among many a long link is filled as well, once a few blocks have shown its length', () => {
  const underWay = new UploadWindow();
  send(underWay, 400, 20, 0.2, 100);
  for (let connection = 1; connection <= 100; connection += 1) underWay.forget(connection);
  const { most } = send(underWay, 2_000, 4, 100);
  assert.ok(most > 25, `${most} under way`);
});

test('blocks that nobody takes hold up the others for a moment only, at first and later', () => {
  const underWay = new UploadWindow();
  for (let at = 0; at < UPLOADS_QUEUED; at += 1) underWay.begun(1, 0);
  assert.equal(underWay.readyMs(0), UPLOAD_LATE_UNKNOWN_MS);
  assert.equal(underWay.readyMs(UPLOAD_LATE_UNKNOWN_MS), UPLOAD_LATE_UNKNOWN_MS, 'they are late');
  underWay.forget(1);
  send(underWay, 100, 20, 0);
  const nowMs = 100_000;
  for (let at = 0; at < UPLOADS_UNDER_WAY_MAX; at += 1) underWay.begun(2, nowMs);
  const waitMs = underWay.readyMs(nowMs) - nowMs;
  assert.ok(waitMs > 0 && waitMs < UPLOAD_LATE_UNKNOWN_MS, `${waitMs} ms`);
});

test('what was under way with a connection goes with it, and an end that has no begin changes nothing', () => {
  const underWay = new UploadWindow();
  for (let at = 0; at < UPLOADS_QUEUED; at += 1) underWay.begun(1, 0);
  underWay.forget(1);
  assert.equal(underWay.readyMs(1), 1);
  underWay.ended(1, 1);
  assert.equal(underWay.readyMs(1), 1);
});
