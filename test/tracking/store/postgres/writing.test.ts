// A group is one transaction on a real PostgreSQL: its position, its notification, and what is known of it when
// something went wrong.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Change } from '../../../../src/tracking/registry/changes.js';
import type { FedEntry } from '../../../../src/tracking/store/postgres/messages.js';
import type { Written } from '../../../../src/tracking/store/postgres/writing.js';
import { eventually } from '../../../support/e2e-stage.js';
import { swarmOf } from '../../tracker/stage.js';
import { databaseStage, positionOf, put } from './stage.js';

test('nobody sees the position of a group before its rows, and the next group waits for it', async (t) => {
  const found = await databaseStage(t);
  if (found === undefined) return;
  const { server: own } = found;
  const release = (): string =>
    own.sql(`select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'`);
  t.after(release);
  const [one, other] = [await found.tracker(), await found.tracker()];
  const held = own.query(`begin; lock table entries in exclusive mode; select pg_sleep(3600)`).catch(() => '');
  const waiting = (event: string): Promise<unknown> =>
    eventually(
      () => own.query(`select count(*) from pg_stat_activity where wait_event = '${event}'`),
      (count) => Number(count) > 0,
      `somebody waits for ${event}`,
    );
  await waiting('PgSleep');
  const first = one.write([put(1)]);
  await waiting('relation');
  assert.equal((await other.reading.state(0)).position, 0);
  const second = other.write([{ kind: 'swarm', swarm: swarmOf(2), name: 'b', size: 1, pieceCount: 1 }]);
  await waiting('transactionid');
  release();
  await held;
  assert.deepEqual([positionOf(await first), positionOf(await second)], [1, 2]);
  const fed: FedEntry[] = [];
  await other.reading.follow(0, 2, ({ entries }) => fed.push(...entries));
  assert.deepEqual(
    fed.map(({ changed }) => changed),
    [1],
  );
});

test('every group tells the other trackers once that there is something to read', async (t) => {
  const found = await databaseStage(t);
  if (found === undefined) return;
  const [one, other] = [await found.tracker(), await found.tracker()];
  positionOf(await one.write([put(1), put(2), put(3)]));
  await eventually(
    () => other.notified,
    (count) => count === 1,
    'it is notified',
  );
  positionOf(await one.write([put(1, 2)]));
  await eventually(
    () => other.notified,
    (count) => count === 2,
    'it is notified again',
  );
});

test('tables that a newer release took over are not written', async (t) => {
  const found = await databaseStage(t);
  if (found === undefined) return;
  const one = await found.tracker();
  positionOf(await one.write([put(1)]));
  found.sql('update meta set schema_version = schema_version + 1');
  const written = await one.write([put(2)]);
  assert.ok('outcome' in written && written.outcome === 'fenced', JSON.stringify(written));
  assert.equal(found.sql('select count(*) from entries'), '1');
});

test('a commit that ends with a warning is unknown, and writing it again changes nothing', async (t) => {
  const found = await databaseStage(t);
  if (found === undefined) return;
  const { server: own } = found;
  const one = await found.tracker();
  own.sql(`alter system set synchronous_standby_names = 'nobody'`);
  own.sql('select pg_reload_conf()');
  t.after(() => {
    own.sql('alter system reset synchronous_standby_names');
    own.sql('select pg_reload_conf()');
  });
  await eventually(
    () => found.sql('show synchronous_standby_names'),
    (names) => names === 'nobody',
    'commits wait for a standby',
  );
  let written: Written | undefined;
  const writing = one.write([put(1)]).then((result) => {
    written = result;
  });
  await eventually(
    () => own.sql(`select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'`) && written,
    (result) => result !== undefined,
    'the wait is cancelled',
  );
  await writing;
  assert.ok(written !== undefined && 'outcome' in written && written.outcome === 'unknown', JSON.stringify(written));
  assert.equal(found.sql('select count(*) from entries'), '1', 'it was kept');
});

test('an error in a group keeps nothing of it, and says so', async (t) => {
  const found = await databaseStage(t);
  if (found === undefined) return;
  const one = await found.tracker();
  found.sql('alter table entries add constraint small check (port < 7000)');
  t.after(() => found.sql('alter table entries drop constraint small'));
  const bad = { ...put(2), port: 7_000 } as Change;
  const written = await one.write([put(1), bad]);
  assert.ok('outcome' in written && written.outcome === 'refused', JSON.stringify(written));
  assert.equal(found.sql('select count(*) from entries'), '0');
  assert.equal(found.sql('select feed_position from meta'), '0');
});
