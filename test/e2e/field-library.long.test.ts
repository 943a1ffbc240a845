// Reports from the field about what a client remembers: files with several names, trackers that moved, .mtorrent files
// that are gone, a state disk that is full (FC-03, FC-04, FC-09, FC-11, X1, X2, X11).

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import { ProgramProcess } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { linkOf } from '../../src/app/library/links.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { CommandRun, makeUser, trackerWords } from '../support/command-run.js';
import { attach, daemonWords, onDaemon, startDaemon } from '../support/daemon-stage.js';
import {
  create,
  eventually,
  namesIn,
  onceTried,
  PIECE,
  quit,
  share,
  stageSwarm,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { smallDisk, unmountAfter } from '../support/small-disk.js';

/** A pair that has moved away: nobody listens there. */
const GONE = [
  { host: '127.0.0.1', port: 9 },
  { host: '127.0.0.1', port: 13 },
] as const;

interface Stage {
  readonly swarm: Swarm;
  /** One command on the daemon, which must succeed; answers what it printed. */
  readonly ask: (...words: readonly string[]) => Promise<string>;
  /** Another user gets it alone; answers the digest of what arrived. */
  readonly fetch: (mtorrent: string) => Promise<string>;
}

async function stage(t: TestContext): Promise<Stage> {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const other = await makeUser(swarm.directory, 'other');
  let fetched = 0;
  return {
    swarm,
    ask: async (...words) => {
      const { code, stdout, stderr } = await onDaemon(swarm, ...words);
      assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
      return stdout;
    },
    fetch: async (mtorrent) => {
      fetched += 1;
      const target = swarm.path(`fetched-${fetched}`);
      const run = new CommandRun(t, other, ['get', mtorrent, target, '--alone', '--timeout', '60s', '-q']);
      const { code, stderr } = await run.outcome();
      assert.equal(code, 0, stderr);
      return sha256OfFile(target);
    },
  };
}

test('FC-09, X1, X2: one content under several names, a rebuilt file, a symbolic link: each share is done and answered, each name is removed for itself', async (t) => {
  const { swarm, ask, fetch } = await stage(t);
  await startDaemon(swarm);
  const day1 = await swarm.makeFile('day1.bin', PIECE + 7);
  const digest = await sha256OfFile(day1);
  await copyFile(day1, swarm.path('day2.bin'));
  assert.match(await ask('share', 'day1.bin', '-q'), /day1\.bin\.mtorrent/);
  assert.match(await ask('share', 'day2.bin', '-q'), /day2\.bin\.mtorrent/);
  assert.match(await ask('share', 'day2.bin', '-o', 'third.mtorrent', '-q'), /third\.mtorrent/);
  assert.match(await ask('show', 'shares'), /day1\.bin\.mtorrent.*day2\.bin\.mtorrent.*third\.mtorrent/s);
  await rm(day1);
  await eventually(
    () => ask('show', 'shares'),
    (rows) => rows.split('\n')[0]?.includes('day2.bin') === true && !rows.includes('missing'),
    'it is served from the second copy',
  );
  assert.equal(await fetch('day2.bin.mtorrent'), digest);
  assert.equal(await fetch('day1.bin.mtorrent'), digest, 'the first .mtorrent works as well');
  await ask('remove', 'day1.bin.mtorrent');
  await ask('remove', 'third.mtorrent');
  const names = await namesIn(swarm.directory);
  assert.deepEqual(
    ['day1.bin.mtorrent', 'day2.bin.mtorrent', 'third.mtorrent'].map((name) => names.includes(name)),
    [false, true, false],
  );
  assert.equal(await fetch('day2.bin.mtorrent'), digest);

  await writeFile(swarm.path('latest.img'), randomBytes(PIECE));
  await ask('share', 'latest.img', '-o', 'one.mtorrent', '-q');
  await writeFile(swarm.path('latest.img'), randomBytes(PIECE));
  assert.match(await ask('share', 'latest.img', '-o', 'two.mtorrent', '-q'), /two\.mtorrent/);
  assert.equal(await fetch('two.mtorrent'), await sha256OfFile(swarm.path('latest.img')));
  // Somebody puts another .mtorrent in the place of one of ours: it is not ours to delete.
  const theirs = await readFile(swarm.path('two.mtorrent'));
  await writeFile(swarm.path('day2.bin.mtorrent'), theirs);
  await ask('remove', 'day2.bin.mtorrent');
  assert.deepEqual(await readFile(swarm.path('day2.bin.mtorrent')), theirs);

  await mkdir(swarm.path('real'));
  await symlink('real', swarm.path('data'));
  await writeFile(swarm.path('real/a.bin'), randomBytes(PIECE));
  assert.match(await ask('share', 'data/a.bin', '-q'), /a\.bin\.mtorrent/);
  assert.equal(await fetch('a.bin.mtorrent'), await sha256OfFile(swarm.path('real/a.bin')));
  const alone = await makeUser(swarm.directory, 'alone');
  await writeFile(swarm.path('real/b.bin'), randomBytes(PIECE));
  const run = new CommandRun(t, alone, ['share', 'data/b.bin', '--alone', ...trackerWords(swarm)]);
  await run.line(/b\.bin\.mtorrent/);
  assert.equal(await fetch('b.bin.mtorrent'), await sha256OfFile(swarm.path('real/b.bin')));
  run.kill('SIGTERM');
  assert.equal(await run.exited, 143, run.stderr);
});

test('FC-09: a folder of several copies is served from another one when the first is deleted, and removed name by name', async (t) => {
  const { swarm, ask } = await stage(t);
  await startDaemon(swarm);
  const paths = ['set', 'old/set'].map((path) => swarm.path(path));
  const [first = '', second = ''] = paths;
  const bytes = randomBytes(PIECE);
  for (const path of paths) {
    await mkdir(path, { recursive: true });
    await writeFile(`${path}/a.bin`, bytes);
  }
  await ask('share', 'set', '-o', 'one.mtorrent', '-q');
  await ask('share', 'old/set', '-o', 'two.mtorrent', '-q');
  await rm(first, { recursive: true });
  await eventually(
    () => ask('show', 'shares'),
    (rows) => rows.split('\n')[0]?.includes(second) === true && !rows.includes('missing'),
    'it is served from the second copy',
  );
  const other = await makeUser(swarm.directory, 'fetcher');
  const words = ['get', 'one.mtorrent', swarm.path('got'), '--alone', '--timeout', '60s', '-q'];
  const got = await new CommandRun(t, other, words).outcome();
  assert.equal(got.code, 0, got.stderr);
  assert.deepEqual(await readFile(swarm.path('got/a.bin')), bytes);
  await ask('remove', 'one.mtorrent');
  await ask('remove', 'two.mtorrent', '--delete-files');
  assert.equal((await namesIn(swarm.path('old'))).length, 0);
});

test('FC-03, FC-04, retrack: what is shared again, got again, or moved by one command goes to the trackers of today', async (t) => {
  const { swarm, ask, fetch } = await stage(t);
  const old = await startDaemon(swarm, [], GONE);
  const [big, more] = [await swarm.makeFile('big.bin', PIECE), await swarm.makeFile('more.bin', PIECE)];
  await ask('share', 'big.bin', '-o', 'one.mtorrent', '-q');
  await ask('share', 'more.bin', '-q');
  old.kill('SIGTERM');
  assert.equal(await old.exited, 0);
  await startDaemon(swarm);
  await ask('share', 'big.bin', '-o', 'two.mtorrent', '-q');
  assert.equal(await fetch('two.mtorrent'), await sha256OfFile(big), 'FC-03');

  const [from1 = '', from2 = ''] = GONE.map(formatAddress);
  const [to1 = '', to2 = ''] = swarm.trackers.map(formatAddress);
  assert.match(await ask('retrack', from1, to1, '--dry-run'), /^2 files would move from 127\.0\.0\.1:9 to /);
  assert.match(await ask('retrack', from1, to1), /^moved 2 files from /);
  assert.match(await ask('retrack', from2, to2), /^moved 2 files from /);
  assert.equal(await fetch('more.bin.mtorrent'), await sha256OfFile(more), 'its own .mtorrent was rewritten');
  assert.deepEqual(await readFile(swarm.path('one.mtorrent')), await readFile(swarm.path('two.mtorrent')));
  assert.doesNotMatch(await ask('show', 'trackers'), /127\.0\.0\.1:(9|13) /);
  const none = await onDaemon(swarm, 'retrack', from1, to1);
  assert.deepEqual([none.code, none.stderr.includes('no file here names the tracker 127.0.0.1:9')], [3, true]);

  // A download that was begun with the old pair: the same words, after its .mtorrent was edited by hand.
  const text = await readFile(swarm.path('two.mtorrent'), 'utf8');
  await writeFile(swarm.path('edited.mtorrent'), text.replace(to1, from1).replace(to2, from2));
  const user = await makeUser(swarm.directory, 'leecher');
  const words = ['get', 'edited.mtorrent', swarm.path('got.bin'), '--alone', '-q'];
  const first = await onceTried((timeout) => new CommandRun(t, user, [...words, '--timeout', timeout]).outcome());
  assert.equal(first.code, 6, first.stderr);
  await writeFile(swarm.path('edited.mtorrent'), text);
  const again = await new CommandRun(t, user, [...words, '--timeout', '60s']).outcome();
  assert.equal(again.code, 0, `FC-04: ${again.stderr}`);
  assert.equal(await sha256OfFile(swarm.path('got.bin')), await sha256OfFile(big));
});

test('FC-11, X8: without its .mtorrent, or with another one in its place, a download goes on and a share is served', async (t) => {
  const { swarm, ask, fetch } = await stage(t);
  const source = await swarm.makeFile('film.bin', 6 * PIECE);
  const mtorrent = await create(swarm, source, 'film.mtorrent');
  const original = await readFile(mtorrent);
  await mkdir(swarm.path('to'));
  const first = await startDaemon(swarm);
  // Nobody serves it yet.
  await ask('get', 'film.mtorrent', 'to/', '--detach', '-q');
  await rm(mtorrent);
  first.kill('SIGTERM');
  assert.equal(await first.exited, 0);
  const second = await startDaemon(swarm);
  assert.doesNotMatch(await ask('show'), /missing/);
  const seeder = swarm.startClient('seeder');
  await share(seeder, source, 'again.mtorrent');
  await ask('wait');
  assert.equal(await sha256OfFile(swarm.path('to/film.bin')), await sha256OfFile(source));
  await quit(seeder);
  // What somebody puts in its place since does not disturb it.
  await writeFile(mtorrent, `another ${original.length}`);
  second.kill('SIGKILL');
  await second.exited;
  const third = await startDaemon(swarm);
  await writeFile(swarm.path('copy.mtorrent'), original);
  assert.equal(await fetch('copy.mtorrent'), await sha256OfFile(source));
  assert.match(await ask('show', 'shares'), /film\.bin/);
  assert.equal((await ask('show', 'link', 'film.bin')).trim(), await linkOf(swarm.path('copy.mtorrent')));
  third.kill('SIGTERM');
  assert.equal(await third.exited, 0);

  // Neither its own copy nor the user's is left: it says so, with what is there.
  const state = swarm.path('daemon.state');
  for (const name of await readdir(`${state}/mtorrents`)) await rm(`${state}/mtorrents/${name}`);
  await startDaemon(swarm);
  await eventually(
    () => ask('show'),
    (rows) => /missing .*film\.mtorrent/.test(rows),
    'it is missing',
  );
  const resumed = await onDaemon(swarm, 'resume', 'film.bin');
  assert.deepEqual([resumed.code, /film\.bin cannot go on: .*film\.mtorrent/.test(resumed.stderr)], [3, true]);
  await writeFile(mtorrent, original);
  await onDaemon(swarm, 'resume', 'film.bin');
  await eventually(
    () => ask('show'),
    (rows) => rows.startsWith('[S]') && !rows.includes('missing'),
    'it is back',
  );
});

test('X11: what cannot be recorded is not answered with SUCCESS, and is recorded when there is room', async (t) => {
  const swarm = await stageSwarm(t);
  let disk: string | undefined;
  unmountAfter(t, () => disk);
  disk = smallDisk(t, 4);
  if (disk === undefined) return;
  await startTrackerHere(swarm);
  const state = `${disk}/state`;
  const words = daemonWords(swarm).map((word) => (word === swarm.path('daemon.state') ? state : word));
  const start = async (): Promise<ProgramProcess> => {
    const daemon = swarm.adopt(new ProgramProcess('daemon', words, swarm.directory));
    await eventually(
      () => onDaemon(swarm, 'show'),
      ({ code }) => code === 0,
      'it listens',
    );
    return daemon;
  };
  const daemon = await start();
  await swarm.makeFile('a.bin', PIECE);
  await swarm.makeFile('b.bin', PIECE);
  assert.equal((await onDaemon(swarm, 'share', 'a.bin', '-q')).code, 0);
  const filling = spawnSync('dd', ['if=/dev/zero', `of=${disk}/filling`, 'bs=4096'], { stdio: 'ignore' });
  assert.notEqual(filling.status, 0, 'the disk is full');
  const refused = await onDaemon(swarm, 'share', 'b.bin', '-q');
  assert.deepEqual([refused.code, /\/state\/.*no room left/.test(refused.stderr)], [9, true], refused.stderr);
  assert.equal((await namesIn(swarm.directory)).includes('b.bin.mtorrent'), false, 'nothing is left of it');
  await rm(`${disk}/filling`);
  assert.equal((await onDaemon(swarm, 'share', 'b.bin', '-q')).code, 0);
  daemon.kill('SIGKILL');
  await daemon.exited;
  await start();
  assert.match((await onDaemon(swarm, 'show', 'shares')).stdout, /a\.bin.*b\.bin/s);
});

test('FC-31: a client that is killed at any instant of many shares keeps each that it answered', async (t) => {
  const { swarm, ask } = await stage(t);
  for (let round = 0; round < 3; round += 1) {
    const daemon = await startDaemon(swarm);
    const console = attach(swarm, `console-${round}`);
    const answered: string[] = [];
    for (let at = 0; at < 40; at += 1) await writeFile(swarm.path(`r${round}-${at}`), randomBytes(64));
    const sharing = (async () => {
      for (let at = 0; at < 40; at += 1) {
        const answer = await console.succeed(`share r${round}-${at} r${round}-${at}.mtorrent`);
        // A console whose client was killed ends with DETACHED, which answers no share.
        if (answer === 'DETACHED') return;
        assert.equal(answer, `r${round}-${at}.mtorrent`);
        answered.push(answer);
      }
    })();
    sharing.catch(() => undefined);
    await eventually(
      () => answered.length,
      (count) => count > 5 + round * 7,
      'some are shared',
    );
    daemon.kill('SIGKILL');
    await daemon.exited;
    await console.end();
    const again = await startDaemon(swarm);
    const rows = await ask('show', 'shares');
    for (const name of answered) assert.ok(rows.includes(name), `${name} was answered`);
    again.kill('SIGTERM');
    assert.equal(await again.exited, 0);
  }
});
