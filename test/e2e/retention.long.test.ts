// Retention by real processes: a daemon that fetches version after version deletes the old ones, keeps what it is not
// sure to own, and goes on with what a kill has interrupted.

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import test from 'node:test';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { onDaemon, startDaemon } from '../support/daemon-stage.js';
import { eventually, namesIn, PIECE, shareHere, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';

/** A swarm with a seeder of these files, and a directory for what is fetched. */
async function published(t: Parameters<typeof stageSwarm>[0], names: readonly string[]): Promise<Swarm> {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const [first = '', ...others] = names;
  const seeder = await shareHere(swarm, await swarm.makeFile(first, 2 * PIECE), `${first}.mtorrent`);
  for (const name of others) await seeder.share(await swarm.makeFile(name, PIECE), swarm.path(`${name}.mtorrent`));
  await mkdir(swarm.path('got'));
  return swarm;
}

async function get(swarm: Swarm, name: string): Promise<void> {
  const { code, stderr } = await onDaemon(swarm, 'get', `${name}.mtorrent`, swarm.path('got/'));
  assert.equal(code, 0, stderr);
}

function gotNames(swarm: Swarm, names: readonly string[], why: string): Promise<unknown> {
  return eventually(
    () => namesIn(swarm.path('got')),
    (found) => found.join() === names.join(),
    why,
  );
}

async function verdicts(swarm: Swarm, ...words: readonly string[]): Promise<Readonly<Record<string, boolean>>> {
  const { code, stdout, stderr } = await onDaemon(swarm, 'retention', ...words, '--json');
  assert.equal(code, 0, stderr);
  const { downloads } = JSON.parse(stdout) as { downloads: readonly { name: string; goes: boolean }[] };
  return Object.fromEntries(downloads.map(({ name, goes }) => [name, goes]));
}

test('old versions are tried first, then withdrawn and deleted; what was shared or changed since stays', async (t) => {
  const versions = ['app-1.0.bin', 'app-1.1.bin', 'app-1.2.bin', 'app-1.3.bin'];
  const swarm = await published(t, [...versions, 'other.bin']);
  const trial = await startDaemon(swarm);
  for (const name of ['other.bin', 'app-1.0.bin', 'app-1.1.bin']) await get(swarm, name);
  assert.match((await onDaemon(swarm, 'retention')).stdout, /no rule of retention is set/);
  assert.deepEqual(await verdicts(swarm, '--keep-versions', '1'), {
    'app-1.0.bin': true,
    'app-1.1.bin': false,
    'other.bin': false,
  });
  const lines = (await onDaemon(swarm, 'retention', '--keep-versions', '1')).stdout;
  assert.match(lines, /^goes {3}.*got\/app-1\.0\.bin .* 1 newer version of it is here$/m);
  assert.match(lines, /^1 of 3 downloads would be deleted, /m);
  await gotNames(swarm, ['app-1.0.bin', 'app-1.1.bin', 'other.bin'], 'a trial deletes nothing');
  assert.equal((await onDaemon(swarm, 'stop')).code, 0);
  assert.equal(await trial.exited, 0);

  await startDaemon(swarm, ['--keep-versions', '1']);
  await gotNames(swarm, ['app-1.1.bin', 'other.bin'], 'the older version goes at the start');
  // The file goes first.
  await eventually(
    () => readFile(swarm.path('daemon.log'), 'utf8'),
    (log) => /app-1\.0\.bin .* was deleted by the rules of retention/.test(log),
    'its log says so',
  );
  await eventually(
    async () => (await onDaemon(swarm, 'show')).stdout,
    (rows) => !rows.includes('app-1.0'),
    'it is not known any more',
  );
  assert.match(await readFile(swarm.path('app-1.0.bin.mtorrent'), 'utf8'), /app-1\.0/);

  // Somebody has made it his own.
  await writeFile(swarm.path('got/app-1.1.bin'), 'other content');
  await get(swarm, 'app-1.2.bin');
  await eventually(
    () => verdicts(swarm),
    (found) => found['app-1.2.bin'] === false,
    'the new one is known',
  );
  await get(swarm, 'app-1.3.bin');
  await gotNames(swarm, ['app-1.1.bin', 'app-1.3.bin', 'other.bin'], 'only what is as it was goes');
  assert.equal(await readFile(swarm.path('got/app-1.1.bin'), 'utf8'), 'other content');
});

test('a deletion that a kill has interrupted goes on at the next start, and a share is in no budget', async (t) => {
  const swarm = await published(t, ['a.bin', 'b.bin']);
  const first = await startDaemon(swarm);
  for (const name of ['a.bin', 'b.bin']) await get(swarm, name);
  assert.equal((await onDaemon(swarm, 'stop')).code, 0);
  assert.equal(await first.exited, 0);
  // As the library is between the two.
  const library = swarm.path('daemon.state/library.json');
  const text = await readFile(library, 'utf8');
  assert.match(text, /"fetched":\[\d+,"\/.*got\/a\.bin"\]/);
  const marked = text
    .split('\n')
    .map((line) => (line.includes('"name":"a.bin"') ? line.replace('"swarm"', '"retiring":true,"swarm"') : line))
    .join('\n');
  await writeFile(library, marked);
  await startDaemon(swarm, ['--disk-budget', '1K']);
  await gotNames(swarm, ['b.bin'], 'the deletion goes on, and the last download stays');
  // What is still looked at after the start counts for nothing yet.
  await eventually(
    async () => (JSON.parse((await onDaemon(swarm, 'retention', '--json')).stdout) as { shortfall: string }).shortfall,
    (shortfall) => /more than the disk-budget of 1\.0 KiB: the newest download is kept/.test(shortfall),
    'the budget is too small for the last download',
  );
});
