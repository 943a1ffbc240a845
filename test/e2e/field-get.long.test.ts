// What people hit with `get`: data that is there already, whoever began it; several machines with one home directory.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { CommandRun, makeUser, type User } from '../support/command-run.js';
import { onDaemon, socketOf, startDaemon } from '../support/daemon-stage.js';
import { create, killHard, PIECE, share, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';
import { lacksPlace } from '../support/needs.js';

interface Stage {
  readonly swarm: Swarm;
  readonly seeder: { end(): Promise<unknown> };
  readonly user: User;
  readonly source: string;
  /** A command of the user, to its end. */
  readonly run: (...words: readonly string[]) => ReturnType<CommandRun['outcome']>;
  readonly start: (...words: readonly string[]) => CommandRun;
}

/** A seeder of `pieces` pieces. */
async function stage(t: TestContext, pieces: number): Promise<Stage> {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const seeder = swarm.startClient('seeder');
  const source = await swarm.makeFile('film.bin', pieces * PIECE);
  await share(seeder, source, 'film.mtorrent');
  await mkdir(swarm.path('to'));
  const user = await makeUser(swarm.directory, 'bob');
  const start = (...words: readonly string[]) => new CommandRun(t, user, [...words, '--socket', socketOf(swarm)]);
  return { swarm, seeder, user, source, start, run: (...words) => start(...words).outcome() };
}

const PIECES = 40;
/** Bytes of pieces that were fetched in part. */
const BROKEN_OFF = 2 * PIECE;
/** Three seconds to what `halfDone` waits for, and seven more until it is all there. */
const SLOWLY = ['--download-limit', '2M'];

/** Stops the get `words` when it has some of 40 pieces; answers how many. */
async function halfDone(run: CommandRun, end: 'SIGINT' | 'SIGKILL' = 'SIGINT'): Promise<number> {
  const line = await run.line(/"have":(?:1[2-9]|[23]\d)/);
  if (end === 'SIGKILL') await killHard(run);
  else {
    run.kill('SIGINT');
    assert.equal(await run.exited, 7, run.stderr);
  }
  return Number(/"have":(\d+)/.exec(line)?.[1]);
}

/** A get that completes `target` and fetches none of the `had` pieces again. */
async function goesOn(run: CommandRun, had: number, target: string, source: string): Promise<void> {
  assert.equal((await run.outcome()).code, 0, run.stderr);
  const completed = run.events().find(({ event }) => event === 'completed');
  const [first] = run.events().filter(({ event }) => event === 'progress');
  // Where what earlier runs received is known, it is counted, too.
  const before = Math.min(Number(first?.['received'] ?? 0), had * PIECE);
  const needed = Number(completed?.['received']) - Number(completed?.['wasted']) - before;
  // Blocks of a piece whose connection ended before the piece was whole come again.
  const most = (PIECES - had) * PIECE + BROKEN_OFF;
  assert.ok(needed <= most, `${needed} bytes were fetched, and ${had} pieces were there`);
  assert.equal(await sha256OfFile(target), await sha256OfFile(source));
}

test('FC-08: get is idempotent whatever the name of the target and the spelling of the .mtorrent, alone and with a daemon', async (t) => {
  const { swarm, run } = await stage(t, 4);
  const text = readFileSync(swarm.path('film.mtorrent'), 'utf8');
  writeFileSync(swarm.path('crlf.mtorrent'), text.replaceAll('\n', '\r\n'));
  writeFileSync(swarm.path('noted.mtorrent'), `${text}note: from ci\n`);
  await create(swarm, swarm.path('film.bin'), 'sha256.mtorrent', true);
  const lines = ['film', 'crlf', 'noted', 'sha256'].map((name) => [`${name}.mtorrent`, 'to/other name.img'] as const);
  const isComplete = async (mtorrent: string, place: string, ...more: readonly string[]): Promise<void> => {
    const outcome = await run('get', mtorrent, place, '-q', ...more);
    assert.deepEqual(outcome, { code: 0, stdout: swarm.path(place), stderr: '' }, `${mtorrent} ${place} ${more}`);
  };
  for (const [mtorrent, place] of lines) await isComplete(mtorrent, place);
  symlinkSync('other name.img', swarm.path('to/link.img'));
  await isComplete('film.mtorrent', 'to/link.img');
  assert.deepEqual(readdirSync(swarm.path('to')).sort(), ['link.img', 'other name.img']);
  // Fetched alone, and asked for again with a daemon; then the reverse.
  await startDaemon(swarm);
  for (const [mtorrent, place] of lines) await isComplete(mtorrent, place);
  assert.match((await onDaemon(swarm, 'show', 'shares')).stdout, /other name\.img/);
  await isComplete('film.mtorrent', 'to/second.img');
  await isComplete('film.mtorrent', 'to/second.img');
  await isComplete('film.mtorrent', 'to/other name.img', '--alone');
  rmSync(swarm.path('to/other name.img'));
  await isComplete('film.mtorrent', 'to/other name.img');
  assert.equal(await sha256OfFile(swarm.path('to/other name.img')), await sha256OfFile(swarm.path('film.bin')));
});

test('FC-08: a .mtorrent and a file in a directory that cannot be written to are enough for a second get', async (t) => {
  const { swarm, run } = await stage(t, 2);
  const disk = swarm.path('readonly');
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'mtorrent-test', disk], { stdio: 'pipe' });
  } catch (error) {
    lacksPlace(t, `a disk cannot be mounted here (${error instanceof Error ? error.message.trim() : ''})`);
    return;
  }
  try {
    await copyFile(swarm.path('film.bin'), `${disk}/film.bin`);
    await copyFile(swarm.path('film.mtorrent'), `${disk}/film.mtorrent`);
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    for (const place of ['to/', `${disk}/`]) {
      for (let round = 0; round < 2; round += 1) {
        const { code, stderr } = await run('get', `${disk}/film.mtorrent`, place, '-q');
        assert.equal(code, 0, stderr);
      }
    }
  } finally {
    execFileSync('umount', [disk]);
  }
});

