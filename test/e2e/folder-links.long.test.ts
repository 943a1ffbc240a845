// Links between real processes: what is shared by one is got by another with one line of text; what stands behind the
// piece hashes comes from whoever has it; a tracker that is down and a link that is wrong are named.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { randomFile, Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { linkOf } from '../../src/app/library/links.js';
import type { SwarmClient } from '../../src/app/library/mini-torrent.js';
import { linkTo } from '../../src/foundation/torrent/link.js';
import { ANY_NAMES } from '../../src/foundation/torrent/metainfo.js';
import { readMetainfo } from '../../src/transfer/storage/metainfo-file.js';
import { CommandRun, makeUser, type User } from '../support/command-run.js';
import {
  create,
  fastRoot,
  listedEventually,
  PIECE,
  stageSwarm,
  startClientHere,
  startTrackerHere,
} from '../support/e2e-stage.js';

/** Tracker 1 is never started: each link names it first. */
let scenery: Swarm;
let server: SwarmClient;

before(async () => {
  scenery = await Swarm.create(fastRoot());
  await startTrackerHere(scenery, 1);
  server = await startClientHere(scenery, 'server');
});
after(() => scenery.end());

interface Shared {
  readonly user: User;
  readonly directory: string;
  readonly source: string;
  readonly link: string;
}

/** A directory with a file that `server` serves. `withList`: a line stands behind its piece hashes. */
async function shared(name: string, withList: boolean): Promise<Shared> {
  const directory = scenery.path(name);
  await mkdir(join(directory, 'to'), { recursive: true });
  const source = await randomFile(join(directory, `${name} film.bin`), 3 * PIECE + 7);
  const mtorrent = withList
    ? await create(scenery, source, `${name}/film.mtorrent`, true)
    : join(directory, 'film.mtorrent');
  if (withList) await (await server.get(mtorrent, source)).finished();
  else await server.share(source, mtorrent);
  const metainfo = await readMetainfo(mtorrent, ANY_NAMES);
  await listedEventually(
    scenery,
    1,
    (rows) => rows.some((row) => row.startsWith(`${name} film.bin `)),
    'the share is listed',
  );
  return { user: await makeUser(directory, 'bob'), directory, source, link: linkTo(metainfo) };
}

test('a single file is got by its link from one tracker, with the other one down, and its .mtorrent is saved', async (t) => {
  const { user, directory, source, link } = await shared('one', false);
  const getting = new CommandRun(t, user, ['get', link, 'to/', '--save-mtorrent', 'saved.mtorrent']);
  const { code, stdout, stderr } = await getting.outcome();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, join(directory, 'to/one film.bin'));
  assert.equal(await sha256OfFile(stdout), await sha256OfFile(source));
  assert.match(stderr, /looking up one film\.bin at the trackers /);
  assert.deepEqual(await readFile(join(directory, 'saved.mtorrent')), await readFile(join(directory, 'film.mtorrent')));
  const info = await new CommandRun(t, user, ['info', 'saved.mtorrent', '--link']).outcome();
  assert.equal(info.stdout, link);
});

test('a folder is got by its link: the list comes from the peer, and verify and info take the link, too', async (t) => {
  const directory = scenery.path('tree');
  const tree = join(directory, 'a tree');
  await mkdir(join(tree, 'docs'), { recursive: true });
  await mkdir(join(directory, 'to'));
  for (let at = 0; at < 40; at += 1) await writeFile(join(tree, 'docs', `page ${at}.txt`), `page ${at}\n`);
  await randomFile(join(tree, 'model.bin'), 9 * PIECE + 5);
  const mtorrent = join(directory, 'tree.mtorrent');
  await server.share(tree, mtorrent);
  const link = await linkOf(mtorrent);
  await listedEventually(scenery, 1, (rows) => rows.some((row) => row.startsWith('a tree ')), 'the share is listed');
  const user = await makeUser(directory, 'bob');
  const { code, stdout, stderr } = await new CommandRun(t, user, ['get', link, 'to/']).outcome();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, join(directory, 'to/a tree'));
  assert.equal(await readFile(join(stdout, 'docs/page 7.txt'), 'utf8'), 'page 7\n');
  assert.equal(await sha256OfFile(join(stdout, 'model.bin')), await sha256OfFile(join(tree, 'model.bin')));
  const verified = await new CommandRun(t, user, ['verify', link, stdout, '--strict']).outcome();
  assert.equal(verified.code, 0, verified.stderr);
  const info = await new CommandRun(t, user, ['info', link, '--link']).outcome();
  assert.equal(info.stdout, link);
});

