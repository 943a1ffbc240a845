// Whose request is served next: fair by bytes among those who ask, whenever they came, and bounded for each (P13, P18).

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE, UPLOAD_BYTES_PER_PEER_MAX, UPLOAD_REQUESTS_PER_PEER_MAX } from '../../src/base/limits.js';
import { UploadScheduler } from '../../src/peer/upload.js';

const block = (piece: number, length = PIECE_SIZE) => ({ piece, begin: 0, length });

/** Serves `turns` blocks, each taken by its socket at once; every connection asks again for what it got. */
function serve(scheduler: UploadScheduler, turns: number): Map<number, number> {
  const given = new Map<number, number>();
  for (let turn = 0; turn < turns; turn += 1) {
    const upload = scheduler.next();
    if (upload === undefined) break;
    given.set(upload.connection, (given.get(upload.connection) ?? 0) + upload.block.length);
    scheduler.enqueue(upload.connection, upload.block);
    scheduler.sent(upload.connection, upload.block.length);
  }
  return given;
}

test('those who ask all the time get the same bytes, whatever the size of their blocks', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: PIECE_SIZE }), { minLength: 2, maxLength: 10 });
  fc.assert(
    fc.property(sizes, (lengths) => {
      const scheduler = new UploadScheduler();
      for (const [connection, length] of lengths.entries()) {
        scheduler.add(connection);
        for (let at = 0; at < 4; at += 1) scheduler.enqueue(connection, block(at, length));
      }
      const given = serve(scheduler, 2_000);
      const shares = lengths.map((_, connection) => given.get(connection) ?? 0);
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 2 * PIECE_SIZE, shares.join());
    }),
    { numRuns: 50 },
  );
});

test('a newcomer neither waits for the others nor catches up with them', () => {
  const scheduler = new UploadScheduler();
  scheduler.add(1);
  scheduler.enqueue(1, block(0));
  serve(scheduler, 1_000);
  scheduler.add(2);
  scheduler.enqueue(2, block(0));
  const given = serve(scheduler, 100);
  assert.ok(Math.abs((given.get(1) ?? 0) - (given.get(2) ?? 0)) <= 2 * PIECE_SIZE);
});

test('who was idle for long gets its share from now on, and not its past, even if the other is idle at that moment', () => {
  const scheduler = new UploadScheduler();
  for (const connection of [1, 2]) scheduler.add(connection);
  // Connection 1 fetches a thousand pieces while 2 asks for nothing.
  for (let piece = 0; piece < 1_000; piece += 1) {
    scheduler.enqueue(1, block(piece));
    assert.equal(scheduler.next()?.connection, 1);
    scheduler.sent(1, PIECE_SIZE);
  }
  assert.equal(scheduler.isIdle(1), true);
  scheduler.enqueue(2, block(0));
  scheduler.enqueue(2, block(1));
  scheduler.enqueue(1, block(0));
  const given = serve(scheduler, 100);
  assert.ok(Math.abs((given.get(1) ?? 0) - (given.get(2) ?? 0)) <= 2 * PIECE_SIZE, JSON.stringify([...given]));
});

test('with greedy and polite peers, coming and going, nobody who asks waits longer than its turn', () => {
  const step = fc.tuple(fc.constantFrom('add', 'remove', 'ask', 'ask', 'serve', 'serve'), fc.nat(4));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const scheduler = new UploadScheduler();
      const asking = new Map<number, number>();
      const turnsWaited = new Map<number, number>();
      for (const [what, connection] of steps) {
        if (what === 'add' && !asking.has(connection)) {
          scheduler.add(connection);
          asking.set(connection, 0);
        } else if (what === 'remove' && asking.delete(connection)) {
          scheduler.remove(connection);
          turnsWaited.delete(connection);
        } else if (what === 'ask' && asking.has(connection)) {
          if (scheduler.enqueue(connection, block(1))) asking.set(connection, (asking.get(connection) ?? 0) + 1);
        } else if (what === 'serve') {
          const served = scheduler.next();
          assert.equal(
            served === undefined,
            [...asking.values()].every((count) => count === 0),
          );
          if (served === undefined) continue;
          scheduler.sent(served.connection, PIECE_SIZE);
          asking.set(served.connection, (asking.get(served.connection) ?? 0) - 1);
          turnsWaited.delete(served.connection);
          for (const [other, count] of asking) {
            if (count > 0 && other !== served.connection) turnsWaited.set(other, (turnsWaited.get(other) ?? 0) + 1);
            else turnsWaited.delete(other);
          }
          // Up to four others, each one block ahead at most, and one more for who came level.
          for (const turns of turnsWaited.values()) assert.ok(turns <= 10, `${turns} turns`);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('one connection has bounded bytes under way and bounded requests waiting', () => {
  const scheduler = new UploadScheduler();
  scheduler.add(1);
  for (let piece = 0; piece < UPLOAD_REQUESTS_PER_PEER_MAX; piece += 1)
    assert.equal(scheduler.enqueue(1, block(piece)), true);
  assert.equal(scheduler.enqueue(1, block(99)), false, 'a flood');
  while (scheduler.next() !== undefined) assert.ok(scheduler.inFlight(1) <= UPLOAD_BYTES_PER_PEER_MAX);
  assert.equal(scheduler.inFlight(1), UPLOAD_BYTES_PER_PEER_MAX);
  scheduler.add(2);
  scheduler.enqueue(2, block(0));
  assert.equal(scheduler.next()?.connection, 2, 'others go on');
});

test('a waiting request can be withdrawn, one under way cannot', () => {
  const scheduler = new UploadScheduler();
  scheduler.add(1);
  scheduler.enqueue(1, block(0));
  scheduler.enqueue(1, block(1));
  scheduler.next();
  assert.equal(scheduler.cancel(1, block(0)), undefined);
  assert.deepEqual(scheduler.cancel(1, block(1)), block(1));
  assert.equal(scheduler.next(), undefined);
});

test('what is under way when a connection goes ends quietly', () => {
  const scheduler = new UploadScheduler();
  scheduler.add(1);
  scheduler.enqueue(1, block(0));
  scheduler.next();
  scheduler.remove(1);
  scheduler.sent(1, PIECE_SIZE);
  assert.equal(scheduler.connectionCount, 0);
});
