// Looking into a running client: which pieces are there, which trackers answer, whether the bytes are still right, what
// the log says, what is wrong. Real processes, asked as a script would ask them.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { appendFile, readFile, utimes, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { type ClientProcess, freePort, runProgram } from '../../src/app/demo/processes.js';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import {
  completes,
  create,
  eventually,
  fileOf,
  getWhole,
  hasPieces,
  listedEventually,
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

const PIECES = 20;

/** Writes other bytes over a piece; its time stamp stays as it was. */
async function rotPiece(path: string, piece: number): Promise<void> {
  const { atime, mtime } = fs.statSync(path);
  const fd = fs.openSync(path, 'r+');
  fs.writeSync(fd, Buffer.alloc(1_000, 'rot'), 0, 1_000, piece * PIECE + 7);
  fs.closeSync(fd);
  await utimes(path, atime, mtime);
}

/** Rows of an answer, which must be a success. */
async function rowsOf(client: ClientProcess, line: string): Promise<readonly string[]> {
  const { rows, result } = await client.command(line);
  assert.match(result, /^SUCCESS:/, client.stderr);
  return rows;
}

test('a shared file that became longer is not what was shared, though each of its pieces is right', async (t) => {
  const swarm = await stageSwarm(t);
  const client = swarm.startClient('client');
  await client.address();
  const source = await swarm.makeFile('a.bin', 3 * PIECE);
  await share(client, source, 'a.mtorrent');
  assert.equal(await client.succeed('verify a.bin'), '3/3');
  await appendFile(source, 'more');
  await refuses(
    client,
    'verify a.bin',
    'FILE_CHANGED',
    /a\.bin has \d+ bytes and had \d+ when it was shared; put the old/,
  );
});

