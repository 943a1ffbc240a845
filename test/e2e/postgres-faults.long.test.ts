// Trackers on a real PostgreSQL through what happens to databases. What was acknowledged is at every tracker
// afterwards; what was not is refused with a code; lists are answered meanwhile.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startTracker } from '../../src/tracking/tracker/start.js';
import { trackerStatus } from '../../src/tracking/tracker/status.js';
import { cluster, isEveryOf, keyOf, OTHER, seedersAt, sharing, tracker } from '../support/database-trackers.js';
import { eventually } from '../support/e2e-stage.js';
import { PairClient } from '../support/pair-client.js';
import { hasPostgres, PostgresServer } from '../support/postgres.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { swarmOf } from '../tracking/tracker/stage.js';

test('a database that is killed loses nothing that was acknowledged; lists are answered meanwhile, and the status says since when', async (t) => {
  const server = await cluster(t);
  if (server === undefined) return;
  const first = await tracker(t, server.address());
  const second = await tracker(t, server.address());
  const shares = sharing(t, first, 1);
  await eventually(
    async () => (await seedersAt(t, second)).length,
    (count) => count >= 5,
    'the other tracker hears of it',
  );
  await server.stop('SIGKILL');
  await eventually(
    () => trackerStatus(second, { json: false }),
    (text) => /store behind \d+ s/.test(text),
    'the status says that the store is behind',
  );
  const before = (await seedersAt(t, second)).length;
  assert.ok(before >= 5, 'lists are answered from memory');
  const guest = await PairClient.connect(t, second, 9_000);
  const refused = await guest.reply({
    kind: 'share',
    swarm: keyOf(2),
    name: 'b',
    size: 600_000,
    pieceCount: 2,
    have: 1,
    epoch: 1,
    sequence: 1,
  });
  assert.ok(refused.kind === 'error' && refused.code === 'ioError', JSON.stringify(refused));
  await server.begin();
  await eventually(
    () => trackerStatus(first, { json: false }),
    (text) => /store postgres/.test(text),
    'it is connected',
  );
  const acknowledged = await eventually(
    async () => (await PairClient.connect(t, second, 0)).stats(),
    ({ liveEntries }) => liveEntries > before,
    'shares go on',
  ).then(() => shares.stop());
  const third = await tracker(t, server.address());
  for (const address of [first, second, third])
    await eventually(
      () => seedersAt(t, address),
      (found) => isEveryOf(acknowledged, found),
      'every acknowledged share is there',
    );
});

test('a standby that takes over has every acknowledged word, and the old primary that still lives is refused', async (t) => {
  if (!hasPostgres(t)) return;
  const { primary, standby, list } = await PostgresServer.synchronousPair(t);
  const first = await tracker(t, list);
  const second = await tracker(t, list);
  const shares = sharing(t, first, 1);
  await eventually(
    async () => (await seedersAt(t, second)).length,
    (count) => count >= 5,
    'the other tracker hears of it',
  );
  await primary.stop('SIGKILL');
  standby.promote();
  await eventually(
    () => trackerStatus(second, { json: false }),
    (text) => text.includes(`store postgres 127.0.0.1:${standby.port}`),
    'the trackers go on at the new primary',
  );
  const before = (await seedersAt(t, second)).length;
  await eventually(
    async () => (await seedersAt(t, second)).length,
    (count) => count > before,
    'shares go on',
  );
  const acknowledged = await shares.stop();
  // The old primary is back and says that it takes writes; the new one ends. Nobody must go back.
  await primary.begin();
  assert.equal(primary.sql('select pg_is_in_recovery()'), 'f');
  await standby.stop();
  await eventually(
    () => trackerStatus(second, { json: true }),
    (text) => /old primary/.test(text),
    'the old primary is refused',
  );
  await standby.begin();
  const third = await tracker(t, `${list}&application_name=third`);
  await eventually(
    () => seedersAt(t, third),
    (found) => isEveryOf(acknowledged, found),
    'nothing that was acknowledged is lost',
  );
});

test('a commit whose wait for the standby is cancelled is not acknowledged, and is written again', async (t) => {
  const server = await cluster(t);
  if (server === undefined) return;
  const first = await tracker(t, server.address());
  server.sql(`alter system set synchronous_standby_names = 'nobody'`);
  server.sql('select pg_reload_conf()');
  const client = await PairClient.connect(t, first, 7);
  const facts = { name: 'a.bin', size: 2 * 524_288, pieceCount: 2, have: 1, epoch: 1, sequence: 1 };
  let answered: string | undefined;
  const reply = client.reply({ kind: 'share', swarm: keyOf(1), ...facts }).then((said) => {
    answered = said.kind;
  });
  const isWaiting = `select count(*) from pg_stat_activity where wait_event = 'SyncRep'`;
  for (let round = 0; round < 3; round += 1) {
    await eventually(
      () => server.sql(isWaiting),
      (count) => count !== '0',
      'the commit waits for a standby',
    );
    server.sql(`select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'`);
    assert.notEqual(answered, 'shared', 'a warning is no acknowledgement');
  }
  server.sql(`alter system reset synchronous_standby_names`);
  server.sql('select pg_reload_conf()');
  await reply;
  await eventually(
    () => seedersAt(t, first),
    (found) => found.includes(7),
    'it was written again',
  );
});

