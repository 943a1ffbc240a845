// What a client remembers: a download that was interrupted, gracefully or by kill -9, goes on where it was; shares come
// back and are announced again, unless their file is gone or changed; a client that ends is off the trackers.

import assert from 'node:assert/strict';
import { copyFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { ClientProcess } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { readMetainfo } from '../../src/transfer/storage/metainfo-file.js';
import { loadResume } from '../../src/transfer/storage/part/resume.js';
import {
  completes,
  create,
  eventually,
  fileOf,
  filesOf,
  hasPieces,
  killHard,
  listedEventually,
  nobodyListed,
  PIECE,
  quit,
  share,
  shareHere,
  stageSwarm,
  startClientHere,
  startPartialHere,
  startTrackerHere,
} from '../support/e2e-stage.js';

const PIECES = 30;
const HALF = PIECES / 2;

interface Interrupted {
  readonly swarm: Swarm;
  readonly source: string;
  readonly target: string;
  readonly leecher: ClientProcess;
}

/** A download that has half of its pieces and cannot get more, since nobody has them. */
async function halfWay(swarm: Swarm): Promise<Interrupted> {
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('life.bin', PIECES * PIECE);
  const mtorrent = await create(swarm, source, 'life.mtorrent');
  await startPartialHere(swarm, source, mtorrent, (at) => at < HALF);
  await copyFile(mtorrent, swarm.path('mine.mtorrent'));
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get mine.mtorrent ${swarm.path('got.bin')}`);
  await hasPieces(leecher, HALF);
  return { swarm, source, target, leecher };
}

test('a download goes on where it was after quit, and after kill -9, and its row counts all its runs', async (t) => {
  const { swarm, source, target, leecher } = await halfWay(await stageSwarm(t));
  const { received: once, wasted: unneeded } = await fileOf(leecher);
  await quit(leecher);
  assert.equal((await stat(`${target}.part`)).size, PIECES * PIECE);
  const second = swarm.startClient('leecher');
  const known = await hasPieces(second, HALF);
  assert.deepEqual([known.received, known.wasted], [once, unneeded], 'after a clean end nothing is fetched again');

  await killHard(second);
  await shareHere(swarm, source, 'seeder.mtorrent');
  const third = swarm.startClient('leecher');
  await completes(third, target);
  const { received: all, wasted, have } = await fileOf(third);
  const received = all - once;
  assert.equal(have, PIECES);
  // Few pieces twice: what the endgame asks of two peers at once.
  assert.ok(received >= HALF * PIECE, `${received} bytes received in the last run`);
  assert.ok(received < PIECES * PIECE, `${received} bytes received in the last run: it began anew`);
  assert.equal(all - wasted, PIECES * PIECE, 'all runs together received it once');
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
  const left = await readdir(swarm.path('leecher.state/resume'));
  assert.deepEqual(left, []);
  await assert.rejects(stat(`${target}.part`), { code: 'ENOENT' });
});

test('kill -9 costs at most the pieces of the last seconds', async (t) => {
  const { swarm, source, target, leecher } = await halfWay(await stageSwarm(t));
  // What it has is in its resume data within seconds; what is not yet there would be fetched again.
  const resume = swarm.path('leecher.state/resume');
  // Beside it lie its flushed copy, and what is written aside.
  const [name] = (await readdir(resume)).filter((one) => /^[0-9a-f].*\.resume$/.test(one));
  const remembered = async (): Promise<number> => {
    const reading = await loadResume(`${resume}/${name}`);
    return reading?.kind === 'resume' ? reading.resume.have.count : 0;
  };
  await eventually(remembered, (count) => count === HALF, 'the resume data has every piece');
  await killHard(leecher);
  const again = swarm.startClient('leecher');
  const { received, wasted } = await hasPieces(again, HALF);
  assert.equal(received - wasted, HALF * PIECE, 'what was remembered is checked on the disk, not fetched again');
  await shareHere(swarm, source, 'seeder.mtorrent');
  await completes(again, target);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('a download that is killed while bytes stream in is whole in the end', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('stream.bin', 60 * PIECE + 1);
  // Long enough for bytes to be on their way whenever it is killed.
  const seeder = await shareHere(swarm, source, 'stream.mtorrent', { uploadLimit: 6 * 2 ** 20 });
  let leecher = swarm.startClient('leecher');
  await leecher.address();
  const target = await leecher.succeed(`get stream.mtorrent ${swarm.path('got.bin')}`);
  for (let kills = 0; kills < 2; kills += 1) {
    await eventually(
      () => fileOf(leecher),
      ({ received }) => received > 0,
      'bytes arrive',
    );
    await killHard(leecher);
    leecher = swarm.startClient('leecher');
  }
  await seeder.limit('up', 0);
  await eventually(
    () => fileOf(leecher),
    ({ state }) => state === 'seeding',
    'the download is complete',
  );
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('a client takes itself off the trackers when it ends, and announces its shares again when it starts', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const first = swarm.startClient('seeder');
  const address = formatAddress(await first.address());
  const [one, two] = [await swarm.makeFile('one', 3 * PIECE), await swarm.makeFile('two', 5)];
  await share(first, one, 'one.mtorrent');
  await share(first, two, 'two.mtorrent');
  const wanted = [`one ${address} 3`, `two ${address} 1`];
  await listedEventually(swarm, 0, (rows) => wanted.every((row) => rows.includes(row)), 'both shares are listed');
  await quit(first);
  await nobodyListed(swarm);

  // The end of its input, instead of `quit`: the same.
  const second = swarm.startClient('seeder');
  assert.deepEqual(
    (await second.command('show downloads')).rows.map((row) => row.slice(0, 8)),
    ['[S] one ', '[S] two '],
  );
  await listedEventually(swarm, 0, (rows) => rows.length === 2, 'both shares are listed again');
  second.endInput();
  assert.equal(await second.exited, 0);
  await nobodyListed(swarm);

  const third = swarm.startClient('seeder');
  const leecher = await startClientHere(swarm, 'leecher');
  const target = await (await leecher.get(swarm.path('one.mtorrent'), swarm.path('got'))).finished();
  assert.equal(await sha256OfFile(one), await sha256OfFile(target));
  await quit(third);
});

test('a shared file that is gone or changed is reported at start and not announced', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const first = swarm.startClient('seeder');
  const sources = [];
  for (const name of ['whole', 'changed', 'gone', 'touched']) {
    const source = await swarm.makeFile(name, 2 * PIECE);
    await share(first, source, `${name}.mtorrent`);
    sources.push(source);
  }
  const [, changed = '', gone = '', touched = ''] = sources;
  await quit(first);
  await writeFile(changed, Buffer.alloc(2 * PIECE, 7));
  await rename(gone, `${gone}.elsewhere`);
  // Another time stamp, the same bytes.
  await copyFile(touched, `${touched}.copy`);
  await rename(`${touched}.copy`, touched);

  const second = swarm.startClient('seeder');
  await second.said(/changed has changed since it was shared/);
  await second.said(/gone is gone; put it back/);
  const rows = await listedEventually(swarm, 0, (all) => all.length >= 2, 'the good ones are announced');
  assert.deepEqual(rows.map((row) => row.split(' ')[0]).sort(), ['touched', 'whole']);
  const states = new Map((await filesOf(second)).map(({ name, state }) => [name, state]));
  assert.deepEqual(Object.fromEntries(states), {
    whole: 'seeding',
    changed: 'missing',
    gone: 'missing',
    touched: 'seeding',
  });
  // Put back, it is whole again.
  await quit(second);
  await rename(`${gone}.elsewhere`, gone);
  const third = swarm.startClient('seeder');
  await eventually(
    () => filesOf(third),
    (files) => files.some(({ name, state }) => name === 'gone' && state === 'seeding'),
    'the file that was put back is shared',
  );
});

test('a missing .mtorrent at start costs nothing; one that is missing with the own copy is reported, and costs only its file', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const first = swarm.startClient('seeder');
  for (const name of ['a', 'b', 'c']) await share(first, await swarm.makeFile(name, 9), `${name}.mtorrent`);
  await quit(first);
  const copies = swarm.path('seeder.state/mtorrents');
  const { swarm: lost } = await readMetainfo(swarm.path('a.mtorrent'));
  await rm(join(copies, `${lost}.mtorrent`));
  for (const name of ['a', 'b']) await rename(swarm.path(`${name}.mtorrent`), swarm.path(`${name}.elsewhere`));
  const second = swarm.startClient('seeder');
  await second.said(/a\.mtorrent does not exist/);
  const rows = await listedEventually(swarm, 0, (all) => all.length > 1, 'the other ones are announced');
  assert.match([...rows].sort().join(), /^b 127\.0\.0\.1:\d+ 1,c 127\.0\.0\.1:\d+ 1$/);
  assert.equal((await fileOfName(second, 'a')).state, 'missing');
});

async function fileOfName(client: ClientProcess, name: string) {
  const found = (await filesOf(client)).find((file) => file.name === name);
  assert.ok(found !== undefined, `${client.name} knows ${name}`);
  return found;
}
