// A new version is fetched over an old one with real processes: what did not change comes from this machine, the rest
// from the swarm, and an old file that is not what it was costs bytes of the network and no wrong byte.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { randomFile, Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import type { SwarmClient } from '../../src/app/library/mini-torrent.js';
import { Prng } from '../../src/foundation/base/prng.js';
import { CommandRun, type EventLine, makeUser, trackerWords, type User } from '../support/command-run.js';
import {
  create,
  eventually,
  fastRoot,
  listedEventually,
  namesIn,
  PIECE,
  startClientHere,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { changePieces, eventOf, fetchedIn } from '../support/versions.js';

let scenery: Swarm;
let server: SwarmClient;
let shares = 0;

before(async () => {
  scenery = await Swarm.create(fastRoot());
  await startTrackerHere(scenery);
  server = await startClientHere(scenery, 'server');
});
after(() => scenery.end());

interface Versions {
  readonly user: User;
  readonly old: string;
  readonly fresh: string;
  readonly mtorrent: string;
  readonly path: (name: string) => string;
}

/** An old file, and one that differs in these pieces, which is shared. */
async function versions(pieces: number, changed: readonly number[]): Promise<Versions> {
  shares += 1;
  const directory = scenery.path(`${shares}`);
  const path = (name: string): string => join(directory, name);
  await mkdir(path('to'), { recursive: true });
  const old = await randomFile(path('v1.bin'), pieces * PIECE + 777);
  const fresh = path('v2.bin');
  await copyFile(old, fresh);
  await changePieces(fresh, changed);
  const mtorrent = path(await server.share(fresh, path('v2.bin.mtorrent')));
  const { address } = server.facts;
  const isOurs = (row: string): boolean => row.includes(` ${address} `);
  await listedEventually(scenery, 0, (rows) => rows.filter(isOurs).length === shares, 'the share is listed');
  return { user: await makeUser(directory, 'bob'), old, fresh, mtorrent, path };
}

test('only the changed pieces of a new version come from the swarm, and the end says so', async (t) => {
  const { user, old, fresh, mtorrent, path } = await versions(100, [3, 17, 40, 41, 42, 60, 77, 80, 91, 99]);
  const getting = new CommandRun(t, user, ['get', mtorrent, 'to', '--json', '--reuse', 'v1.bin']);
  assert.equal((await getting.outcome()).code, 0, getting.stderr);
  assert.equal(await sha256OfFile(path('to/v2.bin')), await sha256OfFile(fresh));
  const events = getting.events();
  const completed = eventOf(events, 'completed');
  assert.equal(fetchedIn(events), 10 * PIECE, 'ten pieces were fetched');
  assert.equal(completed['reused'], 90 * PIECE + 777);
  const reused = eventOf(events, 'reused');
  assert.deepEqual([reused['bytes'], reused['fetched']], [90 * PIECE + 777, 10 * PIECE]);
  assert.deepEqual(reused['sources'], [{ name: old, bytes: 90 * PIECE + 777 }]);
});

test('without --reuse, and with --no-reuse, everything is fetched', async (t) => {
  const { user, mtorrent, path } = await versions(8, [3]);
  for (const words of [[], ['--no-reuse']]) {
    const getting = new CommandRun(t, user, ['get', mtorrent, 'to', '--json', ...words]);
    assert.equal((await getting.outcome()).code, 0, getting.stderr);
    const events = getting.events();
    assert.equal(fetchedIn(events), 8 * PIECE + 777);
    assert.ok(!events.some(({ event }) => event === 'reused'));
    await rm(path('to/v2.bin'));
  }
});

test('people are told in one line; a folder may be named, and files are found whatever their names', async (t) => {
  const { user, old, mtorrent, path } = await versions(20, [5]);
  await mkdir(path('olds/deep'), { recursive: true });
  await copyFile(old, path('olds/deep/other name'));
  await writeFile(path('olds/small'), 'no part of it');
  const getting = new CommandRun(t, user, ['get', mtorrent, 'to/', '--reuse', 'olds']);
  const { code, stderr, stdout } = await getting.outcome();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, path('to/v2.bin'));
  assert.match(stderr, /^reused 9\.5 MiB of 10\.0 MiB \(95 %\) from .*\/olds; fetched 512\.0 KiB$/m);
});

