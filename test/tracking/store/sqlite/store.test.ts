// The seeder list on the disk: what was committed is there after a restart, all of a group or nothing, merged exactly
// as in memory; a file that is not ours, damaged or newer is refused and not changed by a byte.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { clientId } from '../../../../src/foundation/torrent/ids.js';
import type { Change } from '../../../../src/tracking/registry/changes.js';
import { Registry } from '../../../../src/tracking/registry/registry.js';
import { listSeeders } from '../../../../src/tracking/store/sqlite/list.js';
import { applyLoaded, type LoadedRows, storeCommandsOf } from '../../../../src/tracking/store/sqlite/rows.js';
import { SCHEMA_VERSION } from '../../../../src/tracking/store/sqlite/schema.js';
import { SeederStore } from '../../../../src/tracking/store/sqlite/store.js';
import { FakeStore } from '../../../sim/fake-store.js';
import { cases } from '../../../support/cases.js';
import { failsWith } from '../../../support/failures.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';
import { changes, contentOf, registryOf } from '../../registry/changes.js';
import { clientBytes, swarmOf } from '../../tracker/stage.js';

const ONE = clientId(clientBytes(1));
const SWARM: Change = { kind: 'swarm', swarm: swarmOf(1), name: 'a\u202e.bin', size: 600_000, pieceCount: 2 };
const PUT: Change = {
  kind: 'put',
  swarm: swarmOf(1),
  client: ONE,
  host: '10.0.0.1',
  port: 7_000,
  have: 2,
  epoch: 1,
  sequence: 1,
};

function commit(store: SeederStore, group: readonly Change[]): void {
  assert.equal(store.commit(storeCommandsOf(group), 1_000), undefined);
}

function pathOf(t: TestContext): string {
  return join(temporaryDirectory(t), 'seeders.list');
}

/** What a tracker that starts on this store knows. */
function loadedFrom(store: SeederStore): Registry {
  const registry = new Registry();
  const put = (kind: LoadedRows['kind'], rows: unknown): void =>
    applyLoaded(registry, { kind, rows } as unknown as LoadedRows, 0, 1_000);
  for (const batch of store.batches('loadSwarms', 3)) put('loadedSwarms', batch);
  for (const batch of store.batches('loadLeaves', 3)) put('loadedLeaves', batch);
  for (const batch of [...store.batches('loadUnlisted', 3), ...store.liveBatches(3, 0)])
    put(
      'loadedEntries',
      batch.map((row) => [...row.slice(0, 8), 0, 0, row[10]]),
    );
  return registry;
}

test('a restart finds what was committed, tombstones too', (t) => {
  const path = pathOf(t);
  const store = SeederStore.open(path);
  const removal: Change = { kind: 'remove', swarm: swarmOf(2), client: ONE, epoch: 1, sequence: 2 };
  commit(store, [SWARM, PUT, removal]);
  const before = contentOf(registryOf([SWARM, PUT, removal]));
  store.close();
  const again = SeederStore.open(path);
  assert.deepEqual(contentOf(loadedFrom(again)), before);
  assert.equal(loadedFrom(again).swarm(swarmOf(1))?.facts?.size, 600_000);
  again.close();
});

test('the disk says what the memory says, whatever changes come', (t) => {
  const directory = temporaryDirectory(t);
  let number = 0;
  fc.assert(
    fc.property(fc.array(fc.array(changes, { minLength: 1, maxLength: 8 }), { maxLength: 6 }), (groups) => {
      number += 1;
      const store = SeederStore.open(join(directory, String(number)));
      for (const group of groups) commit(store, group);
      const memory = registryOf(groups.flat());
      const disk = loadedFrom(store);
      store.close();
      assert.deepEqual(contentOf(disk), contentOf(memory));
      for (const key of [1, 2, 3].map(swarmOf)) assert.deepEqual(disk.swarm(key)?.facts, memory.swarm(key)?.facts);
    }),
    { numRuns: cases(60) },
  );
});

const DAY_MS = 24 * 3_600_000;

/** Changes that are committed together, or a start after some time of the wall clock. */
const turns = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.array(changes, { minLength: 1, maxLength: 8 }) },
    { weight: 1, arbitrary: fc.constantFrom(1, 90_000, DAY_MS / 2, DAY_MS * 2, -30_000, -DAY_MS) },
  ),
  { maxLength: 8 },
);

