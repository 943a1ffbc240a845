// `mtorrent share` and `mtorrent get` with real processes: a file goes from one to the other without a client in the
// background; what ends a get too early keeps what is there; what programs read is what its schema says.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, type TestContext } from 'node:test';
import { randomFile, Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import type { SwarmClient } from '../../src/app/library/mini-torrent.js';
import { loadResume } from '../../src/transfer/storage/part/resume.js';
import { CommandRun, makeUser, trackerWords, type User } from '../support/command-run.js';
import {
  create,
  eventually,
  fastRoot,
  killHard,
  listedEventually,
  namesIn,
  nobodyListed,
  PIECE,
  stageSwarm,
  startClientHere,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { lacksPlace } from '../support/needs.js';

const PROGRAM = new URL('../../bundle/mtorrent.cjs', import.meta.url).pathname;

interface Stage {
  readonly swarm: Swarm;
  readonly user: User;
  readonly source: string;
  readonly sharing: CommandRun;
  /** Name of the .mtorrent, in the directory of all commands. */
  readonly mtorrent: string;
}

/** What most tests stand on: a tracker and a client that serves, both in this process. */
let scenery: Swarm;
let server: SwarmClient;
let films = 0;

before(async () => {
  scenery = await Swarm.create(fastRoot());
  await startTrackerHere(scenery);
  server = await startClientHere(scenery, 'server');
});
after(() => scenery.end());

interface Served extends Pick<Stage, 'user' | 'source' | 'mtorrent'> {
  /** Below the directory of this test. */
  readonly swarm: Pick<Swarm, 'path'>;
}

/** A directory with a file that is served, for tests that are about `get`. */
async function served(pieces: number): Promise<Served> {
  films += 1;
  const directory = scenery.path(`${films}`);
  const path = (name: string): string => join(directory, name);
  await mkdir(path('to'), { recursive: true });
  const source = await randomFile(path('film.bin'), pieces * PIECE);
  const mtorrent = await server.share(source, path('film.bin.mtorrent'));
  const { address } = server.facts;
  const isOurs = (row: string): boolean => row.includes(` ${address} `);
  await listedEventually(scenery, 0, (rows) => rows.filter(isOurs).length === films, 'the share is listed');
  return { swarm: { path }, user: await makeUser(directory, 'bob'), source, mtorrent };
}

/** A tracker, and a file that is shared by `mtorrent share`. */
async function stage(t: TestContext, pieces: number): Promise<Stage> {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('film.bin', pieces * PIECE);
  const sharing = new CommandRun(t, await makeUser(swarm.directory, 'ada'), [
    'share',
    'film.bin',
    ...trackerWords(swarm),
  ]);
  const mtorrent = await sharing.line(/\.mtorrent$/);
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the share is listed');
  const user = await makeUser(swarm.directory, 'bob');
  await mkdir(swarm.path('to'));
  return { swarm, user, source, sharing, mtorrent };
}

/** Names in the state of one-shot commands. */
function stateOf(user: User, kind: 'get' | 'share'): readonly string[] {
  const directory = join(user.env['XDG_STATE_HOME'] ?? '', 'mtorrent', kind);
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** Pieces in the record of the only unfinished get. */
async function recordedPieces(user: User): Promise<number> {
  const root = join(user.env['XDG_STATE_HOME'] ?? '', 'mtorrent', 'get');
  const [name] = stateOf(user, 'get')
    .flatMap((each) => {
      const directory = join(root, each, 'resume');
      return existsSync(directory) ? readdirSync(directory).map((file) => join(directory, file)) : [];
    })
    .filter((path) => path.endsWith('.resume'));
  const reading = name === undefined ? undefined : await loadResume(name);
  return reading?.kind === 'resume' ? reading.resume.have.count : 0;
}

test('a file is shared and fetched; each prints its path, and nothing of it stays behind', async (t) => {
  const { swarm, user, source, sharing, mtorrent } = await stage(t, 20);
  assert.equal(mtorrent, 'film.bin.mtorrent');
  const getting = new CommandRun(t, user, ['get', mtorrent, 'to']);
  const { code, stdout, stderr } = await getting.outcome();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, swarm.path('to/film.bin'));
  assert.equal(await sha256OfFile(swarm.path('to/film.bin')), await sha256OfFile(source));
  assert.match(stderr, /downloading .*film\.bin\.mtorrent with the trackers/);
  assert.match(stderr, /film\.bin is complete: 10\.0 MiB/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the rule.
  assert.doesNotMatch(stderr, /[\r\u001b]/, 'without a terminal there are no control codes');
  assert.deepEqual(stateOf(user, 'get'), []);
  sharing.kill('SIGINT');
  assert.equal(await sharing.exited, 130);
  await nobodyListed(swarm);
  assert.deepEqual(stateOf(await makeUser(swarm.directory, 'ada'), 'share'), []);
});

test('quiet: the path and nothing else; a second get of what is there completely is done at once', async (t) => {
  const { swarm, user, mtorrent } = await served(4);
  for (let round = 0; round < 2; round += 1) {
    const { code, stdout, stderr } = await new CommandRun(t, user, ['get', '-q', mtorrent, 'to/']).outcome();
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: swarm.path('to/film.bin'), stderr: '' });
  }
  await writeFile(swarm.path('to/film.bin'), 'something else');
  const { code, stderr } = await new CommandRun(t, user, ['get', '-q', mtorrent, 'to/']).outcome();
  assert.equal(code, 13, stderr);
  assert.match(stderr, /^ALREADY_EXISTS: .*film\.bin exists already/);
});

test('events: each is as the schema says, progress comes at least three times a second, the end is complete', async (t) => {
  const { swarm, user, mtorrent } = await served(16);
  const words = ['get', mtorrent, 'to', '--json', '--seed-time', '1s', '--stats-interval', '250ms'];
  const getting = new CommandRun(t, user, words, { MTORRENT_DOWNLOAD_LIMIT: '4M' });
  assert.equal((await getting.outcome()).code, 0, getting.stderr);
  const events = getting.events();
  const of = (name: string) => events.filter(({ event }) => event === name);
  // A machine that stands still for a second makes a tracker look silent, which is told.
  const told = events.filter(({ event }) => event !== 'notice');
  assert.deepEqual([...new Set(told.map(({ event }) => event))], ['started', 'progress', 'completed', 'seeding']);
  const times = of('progress').map(({ elapsedMs }) => Number(elapsedMs));
  // The median, since a busy machine stands still now and then.
  const gaps = times.slice(1).map((ms, at) => ms - (times[at] ?? 0));
  const usual = gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? 0;
  assert.ok(usual <= 1_000 / 3, `a progress event each ${usual} ms`);
  assert.ok(times.length >= 4, 'a download of two seconds shows its progress');
  const [completed] = of('completed');
  assert.equal(completed?.['path'], swarm.path('to/film.bin'));
  assert.equal(completed?.['received'], 16 * PIECE);
  assert.ok(of('seeding').length >= 2, 'seeding is told each interval');
  assert.equal(getting.stderr, '');
});

test('events: what ends a run before it began is told as an event too, once, with the sentence of stderr', async (t) => {
  const { user, mtorrent } = await served(1);
  for (const [code, words] of [
    [2, ['get', '--json']],
    [2, ['get', mtorrent, '--jsn', '--json']],
    [2, ['get', mtorrent, '--json', '--address', 'nowhere']],
    [2, ['share', 'x', '-qj', '--verbose']],
    [3, ['get', 'none.mtorrent', '--json']],
  ] as const) {
    const run = new CommandRun(t, user, words);
    assert.equal((await run.outcome()).code, code, run.stderr);
    const [failed, ...more] = run.events();
    assert.equal(failed?.event, 'failed', words.join(' '));
    assert.equal(`${failed?.['code']}: ${failed?.['sentence']}\n`, run.stderr);
    assert.deepEqual(more, []);
  }
});

test('a share that takes long tells how far its hashing is, in events of the schema, and a signal ends it', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const user = await makeUser(swarm.directory, 'ada');
  // A hole of a tebibyte: it takes minutes to hash, and no room.
  await writeFile(swarm.path('hole.img'), '');
  await truncate(swarm.path('hole.img'), 2 ** 40);
  const sharing = new CommandRun(t, user, ['share', 'hole.img', '--json', ...trackerWords(swarm)]);
  await sharing.line(/"event":"progress"/);
  sharing.kill('SIGINT');
  assert.equal(await sharing.exited, 130, sharing.stderr);
  const [started, progress] = sharing.events();
  assert.equal(started?.['event'], 'started');
  assert.equal(progress?.['path'], swarm.path('hole.img'));
  assert.equal(progress?.['state'], 'hashing');
  assert.equal(progress?.['size'], 2 ** 40);
  assert.ok(Number(progress?.['have']) > 0 && progress?.['rate'] === 0 && progress?.['etaMs'] === null);
  assert.deepEqual(
    (await namesIn(swarm.directory)).filter((name) => name.startsWith('hole')),
    ['hole.img'],
  );
});