test('show pieces draws what a complete file, a paused download and a running one have', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('source', PIECES * PIECE);
  const mtorrent = await create(swarm, source, 'x.mtorrent');
  const partial = await startPartial(swarm, source, mtorrent, (piece) => piece < PIECES / 2);
  const half = `|${'#'.repeat(PIECES / 2)}${'.'.repeat(PIECES / 2)}|`;
  assert.deepEqual(await rowsOf(partial, 'show pieces partial.mtorrent'), [half, '10 of 20 pieces, 50.0 %']);
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get ${mtorrent} ${swarm.path('got')}`);
  await hasPieces(leecher, PIECES / 2);
  assert.deepEqual(await rowsOf(leecher, 'show pieces x.mtorrent'), [half, '10 of 20 pieces, 50.0 %']);
  const [own, common, peer] = await rowsOf(leecher, 'map x.mtorrent');
  assert.equal(own, `${half} here`);
  assert.equal(common, `${half} has each part: 0 to 1 of 1 peers`);
  assert.ok(peer?.startsWith(half), 'the peer has the other half, as we do');
  const seeder = swarm.startClient('seeder');
  await share(seeder, source, 'y.mtorrent');
  await completes(leecher, target);
  for (const client of [seeder, leecher])
    assert.deepEqual(await rowsOf(client, `show pieces ${(await fileOf(client)).mtorrentPath}`), [
      `|${'#'.repeat(PIECES)}|`,
      '20 of 20 pieces, 100 %',
    ]);
  await refuses(seeder, 'show pieces nothing', 'FILE_NOT_FOUND', /no shared or downloaded file/);
});

test('show trackers tells which one is in use, which stands by, and why one does not answer', async (t) => {
  const swarm = await stageSwarm(t);
  const [first, second] = swarm.trackers.map(formatAddress);
  const client = swarm.startClient('client');
  const states = () => rowsOf(client, 'show trackers');
  assert.deepEqual(await states(), [`${first}  standby: not needed yet`, `${second}  standby: not needed yet`]);
  const tracker = await swarm.startTracker(0);
  await startTrackerHere(swarm, 1);
  await share(client, await swarm.makeFile('source', PIECE), 'x.mtorrent');
  await eventually(states, (rows) => rows[0] === `${first}  in use`, 'the first tracker is used');
  assert.equal((await states())[1], `${second}  standby`);
  await tracker.end();
  const after = await eventually(states, (rows) => rows[1] === `${second}  in use`, 'the second tracker is used');
  assert.match(after[0] ?? '', /not responding: /);
});

test('verify finds a rotten piece of a shared file whatever its time says, withdraws it, and shares it again when it is right', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('source', PIECES * PIECE);
  const right = await readFile(source);
  const seeder = swarm.startClient('seeder');
  const mtorrent = await share(seeder, source, 'x.mtorrent');
  assert.equal(await seeder.succeed('verify x.mtorrent'), '20/20');
  await rotPiece(source, 3);
  assert.equal(await seeder.succeed('verify x.mtorrent'), '19/20');
  const { state, problem } = await fileOf(seeder);
  assert.equal(state, 'missing');
  assert.match(problem, /has 1 bad piece; it is no longer shared/);
  await listedEventually(swarm, 0, (rows) => rows.length === 0, 'it is off the trackers');
  // Not believed after a restart either, though size and time are those of the right file.
  await quit(seeder);
  const again = swarm.startClient('seeder');
  await eventually(
    () => fileOf(again),
    ({ state: now }) => now === 'missing',
    'it is known to be wrong',
  );
  assert.equal(await again.succeed('verify x.mtorrent'), '19/20');
  fs.writeFileSync(source, right);
  assert.equal(await again.succeed('verify x.mtorrent'), '20/20');
  assert.equal((await fileOf(again)).state, 'seeding');
  const target = await (await (await startClientHere(swarm, 'leecher')).get(mtorrent, swarm.path('got'))).finished();
  assert.equal(await sha256OfFile(target), createHash('sha256').update(right).digest('hex'));
});

test('a shared file that verify withdrew comes back by itself when it is put right', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('source', 2 * PIECE);
  const right = await readFile(source);
  const seeder = swarm.startClient('seeder');
  await share(seeder, source, 'x.mtorrent');
  await rotPiece(source, 1);
  assert.equal(await seeder.succeed('verify x.mtorrent'), '1/2');
  const { atime, mtime } = fs.statSync(source);
  fs.writeFileSync(source, right);
  // As a copy that keeps its time would be.
  await utimes(source, atime, mtime);
  await eventually(
    () => fileOf(seeder),
    ({ state }) => state === 'seeding',
    'it is shared again',
    60_000,
  );
});

test('P28: verify makes bad pieces of a paused download missing, and they are fetched again', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('source', PIECES * PIECE);
  const mtorrent = await create(swarm, source, 'x.mtorrent');
  const partial = await startPartial(swarm, source, mtorrent, (piece) => piece < 10);
  assert.equal(await partial.succeed('verify partial.mtorrent'), '10/20');
  await rotPiece(swarm.path('partial.partial.part'), 2);
  await rotPiece(swarm.path('partial.partial.part'), 3);
  assert.equal(await partial.succeed('verify partial.mtorrent'), '8/20');
  await eventually(
    () => fileOf(partial),
    ({ state, have }) => state === 'paused' && have === 8,
    'it is paused with 8 pieces',
  );
  assert.match((await rowsOf(partial, 'show pieces partial.mtorrent'))[0] ?? '', /^\|##\.\.######\.{10}\|$/);
  await quit(partial);
  // Not claimed by the next run either; what is there is served.
  const again = swarm.startClient('partial');
  await eventually(
    () => fileOf(again),
    ({ state, have }) => state === 'paused' && have === 8,
    'it still has 8 pieces',
  );
  const leecher = await startClientHere(swarm, 'leecher');
  const { path } = await leecher.get(mtorrent, swarm.path('got'));
  await eventually(
    () => leecher.file(path),
    ({ have }) => have === 8,
    'what is there is served',
  );
  await (await startClientHere(swarm, 'seeder')).share(source, swarm.path('y.mtorrent'));
  await again.succeed('resume partial.mtorrent');
  await completes(again, swarm.path('partial.partial'));
  assert.equal(await sha256OfFile(swarm.path('partial.partial')), await sha256OfFile(source));
});

test('verify of a running download lets it go, mends it, and the download goes on to its end', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('source', PIECES * PIECE);
  const mtorrent = await create(swarm, source, 'x.mtorrent');
  await startPartialHere(swarm, source, mtorrent, (piece) => piece < 10);
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get ${mtorrent} ${swarm.path('got')}`);
  await hasPieces(leecher, 10);
  await rotPiece(`${target}.part`, 4);
  assert.equal(await leecher.succeed('verify x.mtorrent'), '9/20');
  await leecher.said(/1 piece of source on the disk was wrong and must be fetched again/);
  await hasPieces(leecher, 10);
  await (await startClientHere(swarm, 'seeder')).share(source, swarm.path('y.mtorrent'));
  await completes(leecher, target);
  assert.equal(await sha256OfFile(target), await sha256OfFile(source));
});

test('log changes the level of every thread while the client runs', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('source', PIECE);
  const seeder = await startClientHere(swarm, 'seeder');
  const shared = async (path: string, name: string): Promise<string> => {
    await seeder.share(path, swarm.path(name));
    return swarm.path(name);
  };
  const mtorrent = await shared(source, 'x.mtorrent');
  const leecher = swarm.startClient('leecher', 0, ['--log-level', 'error']);
  const threads = (): ReadonlySet<string> =>
    new Set(
      fs
        .readFileSync(swarm.path('leecher.log'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { thread: string }).thread),
    );
  await getWhole(leecher, mtorrent, swarm.path('got-1'));
  assert.deepEqual([...threads()], []);
  await leecher.succeed('remove x.mtorrent');
  const second = await shared(await swarm.makeFile('second', PIECE), 'z.mtorrent');
  assert.equal(await leecher.succeed('log info'), 'info');
  await getWhole(leecher, second, swarm.path('got-2'));
  await eventually(
    () => [...threads()],
    (seen) => seen.includes('main') && seen.includes('download'),
    'both write to the log',
  );
  assert.equal(await leecher.succeed('log error'), 'error');
  // Every thread has heard of it when another file has gone through all of them.
  await leecher.succeed('remove z.mtorrent');
  const between = await shared(await swarm.makeFile('between', PIECE), 'v.mtorrent');
  await getWhole(leecher, between, swarm.path('got-between'));
  const size = fs.statSync(swarm.path('leecher.log')).size;
  await leecher.succeed('remove v.mtorrent');
  const third = await shared(await swarm.makeFile('third', PIECE), 'w.mtorrent');
  await getWhole(leecher, third, swarm.path('got-3'));
  assert.equal(fs.statSync(swarm.path('leecher.log')).size, size);
});

