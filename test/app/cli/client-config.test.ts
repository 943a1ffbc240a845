// What settings mean for a client, whichever command runs it: one place answers, so that all commands agree.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type CommandConfig, clientConfigOf } from '../../../src/app/cli/client-config.js';
import { placesOf } from '../../../src/app/settings/places.js';
import { resolveSettings } from '../../../src/app/settings/resolve.js';

const places = placesOf({ XDG_STATE_HOME: '/state' }, { home: { path: '/home/ada' }, directory: '/work' });

function configOf(flags: Readonly<Record<string, unknown>>): CommandConfig {
  return clientConfigOf(resolveSettings({ flags, env: {}, files: [] }, places));
}

const trackers = ['192.0.2.1:7001', '192.0.2.2:7001'];

test('who names nothing has the home directory of this user, with a pair of its own', () => {
  const { client, pair, stateDir, homeDirectory, stateRoot } = configOf({});
  assert.deepEqual(
    [stateRoot, homeDirectory, stateDir],
    ['/state/mtorrent', '/state/mtorrent/home', '/state/mtorrent/home/client'],
  );
  assert.deepEqual(
    [client.upload, pair.trackers, pair.host, pair.directory],
    [undefined, undefined, undefined, homeDirectory],
  );
});

test('clients with trackers are kept apart by their address, and one without an address has the home directory', () => {
  const at = (address: string | undefined): string => configOf({ trackers, address }).stateDir;
  assert.equal(at('192.0.2.7:6881'), '/state/mtorrent/192.0.2.7_6881');
  assert.equal(at('[2001:db8::7]:6881'), '/state/mtorrent/2001-db8--7_6881');
  assert.equal(at(undefined), '/state/mtorrent/home/client');
});

test('a state directory that is named is the one client of `client` and `daemon`, and above the home of one without trackers', () => {
  const named = { 'state-dir': '/s', address: '192.0.2.7:6881' };
  assert.equal(configOf({ ...named, trackers }).stateDir, '/s');
  assert.equal(configOf(named).stateDir, '/s/home/client');
  assert.equal(configOf(named).stateRoot, '/s');
});

test('what is set reaches the client, its pair and its log', () => {
  const flags = { trackers, address: '192.0.2.7:6881', 'upload-limit': '1M', 'peer-threads': '2', log: '/l' };
  const { client, pair, log, logTarget } = configOf({ ...flags, 'log-level': 'warn', 'log-format': 'text' });
  assert.deepEqual([client.rates, client.peerThreads, client.upload?.port], [{ up: 2 ** 20, down: 0 }, 2, 6881]);
  assert.deepEqual([pair.trackers?.length, pair.host, pair.log], [2, '192.0.2.7', log]);
  assert.deepEqual(logTarget, { path: '/l', level: 'warn', format: 'text' });
});
