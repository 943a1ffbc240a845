// A tracker of a shared database that is frozen for longer than a lease, beside two that go on: what it says and what
// it writes when it goes on. Real processes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../../src/app/demo/processes.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { clientId } from '../../src/foundation/torrent/ids.js';
import { cluster, OTHER } from '../support/database-trackers.js';
import { eventually } from '../support/e2e-stage.js';
import { idOf, PairClient } from '../support/pair-client.js';
import { directoryInMemory, passes } from '../support/tracker-load.js';
import { run } from '../tracking/tracker/running.js';
import { swarmOf } from '../tracking/tracker/stage.js';

/** A busy machine keeps a client silent for seconds. */
const LEASE_MS = 6_000;
const SWARM = swarmOf(1);

/** As clients do that hear that their lease has ended: each says again that it shares. */
async function sharedFor(ms: number, clients: readonly PairClient[]): Promise<void> {
  for (const endMs = performance.now() + ms; performance.now() < endMs; await passes(100))
    for (const client of clients) await client.share(SWARM);
}

test('a tracker that was frozen for two leases answers no list from before, and renews nobody with words from before', async (t) => {
  const server = await cluster(t);
  if (server === undefined) return;
  const directory = directoryInMemory(t);
  const options = JSON.stringify({ leaseMs: LEASE_MS, renewMs: LEASE_MS / 6 });
  const starting = ['one', 'two', 'three'].map(async (name) => {
    const address = { host: '127.0.0.1', port: await freePort() };
    const words = [formatAddress(address), formatAddress(OTHER), server.address(), `${directory}/${name}`, options];
    const tracker = run(t, words);
    await tracker.listening();
    return { address, tracker };
  });
  const [frozen, second, third] = await Promise.all(starting);
  assert.ok(frozen !== undefined && second !== undefined && third !== undefined);
  const [dies, stays, leaves] = [
    await PairClient.connect(t, frozen.address, 1),
    await PairClient.connect(t, second.address, 2),
    await PairClient.connect(t, second.address, 3),
  ];
  for (const client of [dies, stays, leaves]) await client.share(SWARM);
  const guests: PairClient[] = [];
  for (const { address } of [frozen, second, third]) guests.push(await PairClient.connect(t, address, 0));
  const listedAt = (at: number): Promise<number[]> => guests[at]?.listed(SWARM) ?? Promise.resolve([]);
  const all = (at: number, ports: string): Promise<number[]> =>
    eventually(
      () => listedAt(at),
      (found) => found.join() === ports,
      `tracker ${at} lists ${ports}`,
    );
  for (const at of [0, 1, 2]) await all(at, '1,2,3');

  await dies.ask({ kind: 'ping' }, 'pong');
  frozen.tracker.child.kill('SIGSTOP');
  // Both wait in its sockets until it goes on.
  dies.say({ kind: 'ping' });
  const asked = listedAt(0);
  asked.catch(() => undefined);
  await sharedFor(LEASE_MS / 2, [stays, leaves]);
  await leaves.remove(SWARM);
  const comes = await PairClient.connect(t, third.address, 4);
  await comes.share(SWARM);
  dies.close();
  await sharedFor(2 * LEASE_MS, [stays, comes]);
  await all(1, '2,4');
  await all(2, '2,4');
  const heardOf = `select coalesce(max(extract(epoch from heard_at)), 0) from leases
    where client = decode('${clientId(idOf(1))}', 'hex')`;
  const heard = server.sql(heardOf);

  frozen.tracker.child.kill('SIGCONT');
  assert.deepEqual(await asked, [2, 4], 'what was asked while it was frozen is answered with what is so now');
  for (const endMs = performance.now() + 2 * LEASE_MS; performance.now() < endMs; ) {
    await sharedFor(200, [stays, comes]);
    for (const at of [0, 1, 2]) assert.deepEqual(await listedAt(at), [2, 4], `tracker ${at}`);
  }
  assert.equal(server.sql(heardOf), heard, 'its lease is as it was');
});
