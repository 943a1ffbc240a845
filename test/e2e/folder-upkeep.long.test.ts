// What a client does with a folder that it shares, for as long as it does: `verify` finds what has rotted, whatever the
// times of its files say, and `remove --delete-files` deletes what is its own and nothing else.

import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readFileSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { eventually, share, stageSwarm, startClientHere, startTrackerHere } from '../support/e2e-stage.js';
import { makeTree, treeOf } from '../support/folder-stage.js';

/** Changes a byte, and no time: the disk has done it. */
function rot(path: string, at: number): () => void {
  const { atime, mtime } = statSync(path);
  const before = readFileSync(path);
  const put = (byte: number): void => {
    const fd = openSync(path, 'r+');
    writeSync(fd, Uint8Array.of(byte), 0, 1, at);
    closeSync(fd);
    utimesSync(path, atime, mtime);
  };
  put((before[at] ?? 0) ^ 1);
  return () => put(before[at] ?? 0);
}

test('verify finds a rotten file of a shared folder, the rest stays shared, and it is shared again when it is right', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const tree = makeTree(swarm.path('tree'));
  const client = await startClientHere(swarm, 'seeder');
  await client.share(tree, swarm.path('tree.mtorrent'));
  const { pieces } = await client.file('tree');
  const whole = await client.verify('tree');
  assert.deepEqual([whole.good, whole.pieces, whole.bad], [pieces, pieces, []]);
  const mend = rot(join(tree, 'large.bin'), 3 * 512 * 1024);
  const rotten = await client.verify('tree');
  assert.equal(rotten.good, pieces - 1);
  const look = () => client.file('tree');
  const found = await eventually(look, ({ changed }) => changed > 0, 'the file is known to have changed');
  assert.deepEqual([found.state, found.changed], ['seeding', 1]);
  assert.match(found.problem, /large\.bin/);
  assert.ok(found.have < pieces && found.have > 0, `${found.have} of ${pieces} are shared`);
  mkdirSync(swarm.path('to'));
  const leecher = await startClientHere(swarm, 'leecher');
  const rest = await leecher.get(swarm.path('tree.mtorrent'), swarm.path('to/'), { except: ['large.bin'] });
  await rest.finished();
  const { 'large.bin': _, ...others } = treeOf(tree);
  assert.deepEqual(treeOf(swarm.path('to/tree')), others);
  mend();
  // Two looks at a file that stays as it is, some seconds apart.
  const right = await eventually(look, ({ changed }) => changed === 0, 'it is shared again', 60_000);
  assert.deepEqual([right.state, right.have], ['seeding', pieces]);
});

test('remove --delete-files deletes no file that another share holds, and says whose it is', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const tree = makeTree(swarm.path('tree'));
  const client = swarm.startClient('seeder');
  await share(client, tree, 'tree.mtorrent');
  await share(client, join(tree, 'middle.bin'), 'middle.mtorrent');
  await share(client, join(tree, 'small'), 'small.mtorrent');
  const before = treeOf(tree);
  assert.equal(await client.succeed('remove middle.bin --delete-files'), 'FILE_REMOVED');
  await client.said(/tree\/middle\.bin stays: it belongs to \S+\/tree, which is shared, too/);
  assert.equal(await client.succeed('remove small --delete-files'), 'FILE_REMOVED');
  await client.said(/belongs to another share stays: \S+\/tree\/small\/file-/);
  assert.deepEqual(treeOf(tree), before);
  // The other way round.
  await share(client, join(tree, 'middle.bin'), 'middle.mtorrent');
  assert.equal(await client.succeed('remove tree --delete-files'), 'FILE_REMOVED');
  await client.said(/belongs to another share stays: \S+\/tree\/middle\.bin/);
  assert.deepEqual(Object.keys(treeOf(tree)), ['middle.bin']);
  assert.equal(await client.succeed('remove middle.bin --delete-files'), 'FILE_REMOVED');
  assert.deepEqual(treeOf(tree), {});
});

test('remove --delete-files deletes the files of a folder; what is not of its list, or has changed, stays and is told', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const tree = makeTree(swarm.path('tree'));
  const client = swarm.startClient('seeder');
  await share(client, tree, 'tree.mtorrent');
  writeFileSync(join(tree, 'small/mine.txt'), 'my own');
  mkdirSync(join(tree, 'nothing/here/mine'));
  writeFileSync(join(tree, 'README.md'), 'my version');
  assert.equal(await client.succeed('remove tree --delete-files'), 'FILE_REMOVED');
  const told = await client.said(/what is no file of .*stays/);
  for (const path of ['small/mine.txt', 'nothing/here/mine', 'README.md']) assert.ok(told.includes(path), told);
  const left = Object.entries(treeOf(tree)).map(([path, what]) => `${path} ${what.split(' ')[0]}`);
  assert.deepEqual(left, [
    'README.md file',
    'nothing directory',
    'nothing/here directory',
    'nothing/here/mine directory',
    'small directory',
    'small/mine.txt file',
  ]);
  assert.equal(await client.succeed('show downloads'), '0');
});
