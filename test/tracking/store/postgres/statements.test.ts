// The statements on a real PostgreSQL: one transaction a group, its position, its notification, and the same rules for
// versions as in memory.

import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import fc from 'fast-check';
import { silentLog } from '../../../../src/foundation/base/log.js';
import { type ClientId, clientId } from '../../../../src/foundation/torrent/ids.js';
import type { Change } from '../../../../src/tracking/registry/changes.js';
import { Leases } from '../../../../src/tracking/registry/leases.js';
import { Registry } from '../../../../src/tracking/registry/registry.js';
import { parseDatabaseAddress } from '../../../../src/tracking/store/postgres/address.js';
import { type Connected, connectDatabase, newRun } from '../../../../src/tracking/store/postgres/connecting.js';
import { Feed } from '../../../../src/tracking/store/postgres/feed.js';
import type { FedEntry, PostgresInput } from '../../../../src/tracking/store/postgres/messages.js';
import { DatabaseReading } from '../../../../src/tracking/store/postgres/reading.js';
import { PostgresShell } from '../../../../src/tracking/store/postgres/shell.js';
import { type Written, writeGroup } from '../../../../src/tracking/store/postgres/writing.js';
import { cases } from '../../../support/cases.js';
import { eventually } from '../../../support/e2e-stage.js';
import { hasPostgres, PostgresServer } from '../../../support/postgres.js';
import { contentOf, words } from '../../registry/changes.js';
import { clientBytes, swarmOf } from '../../tracker/stage.js';

const LEASE_MS = 60_000;
const DAY_MS = 86_400_000;

let server: PostgresServer | undefined;
let databases = 0;

after(() => server?.remove());

/** A tracker's two sessions; its heard notifications are counted. */
class Tracker {
  readonly #connected: Connected;
  readonly run: number;
  readonly reading: DatabaseReading;
  notified = 0;

  constructor(connected: Connected, run: number) {
    this.#connected = connected;
    this.run = run;
    this.reading = new DatabaseReading(connected.reader, run, false);
  }

