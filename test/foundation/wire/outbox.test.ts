// What leaves in one turn leaves in one write, and what cannot leave holds no more memory than it has bytes.

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import test from 'node:test';
import { Outbox } from '../../../src/foundation/wire/outbox.js';

/** A socket with so many bytes that its peer has not taken, and what was written to it. */
function stage(writableLength: number): { readonly outbox: Outbox; readonly written: Uint8Array[] } {
  const written: Uint8Array[] = [];
  const write = (bytes: Uint8Array): boolean => written.push(bytes) > 0;
  return { outbox: new Outbox({ writable: true, writableLength, write } as unknown as Socket), written };
}

const pool = new Uint8Array(64 * 1024).fill(7);

test('frames of one turn leave in one write at its end, in their order', async () => {
  const { outbox, written } = stage(0);
  for (const frame of [Uint8Array.of(1, 2), Uint8Array.of(3)]) outbox.push(frame);
  assert.deepEqual([written.length, outbox.unsent], [0, 3]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([written.map((bytes) => [...bytes]), outbox.unsent], [[[1, 2, 3]], 0]);
});

test('a frame behind a peer that does not read holds its own bytes, and not the pool it was made in', () => {
  for (const frames of [1, 3]) {
    const { outbox, written } = stage(1);
    for (let at = 0; at < frames; at += 1) outbox.push(pool.subarray(at * 30, at * 30 + 30));
    outbox.flush();
    const [bytes] = written;
    assert.deepEqual([bytes?.length, bytes?.buffer.byteLength], [frames * 30, frames * 30]);
    assert.ok(bytes?.every((byte) => byte === 7));
  }
});