test('FC-06: what a get began, a daemon continues; what a daemon began, a get continues; and with --alone', async (t) => {
  const { swarm, source, run, start } = await stage(t, PIECES);
  const words = ['get', 'film.mtorrent', 'to', '--json'];
  let had = await halfDone(start(...words, ...SLOWLY));
  const daemon = await startDaemon(swarm);
  assert.equal((await onDaemon(swarm, 'limit', 'down', '256K')).code, 0);
  const target = swarm.path('to/film.bin');
  const watched = start(...words);
  had = Math.max(had, Number(/"have":(\d+)/.exec(await watched.line(/"state":"downloading"/))?.[1]));
  // The part that the client in the background writes is not touched, and nobody is told to move it away.
  const alone = await run('get', 'film.mtorrent', 'to', '--alone');
  assert.equal(alone.code, 11, alone.stderr);
  assert.match(
    alone.stderr,
    /film\.bin\.part is being written by a client in the background \(process \d+\); to watch it: mtorrent attach --socket \S+; to continue here, stop it first: mtorrent stop --socket/,
  );
  had = await halfDone(watched);
  assert.equal((await onDaemon(swarm, 'stop')).code, 0);
  assert.equal(await daemon.exited, 0);
  assert.deepEqual(readdirSync(swarm.path('to')), ['film.bin.part']);
  await goesOn(start(...words), had, target, source);
  // The daemon finds complete what it has left unfinished.
  await startDaemon(swarm);
  const again = await run('get', 'film.mtorrent', 'to', '-q');
  assert.deepEqual(again, { code: 0, stdout: target, stderr: '' });
  assert.deepEqual(readdirSync(swarm.path('to')), ['film.bin']);
});

