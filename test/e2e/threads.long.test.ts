// A thread of a client that dies: a peer thread is started anew and its transfers go on, up to a bound; without its
// download thread a client ends, says so, and has lost nothing when it starts again. Never half alive.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import test from 'node:test';
import type { ClientProcess } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import {
  completes,
  eventually,
  fileOf,
  filesOf,
  hasPieces,
  listedEventually,
  namesIn,
  PIECE,
  share,
  shareHere,
  stageSwarm,
  startTrackerHere,
} from '../support/e2e-stage.js';

const KILLER = new URL('../support/dying-thread.js', import.meta.url).href;

/** A client whose threads die when they are told to. @param dead those that die before they work. */
async function startDying(
  swarm: Swarm,
  name: string,
  options: readonly string[],
  dead: readonly string[],
): Promise<ClientProcess> {
  const deaths = swarm.path(`${name}.deaths`);
  await mkdir(deaths, { recursive: true });
  for (const thread of dead) await writeFile(`${deaths}/${thread}`, '');
  const env = { MTORRENT_TEST_DEATHS: deaths, NODE_OPTIONS: `--import=${KILLER}` };
  return swarm.startClient(name, 0, options, { env });
}

async function startMortal(swarm: Swarm, name: string, options: readonly string[] = []): Promise<ClientProcess> {
  const client = await startDying(swarm, name, options, []);
  await client.address();
  return client;
}

/** Settles as well when its client ends: then nobody is left to die. */
async function killThread(swarm: Swarm, client: ClientProcess, thread: string): Promise<void> {
  let isOver = false;
  void client.exited.then(() => {
    isOver = true;
  });
  const deaths = swarm.path(`${client.name}.deaths`);
  await writeFile(`${deaths}/${thread}`, '');
  await eventually(
    () => namesIn(deaths),
    (names) => names.length === 0 || isOver,
    `${thread} of ${client.name} is dead`,
  );
}

test('F17: a peer thread that dies is started anew, on both sides, and the transfer goes on', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('long.bin', 120 * PIECE);
  const seeder = await startMortal(swarm, 'seeder', ['--upload-limit', '20M']);
  const mtorrent = await share(seeder, source, 'long.mtorrent');
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the share is listed');
  await killThread(swarm, seeder, 'peer-0');
  const leecher = await startMortal(swarm, 'leecher');
  const target = await leecher.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
  await hasPieces(leecher, 1);
  await killThread(swarm, leecher, 'peer-0');
  await killThread(swarm, seeder, 'peer-0');
  await completes(leecher, target);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('F17: whichever of several peer threads dies, the transfer goes on, and who comes is served again', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('long.bin', 120 * PIECE);
  const threads = ['--peer-threads', '3'];
  const seeder = await startMortal(swarm, 'seeder', [...threads, '--upload-limit', '20M']);
  const mtorrent = await share(seeder, source, 'long.mtorrent');
  const leecher = await startMortal(swarm, 'leecher', threads);
  const target = await leecher.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
  await hasPieces(leecher, 1);
  for (const thread of ['peer-0', 'peer-1', 'peer-2']) {
    await killThread(swarm, leecher, thread);
    await killThread(swarm, seeder, thread);
  }
  await completes(leecher, target);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('a client of which a peer thread cannot be started says why, and ends', async (t) => {
  const swarm = await stageSwarm(t);
  const client = await startDying(swarm, 'client', ['--peer-threads', '2'], ['peer-0']);
  assert.equal(await client.exited, 70);
  assert.match(client.stderr, /the test wants this thread dead/);
});

test('F17: a peer thread that dies again and again ends its client with 70, and the next start has everything', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const client = await startMortal(swarm, 'client');
  await share(client, await swarm.makeFile('a.bin', PIECE), 'a.mtorrent');
  // One that dies before it works cannot be started, which ends the client sooner.
  let isOver = false;
  const exited = client.exited.finally(() => {
    isOver = true;
  });
  // How many that takes is up to the machine: only those within a while count.
  await eventually(
    () => killThread(swarm, client, 'peer-0'),
    () => isOver,
    'the client gives up',
  );
  assert.equal(await exited, 70);
  assert.match(client.stderr, /the client cannot continue/);
  const again = swarm.startClient('client');
  await eventually(
    () => filesOf(again),
    ([file]) => file?.state === 'seeding',
    'it is shared again',
  );
});

test('F17: without its download thread a client ends with 70, and the download goes on at the next start', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('long.bin', 120 * PIECE);
  await shareHere(swarm, source, 'long.mtorrent', { uploadLimit: 20 * 2 ** 20 });
  const leecher = await startMortal(swarm, 'leecher');
  const target = await leecher.succeed(`get long.mtorrent ${swarm.path('got.bin')}`);
  await hasPieces(leecher, 1);
  await killThread(swarm, leecher, 'download');
  assert.equal(await leecher.exited, 70);
  assert.match(leecher.stderr, /the client cannot continue: .*see its log file/);
  const again = swarm.startClient('leecher');
  await eventually(
    () => fileOf(again),
    ({ state }) => state === 'seeding',
    'it completes',
  );
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});
