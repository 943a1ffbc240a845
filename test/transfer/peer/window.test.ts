// How many blocks are sent at a time: few on a short link, what it holds on a long one, and nobody waits for who does
// not read.

import assert from 'node:assert/strict';
import test from 'node:test';
import { UPLOAD_LATE_UNKNOWN_MS, UPLOADS_IN_FLIGHT_MAX, UPLOADS_QUEUED } from '../../../src/transfer/peer/limits.js';
import { UploadsInFlight } from '../../../src/transfer/peer/upload/in-flight.js';
import { UploadWindow } from '../../../src/transfer/peer/upload/window.js';

/** A window and the book of what is in flight, together as the machine uses them. */
class Uploads {
  readonly #book = new UploadsInFlight();
  readonly #window = new UploadWindow(this.#book);

  begun(connection: number, nowMs: number): void {
    const { upload } = this.#book.begin(connection, { piece: 0, begin: 0, length: 1 }, [0], nowMs);
    this.#book.read(upload);
    this.#book.taken(upload);
  }

  ended(connection: number, nowMs: number): void {
    const upload = this.#book.oldestUnacked(connection);
    if (upload === undefined) return;
    this.#book.arrived(upload);
    this.#window.arrived(connection, nowMs - upload.sinceMs);
  }

  forget(connection: number): void {
    this.#book.forget(connection);
    this.#window.forget(connection);
  }

  readyMs(nowMs: number): number {
    return this.#window.readyMs(nowMs);
  }
}

/**
 * A link that carries one block after the other, each in `blockMs`, and holds each for `delayMs` more; `peers` get them
 * in turn.
 */
function send(
  uploads: Uploads,
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
    if (uploads.readyMs(nowMs) <= nowMs) {
      uploads.begun(1 + (sent % peers), nowMs);
      freeMs = Math.max(freeMs, nowMs) + blockMs;
      arrivals.push(freeMs + delayMs);
      sent += 1;
      most = Math.max(most, arrivals.length);
      continue;
    }
    nowMs = Math.min(arrivals[0] ?? Number.POSITIVE_INFINITY, uploads.readyMs(nowMs));
    while ((arrivals[0] ?? Number.POSITIVE_INFINITY) <= nowMs) {
      arrivals.shift();
      uploads.ended(1 + (ended % peers), nowMs);
      ended += 1;
    }
  }
  return { most, endMs: freeMs };
}

test('on a short link few blocks are in flight, and it is never idle', () => {
  const { most, endMs } = send(new Uploads(), 500, 20, 0.2);
  assert.ok(most <= 2 * UPLOADS_QUEUED + 2, `${most} in flight`);
  assert.ok(endMs < 500 * 20 * 1.02, `${endMs} ms`);
});

test('on a long link as many are in flight as it holds, so that it is full', () => {
  const { most, endMs } = send(new Uploads(), 2_000, 4, 100);
  assert.ok(most > 25 && most <= UPLOADS_IN_FLIGHT_MAX, `${most} in flight`);
  assert.ok(endMs < 2_000 * 4 * 1.2, `${endMs} ms`);
});

test('many that have just come wait for our own link, which makes it no longer: few blocks are in flight', () => {
  for (const peers of [20, 100, 400]) {
    const { most, endMs } = send(new Uploads(), 400, 20, 0.2, peers);
    assert.ok(most <= 3 * UPLOADS_QUEUED, `${most} in flight to ${peers}`);
    assert.ok(endMs < 400 * 20 * 1.02, `${endMs} ms`);
  }
});

test('among many a long link is filled as well, once a few blocks have shown its length', () => {
  const uploads = new Uploads();
  send(uploads, 400, 20, 0.2, 100);
  for (let connection = 1; connection <= 100; connection += 1) uploads.forget(connection);
  const { most } = send(uploads, 2_000, 4, 100);
  assert.ok(most > 25, `${most} in flight`);
});

test('blocks that nobody takes hold up the others for a moment only, at first and later', () => {
  const uploads = new Uploads();
  for (let at = 0; at < UPLOADS_QUEUED; at += 1) uploads.begun(1, 0);
  assert.equal(uploads.readyMs(0), UPLOAD_LATE_UNKNOWN_MS);
  assert.equal(uploads.readyMs(UPLOAD_LATE_UNKNOWN_MS), UPLOAD_LATE_UNKNOWN_MS, 'they are late');
  uploads.forget(1);
  send(uploads, 100, 20, 0);
  const nowMs = 100_000;
  for (let at = 0; at < UPLOADS_IN_FLIGHT_MAX; at += 1) uploads.begun(2, nowMs);
  const waitMs = uploads.readyMs(nowMs) - nowMs;
  assert.ok(waitMs > 0 && waitMs < UPLOAD_LATE_UNKNOWN_MS, `${waitMs} ms`);
});

test('what was in flight with a connection goes with it, and an end that has no begin changes nothing', () => {
  const uploads = new Uploads();
  for (let at = 0; at < UPLOADS_QUEUED; at += 1) uploads.begun(1, 0);
  uploads.forget(1);
  assert.equal(uploads.readyMs(1), 1);
  uploads.ended(1, 1);
  assert.equal(uploads.readyMs(1), 1);
});
