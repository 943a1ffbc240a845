// The disk of a shared database is full, that of its tables or that of everything it has: nothing that was acknowledged
// is lost, what cannot be kept is refused with a code, and all goes on by itself when there is room again.

import assert from 'node:assert/strict';
import { chmodSync, closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { errnoOf } from '../../src/foundation/base/errors.js';
import type { Address } from '../../src/foundation/torrent/address.js';
import { trackerStatus } from '../../src/tracking/tracker/status.js';
import { allHave, cluster, seedersAt, sharing, tracker } from '../support/database-trackers.js';
import { eventually } from '../support/e2e-stage.js';
import { hasPostgres, ownedByServer, PostgresServer } from '../support/postgres.js';
import { smallDisk, unmountAfter } from '../support/small-disk.js';

const BLOCK = 4_096;

/** Takes all the room that is left; answers how to give it back. */
function fill(disk: string): () => void {
  const path = join(disk, 'filler');
  const file = openSync(path, 'w');
  try {
    for (const block = Buffer.alloc(BLOCK); ; ) writeSync(file, block);
  } catch (error) {
    if (errnoOf(error) !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
  return () => rmSync(path);
}

async function untilSeeders(t: TestContext, address: Address, least: number): Promise<void> {
  await eventually(
    async () => (await seedersAt(t, address)).length,
    (count) => count >= least,
    `${least} are listed`,
  );
}

test('where the disk of its tables is full shares are refused as such, and taken again when there is room', async (t) => {
  const server = await cluster(t);
  if (server === undefined) return;
  let disk: string | undefined;
  unmountAfter(t, () => disk);
  disk = smallDisk(t, 40);
  if (disk === undefined) return;
  chmodSync(disk, 0o700);
  ownedByServer(disk);
  server.sql(`create tablespace small location '${disk}'`);
  server.sql('create database held tablespace small');
  const address = server.address({ database: 'held' });
  const [first, second] = [await tracker(t, address), await tracker(t, address)];
  const shares = sharing(t, first, 1, ['ioError', 'diskFull']);
  await untilSeeders(t, second, 5);
  const giveBack = fill(disk);
  await eventually(
    () => shares.refused.get('diskFull') ?? 0,
    (count) => count >= 3,
    'shares are refused because the disk is full',
  );
  const before = (await seedersAt(t, second)).length;
  assert.ok(before >= 5, 'lists are answered');
  giveBack();
  await untilSeeders(t, second, before + 5);
  const acknowledged = await shares.stop();
  await allHave(t, [first, second, await tracker(t, address)], acknowledged);
  await server.stop();
});

test('a database that a full disk ends loses nothing that was acknowledged, and is used again when it is back', async (t) => {
  if (!hasPostgres(t)) return;
  let server: PostgresServer | undefined;
  let disk: string | undefined;
  t.after(() => server?.remove());
  unmountAfter(t, () => disk);
  disk = smallDisk(t, 96);
  if (disk === undefined) return;
  chmodSync(disk, 0o755);
  const settings = { max_wal_size: '4MB', min_wal_size: '2MB', wal_keep_size: '0', restart_after_crash: 'off' };
  server = await PostgresServer.start(settings, { parent: disk, walSegmentMiB: 1 });
  const database = server;
  const [first, second] = [await tracker(t, database.address()), await tracker(t, database.address())];
  const shares = sharing(t, first, 1, ['ioError', 'diskFull']);
  await untilSeeders(t, second, 5);
  const giveBack = fill(disk);
  const ballast = `select pg_logical_emit_message(false, 'ballast', repeat('x', 100000)) from generate_series(1, 500)`;
  await assert.rejects(database.query(ballast), 'the log of the database does not fit');
  await eventually(
    () => database.isRunning,
    (isRunning) => !isRunning,
    'the full disk ends the server',
  );
  await eventually(
    () => trackerStatus(second, { json: false }),
    (text) => /store behind \d+ s/.test(text),
    'the status says that the store is behind',
  );
  const before = (await seedersAt(t, second)).length;
  assert.ok(before >= 5, 'lists are answered from memory');
  await eventually(
    () => shares.refused.get('ioError') ?? 0,
    (count) => count > 0,
    'what cannot be kept is refused',
  );
  giveBack();
  await database.begin();
  await untilSeeders(t, second, before + 5);
  const acknowledged = await shares.stop();
  await allHave(t, [first, second, await tracker(t, database.address())], acknowledged);
});
