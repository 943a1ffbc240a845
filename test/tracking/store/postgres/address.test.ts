// How the address of a database is read: lists of hosts, ports, sockets, parameters; and what is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MiniTorrentError } from '../../../../src/foundation/base/errors.js';
import {
  formatHost,
  isDatabaseAddress,
  parseDatabaseAddress,
} from '../../../../src/tracking/store/postgres/address.js';

test('a list of hosts keeps its order, each with its port', () => {
  const address = parseDatabaseAddress('postgres://app@one,two:5433,[2001:db8::1]:5434/seeders?sslmode=verify-full');
  assert.deepEqual(address.hosts.map(formatHost), ['one:5432', 'two:5433', '[2001:db8::1]:5434']);
  assert.deepEqual([address.user, address.database, address.sslmode], ['app', 'seeders', 'verify-full']);
});

test('hosts and ports may be parameters, and a host may be the directory of a socket', () => {
  const address = parseDatabaseAddress('postgresql://app@/db?host=%2Frun%2Fpostgresql,db2&port=5433,5434');
  assert.deepEqual(address.hosts, [
    { host: '/run/postgresql', port: 5433 },
    { host: 'db2', port: 5434 },
  ]);
});

test('the database is the user where none is named, and TLS is used where the server has it', () => {
  const { database, sslmode, applicationName } = parseDatabaseAddress('postgres://app@db');
  assert.deepEqual([database, sslmode, applicationName], ['app', 'prefer', 'mtorrent']);
});

test('a password is refused wherever it stands, with the place where it belongs, and is not repeated', () => {
  for (const text of ['postgres://app:geheim@db/x', 'postgres://app@db/x?password=geheim', 'postgres://:geheim@db/x'])
    assert.throws(
      () => parseDatabaseAddress(text),
      (error: Error) => /PGPASSFILE/.test(error.message) && !/geheim/.test(error.message),
    );
});

test('what cannot be used is refused with its reason', () => {
  const wrong: Readonly<Record<string, RegExp>> = {
    'postgres://app@/db': /no host/,
    'postgres://db/x': /no user/,
    'postgres://app@db:0/x': /1 to 65535/,
    'postgres://app@db:99999/x': /1 to 65535/,
    'postgres://app@db/x?sslmode=maybe': /sslmode is one of/,
    'postgres://app@db/x?target_session_attrs=any': /parameter target_session_attrs/,
    'postgres://app@a,b/x?port=1,2,3': /numbers of hosts and of ports/,
    'postgres://app@d%zz/x': /% sequence/,
    'postgres://app@db/x%00y': /zero byte/,
    'postgres:app@db': /it is not/,
  };
  for (const [text, reason] of Object.entries(wrong)) assert.throws(() => parseDatabaseAddress(text), reason);
});

test('a path is no address', () => {
  assert.equal(isDatabaseAddress('seeders.db'), false);
  assert.equal(isDatabaseAddress('./postgres.db'), false);
  assert.ok(isDatabaseAddress('POSTGRES://x'));
});

test('whatever stands there is read or refused in a sentence', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (rest) => {
      try {
        parseDatabaseAddress(`postgres://${rest}`);
      } catch (error) {
        assert.ok(error instanceof MiniTorrentError && error.code === 'INVALID_ARGUMENTS');
      }
    }),
  );
});
