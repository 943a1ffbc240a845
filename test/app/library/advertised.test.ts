// The address that others are to dial, where its owner wrote a name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advertisedAt } from '../../../src/app/library/advertised.js';
import { interfaceAddresses } from '../../../src/foundation/base/interfaces.js';
import { lacksPlace } from '../../support/needs.js';

const loopback = (interfaceAddresses() ?? []).find(({ address }) => address === '127.0.0.1');

test('an interface stands for its address from the first look on', async (t) => {
  if (loopback === undefined) return lacksPlace(t, 'this machine has no loopback');
  const found = advertisedAt({ host: loopback.name, port: 6881 }, (sentence) => assert.fail(sentence));
  assert.equal(found.host, undefined);
  assert.equal(await found.lookUp?.(), true);
  assert.deepEqual([found.host, found.port], ['127.0.0.1', 6881]);
});

test('a name that stands for nothing is told once, with what others are told until then', async () => {
  const told: string[] = [];
  const found = advertisedAt({ host: 'no such interface', port: 6881 }, (sentence) => void told.push(sentence));
  assert.equal(await found.lookUp?.(), false);
  assert.equal(await found.lookUp?.(), false);
  assert.equal(found.host, undefined);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /no interface of this machine.*; until then trackers list the address that they see$/);
});

test('a number is what it says, and is not looked up', () => {
  const found = advertisedAt({ host: '192.0.2.7', port: 7000 }, (sentence) => assert.fail(sentence));
  assert.deepEqual([found.host, found.port, found.lookUp], ['192.0.2.7', 7000, undefined]);
});
