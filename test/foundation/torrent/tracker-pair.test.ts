// Which two addresses can be those of a tracker pair.

import assert from 'node:assert/strict';
import test from 'node:test';
import { addressFrom } from '../../../src/foundation/torrent/address.js';
import { checkPair, whyNoPair } from '../../../src/foundation/torrent/tracker-pair.js';
import { failsWith } from '../../support/failures.js';

function whyNot(first: string, second: string): string | undefined {
  return whyNoPair(addressFrom(first, 'an address'), addressFrom(second, 'an address'));
}

test('FC-05, FC-17, FC-18: a pair is two addresses of one family that others can dial', () => {
  for (const [first, second] of [
    ['192.0.2.1:1', '192.0.2.2:1'],
    ['192.0.2.1:1', '192.0.2.1:2'],
    ['[::1]:1', '[2001:db8::1]:1'],
    ['[::ffff:192.0.2.1]:1', '192.0.2.2:1'],
  ] as const)
    assert.equal(whyNot(first, second), undefined);
  for (const [first, second, sentence] of [
    ['0.0.0.0:1', '192.0.2.2:1', /^0\.0\.0\.0:1 stands for every address/],
    ['192.0.2.2:1', '[::]:1', /^\[::\]:1 stands for every address/],
    ['[0:0::0]:1', '[::1]:1', /^\[::\]:1 stands for every address/],
    ['[::1]:1', '[0:0:0:0:0:0:0:1]:1', /^both trackers are \[::1\]:1;/],
    ['[::ffff:7f00:1]:1', '127.0.0.1:1', /^both trackers are 127\.0\.0\.1:1;/],
    ['127.0.0.1:1', '[::1]:2', /^127\.0\.0\.1:1 is an IPv4 address and \[::1\]:2 an IPv6 address/],
    ['[::1]:2', '127.0.0.1:1', /^\[::1\]:2 is an IPv6 address and 127\.0\.0\.1:1 an IPv4 address/],
  ] as const)
    assert.match(whyNot(first, second) ?? '', sentence);
  const address = addressFrom('192.0.2.1:1', 'an address');
  assert.throws(() => checkPair(address, address), failsWith('INVALID_ARGUMENTS', 'two different addresses'));
});
