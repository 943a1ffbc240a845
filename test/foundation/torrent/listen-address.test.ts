// The address of this machine as its owner writes it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { isHostName } from '../../../src/foundation/base/hosts.js';
import { parseNamedAddress } from '../../../src/foundation/torrent/address.js';
import {
  formatListenAddress,
  isInNetwork,
  isNetwork,
  parseListenAddress,
} from '../../../src/foundation/torrent/listen-address.js';

test('an own address may be numeric, a name, an interface or a network, and reads back as it is shown', () => {
  for (const [text, host, port] of [
    ['192.0.2.1:6881', '192.0.2.1', 6881],
    ['[2001:DB8::0:1]:0', '2001:db8::1', 0],
    ['ib0:6881', 'ib0', 6881],
    ['eth0.5:1', 'eth0.5', 1],
    ['br-lan:1', 'br-lan', 1],
    ['10.1.0.0/16:6881', '10.1.0.0/16', 6881],
    ['[fd00:0::/8]:6881', 'fd00::/8', 6881],
    ['node7.example.org:6881', 'node7.example.org', 6881],
  ] as const) {
    const address = parseListenAddress(text);
    assert.deepEqual(address, { host, port }, text);
    assert.deepEqual(parseListenAddress(formatListenAddress({ host, port })), address, text);
  }
  for (const text of [
    '',
    'ib0',
    'ib0:',
    'ib0:70000',
    '10.1.0.0/33:1',
    '10.1/16:1',
    '1234:1',
    '1.2.3:1',
    'a b:1',
    '/8:1',
  ])
    assert.equal(parseListenAddress(text), undefined, text);
});

test('a host is inside a network when the first bits are the same, in one family', () => {
  for (const [host, network] of [
    ['10.1.255.7', '10.1.0.0/16'],
    ['10.1.0.7', '10.0.0.0/15'],
    ['10.1.0.7', '10.1.0.7/32'],
    ['fd12::7', 'fd00::/8'],
    ['2001:db8::1:2', '2001:db8::/64'],
    ['::1', '::1/128'],
  ] as const)
    assert.ok(isNetwork(network) && isInNetwork(host, network), `${host} ${network}`);
  for (const [host, network] of [
    ['10.2.0.7', '10.0.0.0/15'],
    ['10.1.0.8', '10.1.0.7/32'],
    ['fe00::7', 'fd00::/8'],
    ['2001:db8:0:1::1', '2001:db8::/64'],
    ['10.1.0.7', 'fd00::/8'],
    ['', '10.1.0.0/16'],
  ] as const)
    assert.ok(!isInNetwork(host, network), `${host} ${network}`);
});

test('a host name is labels of a name server, and never looks like a number', () => {
  for (const name of ['a', 't1.example', 'my_host', 'x-1.example.org', '7up.example', `${'a'.repeat(63)}.example`])
    assert.ok(isHostName(name), name);
  const long = Array.from({ length: 64 }, () => 'abc').join('.');
  for (const name of ['', '1.2.3', '1', 'a.1', '-a', 'a-', 'a..b', '.a', 'a b', 'Ä', 'A', `${'a'.repeat(64)}.x`, long])
    assert.ok(!isHostName(name), name);
  assert.deepEqual(parseNamedAddress('T1.Example.:7001'), { host: 't1.example', port: 7001 });
  for (const text of ['http://a:1', 'user@a:1', 'a', 'a:0', 'a:', 'a:70000', 'a/b:1', '::1:80', '1.2.3.4.5:1'])
    assert.equal(parseNamedAddress(text), undefined, text);
});