  write(changes: readonly Change[], leaseMs = LEASE_MS): Promise<Written> {
    return writeGroup(this.#connected.writer, changes, { run: this.run, cluster: '', leaseMs });
  }

  async clear(): Promise<void> {
    await this.#connected.writer.execute('delete from entries; delete from leaves');
  }

  async end(): Promise<void> {
    await Promise.all([this.#connected.writer.end(), this.#connected.reader.end()]);
  }
}

/** A database of its own for the test; undefined: the test was skipped. */
async function stage(t: TestContext) {
  if (!hasPostgres(t)) return undefined;
  server ??= await PostgresServer.start();
  databases += 1;
  const name = `statements${databases}`;
  const own = server;
  own.sql(`create database ${name}`);
  const address = parseDatabaseAddress(own.address({ database: name }));
  const sql = (text: string): string => own.sql(text, name);
  const tracker = async (): Promise<Tracker> => {
    let made: Tracker | undefined;
    const onNotified = (): void => {
      if (made !== undefined) made.notified += 1;
    };
    const events = { onNotified, onEnded: () => undefined };
    const connected = await connectDatabase(address, { cluster: '', seen: undefined, events });
    made = new Tracker(connected, await newRun(connected));
    t.after(() => made?.end());
    return made;
  };
  return { server: own, address, sql, tracker, name };
}

function put(number: number, sequence = 1): Change {
  const place = { host: '10.0.0.1', port: 6_000 + sequence, have: 1, epoch: 1, sequence };
  return { kind: 'put', swarm: swarmOf(number), client: clientId(clientBytes(number)), ...place };
}

function positionOf(written: Written): number {
  assert.ok('position' in written, JSON.stringify(written));
  return written.position;
}

/** What a tracker that starts now has. */
async function loaded(tracker: Tracker): Promise<Registry> {
  const registry = new Registry();
  const feed = new Feed(registry, new Leases(registry, { leaseMs: LEASE_MS, tickMs: 1_000 }));
  await tracker.reading.load(({ swarms, leaves, entries }) => {
    for (const swarm of swarms) feed.swarm(swarm, 0);
    for (const leave of leaves) feed.leave(leave, 0);
    for (const entry of entries) feed.entry(entry, 0);
  });
  return registry;
}

test('words in any order and in any groups lead to the same rows as in memory', async (t) => {
  const found = await stage(t);
  if (found === undefined) return;
  const [one, other] = [await found.tracker(), await found.tracker()];
  const groups = fc.array(fc.array(words, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(groups, async (told) => {
      await one.clear();
      const registry = new Registry();
      for (const [at, changes] of told.entries()) {
        positionOf(await (at % 2 === 0 ? one : other).write(changes));
        for (const change of changes) registry.apply(change, 0, LEASE_MS, at + 1);
      }
      assert.deepEqual(contentOf(await loaded(one)), contentOf(registry));
    }),
    { numRuns: cases(40) },
  );
});

test('nobody sees the position of a group before its rows, and the next group waits for it', async (t) => {
  const found = await stage(t);
  if (found === undefined) return;
  const { server: own, name } = found;
  const [one, other] = [await found.tracker(), await found.tracker()];
  const held = own.query(`begin; lock table entries in exclusive mode; select pg_sleep(3600)`, name).catch(() => '');
  const waiting = (event: string): Promise<unknown> =>
    eventually(
      () => own.query(`select count(*) from pg_stat_activity where datname = '${name}' and wait_event = '${event}'`),
      (count) => Number(count) > 0,
      `somebody waits for ${event}`,
    );
  await waiting('PgSleep');
  const first = one.write([put(1)]);
  await waiting('relation');
  const second = other.write([{ kind: 'swarm', swarm: swarmOf(2), name: 'b', size: 1, pieceCount: 1 }]);
  await waiting('transactionid');
  assert.equal((await other.reading.state(0)).position, 0);
  own.sql(`select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'`);
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
  const found = await stage(t);
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
  const found = await stage(t);
  if (found === undefined) return;
  const one = await found.tracker();
  positionOf(await one.write([put(1)]));
  found.sql('update meta set schema_version = schema_version + 1');
  const written = await one.write([put(2)]);
  assert.ok('outcome' in written && written.outcome === 'fenced', JSON.stringify(written));
  assert.equal(found.sql('select count(*) from entries'), '1');
});

test('a commit that ends with a warning is unknown, and writing it again changes nothing', async (t) => {
  const found = await stage(t);
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
  const found = await stage(t);
  if (found === undefined) return;
  const one = await found.tracker();
  found.sql(`alter table entries add constraint small check (port < 7000)`);
  const bad = { ...put(2), port: 7_000 } as Change;
  const written = await one.write([put(1), bad]);
  assert.ok('outcome' in written && written.outcome === 'refused', JSON.stringify(written));
  assert.equal(found.sql('select count(*) from entries'), '0');
  assert.equal(found.sql('select feed_position from meta'), '0');
});

test('who was heard by any tracker within a lease does not expire', async (t) => {
  const found = await stage(t);
  if (found === undefined) return;
  const one = await found.tracker();
  positionOf(await one.write([put(1), put(2)]));
  const [heard, silent] = [clientId(clientBytes(1)), clientId(clientBytes(2))];
  found.sql(`insert into leases values (decode('${heard}', 'hex'), now(), 9),
    (decode('${silent}', 'hex'), now() - interval '2 minutes', 9)`);
  const written = await one.write([heard, silent].map((client): Change => ({ kind: 'expire', client })));
  assert.deepEqual('expired' in written && written.expired, [silent]);
  assert.equal(found.sql(`select count(*) from entries where state = 'live'`), '1');
});

test('leases are counted by the clock of the database, whatever that of the tracker says', async (t) => {
  const found = await stage(t);
  if (found === undefined) return;
  t.mock.method(Date, 'now', () => performance.timeOrigin + performance.now() + DAY_MS);
  const heard: (readonly [ClientId, number])[] = [];
  const client = clientId(clientBytes(1));
  const shellAt = async (place: string): Promise<PostgresShell> => {
    const options = {
      address: found.address,
      cluster: '',
      place,
      nowMs: () => performance.now(),
      refuseFollower: () => undefined,
    };
    const shell = new PostgresShell(options, {
      log: silentLog,
      post: (input: PostgresInput) => {
        if (input.kind === 'polled') heard.push(...(input.state?.heard ?? []));
      },
      send: () => undefined,
      failed: (sentence) => assert.fail(sentence),
    });
    t.after(() => shell.close());
    await shell.open();
    return shell;
  };
  const [one, other] = [await shellAt('a'), await shellAt('b')];
  one.perform({ kind: 'poll', after: 0, ownCount: 0, upkeep: { renewed: [client], sinceMs: LEASE_MS } });
  await eventually(
    () => found.sql('select count(*) from leases'),
    (count) => count === '1',
    'its lease is there',
  );
  assert.equal(found.sql(`select heard_at between now() - interval '1 hour' and now() from leases`), 't');
  other.perform({ kind: 'poll', after: 0, ownCount: 0, upkeep: { renewed: [], sinceMs: LEASE_MS } });
  await eventually(
    () => heard.length,
    (count) => count > 0,
    'the other tracker hears of it',
  );
  const [[id, agoMs] = []] = heard;
  assert.equal(id, client);
  assert.ok(agoMs !== undefined && agoMs >= 0 && agoMs < LEASE_MS, `${agoMs}`);
});

test('a tombstone that was overtaken is not forgotten, and its newer word is told again', async (t) => {
  const found = await stage(t);
  if (found === undefined) return;
  const [one, other] = [await found.tracker(), await found.tracker()];
  const client = clientId(clientBytes(1));
  const removal: Change = { kind: 'remove', swarm: swarmOf(1), client, epoch: 1, sequence: 2 };
  positionOf(await one.write([put(1), removal]));
  const reached = positionOf(await other.write([put(1, 3)]));
  const position = positionOf(await one.write([{ ...removal, kind: 'forget' }]));
  const fed: FedEntry[] = [];
  await one.reading.follow(reached, position, ({ entries }) => fed.push(...entries));
  assert.deepEqual(
    fed.map(({ state, sequence }) => [state, sequence]),
    [['live', 3]],
  );
});
