// Three trackers on one database with a synchronous standby, and clients of all of them: a tracker is killed, the
// primary is killed, the standby takes over, a tracker comes and one goes, while files are downloaded and shared.

import assert from 'node:assert/strict';
import test from 'node:test';
import { ProgramProcess } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { createSwarmClient, type SwarmClient } from '../../src/app/library/mini-torrent.js';
import { deferred } from '../../src/foundation/base/deferred.js';
import { type Address, formatAddress, parseAddress } from '../../src/foundation/torrent/address.js';
import { listFiles } from '../../src/tracking/tracker/listing.js';
import { trackerStatus } from '../../src/tracking/tracker/status.js';
import { eventually, PIECE, stageSwarm } from '../support/e2e-stage.js';
import { hasPostgres, PostgresServer } from '../support/postgres.js';

/** Bytes a second: the download lasts while trackers and database change. */
const SLOW = 6 * PIECE;
/** The other tracker of the command, which only goes into `.mtorrent` files. */
const ANY = '127.0.0.1:9';

interface Tracker {
  readonly address: Address;
  readonly process: ProgramProcess;
}

async function trackerOn(swarm: Swarm, database: string, name: string): Promise<Tracker> {
  const words = ['tracker', '127.0.0.1:0', ANY, database, swarm.path(`${name}.log`)];
  const process = new ProgramProcess(name, words, swarm.directory);
  swarm.adopt(process);
  const listening = deferred<string>();
  process.onLine = (line) => {
    const [, address] = /^TRACKER LISTENING (.*)$/.exec(line) ?? [];
    if (address !== undefined) listening.resolve(address);
  };
  const address = parseAddress(await process.expect(listening, 'port', 60_000));
  assert.ok(address !== undefined);
  return { address, process };
}

/** @param trackers the first is preferred. */
async function clientOf(
  swarm: Swarm,
  name: string,
  trackers: readonly Tracker[],
  uploadLimit?: number,
): Promise<SwarmClient> {
  const addresses = trackers.map(({ address }) => formatAddress(address)) as [string, string, ...string[]];
  const client = await createSwarmClient({
    address: '127.0.0.1:0',
    peerThreads: 1,
    trackers: addresses,
    stateDir: swarm.path(`${name}.state`),
    ...(uploadLimit === undefined ? {} : { uploadLimit }),
  });
  swarm.adopt({ end: () => client.close() });
  return client;
}

function statusFits({ address }: Tracker, pattern: RegExp, what: string): Promise<string> {
  return eventually(
    () => trackerStatus(address, { json: false }),
    (text) => pattern.test(text),
    what,
  );
}

test('clients of three trackers on one database go on when a tracker and the primary are killed, and find what was shared at any of them', async (t) => {
  if (!hasPostgres(t)) return;
  const { primary, standby, list } = await PostgresServer.synchronousPair(t);
  const swarm = await stageSwarm(t);
  const one = await trackerOn(swarm, list, 'one');
  const two = await trackerOn(swarm, list, 'two');
  const three = await trackerOn(swarm, list, 'three');
  for (const each of [one, two, three]) await statusFits(each, /3 trackers use it/, 'each knows of the others');

  const source = await swarm.makeFile('big.bin', 60 * PIECE + 1);
  const sharer = await clientOf(swarm, 'sharer', [one, two, three], SLOW);
  await sharer.share(source, swarm.path('big.mtorrent'));
  const takers = [await clientOf(swarm, 'taker-2', [two, three, one]), await clientOf(swarm, 'taker-3', [three, two])];
  const downloads = await Promise.all(
    takers.map((taker, at) => taker.get(swarm.path('big.mtorrent'), swarm.path(`got-${at}.bin`))),
  );
  await eventually(
    () => Promise.all(downloads.map(({ path }, at) => takers[at]?.file(path))),
    (files) => files.every((file) => (file?.have ?? 0) > 0),
    'both have found the seeder, each at another tracker than it told',
  );

  one.process.kill('SIGKILL');
  await primary.stop('SIGKILL');
  await statusFits(two, /store behind \d+ s/, 'a tracker without its database says so');
  assert.equal((await listFiles([two.address, three.address], '')).length, 1, 'lists are answered from memory');
  standby.promote();
  for (const each of [two, three])
    await statusFits(each, new RegExp(`store postgres 127\\.0\\.0\\.1:${standby.port} `), 'the standby is used');
  standby.sql('alter system reset synchronous_standby_names');
  standby.sql('select pg_reload_conf()');

  const four = await trackerOn(swarm, list, 'four');
  const second = await swarm.makeFile('second.bin', 3 * PIECE);
  const late = await clientOf(swarm, 'late', [four, three]);
  await late.share(second, swarm.path('second.mtorrent'));
  await eventually(
    () => listFiles([two.address, three.address], ''),
    (files) => files.some(({ name }) => name === 'second.bin'),
    'what was told to the fourth is listed by the second',
  );
  await Promise.all(downloads.map((download) => download.finished()));
  const right = await sha256OfFile(source);
  for (const { path } of downloads) assert.equal(await sha256OfFile(path), right);

  assert.equal(await two.process.end(), 0);
  await statusFits(four, /[23] trackers use it/, 'one that stops is gone at once');
  const last = await (await clientOf(swarm, 'last', [two, four])).get(swarm.path('second.mtorrent'), swarm.path('s2'));
  await last.finished();
  assert.equal(await sha256OfFile(last.path), await sha256OfFile(second));
});
