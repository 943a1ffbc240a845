// Which two addresses can be those of a tracker pair.

import assert from 'node:assert/strict';
import test from 'node:test';
import { addressFrom } from '../../../src/foundation/torrent/address.js';
import {
  checkPair,
  knownWith,
  trackerList,
  whyNoPair,
  whyNoTrackers,
} from '../../../src/foundation/torrent/tracker-pair.js';
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
    ['224.example:1', '250.example:1'],
  ] as const)
    assert.equal(whyNot(first, second), undefined);
  for (const [first, second, sentence] of [
    ['0.0.0.0:1', '192.0.2.2:1', /^0\.0\.0\.0:1 stands for every address/],
    ['192.0.2.2:1', '[::]:1', /^\[::\]:1 stands for every address/],
    ['239.1.1.1:1', '192.0.2.2:1', /^239\.1\.1\.1:1 is a multicast or broadcast address/],
    ['192.0.2.2:1', '255.255.255.255:1', /^255\.255\.255\.255:1 is a multicast or broadcast address/],
    ['[ff02::1]:1', '[::1]:1', /^\[ff02::1\]:1 is a multicast or broadcast address/],
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

function list(...texts: string[]) {
  const found = trackerList(texts.map((text) => addressFrom(text, 'an address')));
  assert.ok(found !== undefined);
  return found;
}

test('more than two trackers are named once each, of one family, and no more than a client takes', () => {
  const many = Array.from({ length: 17 }, (_, at) => `192.0.2.1:${at + 1}`);
  assert.equal(whyNoTrackers(list(...many.slice(0, 16))), undefined);
  assert.match(whyNoTrackers(list(...many)) ?? '', /17 trackers; a client takes 16 at most/);
  assert.match(
    whyNoTrackers(list('192.0.2.1:1', '192.0.2.1:2', '192.0.2.1:1')) ?? '',
    /^192\.0\.2\.1:1 is named twice/,
  );
  assert.match(whyNoTrackers(list('192.0.2.1:1', '192.0.2.1:2', '[::1]:1')) ?? '', /name all by IPv4 or all by IPv6/);
  assert.equal(trackerList([addressFrom('192.0.2.1:1', 'an address')]), undefined);
});

test('a pair that names one of more than two known trackers leads to all of them; a known pair adds nothing', () => {
  const known = list('192.0.2.1:1', '192.0.2.2:1', '192.0.2.3:1');
  const pair = ([first, second]: readonly string[]) =>
    [addressFrom(first ?? '', 'an address'), addressFrom(second ?? '', 'an address')] as const;
  assert.deepEqual(
    knownWith(pair(['192.0.2.3:1', '192.0.2.9:1']), known),
    list('192.0.2.3:1', '192.0.2.9:1', '192.0.2.1:1', '192.0.2.2:1'),
  );
  assert.deepEqual(knownWith(pair(['192.0.2.8:1', '192.0.2.9:1']), known), list('192.0.2.8:1', '192.0.2.9:1'));
  assert.deepEqual(
    knownWith(pair(['192.0.2.1:1', '192.0.2.9:1']), list('192.0.2.1:1', '192.0.2.2:1')),
    list('192.0.2.1:1', '192.0.2.9:1'),
  );
});
