// Commands and accidents that come at the worst moment: while a `.part` is being opened, while a start still checks,
// while somebody else uses the same place. The client lives on, and nobody's file is harmed.

import assert from 'node:assert/strict';
import { copyFile, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import test, { type TestContext } from 'node:test';
import type { ClientProcess } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import {
  completes,
  create,
  fileOf,
  filesOf,
  hasPieces,
  namesIn,
  PIECE,
  quit,
  refuses,
  share,
  stageSwarm,
  startClientHere,
  startPartial,
  startPartialHere,
  startTrackerHere,
} from '../support/e2e-stage.js';

interface HalfWay {
  readonly swarm: Swarm;
  readonly source: string;
  readonly leecher: ClientProcess;
  readonly target: string;
}

/** A download that has the first five of ten pieces; the seeder of all of them is not running. */
async function halfWay(t: TestContext): Promise<HalfWay> {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('half.bin', 10 * PIECE);
  const mtorrent = await create(swarm, source, 'half.mtorrent');
  await startPartialHere(swarm, source, mtorrent, (at) => at < 5);
  await copyFile(mtorrent, swarm.path('mine.mtorrent'));
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get mine.mtorrent ${swarm.path('got.bin')}`);
  await hasPieces(leecher, 5);
  return { swarm, source, leecher, target };
}

test('remove --force straight after get leaves nothing and no dead client', async (t) => {
  const swarm = await stageSwarm(t);
  await create(swarm, await swarm.makeFile('a.bin', 10 * PIECE), 'a.mtorrent');
  const other = swarm.startClient('other');
  await other.address();
  for (let round = 0; round < 5; round += 1) {
    await copyFile(swarm.path('a.mtorrent'), swarm.path('mine.mtorrent'));
    // The second is read while the first is still opening its file.
    const got = other.command(`get mine.mtorrent ${swarm.path('got.bin')}`);
    const removed = other.command('remove --force mine.mtorrent');
    assert.match((await got).result, /^SUCCESS:/);
    assert.equal((await removed).result, 'SUCCESS:FILE_REMOVED');
    assert.deepEqual(await filesOf(other), []);
  }
  const left = (await namesIn(swarm.directory)).filter((name) => name.startsWith('got') || name === 'mine.mtorrent');
  assert.deepEqual(left, []);
  assert.deepEqual(await namesIn(swarm.path('other.state/resume')), []);
});

test('remove while the start still checks the file removes it and harms nothing', async (t) => {
  const swarm = await stageSwarm(t);
  const first = swarm.startClient('client');
  const source = await swarm.makeFile('checked.bin', 400 * PIECE);
  await share(first, source, 'checked.mtorrent');
  await quit(first);
  await utimes(source, 1, 1);
  const second = swarm.startClient('client');
  assert.equal(await second.succeed('remove checked.mtorrent'), 'FILE_REMOVED');
  // A share has to wait for the check: afterwards its answer, if it made any trouble, has come.
  await share(second, await swarm.makeFile('next.bin', 10), 'next.mtorrent');
  assert.deepEqual(
    (await filesOf(second)).map(({ name }) => name),
    ['next.bin'],
  );
  assert.equal((await sha256OfFile(source)).length, 64);
});

test('two downloads never share one target: the second is refused, and resume does not change that', async (t) => {
  // On a disk, where making a `.part` takes its time.
  const swarm = await stageSwarm(t, tmpdir());
  await startTrackerHere(swarm);
  const seeder = swarm.startClient('seeder');
  const [a, b] = [await swarm.makeFile('a.bin', 20 * PIECE), await swarm.makeFile('b.bin', 20 * PIECE)];
  const [ofA, ofB] = [await share(seeder, a, 'a.mtorrent'), await share(seeder, b, 'b.mtorrent')];
  seeder.kill('SIGSTOP');
  const leecher = swarm.startClient('leecher');
  await leecher.address();
  const target = swarm.path('same.bin');
  const first = leecher.command(`get ${ofA} ${target}`);
  const second = leecher.command(`get ${ofB} ${target}`);
  assert.equal((await first).result, `SUCCESS:${target}`);
  assert.equal((await second).result, 'FAILURE:ALREADY_EXISTS', leecher.stderr);
  await leecher.command('resume b.mtorrent');
  seeder.kill('SIGCONT');
  await completes(leecher, target);
  assert.equal(await sha256OfFile(a), await sha256OfFile(target));
});

test('the place of a shared file that is gone is not given to another one', async (t) => {
  const swarm = await stageSwarm(t);
  const client = swarm.startClient('client');
  const old = await swarm.makeFile('model.bin', 10);
  await share(client, old, 'old.mtorrent');
  await rm(old);
  await create(swarm, await swarm.makeFile('new.bin', 10), 'new.mtorrent');
  await refuses(client, `get new.mtorrent ${old}`, 'ALREADY_EXISTS', /model\.bin belongs to old\.mtorrent/);
  await client.succeed('remove old.mtorrent');
  assert.equal(await client.succeed(`get new.mtorrent ${old}`), old);
});

test('a file that appears at the target meanwhile is not overwritten, and the download is kept', async (t) => {
  const { swarm, source, leecher, target } = await halfWay(t);
  await writeFile(target, 'mine');
  await (await startClientHere(swarm, 'seeder')).share(source, swarm.path('seeder.mtorrent'));
  assert.equal(await leecher.event((line) => line.includes(target)), `FAILED:${target}:ALREADY_EXISTS`);
  assert.equal(await readFile(target, 'utf8'), 'mine');
  await rename(target, `${target}.mine`);
  await leecher.succeed('resume mine.mtorrent');
  await completes(leecher, target);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('F12: a .part that is deleted or replaced meanwhile fails its download and never becomes a wrong file', async (t) => {
  const { swarm, source, leecher, target } = await halfWay(t);
  await rm(`${target}.part`);
  await writeFile(`${target}.part`, 'a stranger');
  await (await startClientHere(swarm, 'seeder')).share(source, swarm.path('seeder.mtorrent'));
  assert.equal(await leecher.event((line) => line.includes(target)), `FAILED:${target}:FILE_CHANGED`);
  assert.equal(await readFile(`${target}.part`, 'utf8'), 'a stranger');
  await rm(`${target}.part`);
  await leecher.succeed('resume mine.mtorrent');
  await completes(leecher, target);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('sharing a complete copy of what is paused half-way is refused with the way out, and changes nothing', async (t) => {
  const swarm = await stageSwarm(t);
  const source = await swarm.makeFile('half.bin', 4 * PIECE);
  const mtorrent = await create(swarm, source, 'half.mtorrent');
  const client = await startPartial(swarm, source, mtorrent, (at) => at < 2);
  await refuses(client, `share ${source} copy.mtorrent`, 'ALREADY_EXISTS', /unfinished download here.* --force/);
  const { state, have } = await fileOf(client);
  assert.deepEqual({ state, have }, { state: 'paused', have: 2 });
  assert.equal(await client.succeed('remove --force partial.mtorrent'), 'FILE_REMOVED');
  assert.ok(!(await namesIn(swarm.directory)).some((name) => name.endsWith('.part')));
  assert.equal(await client.succeed(`share ${source} copy.mtorrent`), 'copy.mtorrent');
});
