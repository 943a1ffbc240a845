// Field cases of reach, with real processes: cloned clients, addresses that others dial, ports that nobody reaches.

import assert from 'node:assert/strict';
import { cpSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import {
  completes,
  eventually,
  getWhole,
  listedEventually,
  PIECE,
  quit,
  seederList,
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
  await clone.said(
    /clone\.state comes from another machine or another path, so this client has taken an identity/,
    20_000,
  );
  await getWhole(clone, mtorrent, swarm.path('two.bin'));
  assert.notEqual(identityIn(swarm.path('clone.state')).clientId, identityIn(swarm.path('original.state')).clientId);
  await quit(clone);
  assert.deepEqual((await seederList(swarm, 0)).length, 1, 'the original is listed');
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
  copyState(swarm.path('original.state'), swarm.path('clone.state'));
  const { clientId } = identityIn(swarm.path('original.state'));
  writeFileSync(swarm.path('clone.state/identity.json'), JSON.stringify({ version: 1, clientId, epoch: 1 }));
  writeFileSync(swarm.path('clone.state/library.json'), '{"version":1,"files":[]}');
  const clone = swarm.startClient('clone');
  const target = await clone.succeed(`get ${mtorrent} ${swarm.path('two.bin')}`);
  await completes(clone, target);
  const saidAtClone = new RegExp(`a client at 127\\.0\\.0\\.1:${port} has the identity of this one`);
  await clone.said(saidAtClone, 20_000);
  await original.said(
    /a client at 127\.0\.0\.1:\d+ came with the identity of this one.*this client keeps its identity/,
    20_000,
  );
  await eventually(
    () => identityIn(swarm.path('clone.state')).clientId,
    (id) => id !== clientId,
    'the clone has an id of its own',
  );
  await listedEventually(swarm, 0, (rows) => rows.length === 2 && rows.includes(listed), 'both are listed');
  await quit(clone);
  assert.deepEqual(await seederList(swarm, 0), [listed]);
  assert.equal(identityIn(swarm.path('original.state')).clientId, clientId);
  assert.equal(original.stderr.split('came with the identity').length, 2, 'once');
  assert.equal(clone.stderr.split('has the identity of this one').length, 2, 'once');
});
