// What the statements make of changes on a real PostgreSQL: the same rules for versions as in memory, and leases.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { silentLog } from '../../../../src/foundation/base/log.js';
import { type ClientId, clientId } from '../../../../src/foundation/torrent/ids.js';
import type { Change } from '../../../../src/tracking/registry/changes.js';
import { Leases } from '../../../../src/tracking/registry/leases.js';
import { Registry } from '../../../../src/tracking/registry/registry.js';
import { Feed } from '../../../../src/tracking/store/postgres/feed.js';
import type { FedEntry, PostgresInput } from '../../../../src/tracking/store/postgres/messages.js';
import { PostgresShell } from '../../../../src/tracking/store/postgres/shell.js';
import { cases } from '../../../support/cases.js';
import { eventually } from '../../../support/e2e-stage.js';
import { contentOf, words } from '../../registry/changes.js';
import { clientBytes, swarmOf } from '../../tracker/stage.js';
import { type DatabaseTracker, databaseStage, LEASE_MS, positionOf, put } from './stage.js';

const DAY_MS = 86_400_000;

/** What a tracker that starts now has. */
async function loaded(tracker: DatabaseTracker): Promise<Registry> {
  const registry = new Registry();
  const feed = new Feed(registry, new Leases(registry, { leaseMs: LEASE_MS, tickMs: 1_000 }));
  await tracker.reading.load((rows) => void feed.apply(rows, 0));
  return registry;
}

test('words in any order and in any groups lead to the same rows as in memory', async (t) => {
  const found = await databaseStage(t);
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
    { numRuns: cases(25) },
  );
});

test('who was heard by any tracker within a lease does not expire', async (t) => {
  const found = await databaseStage(t);
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
  const found = await databaseStage(t);
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
  const found = await databaseStage(t);
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