test('a get that is killed with -9 goes on with what it had', async (t) => {
  const { swarm, user, source, mtorrent } = await served(60);
  const first = new CommandRun(t, user, ['get', mtorrent, 'to', '--json'], { MTORRENT_DOWNLOAD_LIMIT: '2M' });
  await eventually(
    () => recordedPieces(user),
    (pieces) => pieces >= 10,
    'progress is on the disk',
  );
  await killHard(first);
  const recorded = await recordedPieces(user);
  assert.equal(stateOf(user, 'get').length, 1);
  const second = new CommandRun(t, user, ['get', mtorrent, 'to', '--json']);
  assert.equal((await second.outcome()).code, 0, second.stderr);
  const received = Number(second.events().find(({ event }) => event === 'completed')?.['received']);
  assert.ok(received < (60 + recorded) * PIECE, `${received} bytes in both runs: the second began anew`);
  assert.equal(await sha256OfFile(swarm.path('to/film.bin')), await sha256OfFile(source));
  assert.deepEqual(stateOf(user, 'get'), []);
});

test('a get that is stopped by a signal ends with 7, says how to go on, and does', async (t) => {
  const { swarm, user, source, mtorrent } = await served(40);
  const first = new CommandRun(t, user, ['get', mtorrent, 'to', '--json'], { MTORRENT_DOWNLOAD_LIMIT: '1M' });
  await first.line(/"have":[1-9]/);
  first.kill('SIGINT');
  assert.equal(await first.exited, 7);
  assert.match(
    first.stderr,
    /^UNFINISHED: stopped by SIGINT.* % is downloaded: mtorrent get film\.bin\.mtorrent to continues it/m,
  );
  const failed = first.events().at(-1);
  assert.deepEqual([failed?.event, failed?.['code'], failed?.['exitCode']], ['failed', 'UNFINISHED', 7]);
  assert.deepEqual(readdirSync(swarm.path('to')), ['film.bin.part']);
  // To another place it is another download, which knows nothing of this one.
  const elsewhere = await new CommandRun(t, user, ['get', mtorrent, 'other.bin']).outcome();
  assert.equal(elsewhere.code, 0, elsewhere.stderr);
  const second = await new CommandRun(t, user, ['get', mtorrent, 'to']).outcome();
  assert.equal(second.code, 0, second.stderr);
  assert.equal(await sha256OfFile(swarm.path('to/film.bin')), await sha256OfFile(source));
});

