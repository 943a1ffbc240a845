// Membership's laws: rows merge to the same whatever their order and however often they come, a ban beats what says
// nothing of it, and no use of an invitation is lost.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { keyIdOf } from '../../../src/foundation/identity/keys.js';
import { Standing } from '../../../src/foundation/identity/standing.js';
import { MEMBERSHIP_TABLES, Membership } from '../../../src/tracking/membership/membership.js';
import { type MembershipRow, mergedInvitation, usesOf } from '../../../src/tracking/membership/records.js';
import { cases } from '../../support/cases.js';
import { anyRow, contentOf, HASHES, KEYS, TRACKERS } from './any-rows.js';
import { ROOT, secretOf, withdrawalOf } from './closed-pair.js';

function membershipOf(rows: readonly MembershipRow[]): Membership {
  const membership = new Membership(new Standing(ROOT.publicKey));
  for (const row of rows) membership.apply(row);
  return membership;
}

test('C5: the same rows in any order and with repeats make the same membership, and the same digest', () => {
  const histories = fc.array(anyRow, { maxLength: 10 }).chain((said) =>
    fc.record({
      said: fc.constant(said),
      heard: fc.shuffledSubarray([...said, ...said], { minLength: said.length * 2 }),
    }),
  );
  fc.assert(
    fc.property(histories, ({ said, heard }) => {
      const [a, b] = [membershipOf(said), membershipOf(heard)];
      assert.equal(contentOf(a), contentOf(b));
      assert.deepEqual(a.digest(), b.digest());
    }),
    { numRuns: cases(10_000) },
  );
});

test('C5: two halves that tell each other everything agree, however they are merged', () => {
  const rows = fc.array(anyRow, { maxLength: 6 });
  fc.assert(
    fc.property(rows, rows, rows, (a, b, c) => {
      const left = membershipOf([...[...rowsOf(membershipOf([...a, ...b]))], ...c]);
      const right = membershipOf([...a, ...rowsOf(membershipOf([...b, ...c]))]);
      assert.equal(contentOf(left), contentOf(right));
    }),
    { numRuns: cases(2_000) },
  );
});

test('C5: banned beats active at one version, a higher version beats both, and no record of the member lifts it', () => {
  const [first = KEYS[0]] = KEYS;
  assert.ok(first !== undefined);
  const member = keyIdOf(first);
  const membership = membershipOf([
    { is: 'ban', member, version: 2, isBanned: true },
    { is: 'ban', member, version: 2, isBanned: false },
    {
      is: 'member',
      id: member,
      key: first,
      name: 'ada',
      powers: 15,
      by: member,
      version: 99,
      invitation: '',
      host: '',
      atS: 0,
    },
  ]);
  assert.equal(membership.isActive(member), false);
  membership.apply({ is: 'ban', member, version: 3, isBanned: false });
  assert.equal(membership.isActive(member), true);
});

test('uses that two trackers counted apart are added', () => {
  const [hash = ''] = HASHES;
  const [one = '', two = ''] = TRACKERS;
  const terms = { hash, powers: 3, by: keyIdOf(secretOf(11).publicKey), uses: 9, endS: 10, isVoid: false };
  const merged = mergedInvitation(
    { ...terms, used: [[one, 2]] },
    {
      ...terms,
      used: [
        [one, 1],
        [two, 3],
      ],
    },
  );
  assert.equal(usesOf(merged), 5);
});

test('a withdrawal that the root did not sign changes nothing', () => {
  const forged = withdrawalOf(secretOf(21), 5, secretOf(9));
  const membership = membershipOf([{ is: 'withdrawal', statement: forged }]);
  assert.equal(contentOf(membership), '');
});

function* rowsOf(membership: Membership): Generator<MembershipRow> {
  for (const table of MEMBERSHIP_TABLES) yield* membership.rows(table);
}
