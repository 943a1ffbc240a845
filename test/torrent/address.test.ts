// A tracker's address in a stranger's file may only be a numeric address and a port: no name to look up, no URL (S6).

import assert from 'node:assert/strict';
import test from 'node:test';
import { formatAddress, parseAddress, plainHost, sameAddress } from '../../src/torrent/address.js';

test('numeric addresses are read and written alike', () => {
  for (const text of ['192.0.2.1:7000', '127.0.0.1:1', '[::1]:65535', '[2001:db8::7]:80']) {
    const address = parseAddress(text);
    assert.ok(address !== undefined, text);
    assert.equal(formatAddress(address), text);
  }
});

test('S6: whatever else a URL or a look-alike could smuggle in is refused', () => {
  const texts = [
    '',
    'localhost:80',
    'example.org:80',
    'http://192.0.2.1:80',
    'file:///etc/passwd',
    'user@192.0.2.1:80',
    '192.0.2.1',
    '192.0.2.1:',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    '192.0.2.1:70000',
    '192.0.2.1:-1',
    '192.0.2.1:8e1',
    '192.0.2.256:80',
    '192.0.2:80',
    '0x7f.0.0.1:80',
    '::1:80',
    '[::1]',
    '[::1%eth0]:80',
    '[192.0.2.1]:80',
    ' 192.0.2.1:80',
    '192.0.2.1:80\n',
    '１９２.0.2.1:80',
  ];
  for (const text of texts) assert.equal(parseAddress(text), undefined, text);
});

test('port 0 means "a free one", only where that is asked for', () => {
  assert.deepEqual(parseAddress('127.0.0.1:0', true), { host: '127.0.0.1', port: 0 });
});

test('an IPv4 address behind a dual-stack listener is the same host', () => {
  assert.equal(plainHost('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(plainHost('::1'), '::1');
  assert.equal(sameAddress({ host: '::1', port: 1 }, { host: '::1', port: 2 }), false);
});
