// A seeder list of an older version is taken as it is: nothing in it is lost, and it becomes one of this version in one
// step.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';
import { CLOCK_STEP_MS, TOMBSTONE_MS } from '../../../../src/foundation/base/limits.js';
import { clientId } from '../../../../src/foundation/torrent/ids.js';
import type { Change } from '../../../../src/tracking/registry/changes.js';
import { storeCommandsOf } from '../../../../src/tracking/store/sqlite/rows.js';
import { APPLICATION_ID, SCHEMA_VERSION, UPGRADES } from '../../../../src/tracking/store/sqlite/schema.js';
import { SeederStore } from '../../../../src/tracking/store/sqlite/store.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';
import { clientBytes, swarmOf } from '../../tracker/stage.js';

/** The tables as version 1 made them. */
const CREATE_1 = `
  create table swarms (
    swarm blob not null primary key check (length(swarm) = 20),
    name text not null check (length(cast(name as blob)) <= 255),
    size integer not null check (size >= 0),
    piece_count integer not null check (piece_count between 0 and 8388608),
    upload integer check (upload >= 0) -- whose parts are the verified hash string; null while there is none
  ) strict, without rowid;
  create table entries (
    swarm blob not null check (length(swarm) = 20),
    client blob not null check (length(client) = 16),
    host text not null check (length(host) <= 45),
    port integer not null check (port between 0 and 65535),
    have integer not null check (have between 0 and 8388608),
    epoch integer not null check (epoch between 0 and 4294967295),
    sequence integer not null check (sequence between 0 and 4294967295),
    state text not null check (state in ('live', 'removed', 'lapsed')),
    changed_at real not null, -- wall clock, ms; only for forgetting tombstones
    primary key (swarm, client)
  ) strict, without rowid;
  create index entries_of_client on entries (client);
  create table leaves (
    client blob not null primary key check (length(client) = 16),
    epoch integer not null check (epoch between 0 and 4294967295),
    sequence integer not null check (sequence between 0 and 4294967295),
    changed_at real not null
  ) strict, without rowid;
  create table parts (
    swarm blob not null check (length(swarm) = 20),
    upload integer not null check (upload >= 0),
    offset integer not null check (offset >= 0),
    bytes blob not null,
    primary key (swarm, upload, offset)
  ) strict;
  create index parts_of_upload on parts (upload);
  create view seederlist as
    select s.name, s.size, s.piece_count, lower(hex(s.swarm)) as swarm, e.host, e.port, e.have, lower(hex(e.client)) as client
    from entries e join swarms s on s.swarm = e.swarm where e.state = 'live';
`;

test('a list of version 1 keeps its entries and gets positions and an identity', (t) => {
  const path = join(temporaryDirectory(t), 'list');
  const Database = createRequire(import.meta.url)('libsql');
  const old = new Database(path);
  old.exec(`begin; ${CREATE_1} pragma application_id = ${APPLICATION_ID}; pragma user_version = 1; commit`);
  old.pragma('journal_mode = WAL');
  old.exec(`insert into swarms values (x'${swarmOf(1)}', 'a.bin', 9, 1, 3);
    insert into entries values (x'${swarmOf(1)}', x'${clientId(clientBytes(1))}', '10.0.0.1', 6001, 1, 2, 5, 'live', 1000);
    insert into entries values (x'${swarmOf(1)}', x'${clientId(clientBytes(2))}', '', 0, 0, 1, 4, 'removed', 1000);
    insert into leaves values (x'${clientId(clientBytes(3))}', 7, 8, 1000);
    insert into parts values (x'${swarmOf(1)}', 3, 0, x'00');`);
  old.close();

  const store = SeederStore.open(path);
  const rows = [...store.batches('loadUnlisted', 9), ...store.liveBatches(9, 0)].flat();
  assert.deepEqual(
    rows.map((row) => [row[2], row[3], row[7], row[9]]),
    [
      ['', 0, 'removed', 0],
      ['10.0.0.1', 6001, 'live', 0],
    ],
  );
  assert.deepEqual(
    [...store.batches('loadLeaves', 9)].flat().map((row) => row.slice(1, 3)),
    [[7, 8]],
  );
  assert.deepEqual([...store.batches('loadSwarms', 9)].flat(), [[swarmOf(1), 'a.bin', 9, 1, 1, 0, '', 0, 0]]);
  assert.equal(store.part(swarmOf(1), 0).length, 1);
  const { trackerId, position, origin, followed } = store.identity();
  assert.deepEqual([trackerId.length, position, origin, followed], [16, 0, null, 0]);
  store.commit(
    storeCommandsOf(
      [{ kind: 'remove', swarm: swarmOf(1), client: clientId(clientBytes(1)), epoch: 3, sequence: 1 }],
      1,
    ),
    2,
    1,
  );
  store.close();

  const again = SeederStore.open(path);
  assert.deepEqual(again.identity(), { trackerId, position: 1, origin: null, followed: 0 });
  assert.deepEqual(
    [...again.batches('loadUnlisted', 9)]
      .flat()
      .map((row) => row[9])
      .sort(),
    [0, 1],
  );
  again.close();
  const looked = new Database(path);
  assert.equal(looked.prepare('pragma user_version').raw().get()[0], SCHEMA_VERSION);
  looked.close();
  // The way back: what the older program wrote, as one file that it opens.
  const kept = new Database(`${path}.format-1`);
  assert.equal(kept.prepare('pragma user_version').raw().get()[0], 1);
  assert.equal(kept.prepare('pragma application_id').raw().get()[0], APPLICATION_ID);
  assert.equal(kept.prepare('select count(*) from entries').raw().get()[0], 2);
  assert.equal(
    kept.prepare("select count(*) from pragma_table_info('entries') where name = 'position'").raw().get()[0],
    0,
  );
  kept.close();
  assert.equal(existsSync(`${path}.format-1.unfinished`), false);
});