test('a slow database costs latency and no rate: what waits is one group', async (t) => {
  const server = await cluster(t);
  if (server === undefined) return;
  const first = await tracker(t, server.address());
  server.sql(`create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.5); return null; end';
    create constraint trigger slow after update on meta deferrable initially deferred for each row
    when (new.feed_position > old.feed_position) execute function slow()`);
  const clients = await Promise.all(Array.from({ length: 60 }, (_, at) => PairClient.connect(t, first, at + 1)));
  const before = Number(server.sql('select feed_position from meta'));
  await Promise.all(clients.map((client) => client.share(swarmOf(1))));
  const groups = Number(server.sql('select feed_position from meta')) - before;
  assert.ok(groups <= 6, `60 shares are ${groups} groups`);
});

test('a cancelled statement and a cut connection cost a repetition', async (t) => {
  const server = await cluster(t);
  if (server === undefined) return;
  const first = await tracker(t, server.address());
  const second = await tracker(t, server.address());
  const shares = sharing(t, first, 1);
  for (let round = 0; round < 12; round += 1) {
    const how = round % 2 === 0 ? 'pg_cancel_backend' : 'pg_terminate_backend';
    server.sql(`select ${how}(pid) from pg_stat_activity where application_name = 'mtorrent'`);
    const before = (await seedersAt(t, first)).length;
    await eventually(
      async () => (await seedersAt(t, first)).length,
      (count) => count > before,
      'shares go on',
    );
  }
  const acknowledged = await shares.stop();
  await eventually(
    () => seedersAt(t, second),
    (found) => isEveryOf(acknowledged, found),
    'nothing is lost',
  );
});

test('a tracker that cannot use its database says why and what to do, and another release ends it', async (t) => {
  const server = await cluster(t);
  if (server === undefined) return;
  server.sql(`create role app login password 'right'; create role reader login password 'right'`);
  server.sql('create database other');
  server.sql('create table meta (anything text)', 'other');
  const refused: readonly (readonly [string, RegExp])[] = [
    [server.address({ database: 'nowhere' }), /"nowhere" does not exist; create it/],
    [server.address({ user: 'app' }), /none is given; put it in the file that PGPASSFILE names/],
    [server.address({ database: 'other' }), /tables of another program; give the role a schema/],
    [server.address({ query: 'sslmode=require' }), /does not support SSL/],
  ];
  for (const [address, sentence] of refused) await assert.rejects(refusalAt(t, address), sentence);
  const former = process.env['PGPASSWORD'];
  t.after(() => {
    if (former === undefined) delete process.env['PGPASSWORD'];
    else process.env['PGPASSWORD'] = former;
  });
  process.env['PGPASSWORD'] = 'wrong';
  await assert.rejects(refusalAt(t, server.address({ user: 'app' })), /password authentication failed.*PGPASSFILE/);
  process.env['PGPASSWORD'] = 'right';
  await assert.rejects(
    refusalAt(t, server.address({ user: 'reader' })),
    /permission denied for schema public; give the role/,
  );
  const log = { path: join(temporaryDirectory(t), 'tracker.log'), level: 'info' } as const;
  const own = { host: '127.0.0.1', port: 0 };
  const running = await startTracker({ own, partner: OTHER, seederListPath: server.address(), log });
  server.sql('update meta set schema_version = 99');
  const client = await PairClient.connect(t, running.address, 3);
  const said = client.reply({ kind: 'remove', swarm: keyOf(1), epoch: 1, sequence: 1 }).catch(() => undefined);
  const share = client.reply({
    kind: 'share',
    swarm: keyOf(1),
    name: 'a',
    size: 600_000,
    pieceCount: 2,
    have: 1,
    epoch: 1,
    sequence: 2,
  });
  share.catch(() => undefined);
  assert.match((await running.failed).message, /taken over by a newer release/);
  await running.stop('it has failed');
  await said;
  await assert.rejects(refusalAt(t, server.address()), /of a newer release \(version 99/);
});

/** Rejects as `startTracker` does where waiting helps nobody. */
async function refusalAt(t: TestContext, seederListPath: string): Promise<void> {
  const log = { path: join(temporaryDirectory(t), 'tracker.log'), level: 'info' } as const;
  const running = await startTracker({ own: { host: '127.0.0.1', port: 0 }, partner: OTHER, seederListPath, log });
  await running.stop('it should not have started');
}
