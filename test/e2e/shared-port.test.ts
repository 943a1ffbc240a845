// Clients whose threads listen on one port together: every connection is served by one client, whichever thread got it,
// and nobody else gets the port. Skipped where the runtime cannot listen in common.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { freePort, runProgram } from '../../src/app/demo/processes.js';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { sharesPorts } from '../../src/foundation/base/this-machine.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import {
  eventually,
  fileOf,
  getWhole,
  PIECE,
  quit,
  share,
  stageSwarm,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { lacksPlace } from '../support/needs.js';

/** Whether threads can share a port here. */
function sharesHere(t: TestContext): boolean {
  const { platform, versions } = process;
  if (sharesPorts(platform, versions.node)) return true;
  lacksPlace(t, `threads share a port on Linux from Node 22.12 on, and this is ${platform} with Node ${versions.node}`);
  return false;
}

const LISTENS = '0A';

/** Sockets that listen on `port`, as the kernel counts them. */
async function listenersOf(port: number): Promise<number> {
  const rows = (await readFile('/proc/net/tcp', 'latin1')).split('\n').map((line) => line.trim().split(/\s+/));
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return rows.filter(([, local = '', , state]) => local.endsWith(`:${hex}`) && state === LISTENS).length;
}

test('every peer thread listens on the one port, and what they send to a crowd is right and counted once', async (t) => {
  if (!sharesHere(t)) return;
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('crowd.bin', 16 * PIECE);
  for (const threads of [4, 16]) {
    const env = { MTORRENT_PEER_THREADS: `${threads}` };
    const seeder = swarm.startClient(`seeder-${threads}`, 0, [], { env });
    const { port } = await seeder.address();
    assert.equal(await listenersOf(port), threads);
    const mtorrent = await share(seeder, source, `crowd-${threads}.mtorrent`);
    const receivers = [1, 2, 3].map((at) => swarm.startClient(`receiver-${threads}-${at}`));
    const targets = await Promise.all(receivers.map((it) => getWhole(it, mtorrent, swarm.path(`${it.name}.bin`))));
    const wanted = await sha256OfFile(source);
    for (const target of targets) assert.equal(await sha256OfFile(target), wanted);
    const sent = await eventually(
      async () => (await Promise.all([seeder, ...receivers].map(fileOf))).map((file) => file.sent),
      (each) => each.reduce((sum, bytes) => sum + bytes, 0) >= 3 * 16 * PIECE,
      'all that was sent is counted',
    );
    assert.ok(sent.reduce((sum, bytes) => sum + bytes, 0) < 3.5 * 16 * PIECE, `${sent.join()} were sent`);
    await Promise.all([seeder, ...receivers].map(quit));
  }
});

test('a port that another client or program has is refused, whoever shares it, and whichever comes first', async (t) => {
  if (!sharesHere(t)) return;
  const swarm = await stageSwarm(t);
  const [first, second] = swarm.trackers.map(formatAddress);
  const start = async (name: string, address: string, threads: number) =>
    runProgram(
      [
        'client',
        address,
        first ?? '',
        second ?? '',
        `${name}.log`,
        '--state-dir',
        name,
        '--peer-threads',
        `${threads}`,
      ],
      swarm.directory,
    );
  let count = 0;
  const isRefused = async (address: string, threads: number, what: string): Promise<void> => {
    count += 1;
    const outcome = await start(`state-${count}`, address, threads);
    assert.match(outcome.stderr, /^PORT_IN_USE: /, what);
    assert.notEqual(outcome.code, 0, what);
  };
  for (const threads of [4, 1]) {
    const client = swarm.startClient(`first-${threads}`, 0, [], { env: { MTORRENT_PEER_THREADS: `${threads}` } });
    const { host, port } = await client.address();
    for (const others of [4, 1]) {
      await isRefused(`${host}:${port}`, others, `${threads} threads, then ${others}`);
      await isRefused(`0.0.0.0:${port}`, others, `${threads} threads, then ${others} on every address`);
    }
    const program = net.createServer().listen({ host, port });
    const [error] = (await once(program, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'EADDRINUSE');
  }
  const program = net.createServer().listen({ host: '127.0.0.1', port: await freePort() });
  await once(program, 'listening');
  t.after(() => program.close());
  const { port } = program.address() as net.AddressInfo;
  await isRefused(`127.0.0.1:${port}`, 4, 'a program, then 4 threads');
});

test('of clients that start at once on one port one gets it, and the others end with PORT_IN_USE', async (t) => {
  if (!sharesHere(t)) return;
  const swarm = await stageSwarm(t);
  const port = await freePort();
  const clients = [1, 2, 3].map((at) => swarm.startClient(`at-once-${at}`, port, ['--peer-threads', '4']));
  let isOver = 0;
  for (const client of clients) void client.exited.then(() => (isOver += 1));
  await eventually(
    () => isOver,
    (ended) => ended >= 2,
    'all but one end',
  );
  // Its threads listen one after the other.
  await eventually(
    () => listenersOf(port),
    (listeners) => listeners === 4,
    'one client listens with all of its threads',
  );
  assert.equal(isOver, 2);
});