test('a list of version 3 keeps what it says, says nothing of lists, and follows its partner anew', (t) => {
  const path = join(temporaryDirectory(t), 'list');
  const Database = createRequire(import.meta.url)('libsql');
  const old = new Database(path);
  const steps = [1, 2].map((version) => UPGRADES[version]).join('');
  old.exec(`begin; ${CREATE_1} ${steps} pragma application_id = ${APPLICATION_ID}; pragma user_version = 3; commit`);
  old.pragma('journal_mode = WAL');
  old.exec(`insert into swarms values (x'${swarmOf(1)}', 'a.bin', 9, 1, 3, 7);
    insert into entries values (x'${swarmOf(1)}', x'${clientId(clientBytes(1))}', '10.0.0.1', 6001, 1, 2, 5, 'live', 1000, 8);
    insert into followed values (1, x'${'09'.repeat(16)}', 99);`);
  old.close();
  const store = SeederStore.open(path);
  assert.equal(store.kept, `${path}.format-3`);
  assert.deepEqual([...store.batches('loadSwarms', 9)].flat(), [[swarmOf(1), 'a.bin', 9, 1, 1, 7, '', 0, 0]]);
  assert.deepEqual(
    [...store.liveBatches(9, 1_000)].flat().map((row) => row.slice(7)),
    [['live', 0, 8, 0]],
  );
  const { origin, followed } = store.identity();
  assert.deepEqual([origin, followed], [null, 0], 'what the partner could not tell the release of before is told now');
  store.close();
  const kept = new Database(`${path}.format-3`);
  assert.equal(kept.prepare('select position from followed').raw().get()[0], 99);
  kept.close();
});

const PLACE = { swarm: swarmOf(1), client: clientId(clientBytes(1)), host: '10.0.0.1', port: 1, have: 1 };
const SEEN_MS = 1_700_000_000_000;
const DAY_MS = 24 * 3_600_000;

test('a tracker that was away for longer than tombstones are kept, or cannot know for how long, lists nobody by its own word', (t) => {
  const directory = temporaryDirectory(t);
  for (const [name, awayMs, live] of [
    ['a day', TOMBSTONE_MS, 1],
    ['more than a day', TOMBSTONE_MS + 1, 0],
    ['a clock that fell back by a correction', -CLOCK_STEP_MS, 1],
    ['a clock that was set back', -CLOCK_STEP_MS - 1, 0],
    ['a clock that fell back by decades', -SEEN_MS, 0],
  ] as const) {
    const store = SeederStore.open(join(directory, name));
    store.commit(storeCommandsOf([{ kind: 'put', ...PLACE, epoch: 1, sequence: 1 }]), SEEN_MS, 1);
    store.resume(SEEN_MS + awayMs);
    assert.equal([...store.liveBatches(9, 0)].flat().length, live, name);
    store.close();
  }
});

test('the time that a tracker did not run, and steps of its wall clock, make no tombstone older', (t) => {
  const store = SeederStore.open(join(temporaryDirectory(t), 'list'));
  const changes: Change[] = [
    { kind: 'remove', swarm: PLACE.swarm, client: PLACE.client, epoch: 1, sequence: 1 },
    { kind: 'leave', client: clientId(clientBytes(2)), epoch: 1, sequence: 1 },
  ];
  store.commit(storeCommandsOf(changes), SEEN_MS, 1);
  store.commit([], SEEN_MS + DAY_MS / 2);
  const ages = (wallMs: number): number[] => [
    wallMs - Number([...store.batches('loadUnlisted', 9)].flat()[0]?.[8]),
    wallMs - Number([...store.batches('loadLeaves', 9)].flat()[0]?.[3]),
  ];
  let wallMs = SEEN_MS + DAY_MS / 2;
  for (const awayMs of [3 * DAY_MS, 50, -7 * DAY_MS, 10 * DAY_MS]) {
    wallMs += awayMs;
    store.resume(wallMs);
    for (const ageMs of ages(wallMs)) assert.ok(Math.abs(ageMs - DAY_MS / 2) < CLOCK_STEP_MS, `${awayMs}: ${ageMs}`);
  }
  const setByMs = -20 * DAY_MS;
  wallMs += setByMs;
  store.commit([], wallMs, 2, setByMs);
  for (const ageMs of ages(wallMs)) assert.ok(Math.abs(ageMs - DAY_MS / 2) < CLOCK_STEP_MS, `set: ${ageMs}`);
  store.close();
});