test('doctor finds nothing bad where everything works, and names the tracker that is dead', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const secondTracker = await swarm.startTracker(1);
  const [first, second] = swarm.trackers.map(formatAddress);
  const client = swarm.startClient('client');
  await share(client, await swarm.makeFile('source', PIECE), 'x.mtorrent');
  await listedEventually(swarm, 1, (rows) => rows.length === 1, 'both trackers list it');
  const well = await client.command('doctor');
  assert.equal(well.result, 'SUCCESS:0', well.rows.join('\n'));
  for (const subject of [
    /^ok {4}upload port .*this client answers/,
    /^(ok|note) +tracker .*answers within/,
    /^(ok|note) +disk of/,
  ])
    assert.ok(
      well.rows.some((row) => subject.test(row)),
      `${subject}: ${well.rows.join('\n')}`,
    );
  assert.ok(!well.rows.some((row) => row.includes('does not list')), well.rows.join('\n'));
  const once = await runProgram(['doctor', '-t', first ?? '', '-t', second ?? '', '--json'], swarm.directory);
  assert.equal(once.code, 0, once.stdout);
  const { findings } = JSON.parse(once.stdout) as { findings: readonly { subject: string; severity: string }[] };
  assert.equal(findings.filter(({ subject }) => subject.startsWith('tracker ')).length, 2);
  await secondTracker.end();
  const ill = await client.command('doctor');
  assert.match(
    ill.rows.join('\n'),
    new RegExp(`BAD +tracker ${second}: does not answer: ECONNREFUSED\n +check that it is running`),
  );
  assert.equal(ill.result, 'SUCCESS:1');
  const { code, stdout } = await runProgram(['doctor', '-t', second ?? ''], swarm.directory);
  assert.equal(code, 1);
  assert.match(stdout, /BAD +tracker .* does not answer/);
});

test('doctor looks at the address, the trackers and the directories that are set; what is named counts instead', async (t) => {
  const swarm = await stageSwarm(t);
  const free = await freePort();
  const lines = [`trackers = ["127.0.0.1:1", "127.0.0.1:2"]`, `address = "127.0.0.1:${free}"`, `state-dir = "state"`];
  await writeFile(swarm.path('set.toml'), lines.join('\n'));
  const subjects = async (...words: readonly string[]): Promise<readonly string[]> => {
    const { stdout } = await runProgram(['doctor', '--json', '--config', 'set.toml', ...words], swarm.directory);
    return (JSON.parse(stdout) as { findings: readonly { subject: string }[] }).findings.map(({ subject }) => subject);
  };
  const set = await subjects();
  for (const subject of ['tracker 127.0.0.1:1', 'tracker 127.0.0.1:2', `upload port 127.0.0.1:${free}`])
    assert.ok(set.includes(subject), `${subject} of ${set.join(', ')}`);
  assert.ok(set.includes(`disk of ${swarm.directory}`), set.join(', '));
  const named = await subjects('-t', '127.0.0.1:3', '--address', `127.0.0.1:0`);
  assert.deepEqual(
    named.filter((subject) => /^(tracker|upload)/.test(subject)),
    ['upload port 127.0.0.1:0', 'tracker 127.0.0.1:3'],
  );
});

test('doctor tells that an address is taken, and that a running download is held by its limit', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('source', 40 * PIECE);
  const seeder = await startClientHere(swarm, 'seeder');
  const mtorrent = swarm.path('x.mtorrent');
  await seeder.share(source, mtorrent);
  const { address } = seeder.facts;
  const taken = await runProgram(['doctor', '--address', address], swarm.directory);
  assert.equal(taken.code, 1);
  assert.match(taken.stdout, /another program listens there\n.*choose another port/);
  const leecher = swarm.startClient('leecher', 0, ['--download-limit', '256K']);
  await leecher.succeed(`get ${mtorrent} ${swarm.path('got')}`);
  await hasPieces(leecher, 1);
  await eventually(
    async () => (await leecher.command('doctor')).rows.join('\n'),
    (rows) => /source: .*the download limit of 256\.0 KiB\/s is the bottleneck/.test(rows),
    'the limit is named',
  );
});
