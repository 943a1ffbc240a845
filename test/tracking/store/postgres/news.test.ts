// Entries that changed in their progress alone, on a real PostgreSQL: how other trackers hear of it, for how long, and
// tables of the release before, which had no news.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { clientId } from '../../../../src/foundation/torrent/ids.js';
import { Leases } from '../../../../src/tracking/registry/leases.js';
import { Registry } from '../../../../src/tracking/registry/registry.js';
import { Feed } from '../../../../src/tracking/store/postgres/feed.js';
import { DATABASE_NEWS_KEPT_S } from '../../../../src/tracking/store/postgres/limits.js';
import type { FedRows } from '../../../../src/tracking/store/postgres/messages.js';
import { DATABASE_SCHEMA_VERSION } from '../../../../src/tracking/store/postgres/schema.js';
import { cases } from '../../../support/cases.js';
import { contentOf, words } from '../../registry/changes.js';
import { clientBytes, swarmOf } from '../../tracker/stage.js';
import { type DatabaseTracker, databaseStage, LEASE_MS, positionOf, progress, put } from './stage.js';
import { TABLES_1 } from './tables-1.js';

class Reader {
  readonly registry = new Registry();
  readonly #feed = new Feed(this.registry, new Leases(this.registry, { leaseMs: LEASE_MS, tickMs: 1_000 }));

  readonly take = (rows: FedRows): void => void this.#feed.apply(rows, 0);
}

/** Of one page; undefined: some of it is there no more. */
async function fed(tracker: DatabaseTracker, after: number, upTo: number): Promise<FedRows | undefined> {
  const pages: FedRows[] = [];
  if (!(await tracker.reading.follow(after, upTo, (rows) => pages.push(rows)))) return undefined;
  assert.equal(pages.length, 1);
  return pages[0];
}

test('an entry that changed in its progress alone keeps its place in the feed, and its progress is told', async (t) => {
  const found = await databaseStage(t);
  if (found === undefined) return;
  const [one, other] = [await found.tracker(), await found.tracker()];
  const first = positionOf(await one.write([put(1), put(2)]));
  const second = positionOf(await one.write([progress(1, 7), progress(3, 7)]));
  assert.equal(found.sql('select max(changed) from entries'), `${first}`);
  const told = await fed(other, first, second);
  assert.deepEqual(told?.progress, [{ ...progress(1, 7), changed: second }]);
  assert.deepEqual(told?.entries, []);
  assert.deepEqual((await fed(one, first, second))?.progress, [], 'whoever wrote it knows it');
});

test('progress that lists an entry again is told as the whole entry, and older progress not at all', async (t) => {
  const found = await databaseStage(t);
  if (found === undefined) return;
  const [one, other] = [await found.tracker(), await found.tracker()];
  const client = clientId(clientBytes(1));
  positionOf(await one.write([put(1, 5), { kind: 'expire', client }]));
  const position = positionOf(await one.write([progress(1, 6)]));
  const told = await fed(other, position - 1, position);
  assert.deepEqual(
    told?.entries.map(({ state, sequence, changed }) => [state, sequence, changed]),
    [['live', 6, position]],
  );
  assert.deepEqual(told?.progress, []);
  positionOf(await one.write([progress(1, 4)]));
  assert.equal(found.sql('select count(*) from news where position > 0'), '0');
});

test('whoever has followed the feed has what whoever loads everything has', async (t) => {
  const found = await databaseStage(t);
  if (found === undefined) return;
  const [one, other, third] = [await found.tracker(), await found.tracker(), await found.tracker()];
  const told = fc.array(fc.array(words, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 });
  let position = 0;
  await fc.assert(
    fc.asyncProperty(told, fc.nat(3), async (groups, pace) => {
      await one.clear();
      const [follower, loader] = [new Reader(), new Reader()];
      let reached = position;
      for (const [at, group] of groups.entries()) {
        position = positionOf(await (at % 2 === 0 ? one : other).write(group));
        if (at % (pace + 1) !== 0) continue;
        assert.ok(await third.reading.follow(reached, position, follower.take));
        reached = position;
      }
      assert.ok(await third.reading.follow(reached, position, follower.take));
      await third.reading.load(loader.take);
      assert.deepEqual(contentOf(follower.registry), contentOf(loader.registry));
    }),
    { numRuns: cases(25) },
  );
});

test('news are kept until every tracker that is heard has passed them, and whoever comes later is told', async (t) => {
  const found = await databaseStage(t);
  if (found === undefined) return;
  const [one, other] = [await found.tracker(), await found.tracker()];
  positionOf(await one.write([put(1)]));
  await other.reaches(1);
  for (let sequence = 2; sequence <= 5; sequence += 1) positionOf(await one.write([progress(1, sequence)]));
  await one.reaches(5);
  assert.equal((await fed(other, 1, 5))?.progress.length, 4);
  await other.reaches(4);
  assert.equal(await fed(other, 3, 5), undefined);
  assert.equal((await fed(other, 4, 5))?.progress.length, 1);
  const silentS = DATABASE_NEWS_KEPT_S + 1;
  found.sql(`update trackers set seen_at = now() - interval '${silentS} seconds' where run = ${other.run}`);
  await one.reaches(5);
  assert.equal(await fed(other, 4, 5), undefined);
});

test('tables of the release before are upgraded with all that they have, and a tracker of it ends', async (t) => {
  const found = await databaseStage(t);
  if (found === undefined) return;
  found.sql('create database older');
  t.after(() => found.sql('drop database older with (force)'));
  const older = (text: string): string => found.server.sql(text, 'older');
  older(TABLES_1);
  older('update meta set feed_position = 40');
  older(`insert into entries (swarm, client, host, port, have, epoch, sequence, state, changed, writer) values
    (decode('${swarmOf(1)}', 'hex'), decode('${clientId(clientBytes(1))}', 'hex'), '10.0.0.1', 6000, 1, 1, 1, 'live', 39, 7)`);
  const [one, other] = [await found.tracker('older'), await found.tracker('older')];
  assert.equal(older('select schema_version from meta'), `${DATABASE_SCHEMA_VERSION}`);
  const loader = new Reader();
  assert.equal(await one.reading.load(loader.take), 40);
  assert.equal(loader.registry.counts.liveEntries, 1);
  const position = positionOf(await one.write([progress(1, 2)]));
  assert.deepEqual((await fed(other, 40, position))?.progress, [{ ...progress(1, 2), changed: 41 }]);
  assert.equal(await fed(other, 39, position), undefined, 'there are no news of the time before');
  // What a tracker of that release says once a second, and with each group.
  assert.throws(() => older(`insert into trackers (run, address, acknowledged) values (1, 'a', 0)`));
  assert.equal(older('select count(*) from meta where schema_version = 1'), '0');
});
