// Files travel between real clients through real trackers: every size that is near an edge, from one and from many,
// several at once, through a client that is itself still fetching. What arrives is compared by SHA-256.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import {
  completes,
  create,
  eventually,
  fileOf,
  filesOf,
  getWhole,
  hasPieces,
  namesIn,
  PIECE,
  quit,
  quoted,
  share,
  shareHere,
  stageSwarm,
  startClientHere,
  startPartial,
  startPartialHere,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { collidingPieces } from '../support/sha1-collision.js';

async function sameBytes(...paths: readonly string[]): Promise<void> {
  const sums = await Promise.all(paths.map(sha256OfFile));
  assert.equal(new Set(sums).size, 1, `${paths.join(' and ')} are equal: ${sums.join(' ')}`);
}

const isEven = (piece: number): boolean => piece % 2 === 0;
const isOdd = (piece: number): boolean => piece % 2 === 1;

test('P27: files of no byte, one byte and around one piece arrive whole, and are [S] on both sides', async (t) => {
  const swarm = await stageSwarm(t);
  for (const which of [0, 1] as const) await startTrackerHere(swarm, which);
  const [seeder, leecher] = [swarm.startClient('seeder'), swarm.startClient('leecher')];
  const sizes = [0, 1, PIECE - 1, PIECE, PIECE + 1];
  const sources = new Map<string, string>();
  for (const size of sizes) {
    const source = await swarm.makeFile(`size-${size}`, size);
    const mtorrent = await share(seeder, source, `${size}.mtorrent`);
    sources.set(source, await leecher.succeed(`get ${mtorrent} ${swarm.path(`got-${size}`)}`));
  }
  assert.equal(await leecher.succeed('wait'), 'WAITED');
  for (const [source, target] of sources) {
    await completes(leecher, target);
    await sameBytes(source, target);
  }
  for (const client of [seeder, leecher]) {
    const { rows } = await client.command('show downloads');
    assert.equal(rows.length, sizes.length);
    for (const row of rows) assert.match(row, /^\[S\] size-\d+ {2}100 %/);
  }
});

test('five downloads run at once in one client, from two clients, and all are right', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const seeders = [await startClientHere(swarm, 'seeder-1'), await startClientHere(swarm, 'seeder-2')] as const;
  const leecher = swarm.startClient('leecher');
  const shared: (readonly [source: string, mtorrent: string])[] = [];
  for (let at = 0; at < 5; at += 1) {
    const source = await swarm.makeFile(`file-${at}`, 8 * PIECE + at);
    shared.push([source, await seeders[at % 2 === 0 ? 0 : 1].share(source, swarm.path(`${at}.mtorrent`))]);
  }
  // Written as one, so that none has ended when the last is asked for.
  const gets = shared.map(([, mtorrent], at) => leecher.succeed(`get ${mtorrent} ${swarm.path(`got-${at}`)}`));
  const waited = leecher.succeed('wait');
  const targets = await Promise.all(gets);
  assert.equal(await waited, 'WAITED');
  for (const [at, target] of targets.entries()) await sameBytes(shared[at]?.[0] ?? '', target);
  assert.deepEqual(new Set((await filesOf(leecher)).map(({ state }) => state)), new Set(['seeding']));
});

test('a download completes from two peers that hold one half each and fetch nothing', async (t) => {
  const swarm = await stageSwarm(t);
  for (const which of [0, 1] as const) await startTrackerHere(swarm, which);
  const source = await swarm.makeFile('halves.bin', 21 * PIECE + 77);
  const mtorrent = await create(swarm, source, 'halves.mtorrent');
  const even = await startPartial(swarm, source, mtorrent, isEven, 'even');
  const odd = await startPartial(swarm, source, mtorrent, isOdd, 'odd');
  const target = await getWhole(swarm.startClient('leecher'), mtorrent, swarm.path('got.bin'));
  await sameBytes(source, target);
  for (const client of [even, odd]) {
    const sent = await eventually(
      () => fileOf(client),
      (file) => file.sent > 0,
      `${client.name} has sent something`,
    );
    assert.equal(sent.state, 'paused');
    assert.equal(sent.have, 11);
    assert.equal(sent.received, 0);
  }
});

