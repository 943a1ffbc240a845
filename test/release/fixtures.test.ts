// The first release's files under this one: what it listed is listed, what it served is served, what it had begun is
// finished without fetching again what was there, and a `.mtorrent` is the same to the byte.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { keyBytes, type SwarmKey } from '../../src/foundation/torrent/ids.js';
import { listSeeders } from '../../src/tracking/store/sqlite/list.js';
import { SeederStore } from '../../src/tracking/store/sqlite/store.js';
import { startTracker } from '../../src/tracking/tracker/start.js';
import { completes, eventually, filesOf, getWhole, share, stageSwarm } from '../support/e2e-stage.js';
import {
  contentsOf,
  MANY,
  made,
  moveToPresent,
  mtorrentBytes,
  restoreClient,
  restoreList,
} from '../support/first-release.js';
import { PairClient } from '../support/pair-client.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { WireClient } from '../tracking/tracker/wire.js';

const PIECE = 512 * 1024;
const REMOVED = 'c'.repeat(40) as SwarmKey;

const swarmNamed = (name: string): SwarmKey =>
  (made.list.swarms.find(([, of]) => of === name)?.[0] ?? assert.fail(`no ${name} in the list`)) as SwarmKey;

test('a list that the first release left after kill -9 is read as that release reads it', async (t) => {
  const path = join(temporaryDirectory(t), 'list');
  restoreList(path);
  const shown = JSON.parse(await listSeeders(path, { json: true }));
  assert.deepEqual(
    shown.swarms.map(({ name, seeders }: { name: string; seeders: readonly { have: number }[] }) => [
      name,
      ...seeders.map(({ have }) => have),
    ]),
    [
      ['a.bin', 2],
      ['large.bin', 2_000],
      ['shared.bin', 3],
    ],
  );
  const store = SeederStore.open(path);
  const rows = (name: 'loadSwarms' | 'loadLeaves' | 'loadUnlisted'): unknown[][] =>
    [...store.batches(name, 1_000)].flat().map((row) => [...row]);
  const entries = [...rows('loadUnlisted'), ...[...store.liveBatches(1_000, 0)].flat()].map((row) => row.slice(0, 8));
  const swarms = rows('loadSwarms').map((row) => row.slice(0, 6));
  const found = { swarms, entries, leaves: rows('loadLeaves').map((row) => row.slice(0, 3)) };
  store.close();
  assert.deepEqual(found, made.list);
});

test('a tracker on the list of the first release answers what that answered, and takes no older word', async (t) => {
  const directory = temporaryDirectory(t);
  const seederListPath = join(directory, 'list');
  restoreList(seederListPath);
  moveToPresent(seederListPath);
  const tracker = await startTracker({
    own: { host: '127.0.0.1', port: 0 },
    partner: { host: '127.0.0.1', port: 1 },
    seederListPath,
    log: { path: join(directory, 'log'), level: 'info' },
    replicaWaitMs: 0,
  });
  t.after(() => tracker.stop('the test is over'));
  const guest = await PairClient.connect(t, tracker.address, 0);
  assert.deepEqual(await guest.listed(MANY), [1]);
  assert.deepEqual(await guest.listed(REMOVED), []);
  assert.deepEqual(await guest.listed(swarmNamed('shared.bin')), [1]);
  assert.deepEqual(await guest.listed(swarmNamed('large.bin')), [1]);
  assert.equal((await guest.stats()).liveEntries, 3);
  // Said before it left: epoch 1, sequence 1.
  const gone = await PairClient.connect(t, tracker.address, 3);
  await gone.share(MANY);
  assert.deepEqual(await guest.listed(MANY), [1]);
  // Its hash string is whole; that of the large file was not, and is asked for again.
  const seeder = new WireClient(t, tracker.address);
  await seeder.hello(9);
  for (const [at, name] of ['shared.bin', 'large.bin'].entries()) {
    const [, , size = 0, pieceCount = 0] = made.list.swarms.find(([, of]) => of === name) ?? [];
    const facts = { swarm: keyBytes(swarmNamed(name)), name, size, pieceCount, have: 1 };
    seeder.send({ kind: 'share', id: at + 1, ...facts, epoch: 1, sequence: at + 1 });
    assert.deepEqual(await seeder.reply(at + 1), { kind: 'shared', id: at + 1, piecesNeeded: name === 'large.bin' });
  }
});

test('a client on the state of the first release serves its share and finishes its download from where it was', async (t) => {
  const swarm = await stageSwarm(t);
  await swarm.startTrackers();
  restoreClient(swarm.directory, swarm.trackers);
  const { epoch } = JSON.parse(await readFile(swarm.path('client.state/identity.json'), 'utf8'));
  const client = swarm.startClient('client');
  const files = await eventually(
    () => filesOf(client),
    (some) => some.length === 2 && some.every(({ state }) => state !== 'checking'),
    'both files are known',
  );
  const fileNamed = (name: string) => files.find((file) => file.name === name) ?? assert.fail(`no ${name}`);
  assert.equal(fileNamed('shared.bin').state, 'seeding');
  const { have } = fileNamed('wanted.bin');
  assert.ok(have >= 3 && have < 10, `${have} pieces were there`);
  const other = swarm.startClient('other');
  const copy = await getWhole(other, swarm.path('shared.mtorrent'), swarm.path('copy.bin'));
  assert.ok(contentsOf('shared.bin').equals(await readFile(copy)));
  await writeFile(swarm.path('wanted.bin'), contentsOf('wanted.bin'));
  await share(other, swarm.path('wanted.bin'), 'again.mtorrent');
  await completes(client, swarm.path('got/wanted.bin'));
  assert.ok(contentsOf('wanted.bin').equals(await readFile(swarm.path('got/wanted.bin'))));
  const { received, wasted } = (await filesOf(client)).find(({ name }) => name === 'wanted.bin') ?? assert.fail();
  // On a slow machine the end of a download may fetch a piece twice, which counts as wasted.
  assert.ok(received - wasted <= (10 - have) * PIECE, `${received} bytes came for ${10 - have} pieces`);
  const identity = JSON.parse(await readFile(swarm.path('client.state/identity.json'), 'utf8'));
  assert.equal(identity.epoch, epoch + 1);
});

test('a .mtorrent of the same file is byte for byte that of the first release', async (t) => {
  const directory = temporaryDirectory(t);
  for (const [name, more] of [
    ['shared', []],
    ['shared-sha256', ['--sha256']],
    ['wanted', []],
  ] as const) {
    const source = name === 'wanted' ? 'wanted.bin' : 'shared.bin';
    await writeFile(join(directory, source), contentsOf(source));
    const [first = '', second = ''] = made.trackers.map(formatAddress);
    const words = ['create', source, '-t', first, '-t', second, '-o', `${name}.mtorrent`, '-q', ...more];
    const { code, stderr } = await runProgram(words, directory);
    assert.equal(code, 0, stderr);
    assert.ok(mtorrentBytes(`${name}.mtorrent`).equals(await readFile(join(directory, `${name}.mtorrent`))), name);
  }
});