test('--timeout ends a get that nobody serves with 14; the same words go on when somebody does', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  await swarm.makeFile('film.bin', 4 * PIECE);
  await create(swarm, swarm.path('film.bin'), 'film.mtorrent');
  await mkdir(swarm.path('to'));
  const user = await makeUser(swarm.directory, 'bob');
  const words = ['get', 'film.mtorrent', 'to', '--timeout'];
  const ends = (timeout: string) => new CommandRun(t, user, [...words, timeout]).outcome();
  let first = await ends('3s');
  // On a slow machine it had not begun by then.
  for (let seconds = 10; seconds < 60 && first.stderr.includes('nothing was downloaded'); seconds *= 2)
    first = await ends(`${seconds}s`);
  assert.equal(first.code, 14, first.stderr);
  assert.match(
    first.stderr,
    /TIMED_OUT: timed out before the download finished, and no peer is connected: check that a client with the file is running; 0\.0 % is downloaded: mtorrent get film\.mtorrent to continues it/,
  );
  const second = new CommandRun(t, user, [...words, '1m']);
  const ada = await makeUser(swarm.directory, 'ada');
  const sharing = new CommandRun(t, ada, ['share', 'film.bin', '-o', 'film.mtorrent', ...trackerWords(swarm)]);
  assert.equal(await sharing.line(/mtorrent/), 'film.mtorrent', 'the same .mtorrent is taken as it is');
  assert.equal((await second.outcome()).code, 0, second.stderr);
});