test('a client that is still fetching serves what it has to another whose only source it is', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('relay.bin', 12 * PIECE);
  const mtorrent = await create(swarm, source, 'relay.mtorrent');
  const even = await startPartial(swarm, source, mtorrent, isEven, 'even');

  const relay = swarm.startClient('relay');
  const relayed = await relay.succeed(`get ${mtorrent} ${swarm.path('relayed.bin')}`);
  await hasPieces(relay, 6);
  await quit(even);
  const last = swarm.startClient('last');
  const got = await last.succeed(`get ${mtorrent} ${swarm.path('last.bin')}`);
  await hasPieces(last, 6);
  assert.match((await relay.command('show downloads')).rows.join(), /^\[D\] relay\.bin {2}50\.0 %/);

  await startPartialHere(swarm, source, mtorrent, isOdd);
  await Promise.all([completes(relay, relayed), completes(last, got)]);
  await sameBytes(source, relayed, got);
  await eventually(
    () => fileOf(relay),
    ({ sent }) => sent >= 6 * PIECE,
    'the relay counts what it sent',
  );
});

test('S12: a file whose pieces have the right SHA-1 but which has not the SHA-256 of its .mtorrent is refused when it is whole', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const [honest, forged] = collidingPieces;
  const source = swarm.path('twin.bin');
  await writeFile(source, honest);
  const mtorrent = await create(swarm, source, 'honest.mtorrent', true);
  await writeFile(source, forged);
  await (await startClientHere(swarm, 'seeder')).share(source, swarm.path('forged.mtorrent'));
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
  assert.equal(await leecher.event((line) => line.includes(target)), `FAILED:${target}:VERIFICATION_FAILED`);
  await leecher.said(/has the right pieces but not the SHA-256 of its \.mtorrent/);
  assert.ok(!(await namesIn(swarm.directory)).includes('got.bin'));
});

test('a client shares one file and gets another at the same time', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const [a, b] = [swarm.startClient('a'), swarm.startClient('b')];
  const [ofA, ofB] = [await swarm.makeFile('of-a', 30 * PIECE), await swarm.makeFile('of-b', 30 * PIECE + 1)];
  const [mtorrentA, mtorrentB] = [await share(a, ofA, 'a.mtorrent'), await share(b, ofB, 'b.mtorrent')];
  const [atA, atB] = await Promise.all([
    getWhole(a, mtorrentB, swarm.path('b-at-a')),
    getWhole(b, mtorrentA, swarm.path('a-at-b')),
  ]);
  await sameBytes(ofB, atA);
  await sameBytes(ofA, atB);
});

test('one file goes to three clients at once', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('many.bin', 40 * PIECE);
  await shareHere(swarm, source, 'many.mtorrent');
  const leechers = [1, 2, 3].map((at) => swarm.startClient(`leecher-${at}`));
  await Promise.all(leechers.map((leecher) => leecher.address()));
  const targets = await Promise.all(
    leechers.map((it) => getWhole(it, swarm.path('many.mtorrent'), swarm.path(`${it.name}.bin`))),
  );
  await sameBytes(source, ...targets);
});

test('spaces, quotes and letters of any script in names survive console, .mtorrent and trackers', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const [seeder, leecher] = [swarm.startClient('seeder'), swarm.startClient('leecher')];
  const name = 'Übung "zwei" für José – 模型 №1 🚀.bin';
  const source = await swarm.makeFile(name, PIECE + 3);
  assert.equal(await seeder.succeed(`share ${quoted(source)} 'Übung 模型.mtorrent'`), 'Übung 模型.mtorrent');
  // Destination: a directory, relative to where the client was started, written with escapes.
  await mkdir(swarm.path("it's here"));
  const target = await leecher.succeed(`get Übung\\ 模型.mtorrent it\\'s\\ here`);
  assert.equal(target, swarm.path(`it's here/${name}`));
  await completes(leecher, target);
  await sameBytes(source, target);
  const { rows } = await leecher.command('show downloads');
  assert.ok(rows[0]?.startsWith(`[S] ${name}  `), rows[0]);
  assert.equal(await leecher.succeed("remove 'Übung 模型.mtorrent'"), 'FILE_REMOVED');
});
