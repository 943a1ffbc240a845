// A tree of links, as a model cache keeps its snapshots, shared with what the links point to: it is fetched as files,
// and still served after the client was stopped and started again.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { onDaemon, startDaemon } from '../support/daemon-stage.js';
import { eventually, getWhole, quit, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';
import { treeOf } from '../support/folder-stage.js';

test('what links point to is shared in their place, also after a restart', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  for (const path of ['blobs/more', 'snapshot', 'to']) mkdirSync(swarm.path(path), { recursive: true });
  writeFileSync(swarm.path('blobs/one'), Buffer.alloc(5_000_000, 'large'));
  writeFileSync(swarm.path('blobs/more/two'), 'small');
  writeFileSync(swarm.path('snapshot/own'), 'own');
  symlinkSync('../blobs/one', swarm.path('snapshot/model.bin'));
  symlinkSync('../blobs/more', swarm.path('snapshot/more'));
  const daemon = await startDaemon(swarm);
  const refused = await onDaemon(swarm, 'share', 'snapshot', '-q');
  assert.equal(refused.code, 10, refused.stderr);
  const shared = await onDaemon(swarm, 'share', 'snapshot', '--follow-links', '-q');
  assert.equal(shared.code, 0, shared.stderr);
  const leecher = swarm.startClient('leecher');
  const first = await getWhole(leecher, 'snapshot.mtorrent', 'to/first');
  const kinds = Object.entries(treeOf(first)).map(([path, what]) => `${path} ${what.split(' ')[0]}`);
  assert.deepEqual(kinds, ['model.bin file', 'more directory', 'more/two file', 'own file']);
  await quit(leecher);

  assert.equal((await onDaemon(swarm, 'stop')).code, 0);
  await daemon.exited;
  await startDaemon(swarm);
  const ask = async (): Promise<string> => (await onDaemon(swarm, 'show', 'downloads')).stdout;
  await eventually(ask, (shown) => shown.includes('[S] snapshot  100 %'), 'the share is whole again');
  const second = await getWhole(swarm.startClient('later'), 'snapshot.mtorrent', 'to/second');
  assert.deepEqual(treeOf(second), treeOf(first));
});
