// Some files of a folder and all of it, at one place and one after the other, on clients that go on.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { CommandRun, makeUser } from '../support/command-run.js';
import { startDaemon } from '../support/daemon-stage.js';
import { eventually, fileOf, quoted, shareHere, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';
import { makeTree, treeOf } from '../support/folder-stage.js';

async function stage(t: TestContext): Promise<Swarm> {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  makeTree(swarm.path('tree'));
  await shareHere(swarm, swarm.path('tree'), 'tree.mtorrent');
  mkdirSync(swarm.path('to'));
  return swarm;
}

/** Runs the command of a refusal. */
function obey(sentence: string): void {
  const remedy = /rename it with: (mv .*) and run the same command again/.exec(sentence)?.[1];
  assert.ok(remedy !== undefined, sentence);
  execFileSync('sh', ['-c', remedy]);
}

test('a get of some files of a folder that is shared whole succeeds at a console, and nothing else changes', async (t) => {
  const swarm = await stage(t);
  cpSync(swarm.path('tree'), swarm.path('to/tree'), { recursive: true, verbatimSymlinks: true });
  const client = swarm.startClient('console');
  const get = `get ${quoted(swarm.path('tree.mtorrent'))} ${quoted(swarm.path('to/'))}`;
  await client.succeed(get);
  const before = await fileOf(client);
  assert.equal(await client.succeed(`${get} --only large.bin`), swarm.path('to/tree'));
  assert.deepEqual(await fileOf(client), before);
  // One of the others is not right any more.
  rmSync(swarm.path('to/tree/middle.bin'));
  await client.succeed(`${get} --only large.bin`);
  const { result } = await client.command(`${get} --only middle.bin`);
  assert.equal(result, 'FAILURE:ALREADY_EXISTS');
});

test('a client that fetched some files of a folder and then all of it shares all of it, also after its restart', async (t) => {
  const swarm = await stage(t);
  const { pieces } = await wholeRow(swarm);
  const user = await makeUser(swarm.directory, 'bob');
  const get = (...words: readonly string[]) =>
    new CommandRun(t, user, ['get', 'tree.mtorrent', 'to/', '-q', '--socket', swarm.path('run/client.sock'), ...words]);
  const rows = async () => {
    const show = new CommandRun(t, user, ['show', 'downloads', '--json', '--socket', swarm.path('run/client.sock')]);
    const { code, stdout } = await show.outcome();
    assert.equal(code, 0, show.stderr);
    return (JSON.parse(stdout) as { files: { have: number; files: number; size: number; changed: number }[] }).files;
  };
  const daemon = await startDaemon(swarm);
  assert.equal((await get('--only', 'large.bin').outcome()).code, 0);
  const [some] = await rows();
  assert.deepEqual([some?.files, some?.size], [1, 5_000_000]);
  const all = await get().outcome();
  assert.equal(all.code, 13, all.stderr);
  obey(all.stderr);
  const again = await get().outcome();
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual(treeOf(swarm.path('to/tree')), treeOf(swarm.path('tree')));
  const isWhole = ([row]: Awaited<ReturnType<typeof rows>>) => row?.have === pieces && row.files > 1;
  await eventually(rows, isWhole, 'all of it is shared');
  await daemon.end();
  await startDaemon(swarm);
  await eventually(rows, isWhole, 'all of it is shared after a restart');
});

test('a client that is told of a folder which is whole by now shares all of it', async (t) => {
  const swarm = await stage(t);
  const { pieces } = await wholeRow(swarm);
  const client = swarm.startClient('console');
  const get = `get ${quoted(swarm.path('tree.mtorrent'))} ${quoted(swarm.path('to/'))}`;
  await client.succeed(`${get} --only large.bin`);
  await client.succeed('wait');
  cpSync(swarm.path('tree'), swarm.path('to/tree'), { recursive: true, verbatimSymlinks: true });
  await client.succeed(get);
  await eventually(
    () => fileOf(client),
    ({ state, have }) => state === 'seeding' && have === pieces,
    'all of it is shared',
  );
});

test('some files that were fetched under a new name are found there again, and a get of all says how to keep them', async (t) => {
  const swarm = await stage(t);
  const user = await makeUser(swarm.directory, 'bob');
  const get = async (...words: readonly string[]) => {
    const run = new CommandRun(t, user, ['get', 'tree.mtorrent', 'to/new', '--json', ...words]);
    return { ...(await run.outcome()), events: run.events() };
  };
  for (const _ of [1, 2]) {
    const { code, stderr, events } = await get('--only', 'small/');
    assert.equal(code, 0, stderr);
    assert.equal(events.find(({ event }) => event === 'completed')?.['path'], swarm.path('to/new'));
    assert.deepEqual(readdirSync(swarm.path('to/new')), ['small']);
  }
  const all = await get();
  assert.equal(all.code, 13, all.stderr);
  obey(all.stderr);
  assert.equal((await get()).code, 0);
  assert.deepEqual(treeOf(swarm.path('to/new')), treeOf(swarm.path('tree')));
});

test('what is said of a choice when it is complete is its size, the first time and later', async (t) => {
  const swarm = await stage(t);
  const user = await makeUser(swarm.directory, 'bob');
  for (const _ of [1, 2]) {
    const run = new CommandRun(t, user, ['get', 'tree.mtorrent', 'to/', '--only', 'middle.bin']);
    const { code, stderr } = await run.outcome();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /tree is complete: 1 file, 1\.2 MiB/);
  }
});

/** As a client has it that shares all. */
async function wholeRow(swarm: Swarm): Promise<{ readonly pieces: number }> {
  const client = swarm.startClient('whole');
  await client.succeed(`share ${quoted(swarm.path('tree'))} ${quoted(swarm.path('whole.mtorrent'))}`);
  const row = await fileOf(client);
  await client.end();
  return row;
}
