// Which servers a tracker talks to and what it does while one stands still: certificates, another cluster at the same
// address, locks that somebody holds, frozen servers and trackers, and trackers of pairs that want to follow.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Address } from '../../src/foundation/torrent/address.js';
import { startTracker } from '../../src/tracking/tracker/start.js';
import { trackerStatus } from '../../src/tracking/tracker/status.js';
import { allHave, cluster, keyOf, OTHER, seedersAt, sharing, tracker } from '../support/database-trackers.js';
import { eventually } from '../support/e2e-stage.js';
import { hasTool } from '../support/needs.js';
import { PairClient } from '../support/pair-client.js';
import { hasPostgres, PostgresServer } from '../support/postgres.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { swarmOf } from '../tracking/tracker/stage.js';

const FACTS = { name: 'a.bin', size: 2 * 524_288, pieceCount: 2, have: 1, epoch: 1, sequence: 1 };

function statusFits(address: Address, pattern: RegExp, what: string): Promise<string> {
  return eventually(
    () => trackerStatus(address, { json: false }),
    (text) => pattern.test(text),
    what,
  );
}

async function hasShared(t: TestContext, address: Address, number: number): Promise<void> {
  await eventually(
    async () => {
      const client = await PairClient.connect(t, address, number);
      const reply = await client.reply({ kind: 'share', swarm: keyOf(1), ...FACTS });
      client.close();
      return reply.kind;
    },
    (kind) => kind === 'shared',
    'a share is taken',
  );
}

/** Rejects as `startTracker` does where waiting helps nobody. */
async function refusalAt(t: TestContext, seederListPath: string): Promise<void> {
  const log = { path: join(temporaryDirectory(t), 'tracker.log'), level: 'info' } as const;
  const running = await startTracker({ own: { host: '127.0.0.1', port: 0 }, partner: OTHER, seederListPath, log });
  await running.stop('it should not have started');
}

/** A certificate authority of its own, and what it signed for `localhost`. */
function certificates(directory: string): { readonly authority: string; readonly key: string; readonly crt: string } {
  const path = (name: string): string => join(directory, name);
  const openssl = (...words: readonly string[]): unknown => execFileSync('openssl', words, { stdio: 'pipe' });
  const key = ['-newkey', 'rsa:2048', '-nodes', '-days', '30'];
  openssl('req', '-x509', ...key, '-subj', '/CN=test authority', '-keyout', path('ca.key'), '-out', path('ca.crt'));
  openssl(
    ...['req', '-x509', ...key, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-CA', path('ca.crt'), '-CAkey', path('ca.key'), '-keyout', path('server.key'), '-out', path('server.crt')],
  );
  return { authority: path('ca.crt'), key: path('server.key'), crt: path('server.crt') };
}

test('with sslmode=verify-full the certificate must be of an authority that is named, and of the host that was asked', async (t) => {
  if (!hasTool(t, 'openssl', 'version')) return;
  const server = await cluster(t);
  if (server === undefined) return;
  const [right, wrong] = [certificates(temporaryDirectory(t)), certificates(temporaryDirectory(t))];
  server.serveTls(right.crt, right.key);
  const at = (host: string, query: string): string => `postgres://postgres@${host}:${server.port}/postgres?${query}`;
  const named = `sslrootcert=${right.authority}`;
  await assert.rejects(refusalAt(t, at('127.0.0.1', `sslmode=verify-full&${named}`)), /IP: 127\.0\.0\.1 is not in/);
  await assert.rejects(refusalAt(t, at('localhost', 'sslmode=verify-full')), /self-signed|unable to verify/);
  const other = `sslmode=verify-full&sslrootcert=${wrong.authority}`;
  await assert.rejects(refusalAt(t, at('localhost', other)), /self-signed|unable to verify|signature/);
  const first = await tracker(t, at('localhost', `sslmode=verify-full&${named}`));
  const second = await tracker(t, at('127.0.0.1', `sslmode=verify-ca&${named}`));
  const third = await tracker(t, at('127.0.0.1', 'application_name=any'));
  await hasShared(t, first, 1);
  await allHave(t, [first, second, third], [1]);
  const plain = `select count(*) from pg_stat_ssl join pg_stat_activity using (pid)
    where application_name in ('mtorrent', 'any') and not ssl`;
  assert.equal(server.sql(plain), '0', 'all sessions of trackers are secured');
});

test('timeouts that the role has by default do not end the statements of a tracker', async (t) => {
  const server = await cluster(t);
  if (server === undefined) return;
  const limits = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];
  for (const limit of limits) server.sql(`alter role postgres set ${limit} = '100ms'`);
  const address = await tracker(t, server.address());
  server.sql(`set statement_timeout = 0; create function slow() returns trigger language plpgsql as
    'begin perform pg_sleep(0.3); return null; end';
    create trigger slow after update on meta for each row execute function slow()`);
  // Ended at its limit, it would be ended again at each repetition.
  await hasShared(t, address, 1);
});