test('--dry-run says what would be reused, and transfers and makes nothing', async (t) => {
  const { user, mtorrent, path } = await versions(20, [5]);
  const words = ['get', mtorrent, 'to/', '--reuse', 'v1.bin', '--dry-run'];
  const { code, stdout, stderr } = await new CommandRun(t, user, words).outcome();
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^would reuse 9\.5 MiB of 10\.0 MiB \(95 %\) from .*v1\.bin; would fetch 512\.0 KiB$/);
  const dry = new CommandRun(t, user, [...words, '--json']);
  assert.equal((await dry.outcome()).code, 0, dry.stderr);
  const reused = eventOf(dry.events(), 'reused');
  assert.deepEqual([reused['bytes'], reused['fetched']], [19 * PIECE + 777, PIECE]);
  assert.deepEqual(await namesIn(path('to')), []);
});

test('an old file that is truncated, gone or not readable as it was costs no wrong byte', async (t) => {
  const { user, old, fresh, mtorrent, path } = await versions(24, [5]);
  await truncate(old, 3 * PIECE);
  const cut = new CommandRun(t, user, ['get', mtorrent, 'to', '--json', '--reuse', 'v1.bin']);
  assert.equal((await cut.outcome()).code, 0, cut.stderr);
  assert.equal(fetchedIn(cut.events()), 21 * PIECE + 777);
  assert.equal(await sha256OfFile(path('to/v2.bin')), await sha256OfFile(fresh));
  await rm(path('to/v2.bin'));
  const gone = new CommandRun(t, user, ['get', mtorrent, 'to', '--reuse', 'nothing.bin']);
  const { code, stderr } = await gone.outcome();
  assert.equal(code, 3, stderr);
  assert.match(stderr, /nothing\.bin/);
});

test("a get of its own reads what this user's other client has, whether that runs or not", async (t) => {
  const { user, old, fresh, mtorrent, path } = await versions(30, [1, 2, 3]);
  // Where `mtorrent daemon` and the console keep theirs.
  const stateDir = join(user.env['XDG_STATE_HOME'] ?? '', 'mtorrent', 'home', 'client');
  const other = await startClientHere(scenery, `other-${shares}`, { stateDir });
  await other.share(old, path('v1.bin.mtorrent'));
  const get = async (...words: readonly string[]): Promise<readonly EventLine[]> => {
    const getting = new CommandRun(t, user, ['get', mtorrent, 'to', '--json', ...words]);
    assert.equal((await getting.outcome()).code, 0, getting.stderr);
    assert.equal(await sha256OfFile(path('to/v2.bin')), await sha256OfFile(fresh));
    await rm(path('to/v2.bin'));
    return getting.events();
  };
  const isReused = (events: readonly EventLine[]): void => {
    assert.equal(fetchedIn(events), 3 * PIECE);
    assert.deepEqual(eventOf(events, 'reused')['sources'], [{ name: 'v1.bin', bytes: 27 * PIECE + 777 }]);
  };
  isReused(await get('--alone'));
  await other.close();
  isReused(await get());
  const dry = await new CommandRun(t, user, ['get', mtorrent, 'to', '--dry-run']).outcome();
  assert.match(dry.stdout, /^would reuse 13\.5 MiB of 15\.0 MiB \(90 %\) from v1\.bin; would fetch 1\.5 MiB$/);
  assert.equal(fetchedIn(await get('--no-reuse')), 30 * PIECE + 777);
  // A source that has changed since is not read, whatever its library says.
  await changePieces(old, [7]);
  assert.equal(fetchedIn(await get()), 30 * PIECE + 777);
});

test("a client's own shares are used without being named, and an unfinished download goes on with what is named", async () => {
  const { user, old, fresh, mtorrent, path } = await versions(30, [1, 2, 3]);
  const own = await startClientHere(scenery, `own-${shares}`);
  await own.share(old, path('v1.bin.mtorrent'));
  const heard: unknown[] = [];
  own.listen((event) => {
    if (event.kind === 'reused') heard.push(event.sources);
  });
  const download = await own.get(mtorrent, path('to/v2.bin'));
  assert.equal(await download.finished(), path('to/v2.bin'));
  assert.equal(await sha256OfFile(path('to/v2.bin')), await sha256OfFile(fresh));
  const row = await own.file(path('to/v2.bin'));
  assert.deepEqual([row.received - row.wasted, row.reused], [3 * PIECE, 27 * PIECE + 777]);
  assert.deepEqual(heard, [[['v1.bin', 27 * PIECE + 777]]]);
  assert.ok(user.directory.length > 0);
});