test('F9: a disk that fills up ends a get with 9 and keeps what is there; with room again it goes on', async (t) => {
  const { user, source, mtorrent } = await served(40);
  const disk = mkdtempSync(join(tmpdir(), 'mtorrent-disk-'));
  t.after(() => rmSync(disk, { recursive: true, force: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'mtorrent-test', disk], { stdio: 'pipe' });
  } catch (error) {
    lacksPlace(t, `a small disk cannot be mounted here (${error instanceof Error ? error.message.trim() : ''})`);
    return;
  }
  try {
    const first = new CommandRun(t, user, ['get', mtorrent, `${disk}/`, '--json'], { MTORRENT_DOWNLOAD_LIMIT: '1M' });
    await first.line(/"have":[1-9]/);
    execFileSync('sh', ['-c', `cat /dev/zero > ${disk}/filler || true`], { stdio: 'pipe' });
    assert.equal((await first.outcome()).code, 9, first.stderr);
    assert.match(first.stderr, /^DISK_FULL: /m);
    rmSync(`${disk}/filler`);
    const second = await new CommandRun(t, user, ['get', mtorrent, `${disk}/`]).outcome();
    assert.equal(second.code, 0, second.stderr);
    assert.equal(await sha256OfFile(`${disk}/film.bin`), await sha256OfFile(source));
  } finally {
    execFileSync('umount', [disk]);
  }
});

test('F14: a reader that goes away ends a share off the trackers, and a get that goes on later', async (t) => {
  const { swarm, user, sharing, mtorrent } = await stage(t, 40);
  const shell = async (line: string): Promise<{ readonly codes: string }> => {
    const pipe = new Promise<{ readonly codes: string }>((resolve) => {
      execFile('bash', ['-c', line], { cwd: swarm.directory, env: { ...process.env, ...user.env } }, (_error, stdout) =>
        resolve({ codes: stdout.trim() }),
      );
    });
    return pipe;
  };
  const program = `${process.execPath} ${PROGRAM}`;
  const get = `MTORRENT_DOWNLOAD_LIMIT=1M ${program} get ${mtorrent} to --json`;
  assert.equal((await shell(`${get} 2>/dev/null | head -2 >/dev/null; echo \${PIPESTATUS[0]}`)).codes, '7');
  const share = `${program} share film.bin -o film.bin.mtorrent --stats-interval 100ms --json ${trackerWords(swarm).join(' ')}`;
  assert.equal((await shell(`${share} 2>/dev/null | head -2 >/dev/null; echo \${PIPESTATUS[0]}`)).codes, '0');
  sharing.kill('SIGTERM');
  await sharing.exited;
  await listedEventually(swarm, 0, (rows) => rows.length === 0, 'nobody is listed');
});

test('--seed shares on until a signal: who comes later gets the file from it', async (t) => {
  const { swarm, user, source, sharing, mtorrent } = await stage(t, 4);
  const first = new CommandRun(t, user, ['get', mtorrent, 'to', '--seed', '-v']);
  await first.line(/film\.bin$/);
  sharing.kill('SIGTERM');
  assert.equal(await sharing.exited, 143);
  const later = await new CommandRun(t, await makeUser(swarm.directory, 'eve'), [
    'get',
    mtorrent,
    'third.bin',
  ]).outcome();
  assert.equal(later.code, 0, later.stderr);
  assert.equal(await sha256OfFile(swarm.path('third.bin')), await sha256OfFile(source));
  first.kill('SIGTERM');
  assert.equal(await first.exited, 143, first.stderr);
  await eventually(
    () => stateOf(user, 'get'),
    (names) => names.length === 0,
    'a complete get leaves no state',
  );
});

test('without any trackers a share brings its own pair, which the .mtorrent names', async (t) => {
  const swarm = await stageSwarm(t);
  const source = await swarm.makeFile('film.bin', 4 * PIECE);
  const ada = await makeUser(swarm.directory, 'ada');
  const sharing = new CommandRun(t, ada, ['share', 'film.bin']);
  await sharing.line(/film\.bin\.mtorrent/);
  await sharing.said(/started a pair in this process: 127\.0\.0\.1:\d+ and 127\.0\.0\.1:\d+/);
  // A second share of the same user uses the pair that runs.
  await swarm.makeFile('other.bin', PIECE);
  const second = new CommandRun(t, ada, ['share', 'other.bin']);
  await second.line(/other\.bin\.mtorrent/);
  await second.said(/already run in another process/);
  const bob = await makeUser(swarm.directory, 'bob');
  for (const name of ['film.bin', 'other.bin']) {
    const { code, stderr } = await new CommandRun(t, bob, ['get', `${name}.mtorrent`, `got-${name}`]).outcome();
    assert.equal(code, 0, stderr);
  }
  assert.equal(await sha256OfFile(swarm.path('got-film.bin')), await sha256OfFile(source));
  second.kill('SIGTERM');
  assert.equal(await second.exited, 143);
  sharing.kill('SIGTERM');
  assert.equal(await sharing.exited, 143);
});