/** What a tracker that starts on it is told. */
function listOf(store: SeederStore, wallMs: number): object {
  const age = (changedAt: unknown): number => wallMs - Number(changedAt);
  const graves = [...store.batches('loadUnlisted', 9)]
    .flat()
    .map((row) => [...row.slice(0, 8), age(row[8]), row[9], row[10]]);
  const live = [...store.liveBatches(9, wallMs)].flat().map((row) => [...row.slice(0, 8), 0, row[9], row[10]]);
  const swarms = [...store.batches('loadSwarms', 9)].flat();
  const leaves = [...store.batches('loadLeaves', 9)].flat();
  const { position } = store.identity();
  return {
    entries: [...graves, ...live].map(String).sort(),
    swarms: swarms.map((row) => String([...row.slice(0, 4), row[4] === 1, ...row.slice(5)])).sort(),
    leaves: leaves.map((row) => String([...row.slice(0, 3), age(row[3]), row[4]])).sort(),
    position,
  };
}

test('the store of the simulation is the store: positions, ages, completeness, and what lapses at a start', (t) => {
  const directory = temporaryDirectory(t);
  let number = 0;
  fc.assert(
    fc.property(turns, (said) => {
      number += 1;
      const store = SeederStore.open(join(directory, `fake-${number}`));
      const fake = new FakeStore('fake');
      let [wallMs, position] = [1_700_000_000_000, 0];
      for (const turn of said) {
        if (Array.isArray(turn)) {
          wallMs += 10;
          assert.equal(store.commit(storeCommandsOf(turn, position + 1), wallMs, position + turn.length), undefined);
          fake.commit(turn, position + 1, wallMs);
          position += turn.length;
        } else {
          wallMs += turn;
          store.resume(wallMs);
          fake.resume(wallMs);
        }
      }
      const { swarms, leaves, entries } = fake.rows(wallMs);
      assert.deepEqual(listOf(store, wallMs), {
        entries: entries.map(String).sort(),
        swarms: swarms.map(String).sort(),
        leaves: leaves.map(String).sort(),
        position: fake.identity.position,
      });
      store.close();
    }),
    { numRuns: cases(150) },
  );
});

test('what the partner says of a file and what a client says of it later reach the disk in that order', (t) => {
  const facts: Change = { kind: 'fileInfo', swarm: swarmOf(2), name: 'theirs', size: 0, pieceCount: 1, proven: false };
  const share: Change = { kind: 'swarm', swarm: swarmOf(2), name: 'ours', size: 9, pieceCount: 1 };
  const store = SeederStore.open(pathOf(t));
  commit(store, [facts, share, PUT]);
  assert.equal(loadedFrom(store).swarm(swarmOf(2))?.facts?.name, 'ours');
  assert.equal(registryOf([facts, share, PUT]).swarm(swarmOf(2))?.facts?.name, 'ours');
  store.close();
});

test('an entry that lapsed is listed again by the same word of its owner, a removed one is not', (t) => {
  for (const [end, state] of [
    [{ kind: 'expire', client: ONE }, 'live'],
    [{ kind: 'remove', swarm: swarmOf(1), client: ONE, epoch: 1, sequence: 1 }, 'removed'],
    [{ kind: 'leave', client: ONE, epoch: 1, sequence: 1 }, 'removed'],
  ] as const) {
    const store = SeederStore.open(pathOf(t));
    commit(store, [SWARM, PUT, end, PUT]);
    assert.equal(loadedFrom(store).client(ONE)?.entries.get(swarmOf(1))?.state, state);
    assert.deepEqual(contentOf(loadedFrom(store)), contentOf(registryOf([SWARM, PUT, end, PUT])));
    store.close();
  }
});

test('a group that fails leaves nothing of itself', (t) => {
  const store = SeederStore.open(pathOf(t));
  const impossible: Change = { ...PUT, swarm: swarmOf(2), have: -1 };
  const failure = store.commit(storeCommandsOf([SWARM, PUT, impossible]), 1);
  assert.equal(failure?.outcome, 'broken');
  assert.deepEqual(contentOf(loadedFrom(store)), []);
});

test('hash strings: the verified one is kept, others and unfinished ones go', (t) => {
  const path = pathOf(t);
  const store = SeederStore.open(path);
  const part = (upload: number, offset: number): Change => {
    return { kind: 'part', swarm: swarmOf(1), upload, offset, part: new Uint8Array(20).fill(upload) };
  };
  commit(store, [SWARM, PUT, part(1, 0), part(2, 0), part(3, 0)]);
  commit(store, [part(2, 20), { ...SWARM, kind: 'complete', upload: 2 }]);
  commit(store, [part(4, 0), { kind: 'dropParts', upload: 4 }, part(5, 0)]);
  assert.equal(store.lastUpload(), 2);
  store.close();
  SeederStore.open(path).close();
  const rows = rowsOf(path, 'select upload, offset, bytes from parts order by offset');
  assert.deepEqual(
    rows.map(([upload, offset]) => [upload, offset]),
    [
      [2, 0],
      [2, 20],
    ],
  );
});