test('what --reuse named is looked at again by the next run of the client, and forgotten at the end', async () => {
  const { old, path } = await versions(1, []);
  const fresh = await copyOf(await randomFile(path('late v1'), 20 * PIECE + 5), path('late v2'));
  await changePieces(fresh, [4, 5]);
  // Nobody serves it yet.
  const mtorrent = await create(scenery, fresh, `late-${shares}.mtorrent`);
  await mkdir(path('olds'));
  const [name, stateDir] = [`later-${shares}`, path('later.state')];
  const first = await startClientHere(scenery, name, { stateDir });
  await first.get(mtorrent, path('to/late'), { reuse: [path('olds'), old] });
  await first.close();
  await rename(path('late v1'), path('olds/late v1'));
  const again = await startClientHere(scenery, name, { stateDir });
  await eventually(
    () => again.file(path('to/late')),
    ({ have }) => have === 19,
    'all that is there is used',
  );
  await server.get(mtorrent, fresh);
  await again.wait();
  const { state, reused, received } = await again.file(path('to/late'));
  assert.deepEqual([state, reused, received], ['seeding', 18 * PIECE + 5, 2 * PIECE]);
  await again.close();
  assert.ok(!(await readFile(join(stateDir, 'library.json'), 'utf8')).includes('olds'));
  assert.equal(await sha256OfFile(path('to/late')), await sha256OfFile(fresh));
});

async function copyOf(file: string, copy: string): Promise<string> {
  await copyFile(file, copy);
  return copy;
}

/** Small files of made-up sizes, in some folders; every `nth` of them is another in the second version, and longer. */
async function makeTree(directory: string, files: number, nth: number, version: 1 | 2): Promise<number> {
  const prng = new Prng(7);
  let changed = 0;
  for (let at = 0; at < files; at += 1) {
    const size = 200 + prng.below(12_000);
    const isOther = version === 2 && at % nth === 0;
    const folder = join(directory, `d${at % 12}`);
    await mkdir(folder, { recursive: true });
    const bytes = Buffer.alloc(size + (isOther ? 30 : 0), `${at}.${isOther ? 2 : 1};`);
    await writeFile(join(folder, `f${at}.h`), bytes);
    if (isOther) changed += bytes.length;
  }
  return changed;
}

test('of a folder of small files little more than the changed ones comes from the swarm', async (t) => {
  shares += 1;
  const directory = scenery.path(`${shares}`);
  const path = (name: string): string => join(directory, name);
  await makeTree(path('old tree'), 800, 25, 1);
  const changed = await makeTree(path('tree'), 800, 25, 2);
  const user = await makeUser(directory, 'bob');
  await mkdir(path('to'));
  const creating = new CommandRun(t, user, ['create', 'tree', ...trackerWords(scenery)]);
  assert.equal((await creating.outcome()).code, 0, creating.stderr);
  // What lies at the target already is only hashed, and shared from then on.
  const shared = await server.get(path('tree.mtorrent'), path('tree'));
  assert.equal(await shared.finished(), path('tree'));
  const getting = new CommandRun(t, user, ['get', 'tree.mtorrent', 'to/', '--json', '--reuse', 'old tree']);
  assert.equal((await getting.outcome()).code, 0, getting.stderr);
  execFileSync('diff', ['-r', path('tree'), path('to/tree')]);
  const fetched = fetchedIn(getting.events());
  t.diagnostic(`${changed} bytes changed, ${fetched} were fetched`);
  assert.ok(fetched <= 1.3 * changed + 512 * 1_024, `${fetched} bytes were fetched, ${changed} had changed`);
  // A client that shares the old tree needs no word about it.
  const own = await startClientHere(scenery, `own-${shares}`);
  await own.share(path('old tree'), path('old tree.mtorrent'));
  const download = await own.get(path('tree.mtorrent'), path('own tree'));
  await download.finished();
  execFileSync('diff', ['-r', path('tree'), path('own tree')]);
  const row = await own.file(path('own tree'));
  assert.equal(row.received - row.wasted, fetched);
});
