// Who gets a place when many dial: everybody while there are any, then fairly by address, and never for ever in turns.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Admission } from '../../../src/foundation/base/admission.js';
import { UPLOAD_CONNECTIONS_MAX } from '../../../src/foundation/base/limits.js';
import { UPLOAD_CONNECTIONS_PER_ADDRESS_MAX } from '../../../src/transfer/peer/limits.js';

/** As many connections as there are places, by turns from these addresses; the numbers begin at 1. */
function full(hosts: readonly string[]): Admission {
  const admission = new Admission({
    placesMax: UPLOAD_CONNECTIONS_MAX,
    perAddressMax: UPLOAD_CONNECTIONS_PER_ADDRESS_MAX,
  });
  for (let at = 0; at < UPLOAD_CONNECTIONS_MAX; at += 1) {
    const host = hosts[at % hosts.length] ?? '';
    assert.equal(admission.admit(at + 1, host).kind, 'admitted');
  }
  return admission;
}

const CROWD = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'];

test('one address gets so many places and no more, a place that was left is free again', () => {
  const admission = new Admission({
    placesMax: UPLOAD_CONNECTIONS_MAX,
    perAddressMax: UPLOAD_CONNECTIONS_PER_ADDRESS_MAX,
  });
  for (let at = 0; at < UPLOAD_CONNECTIONS_PER_ADDRESS_MAX; at += 1)
    assert.equal(admission.admit(at, 'a').kind, 'admitted');
  assert.equal(admission.admit(1_000, 'a').kind, 'refused');
  admission.leave(7, 'a');
  assert.equal(admission.admit(1_001, 'a').kind, 'admitted');
});

test('when all places are taken, a newcomer from elsewhere takes that of who has gone longest without payload', () => {
  const admission = full(CROWD);
  // Connection 1 is the first of its address; it took payload, so the next of that address is displaced.
  admission.served(1, '10.0.0.1');
  assert.deepEqual(admission.admit(901, '10.9.9.9'), { kind: 'displaces', connection: 6 });
  assert.equal(admission.count, UPLOAD_CONNECTIONS_MAX);
  // Now the first address is one short of the others, so the next place comes from another.
  assert.deepEqual(admission.admit(902, '10.9.9.9'), { kind: 'displaces', connection: 2 });
});

test('equals do not take places from each other', () => {
  const admission = full(CROWD);
  for (const host of CROWD) assert.equal(admission.admit(900, host).kind, 'refused');
});

test('whoever comes, goes and takes, places are bounded, and a crowd keeps nobody out who has fewer', () => {
  const step = fc.record({
    what: fc.constantFrom('comes', 'comes', 'comes', 'goes', 'takes'),
    host: fc.integer({ min: 0, max: 12 }).map((at) => `host-${Math.floor(at ** 1.5 / 4)}`),
    which: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 1_500, size: 'max' }), (steps) => {
      const admission = new Admission({
        placesMax: UPLOAD_CONNECTIONS_MAX,
        perAddressMax: UPLOAD_CONNECTIONS_PER_ADDRESS_MAX,
      });
      const places = new Map<number, string>();
      const sizes = new Map<string, number>();
      const of = (host: string): number => sizes.get(host) ?? 0;
      const moves = (host: string, by: 1 | -1): unknown => sizes.set(host, of(host) + by);
      let number = 0;
      for (const { what, host, which } of steps) {
        const some = 1 + (which % Math.max(1, number));
        const place = places.get(some) ?? 'nowhere';
        if (what === 'takes') admission.served(some, place);
        else if (what === 'goes') {
          admission.leave(some, place);
          if (places.delete(some)) moves(place, -1);
        } else if (what === 'comes') {
          number += 1;
          const most = Math.max(0, ...sizes.values());
          const verdict = admission.admit(number, host);
          if (verdict.kind === 'refused')
            assert.ok(
              of(host) >= UPLOAD_CONNECTIONS_PER_ADDRESS_MAX ||
                (places.size >= UPLOAD_CONNECTIONS_MAX && most <= of(host) + 1),
            );
          else {
            places.set(number, host);
            moves(host, 1);
          }
          if (verdict.kind === 'displaces') {
            moves(places.get(verdict.connection) ?? 'nowhere', -1);
            assert.ok(places.delete(verdict.connection), 'it had a place');
          }
        }
        assert.equal(admission.count, places.size);
        assert.ok(places.size <= UPLOAD_CONNECTIONS_MAX);
      }
    }),
    // Shrinking a thousand steps would take minutes.
    { numRuns: 50, endOnFailure: true },
  );
});
