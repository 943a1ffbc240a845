// Field cases of identity and address, with real processes: cloned clients, and clients behind one address.

import assert from 'node:assert/strict';
import { cpSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { ClientProcess, freePort } from '../../src/app/demo/processes.js';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { ChaosProxy } from '../support/chaos-proxy.js';
import {
  completes,
  eventually,
  getWhole,
  listedEventually,
  PIECE,
  quit,
  share,
  stageSwarm,
  startTrackerHere,
} from '../support/e2e-stage.js';

/** Without what a running client listens on. */
function copyState(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !statSync(path).isSocket() });
}

interface IdentityJson {
  readonly clientId: string;
  readonly place?: string;
}

function identityIn(stateDir: string): IdentityJson {
  return JSON.parse(readFileSync(`${stateDir}/identity.json`, 'utf8')) as IdentityJson;
}

test('FC-01: a copied state directory is another client from its first start, and says so; both fetch, and the original stays listed', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  await quit(swarm.startClient('original'));
  copyState(swarm.path('original.state'), swarm.path('clone.state'));
  const original = swarm.startClient('original');
  const source = await swarm.makeFile('big.bin', 4 * PIECE);
  const mtorrent = await share(original, source, 'big.mtorrent');
  const clone = swarm.startClient('clone');
  await clone.said(/clone\.state comes from another machine or another path, so this client has taken an identity/);
  await getWhole(clone, mtorrent, swarm.path('two.bin'));
  assert.notEqual(identityIn(swarm.path('clone.state')).clientId, identityIn(swarm.path('original.state')).clientId);
  await quit(clone);
  await listedEventually(
    swarm,
    0,
    (rows) => rows.length === 1,
    'the original is listed, and the clone is not any more',
  );
  const third = swarm.startClient('third');
  assert.equal(
    await sha256OfFile(await getWhole(third, mtorrent, swarm.path('three.bin'))),
    await sha256OfFile(source),
  );
});

test('FC-01: a clone at the very same place is turned away by the tracker: it takes a new id, both say what happened once, nobody loses an entry', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const original = swarm.startClient('original');
  const source = await swarm.makeFile('big.bin', 4 * PIECE);
  const mtorrent = await share(original, source, 'big.mtorrent');
  const { port } = await original.address();
  const listed = `big.bin 127.0.0.1:${port} 4`;
  await listedEventually(swarm, 0, (rows) => rows.includes(listed), 'the original is listed');
  // As on a machine with the same id and path: the place cannot tell them apart.
  // Held meanwhile: what it writes aside would be gone while it is copied.
  original.kill('SIGSTOP');
  copyState(swarm.path('original.state'), swarm.path('clone.state'));
  original.kill('SIGCONT');
  const { clientId } = identityIn(swarm.path('original.state'));
  writeFileSync(swarm.path('clone.state/identity.json'), JSON.stringify({ version: 1, clientId, epoch: 1 }));
  writeFileSync(swarm.path('clone.state/library.json'), '{"version":1,"files":[]}');
  const clone = swarm.startClient('clone');
  const target = await clone.succeed(`get ${mtorrent} ${swarm.path('two.bin')}`);
  await completes(clone, target);
  const saidAtClone = new RegExp(`a client at 127\\.0\\.0\\.1:${port} has the identity of this one`);
  await clone.said(saidAtClone);
  await original.said(
    /a client at 127\.0\.0\.1:\d+ came with the identity of this one.*this client keeps its identity/,
  );
  await eventually(
    () => identityIn(swarm.path('clone.state')).clientId,
    (id) => id !== clientId,
    'the clone has an id of its own',
  );
  await listedEventually(swarm, 0, (rows) => rows.length === 2 && rows.includes(listed), 'both are listed');
  await quit(clone);
  await listedEventually(swarm, 0, (rows) => rows.join() === listed, 'the original alone is listed');
  assert.equal(identityIn(swarm.path('original.state')).clientId, clientId);
  assert.equal(original.stderr.split('came with the identity').length, 2, 'once');
  assert.equal(clone.stderr.split('has the identity of this one').length, 2, 'once');
});

test('FC-15: two clients behind one address and port are both told; one that advertises what leads to it is listed there and fetched from', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const nat = [await ChaosProxy.open(t, swarm.trackers[0]), await ChaosProxy.open(t, swarm.trackers[1])] as const;
  const port = await freePort();
  const behind = (name: string, host: string, more: readonly string[] = []): ClientProcess =>
    swarm.adopt(new ClientProcess(name, { host, port }, [nat[0].address, nat[1].address], swarm.directory, more));
  await ChaosProxy.open(t, { host: '127.0.0.2', port }, port);
  const first = behind('first', '127.0.0.2');
  await share(first, await swarm.makeFile('first.bin', 2 * PIECE), 'first.mtorrent');
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the first is listed');
  const second = behind('second', '127.0.0.3');
  const source = await swarm.makeFile('second.bin', 2 * PIECE);
  const mtorrent = await share(second, source, 'second.mtorrent');
  await second.said(
    /the tracker refuses second\.bin: peers cannot reach this client at 127\.0\.0\.1:\d+: another client answers there.*--advertise/,
  );
  await first.said(
    new RegExp(`another client names 127\\.0\\.0\\.1:${port}, where this client is listed.*--advertise`),
  );
  await quit(second);

  const forwarded = await ChaosProxy.open(t, { host: '127.0.0.3', port });
  const advertised = formatAddress(forwarded.address);
  const again = behind('second', '127.0.0.3', ['--advertise', advertised]);
  await listedEventually(swarm, 0, (rows) => rows.includes(`second.bin ${advertised} 2`), 'listed where it says');
  const getter = swarm.startClient('getter');
  assert.equal(await sha256OfFile(await getWhole(getter, mtorrent, swarm.path('got.bin'))), await sha256OfFile(source));
  await quit(again);

  const wrong = behind('second', '127.0.0.3', ['--advertise', '127.0.0.1:9']);
  await wrong.said(/cannot reach this client at 127\.0\.0\.1:9, the address that it advertises: nobody answers there/);
});
