// Trackers of two releases on one database: a newer one takes the tables over, and the older one, which nobody asks
// anything, ends by itself and says why.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { ProgramProcess } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { deferred } from '../../src/foundation/base/deferred.js';
import { type Address, parseAddress } from '../../src/foundation/torrent/address.js';
import { DATABASE_SCHEMA_VERSION } from '../../src/tracking/store/postgres/schema.js';
import { cluster, keyOf, seedersAt } from '../support/database-trackers.js';
import { eventually, stageSwarm } from '../support/e2e-stage.js';
import { programOf } from '../support/first-program.js';
import { PairClient } from '../support/pair-client.js';
import { PATIENCE_MS } from '../support/patience.js';

/** The last commit whose tables are of version 1. */
const TABLES_1 = '7d6cc1f';
/** The other tracker of the command, which only goes into `.mtorrent` files. */
const ANY = '127.0.0.1:9';

interface Tracker {
  readonly address: Address;
  readonly process: ProgramProcess;
}

async function trackerOn(swarm: Swarm, database: string, name: string, program?: string): Promise<Tracker> {
  const words = ['tracker', '127.0.0.1:0', ANY, database, swarm.path(`${name}.log`)];
  const process = swarm.adopt(new ProgramProcess(name, words, swarm.directory, { program }));
  const listening = deferred<string>();
  process.onLine = (line: string) => listening.resolve(line);
  const address = parseAddress((await process.expect(listening, 'address', 2 * PATIENCE_MS)).split(' ').at(-1) ?? '');
  assert.ok(address !== undefined);
  return { address, process };
}

async function share(t: TestContext, { address }: Tracker, number: number): Promise<void> {
  const client = await PairClient.connect(t, address, number);
  const facts = { name: 'a.bin', size: 2 * 524_288, pieceCount: 2, have: 1, epoch: 1, sequence: 1 };
  assert.equal((await client.reply({ kind: 'share', swarm: keyOf(1), ...facts })).kind, 'shared');
}

test('an older tracker ends when a newer one has upgraded the tables, and the newer one lists what it was told', async (t) => {
  const older = programOf(t, TABLES_1);
  if (older === undefined) return;
  const server = await cluster(t);
  if (server === undefined) return;
  const swarm = await stageSwarm(t);
  const before = await trackerOn(swarm, server.address(), 'before', older);
  await share(t, before, 1);
  assert.equal(server.sql('select schema_version from meta'), '1');
  const after = await trackerOn(swarm, server.address(), 'after');
  assert.equal(server.sql('select schema_version from meta'), `${DATABASE_SCHEMA_VERSION}`);
  assert.deepEqual(await seedersAt(t, after.address), [1]);
  const code = await eventually(
    () => Promise.race([before.process.exited, undefined]),
    (ended) => ended !== undefined,
    'the older tracker has ended',
  );
  assert.notEqual(code, 0);
  assert.match(before.process.stderr, /newer release/);
  await share(t, after, 2);
  assert.deepEqual([...(await seedersAt(t, after.address))].sort(), [1, 2]);
});
