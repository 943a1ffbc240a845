// Which of several servers is used, and what an error of one of them means.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { lastingFault, outcomeOf } from '../../../../src/tracking/store/postgres/faults.js';
import { bestOf, type ServerLook, whyNot } from '../../../../src/tracking/store/postgres/servers.js';

function look(name: string, timeline: number, { system = 'one', isInRecovery = false } = {}): ServerLook {
  return { name, isInRecovery, identity: { system, timeline } };
}

const SEEN = { system: 'one', timeline: 3 };

test('a standby is not used, wherever it stands in the list', () => {
  const standby = look('a', 0, { isInRecovery: true });
  assert.equal(bestOf([standby], undefined), undefined);
  assert.equal(bestOf([standby, look('b', 1)], undefined)?.name, 'b');
  assert.match(whyNot(standby, undefined) ?? '', /a is a standby/);
});

test('of two servers that take writes the one with more failovers behind it is used', () => {
  assert.equal(bestOf([look('old', 1), look('new', 2)], undefined)?.name, 'new');
  assert.equal(bestOf([look('new', 2), look('old', 1)], undefined)?.name, 'new');
  assert.equal(bestOf([look('first', 2), look('second', 2)], undefined)?.name, 'first');
});

test('a server of a lower timeline than was seen is refused as an old primary, even alone', () => {
  assert.equal(bestOf([look('old', 2)], SEEN), undefined);
  assert.match(whyNot(look('old', 2), SEEN) ?? '', /old is an old primary: its timeline is 2, and 3 was seen; stop it/);
  assert.equal(whyNot(look('same', 3), SEEN), undefined);
  assert.equal(whyNot(look('next', 4), SEEN), undefined);
});

test('another database cluster at the same address is refused, however high its timeline', () => {
  const other = look('other', 9, { system: 'two' });
  assert.equal(bestOf([other, look('own', 3)], SEEN)?.name, 'own');
  assert.match(whyNot(other, SEEN) ?? '', /another database cluster than the one that was used before/);
});

test('whatever servers answer, none is used that may not be, and one is used where one may be', () => {
  const looks = fc.array(
    fc
      .record({ timeline: fc.integer({ min: 1, max: 5 }), isOther: fc.boolean(), isInRecovery: fc.boolean() })
      .map(({ timeline, isOther, isInRecovery }) =>
        look('host', timeline, { system: isOther ? 'two' : 'one', isInRecovery }),
      ),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(looks, (found) => {
      const best = bestOf(found, SEEN);
      const usable = found.filter((each) => whyNot(each, SEEN) === undefined);
      if (best === undefined) assert.equal(usable.length, 0);
      else assert.ok(usable.includes(best) && usable.every((each) => each.identity.timeline <= best.identity.timeline));
    }),
  );
});

test('an error that came after the commit was sent may hide that it succeeded', () => {
  const full = Object.assign(new Error('full'), { code: '53100' });
  const cancelled = Object.assign(new Error('canceled'), { code: '57014' });
  assert.equal(outcomeOf(full, false), 'full');
  assert.equal(outcomeOf(cancelled, false), 'refused');
  assert.equal(outcomeOf(new Error('read ECONNRESET'), false), 'unknown');
  for (const error of [full, cancelled]) assert.equal(outcomeOf(error, true), 'unknown');
});

test('a start ends at once only with what waiting does not mend', () => {
  const coded = (code: string): Error => Object.assign(new Error('said'), { code });
  for (const code of ['28P01', '42501', '3D000']) assert.notEqual(lastingFault(coded(code)), undefined, code);
  for (const code of ['57P03', '53300', '08006']) assert.equal(lastingFault(coded(code)), undefined, code);
  assert.equal(lastingFault(new Error('self-signed certificate in certificate chain')), 'UNTRUSTED');
});