test('while somebody holds the row of the position words are refused with a code and lists are answered; then all goes on', async (t) => {
  const server = await cluster(t);
  if (server === undefined) return;
  const first = await tracker(t, server.address());
  const second = await tracker(t, server.address());
  await hasShared(t, first, 1);
  await allHave(t, [second], [1]);
  const held = server.query('begin; update meta set runs = runs; select pg_sleep(3600)').catch(() => 'cancelled');
  const holders = `select count(*) from pg_stat_activity where wait_event = 'PgSleep'`;
  await eventually(
    () => server.sql(holders),
    (count) => count === '1',
    'somebody holds it',
  );
  const shares = sharing(t, first, 100);
  await eventually(
    () => shares.refused.get('ioError') ?? 0,
    (count) => count >= 2,
    'words are refused',
  );
  assert.ok((await seedersAt(t, first)).includes(1), 'lists are answered');
  server.sql(`select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'`);
  await held;
  await hasShared(t, first, 2);
  await allHave(t, [first, second], [1, 2, ...(await shares.stop())]);
});

test('a primary that stands still is left for the standby that took over, and is refused when it moves again', async (t) => {
  if (!hasPostgres(t)) return;
  const { primary, standby, list } = await PostgresServer.synchronousPair(t);
  t.after(() => primary.isRunning && primary.thaw());
  const first = await tracker(t, list);
  const second = await tracker(t, list);
  const shares = sharing(t, first, 1);
  await eventually(
    async () => (await seedersAt(t, second)).length,
    (count) => count >= 5,
    'the other tracker hears of it',
  );
  primary.freeze();
  standby.promote();
  const guest = await PairClient.connect(t, second, 0);
  assert.ok((await guest.listed(swarmOf(1))).length > 0, 'lists are answered from memory');
  for (const each of [first, second])
    await statusFits(each, new RegExp(`store postgres 127\\.0\\.0\\.1:${standby.port} `), 'the standby is used');
  await hasShared(t, second, 9_000);
  primary.thaw();
  const acknowledged = await shares.stop();
  const third = await tracker(t, `${list}&application_name=third`);
  await statusFits(third, new RegExp(`store postgres 127\\.0\\.0\\.1:${standby.port} `), 'the old primary is not used');
  await allHave(t, [first, second, third], [9_000, ...acknowledged]);
});

test('a cluster that was made anew at the same address is refused until the right one is back', async (t) => {
  const server = await cluster(t);
  if (server === undefined) return;
  const address = await tracker(t, server.address());
  await hasShared(t, address, 1);
  await server.stop();
  const anew = await PostgresServer.start({}, { port: server.port });
  t.after(() => anew.remove());
  await statusFits(address, /another database cluster than the one that was used before/, 'it is refused');
  assert.deepEqual(await seedersAt(t, address), [1], 'lists are answered from memory');
  assert.equal(anew.sql(`select to_regclass('meta') is null`), 't', 'no tables are made there');
  await anew.stop();
  await server.begin();
  await statusFits(address, /store postgres \S+ +connected/, 'the right one is used again');
  await hasShared(t, address, 2);
  await allHave(t, [address], [1, 2]);
});

test('a tracker of a pair that wants to follow one on a database is told that it cannot, and goes on alone', async (t) => {
  const server = await cluster(t);
  if (server === undefined) return;
  const shared = await tracker(t, server.address());
  const log = { path: join(temporaryDirectory(t), 'tracker.log'), level: 'info' } as const;
  const seederListPath = join(temporaryDirectory(t), 'seeders.db');
  const paired = await startTracker({ own: { host: '127.0.0.1', port: 0 }, partner: shared, seederListPath, log });
  t.after(() => paired.stop('the test ends'));
  await statusFits(
    paired.address,
    /the partner refuses this tracker: .* in a database that it shares with others, so it is no partner/,
    'it is told',
  );
  await hasShared(t, paired.address, 1);
  await hasShared(t, shared, 2);
  assert.deepEqual(await seedersAt(t, paired.address), [1]);
  assert.deepEqual(await seedersAt(t, shared), [2]);
});
