// A folder from one machine to others: shared from a console, fetched by a console, by a command and by a client in the
// background, through kills and restarts, and while its files change under the seeder.

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import test, { type TestContext } from 'node:test';
import type { ClientProcess } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { CommandRun, makeUser } from '../support/command-run.js';
import { onDaemon, socketOf, startDaemon } from '../support/daemon-stage.js';
import {
  completes,
  eventually,
  fileOf,
  getWhole,
  killHard,
  quit,
  share,
  stageSwarm,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { LARGE_BYTES, makeTree, treeOf } from '../support/folder-stage.js';

interface Stage {
  readonly swarm: Swarm;
  readonly seeder: ClientProcess;
  readonly source: string;
}

/** A seeder of the folder `tree`, shared as tree.mtorrent. */
async function stage(t: TestContext, largeBytes = LARGE_BYTES): Promise<Stage> {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = makeTree(swarm.path('tree'), largeBytes);
  const seeder = swarm.startClient('seeder');
  await share(seeder, source, 'tree.mtorrent');
  mkdirSync(swarm.path('to'));
  return { swarm, seeder, source };
}

test('a folder arrives as it is, at two consoles at once, by a command, and by a client in the background', async (t) => {
  const { swarm, seeder, source } = await stage(t);
  const tree = treeOf(source);
  assert.match((await seeder.command('show downloads')).rows.join(), /^\[S\] tree {2}100 % {2}\S+ MiB {2}50 files/);
  const fetchers = ['one', 'two'].map((name) => swarm.startClient(name));
  const targets = fetchers.map((client) => getWhole(client, 'tree.mtorrent', `to/${client.name}`));
  for (const [at, target] of (await Promise.all(targets)).entries()) {
    assert.equal(target, swarm.path(`to/${fetchers[at]?.name}`));
    assert.deepEqual(treeOf(target), tree);
  }
  const user = await makeUser(swarm.directory, 'bob');
  const alone = await new CommandRun(t, user, ['get', 'tree.mtorrent', 'to/', '-q', '--alone']).outcome();
  assert.deepEqual(alone, { code: 0, stdout: swarm.path('to/tree'), stderr: '' });
  assert.deepEqual(treeOf(swarm.path('to/tree')), tree);
  await startDaemon(swarm);
  const target = swarm.path('to/behind');
  const watched = await onDaemon(swarm, 'get', 'tree.mtorrent', 'to/behind', '-q');
  assert.deepEqual(watched, { code: 0, stdout: target, stderr: '' });
  assert.deepEqual(treeOf(target), tree);
  assert.deepEqual(readdirSync(swarm.path('to')).sort(), ['behind', 'one', 'tree', 'two']);
});

test('a get of a folder that was killed goes on with the pieces that it had, and gives the name at once at the end', async (t) => {
  const { swarm, source } = await stage(t, 24_000_000);
  const user = await makeUser(swarm.directory, 'bob');
  const words = ['get', 'tree.mtorrent', 'to/', '--json', '--alone', '--socket', socketOf(swarm)];
  const first = new CommandRun(t, user, [...words, '--download-limit', '2M']);
  await first.line(/"have":(?:1[5-9]|[2-4]\d)/);
  await killHard(first);
  assert.ok(existsSync(swarm.path('to/tree.part')) && !existsSync(swarm.path('to/tree')));
  const second = new CommandRun(t, user, words);
  assert.equal((await second.outcome()).code, 0, second.stderr);
  const completed = second.events().find(({ event }) => event === 'completed');
  const all = Number(completed?.['size']);
  const before = Number(second.events().find(({ event }) => event === 'progress')?.['received'] ?? 0);
  const received = Number(completed?.['received']) - before;
  assert.ok(received < all * 0.9, `${received} of ${all} bytes came again`);
  assert.deepEqual(treeOf(swarm.path('to/tree')), treeOf(source));
  assert.deepEqual(readdirSync(swarm.path('to')), ['tree']);
});

test('both sides are restarted: the seeder believes its stamps, the fetcher goes on, also after kills', async (t) => {
  const { swarm, seeder, source } = await stage(t, 24_000_000);
  const fetcher = swarm.startClient('fetcher', 0, ['--download-limit', '2M']);
  const target = await fetcher.succeed('get tree.mtorrent to/');
  await eventually(
    () => fileOf(fetcher),
    ({ have }) => have >= 10,
    'some pieces are there',
  );
  await Promise.all([killHard(fetcher), killHard(seeder)]);
  const again = swarm.startClient('seeder');
  await eventually(
    () => fileOf(again),
    ({ state }) => state === 'seeding',
    'the folder is shared again',
  );
  const on = swarm.startClient('fetcher');
  await completes(on, target);
  assert.deepEqual(treeOf(target), treeOf(source));
  await quit(on);
  const last = swarm.startClient('fetcher');
  const file = await eventually(
    () => fileOf(last),
    ({ state }) => state === 'seeding',
    'what was fetched is shared after a clean stop',
  );
  assert.equal(file.have, file.pieces);
});

type Change = (path: (name: string) => string) => void;
const CHANGES: readonly (readonly [string, Change])[] = [
  ['its size', (path) => writeFileSync(path('middle.bin'), 'short')],
  ['its time', (path) => utimesSync(path('middle.bin'), 1, 1)],
  [
    'another file of its size and its name',
    (path) => {
      writeFileSync(path('aside'), Buffer.alloc(1_300_000, 'other'));
      renameSync(path('aside'), path('middle.bin'));
    },
  ],
  ['nothing', (path) => rmSync(path('middle.bin'))],
  [
    'a link',
    (path) => {
      renameSync(path('middle.bin'), path('../elsewhere.bin'));
      symlinkSync('../elsewhere.bin', path('middle.bin'));
    },
  ],
  [
    'a folder',
    (path) => {
      rmSync(path('middle.bin'));
      mkdirSync(path('middle.bin'));
    },
  ],
];

for (const [what, change] of CHANGES)
  test(`a file of a shared folder becomes ${what}: the rest stays shared, and no wrong byte arrives`, async (t) => {
    const { swarm, seeder, source } = await stage(t);
    const tree = treeOf(source);
    const { pieces } = await fileOf(seeder);
    change((name) => `${source}/${name}`);
    const fetcher = swarm.startClient('fetcher');
    const target = await fetcher.succeed('get tree.mtorrent to/');
    const isTouched = what === 'its time';
    if (isTouched) {
      // The bytes are right: once it is still, it is hashed and shared again.
      await completes(fetcher, target, 120_000);
      assert.deepEqual(treeOf(target), tree);
      return;
    }
    const file = await eventually(
      () => fileOf(seeder),
      ({ have, problem }) => have < pieces && problem.includes('middle.bin'),
      'the change is seen',
    );
    assert.equal(file.state, 'seeding');
    assert.match(file.problem, /^1 file of \S+tree changed and is not shared until it is as before: middle\.bin$/);
    await eventually(
      () => fileOf(fetcher),
      ({ have }) => have >= file.have,
      'the rest arrives',
    );
    const there = await fileOf(fetcher);
    assert.ok(there.have < pieces && there.state === 'downloading');
    assert.ok(!existsSync(target));
  });

test('a changed file is shared again when its bytes are back, and its folder when it is back', async (t) => {
  const { swarm, seeder, source } = await stage(t);
  const { pieces, have } = await fileOf(seeder);
  renameSync(`${source}/large.bin`, swarm.path('aside'));
  const isWhole = ({ state, ...file }: { state: string; have: number }) => state === 'seeding' && file.have === pieces;
  const isLess = ({ have: now }: { have: number }): boolean => now < have;
  await eventually(() => fileOf(seeder), isLess, 'the file is missed');
  renameSync(swarm.path('aside'), `${source}/large.bin`);
  await eventually(() => fileOf(seeder), isWhole, 'the file is back');
  renameSync(source, swarm.path('moved'));
  await eventually(
    () => fileOf(seeder),
    ({ state }) => state === 'missing',
    'the folder is missed',
  );
  renameSync(swarm.path('moved'), source);
  await eventually(() => fileOf(seeder), isWhole, 'the folder is back');
  assert.ok(statSync(source).isDirectory());
});
