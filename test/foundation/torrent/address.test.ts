// A tracker's address in a stranger's file may only be a numeric address and a port: no name to look up, no URL (S6).

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  addressFrom,
  canonicalHost,
  formatAddress,
  parseAddress,
  plainHost,
  sameAddress,
} from '../../../src/foundation/torrent/address.js';

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

test('an IPv6 address is one address however it is written', () => {
  const same = [
    ['[2001:db8:0:0::1]:1', '[2001:DB8::1]:1', '[2001:0db8:0000:0000:0000:0000:0000:0001]:1', '[2001:db8::0:1]:1'],
    ['[::1]:7', '[0:0:0:0:0:0:0:1]:7', '[0::1]:7'],
    ['192.0.2.1:7', '[::ffff:192.0.2.1]:7', '[::FFFF:c000:201]:7'],
  ];
  for (const texts of same) {
    const addresses = texts.map((text) => parseAddress(text));
    for (const address of addresses) assert.deepEqual(address, addresses[0], texts.join());
    assert.equal(new Set(addresses.map((address) => address && formatAddress(address))).size, 1);
  }
});

test('a host is canonical or none', () => {
  assert.equal(canonicalHost('2001:db8:0:0::1'), '2001:db8::1');
  assert.equal(canonicalHost('::ffff:10.1.1.1'), '10.1.1.1');
  for (const text of ['', 'localhost', 'fe80::1%eth0', '1.2.3', '01.2.3.4', '::g', '[::1]', '1.2.3.4%eth0'])
    assert.equal(canonicalHost(text), undefined, text);
});

test('an address that a person wrote in another way is refused with what is wrong with it', () => {
  for (const [text, why] of [
    ['http://t.example:7001/announce', /it is a URL; .*: t\.example:7001;/],
    ['[fe80::1%eth0]:7001', /with a zone, behind %, means something on one machine alone/],
    ['2001:db8::1', /stands in brackets before its port: \[2001:db8::1\]:7001/],
    ['[192.0.2.1]:7001', /brackets are for IPv6/],
    ['192.0.2.1', /names no port/],
    ['t.example', /names no port/],
    ['[2001:db8::1]', /names no port/],
    ['t.example:', /names no port/],
    ['192.0.2.1:99999', /a port is a number from 1 to 65535/],
    ['192.0.2.1:007001', /a port is a number from 1 to 65535/],
    ['bücher.example:7001', /begins with xn--/],
    ['10.1:7001', /four numbers from 0 to 255/],
    ['010.0.0.1:7001', /without zeros in front/],
    ['0x7f.0.0.1:7001', /four numbers from 0 to 255/],
    ['t example:7001', /^"t example:7001" is not an address; write ip:port/],
  ] as const) {
    assert.throws(
      () => addressFrom(text, 'an address'),
      (error: Error) => {
        assert.match(error.message, why, text);
        assert.match(error.message, /; write ip:port, such as 192\.0\.2\.1:7001, or name:port$/);
        return true;
      },
    );
  }
});
