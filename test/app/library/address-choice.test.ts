// Which of a machine's addresses others are told.

import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseHost, hostOfInterface } from '../../../src/app/library/address-choice.js';
import type { InterfaceAddress } from '../../../src/foundation/base/interfaces.js';

function at(name: string, address: string, internal = false): InterfaceAddress {
  return { name, address, internal };
}

const LO = [at('lo', '127.0.0.1', true), at('lo', '::1', true)];

test('FC-16: the choice among routes and interfaces', () => {
  const cases: readonly [readonly string[], readonly InterfaceAddress[], string | undefined][] = [
    [['10.79.0.2'], [...LO, at('docker0', '172.17.0.1'), at('eth0', '10.79.0.2')], '10.79.0.2'],
    [['10.79.0.2', 'fd00::2'], [], '10.79.0.2'],
    [['fd00:0:0::2'], [at('docker0', '172.17.0.1')], 'fd00:0:0::2'],
    // A default route whose source leads nowhere else.
    [['169.254.7.7'], [at('eth0', '169.254.7.7'), at('eth1', '10.0.0.7')], '10.0.0.7'],
    [['127.0.0.1', '::1'], [at('eth1', '10.0.0.7')], '10.0.0.7'],
    [[], [...LO, at('docker0', '172.17.0.1'), at('eth0', '10.79.0.2'), at('eth0', 'fd00::2')], '10.79.0.2'],
    [[], [...LO, at('br-0f', '172.18.0.1'), at('eth0', 'FD00:0::2')], 'fd00::2'],
    [[], [...LO, at('eth0', '169.254.7.7'), at('virbr0', '192.168.122.1')], '192.168.122.1'],
    [[], [...LO, at('eth0', '169.254.7.7'), at('eth0', 'fe80::1')], '169.254.7.7'],
    [[], [...LO, at('eth0', 'fe80::1')], undefined],
    [[], LO, undefined],
    [[], [], undefined],
  ];
  for (const [routes, interfaces, expected] of cases)
    assert.equal(chooseHost(routes, interfaces), expected, JSON.stringify([routes, interfaces]));
});

test('an interface by name gives its own address, never that of another one', () => {
  const interfaces = [...LO, at('ib0', 'fe80::1'), at('ib0', 'fd00::2'), at('ib0', '10.1.0.7'), at('eth0', '10.0.0.7')];
  assert.equal(hostOfInterface(interfaces, 'ib0'), '10.1.0.7');
  assert.equal(hostOfInterface(interfaces, 'lo'), '127.0.0.1');
  assert.equal(hostOfInterface(interfaces, 'ib1'), undefined);
  assert.equal(hostOfInterface([at('ib0', 'fe80::1')], 'ib0'), undefined);
});
