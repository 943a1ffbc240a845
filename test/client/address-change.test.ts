// What a look at this machine's addresses means for a client (FC-13).

import assert from 'node:assert/strict';
import test from 'node:test';
import { AddressChange, type AddressNews } from '../../src/client/threads/address-change.js';

const OWN = '10.78.0.2';
const LO = '127.0.0.1';

function newsOf(own: string, looks: readonly (readonly string[])[]): readonly AddressNews[] {
  const change = new AddressChange();
  return looks.map((here) => change.look(own, here));
}

test('FC-13: an address that was here and is not is gone once, and comes back once', () => {
  const [here, away] = [
    [LO, OWN],
    [LO, '10.78.0.4'],
  ];
  assert.deepEqual(newsOf(OWN, [here, here, away, away, here, here]), [
    'nothing',
    'nothing',
    'gone',
    'stillGone',
    'back',
    'nothing',
  ]);
});

test('FC-13: a wildcard, a loopback and an address that no interface ever had are never gone', () => {
  for (const own of ['0.0.0.0', '::', '127.0.0.2', '::1', '192.0.2.9'])
    assert.deepEqual(newsOf(own, [[LO], [], [LO, OWN]]), ['nothing', 'nothing', 'nothing'], own);
});

test('FC-13: after a move the new address is judged anew', () => {
  const change = new AddressChange();
  change.look(OWN, [OWN]);
  assert.equal(change.look(OWN, []), 'gone');
  change.moved();
  assert.equal(change.look('10.78.0.4', []), 'nothing');
  change.look('10.78.0.4', ['10.78.0.4']);
  assert.equal(change.look('10.78.0.4', []), 'gone');
});