test('what stands behind the piece hashes comes from whoever has it, also from one that got it by a link', async (t) => {
  const { user, directory, source, link } = await shared('two', true);
  const middle = await startClientHere(scenery, 'middle');
  await (await middle.get(link, join(directory, 'middle.bin'))).finished();
  assert.equal(await sha256OfFile(join(directory, 'middle.bin')), await sha256OfFile(source));
  await server.remove(source);
  const { code, stdout, stderr } = await new CommandRun(t, user, ['get', link, 'to/last.bin']).outcome();
  assert.equal(code, 0, stderr);
  assert.equal(await sha256OfFile(stdout), await sha256OfFile(source));
});

test('a link to what nobody shares, a damaged one and one cut short each end with their code', async (t) => {
  const { user, link } = await shared('three', false);
  const other = (at: number): string => link.slice(0, at) + (link[at] === '0' ? '1' : '0') + link.slice(at + 1);
  const cases: readonly (readonly [link: string, code: number, says: RegExp])[] = [
    [other(20), 3, /^NOT_LISTED: no tracker of the link knows what it names .*ask its sender for a new link$/m],
    [link.replace('three', 'other'), 12, /^VERIFICATION_FAILED: the link is damaged: the name other film\.bin/m],
    [link.slice(0, 60), 10, /^INVALID_LINK: .*ask its sender for the whole link/m],
    [link.replace('/three', '/..%2Fthree'), 10, /^UNSAFE_NAME: the link names/m],
  ];
  for (const [damaged, expected, says] of cases) {
    const { code, stdout, stderr } = await new CommandRun(t, user, ['get', damaged, 'to/']).outcome();
    assert.equal(code, expected, stderr);
    assert.match(stderr, says);
    assert.equal(stdout, '');
  }
});

test('a get by a link that was stopped goes on by the same words without any tracker', async (t) => {
  const { user, directory, source, link } = await shared('four', false);
  const first = new CommandRun(t, user, ['info', link, '--json']);
  assert.equal((await first.outcome()).code, 0, first.stderr);
  const slow = new CommandRun(t, user, ['get', link, 'to/x.bin', '--download-limit', '32K', '--timeout', '8s']);
  const { code, stderr } = await slow.outcome();
  assert.equal(code, 14, stderr);
  assert.match(stderr, /TIMED_OUT: .*get mtorrent:/);
  await writeFile(join(directory, 'note'), 'the same words');
  const again = await new CommandRun(t, user, ['get', link, 'to/x.bin']).outcome();
  assert.equal(again.code, 0, again.stderr);
  assert.equal(await sha256OfFile(again.stdout), await sha256OfFile(source));
});

test('a link whose trackers say nothing ends a get at its time limit with the code of that', async (t) => {
  const swarm = await stageSwarm(t);
  // They take connections, as trackers that stand still do.
  for (const { port } of swarm.trackers) {
    const silent = createServer().listen(port, '127.0.0.1');
    await once(silent, 'listening');
    t.after(() => silent.close());
  }
  const mtorrent = await create(swarm, await swarm.makeFile('a.bin', PIECE + 1), 'a.mtorrent');
  const user = await makeUser(swarm.directory, 'bob');
  const words = ['get', await linkOf(mtorrent), 'to.bin', '--timeout', '3s'];
  const { code, stderr } = await new CommandRun(t, user, words).outcome();
  assert.equal(code, 6, stderr);
  assert.match(stderr, /^NO_TRACKER: timed out before any tracker answered, of 127\.0\.0\.1:\d+ and /m);
});
