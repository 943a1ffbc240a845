// Whom a download dials, and when again: never a banned one, later after each failure, sooner when it speaks up.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PEERS_KNOWN_MAX, REDIAL_MAX_MS, REDIAL_MIN_MS } from '../../../src/transfer/download/limits.js';
import { AddressBook } from '../../../src/transfer/download/peers/address-book.js';

const at = (port: number) => ({ host: '192.0.2.1', port });

/** Milliseconds until the address can be dialed again, by trying. */
function delayOf(book: AddressBook, nowMs: number): number {
  const next = book.nextDialMs();
  assert.ok(next !== undefined);
  assert.equal(next > nowMs ? book.takeDialable(next - 1) : undefined, undefined);
  assert.ok(book.takeDialable(next) !== undefined);
  return next - nowMs;
}

test('a failed address waits, twice as long each time, up to a bound; something useful resets it', () => {
  const book = new AddressBook();
  book.add(at(1), 0);
  assert.equal(delayOf(book, 0), 0);
  const delays = Array.from({ length: 9 }, () => {
    book.hungUp(at(1), false, 1_000_000);
    return delayOf(book, 1_000_000);
  });
  assert.deepEqual(
    delays.slice(0, 4),
    [1, 2, 4, 8].map((times) => times * REDIAL_MIN_MS),
  );
  assert.equal(delays.at(-1), REDIAL_MAX_MS);
  book.hungUp(at(1), true, 1_000_000);
  assert.equal(delayOf(book, 1_000_000), REDIAL_MIN_MS);
});

test('an address that is told again is dialed soon, unless it is connected or banned', () => {
  const book = new AddressBook();
  book.add(at(1), 0);
  book.takeDialable(0);
  book.add(at(1), 0);
  assert.equal(book.nextDialMs(), undefined, 'connected');
  for (let times = 0; times < 8; times += 1) book.hungUp(at(1), false, 0);
  assert.equal(book.nextDialMs(), REDIAL_MAX_MS);
  book.add(at(1), 0);
  assert.equal(book.nextDialMs(), REDIAL_MIN_MS);
  book.ban(at(1));
  book.add(at(1), 0);
  book.hungUp(at(1), true, 0);
  assert.equal(book.takeDialable(Number.MAX_SAFE_INTEGER), undefined);
});

test('X14: an address that does not answer waits longer each time, however often it is listed, and not when it dials us', () => {
  for (const trouble of ['noAnswer', 'noBytes', 'refuses', 'noRoute'] as const) {
    const book = new AddressBook();
    book.add(at(1), 0);
    const delays = [1, 2, 3, 4, 5].map(() => {
      const address = book.takeDialable(Number.MAX_SAFE_INTEGER);
      assert.ok(address !== undefined);
      book.hungUp(address, false, 0, trouble);
      book.add(at(1), 0);
      return book.nextDialMs();
    });
    const times = trouble === 'refuses' ? [1, 1, 1, 1, 1] : [1, 2, 4, 8, 16];
    assert.deepEqual(
      delays,
      times.map((each) => each * REDIAL_MIN_MS),
      trouble,
    );
    book.add(at(1), 0, true);
    assert.equal(book.nextDialMs(), REDIAL_MIN_MS, 'it is there');
  }
});

test('FC-19: an address that was dialed twice in vain is silent, and told once; one that was of use is not', () => {
  const book = new AddressBook();
  book.add(at(1), 0);
  book.hungUp(at(1), false, 0, 'noAnswer');
  assert.deepEqual([book.silent(8), book.takeSilent(at(1))], [[], undefined]);
  book.hungUp(at(1), false, 0, 'noAnswer');
  assert.deepEqual(book.silent(8), [{ ...at(1), trouble: 'noAnswer' }]);
  assert.deepEqual(book.takeSilent(at(1)), { ...at(1), trouble: 'noAnswer' });
  assert.equal(book.takeSilent(at(1)), undefined);
  book.hungUp(at(1), true, 0);
  assert.deepEqual(book.silent(8), []);
});

test('a full book makes room by forgetting the address that failed most, and no other', () => {
  const book = new AddressBook();
  for (let port = 1; port <= PEERS_KNOWN_MAX; port += 1) book.add(at(port), 0);
  book.add(at(9_999), 0);
  assert.equal(book.size, PEERS_KNOWN_MAX);
  for (let taken = 0; taken < PEERS_KNOWN_MAX; taken += 1) assert.notEqual(book.takeDialable(0)?.port, 9_999);
  book.hungUp(at(5), false, 0);
  book.hungUp(at(6), false, 0);
  book.hungUp(at(6), false, 0);
  book.add(at(9_999), 0);
  assert.equal(book.size, PEERS_KNOWN_MAX);
  assert.equal(book.takeDialable(0)?.port, 9_999);
  assert.equal(book.takeDialable(REDIAL_MAX_MS)?.port, 5);
  assert.equal(book.takeDialable(REDIAL_MAX_MS), undefined, '6 is forgotten');
});

test('in any order of events the book keeps its bound, and nobody is dialed twice at once or after a ban', () => {
  const step = fc.tuple(
    fc.constantFrom('add', 'dial', 'fail', 'end', 'ban'),
    fc.integer({ min: 1, max: 6 }),
    fc.nat(5_000),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const book = new AddressBook();
      const dialed = new Set<number>();
      const banned = new Set<number>();
      let nowMs = 0;
      for (const [what, port, ms] of steps) {
        nowMs += ms;
        if (what === 'add') book.add(at(port), nowMs);
        else if (what === 'dial') {
          const taken = book.takeDialable(nowMs);
          if (taken === undefined) continue;
          assert.ok(!dialed.has(taken.port) && !banned.has(taken.port));
          dialed.add(taken.port);
        } else if (dialed.has(port)) {
          if (what === 'ban') {
            book.ban(at(port));
            banned.add(port);
          } else book.hungUp(at(port), what === 'end', nowMs);
          dialed.delete(port);
        }
        assert.ok(book.size <= 6);
      }
    }),
  );
});