test('FC-07: a part is taken up when its state is lost, after kill -9, from elsewhere, and when it was renamed', async (t) => {
  const { swarm, source, user, run, start } = await stage(t, PIECES);
  const target = swarm.path('to/film.bin');
  const words = ['get', 'film.mtorrent', 'to', '--json'];
  const had = await halfDone(start(...words, ...SLOWLY), 'SIGKILL');
  rmSync(user.env['XDG_STATE_HOME'] ?? '', { recursive: true });
  await goesOn(start(...words), had, target, source);
  assert.deepEqual(readdirSync(swarm.path('to')), ['film.bin']);
  // A whole file that was cut lies at the final name: it is not written to unasked, and the way to keep it is said.
  truncateSync(target, 30 * PIECE + 7);
  const refused = await run(...words);
  assert.equal(refused.code, 13, refused.stderr);
  const remedy =
    /30 of its 40 pieces are right; to keep these and fetch the others, rename it with: (mv .*) and run/.exec(
      refused.stderr,
    )?.[1];
  assert.ok(remedy !== undefined, refused.stderr);
  execFileSync('sh', ['-c', remedy]);
  await goesOn(start(...words), 30, target, source);
  // A part of something else is left alone.
  renameSync(target, swarm.path('to/whole'));
  writeFileSync(`${target}.part`, 'x'.repeat(PIECE));
  const other = await run(...words);
  assert.equal(other.code, 13, other.stderr);
  assert.match(other.stderr, /film\.bin\.part is there and no piece of it is right/);
  assert.equal(readFileSync(`${target}.part`, 'utf8'), 'x'.repeat(PIECE));
  assert.equal(existsSync(join(user.env['XDG_STATE_HOME'] ?? '', 'mtorrent', 'get')), false, 'nothing is left behind');
  // The one that failed locks nobody out.
  assert.equal((await run('get', 'film.mtorrent', 'to/other', '-q')).code, 0);
  assert.deepEqual(readdirSync(swarm.path('to')).sort(), ['film.bin.part', 'other', 'whole']);
});

test('FC-02: two gets of one .mtorrent with one home do not meet, and help each other', async (t) => {
  const { swarm, seeder, source, start } = await stage(t, PIECES);
  const first = start('get', 'film.mtorrent', 'one.bin', '--json', '--seed', ...SLOWLY);
  await first.line(/"have":[1-9]/);
  // The same words to another place, at once; after a while nobody else has the file.
  const second = start('get', 'film.mtorrent', 'two.bin', '--json', '--download-limit', '1M');
  await second.line(/"have":[1-9]/);
  await first.line(/"event":"completed"/);
  await seeder.end();
  await goesOn(second, 0, swarm.path('two.bin'), source);
  first.kill('SIGTERM');
  assert.equal(await first.exited, 143, first.stderr);
  assert.equal(await sha256OfFile(swarm.path('one.bin')), await sha256OfFile(source));
});

test('X3: the command that continues a get of a hostile name does that and nothing else', async (t) => {
  const { swarm, seeder, run } = await stage(t, 2);
  const name = "a;touch PWNED;$(touch PWNED2) `touch PWNED3` it's.bin";
  await writeFile(swarm.path(`${name}.mtorrent`), readFileSync(swarm.path('film.mtorrent')));
  await seeder.end();
  const late = await run('get', `${name}.mtorrent`, `to/${name}`, '--timeout', '2s');
  assert.equal(late.code, 14, late.stderr);
  const again = /: (mtorrent get .*) continues it/.exec(late.stderr)?.[1];
  assert.ok(again !== undefined, late.stderr);
  const words = execFileSync('sh', ['-c', `mtorrent() { printf '%s\\n' "$@"; }; ${again}`], { cwd: swarm.directory });
  const said = ['get', `${name}.mtorrent`, `to/${name}`, '--socket', socketOf(swarm)];
  assert.deepEqual(String(words).trim().split('\n'), said);
  assert.deepEqual(
    readdirSync(swarm.directory).filter((each) => each.startsWith('PWNED')),
    [],
  );
  assert.deepEqual(readdirSync(swarm.path('to')), [], 'a get without a piece leaves nothing');
});