test('bytes of piece hashes are read from wherever in a part, as far as that part goes', (t) => {
  const store = SeederStore.open(pathOf(t));
  const bytes = Uint8Array.from({ length: 100 }, (_, at) => at);
  const part = (offset: number, end: number): Change => ({
    ...{ kind: 'part', swarm: swarmOf(1), upload: 4 },
    ...{ offset, part: bytes.subarray(offset, end) },
  });
  const facts = { name: 'a.bin', size: 5 * 524_288, pieceCount: 5 };
  commit(store, [part(0, 33), part(33, 34), part(34, 100)]);
  assert.equal(store.hashes(swarmOf(1), 0, 20).length, 0, 'not verified yet');
  commit(store, [{ kind: 'complete', swarm: swarmOf(1), upload: 4, ...facts }]);
  for (const [offset, length, end] of [
    [0, 20, 20],
    [0, 32_768, 33],
    [20, 20, 33],
    [33, 9, 34],
    [50, 20, 70],
    [99, 20, 100],
    [100, 20, 100],
  ] as const)
    assert.deepEqual(store.hashes(swarmOf(1), offset, length), bytes.slice(offset, end), `${offset}`);
  store.close();
});

test('the list can be read while a tracker writes it, by people and by scripts', async (t) => {
  const path = pathOf(t);
  const store = SeederStore.open(path);
  commit(store, [SWARM, PUT]);
  const text = await listSeeders(path, { json: false });
  assert.deepEqual(text.split('\n'), [`a\\u{202e}.bin  585.9 KiB  ${swarmOf(1)}`, '  10.0.0.1:7000  2/2']);
  const { swarms } = JSON.parse(await listSeeders(path, { json: true }));
  assert.deepEqual(swarms[0].seeders, [{ address: '10.0.0.1:7000', have: 2 }]);
  commit(store, [{ kind: 'leave', client: ONE, epoch: 1, sequence: 2 }]);
  assert.equal(await listSeeders(path, { json: false }), 'No file has a seeder.');
  store.close();
});

test('a list that is not there is not made by reading it', async (t) => {
  const path = pathOf(t);
  await assert.rejects(listSeeders(path, { json: false }), failsWith('FILE_NOT_FOUND', path));
  assert.throws(() => readFileSync(path), { code: 'ENOENT' });
});

/** `path` is refused with these words in its error, and has the same bytes after. */
function checkRefused(path: string, ...parts: string[]): void {
  const before = readFileSync(path);
  assert.throws(() => SeederStore.open(path), failsWith('STATE_DAMAGED', path, ...parts));
  assert.deepEqual(readFileSync(path), before);
}

test('a file of another kind, of another program, or of a newer version is refused untouched', (t) => {
  const directory = temporaryDirectory(t);
  const garbage = join(directory, 'garbage');
  writeFileSync(
    garbage,
    'no database at all, but a text of more than a hundred bytes, so that nobody takes it for an empty one.',
  );
  checkRefused(garbage, 'not a seeder list');
  writeFileSync(garbage, 'short');
  checkRefused(garbage, 'not a seeder list');
  const other = join(directory, 'other');
  rowsOf(other, 'create table notes (text)');
  checkRefused(other, 'another program');
  const newer = join(directory, 'newer');
  SeederStore.open(newer).close();
  rowsOf(newer, `pragma user_version = ${SCHEMA_VERSION + 1}`);
  checkRefused(newer, 'newer');
});

test('a damaged list is refused untouched', (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'whole');
  const store = SeederStore.open(path);
  const puts = Array.from(
    { length: 2_000 },
    (_, at): Change => ({ ...PUT, kind: 'put', swarm: swarmOf(at) }) as Change,
  );
  commit(store, puts);
  store.close();
  const whole = readFileSync(path);
  const page = 4_096;
  for (const [name, damage] of [
    ['truncated', whole.subarray(0, whole.length - 3 * page)],
    ['overwritten', Buffer.concat([whole.subarray(0, 8 * page), Buffer.alloc(page, 0x55), whole.subarray(9 * page)])],
  ] as const) {
    const damaged = join(directory, name);
    writeFileSync(damaged, damage);
    checkRefused(damaged, 'damaged');
  }
  copyFileSync(path, join(directory, 'copy'));
  SeederStore.open(join(directory, 'copy')).close();
});

test('a directory is not a seeder list', (t) => {
  const directory = join(temporaryDirectory(t), 'directory');
  mkdirSync(directory);
  assert.throws(() => SeederStore.open(directory), failsWith('NOT_A_FILE', directory));
});

/** By another connection, as any SQLite tool would. */
function rowsOf(path: string, sql: string): readonly (readonly unknown[])[] {
  const Database = createRequire(import.meta.url)('libsql');
  const database = new Database(path);
  try {
    if (sql.startsWith('select')) return database.prepare(sql).raw().all();
    database.exec(sql);
    return [];
  } finally {
    database.close();
  }
}
