// `mtorrent get FILE -` and `mtorrent get - DEST` with real processes: content goes to a pipe in order while it is
// downloaded, and a .mtorrent comes out of one.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before, type TestContext } from 'node:test';
import { randomFile, Swarm } from '../../src/app/demo/swarm.js';
import type { SwarmClient } from '../../src/app/library/mini-torrent.js';
import { makeUser, type User } from '../support/command-run.js';
import { fastRoot, listedEventually, PIECE, startClientHere, startTrackerHere } from '../support/e2e-stage.js';
import { hasTool, lacksPlace } from '../support/needs.js';

const PROGRAM = new URL('../../bundle/mtorrent.cjs', import.meta.url).pathname;
const DEADLINE_MS = 60_000;

let scenery: Swarm;
let server: SwarmClient;
let shares = 0;

before(async () => {
  scenery = await Swarm.create(fastRoot());
  await startTrackerHere(scenery);
  server = await startClientHere(scenery, 'server');
});
after(() => scenery.end());

interface Served {
  readonly directory: string;
  readonly user: User;
  readonly source: string;
  readonly mtorrent: string;
}

async function served(pieces: number): Promise<Served> {
  shares += 1;
  const directory = scenery.path(`${shares}`);
  await mkdir(directory);
  const source = await randomFile(join(directory, 'film.bin'), pieces * PIECE - 77);
  return announced(directory, source);
}

async function announced(directory: string, source: string): Promise<Served> {
  const mtorrent = `${source}.mtorrent`;
  await server.share(source, mtorrent);
  const { address } = server.facts;
  const isOurs = (row: string): boolean => row.includes(` ${address} `);
  await listedEventually(scenery, 0, (rows) => rows.filter(isOurs).length === shares, 'the share is listed');
  return { directory, user: await makeUser(directory, 'bob'), source, mtorrent };
}

interface Run {
  readonly child: ChildProcess;
  /** All of stdout; rejects at the deadline. */
  readonly output: Promise<Buffer>;
  readonly exit: Promise<number | null>;
  readonly errors: () => string;
}

function run(t: TestContext, { user }: Served, words: readonly string[], input = Buffer.alloc(0)): Run {
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    cwd: user.directory,
    env: { ...process.env, ...user.env },
    timeout: DEADLINE_MS,
  });
  t.after(() => child.kill('SIGKILL'));
  const [parts, errors]: [Buffer[], string[]] = [[], []];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.stderr.on('data', (part: Buffer) => errors.push(part.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return { child, exit, output: exit.then(() => Buffer.concat(parts)), errors: () => errors.join('') };
}

/** A shell line in which `"$@"` is the program with these words. */
function shell(t: TestContext, { user }: Served, line: string, words: readonly string[]): Omit<Run, 'output'> {
  const child = spawn('sh', ['-c', line, 'sh', process.execPath, PROGRAM, ...words], {
    cwd: user.directory,
    env: { ...process.env, ...user.env },
    timeout: DEADLINE_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const errors: string[] = [];
  child.stderr.on('data', (part: Buffer) => errors.push(part.toString()));
  return { child, exit: once(child, 'close').then(([code]) => code as number | null), errors: () => errors.join('') };
}

/** What one-shot commands of this user left in their state. */
function left({ user }: Served, kind: string): readonly string[] {
  const directory = join(user.env['XDG_STATE_HOME'] ?? '', 'mtorrent', kind);
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** A folder that is served: packed files, one of its own pieces, a link, an executable file, an empty directory. */
async function servedFolder(): Promise<Served> {
  shares += 1;
  const directory = scenery.path(`${shares}`);
  const tree = join(directory, 'tree');
  await mkdir(join(tree, 'sub', 'empty'), { recursive: true });
  for (let at = 0; at < 20; at += 1) await randomFile(join(tree, 'sub', `${at}.txt`), 1_000 * at);
  await randomFile(join(tree, 'large.bin'), 9 * PIECE + 3);
  await writeFile(join(tree, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
  await symlink('../run.sh', join(tree, 'sub', 'link'));
  return announced(directory, tree);
}

/** Every path below, with what it is. */
async function lookOf(root: string): Promise<readonly string[]> {
  const paths = (await readdir(root, { recursive: true })).sort();
  return Promise.all(
    paths.map(async (path) => {
      const found = await lstat(join(root, path));
      if (found.isDirectory()) return `${path}/`;
      if (found.isSymbolicLink()) return `${path} -> ${await readlink(join(root, path))}`;
      const digest = createHash('sha1').update(await readFile(join(root, path)));
      return `${path} ${found.mode & 0o100 ? 'x' : '-'} ${digest.digest('hex')}`;
    }),
  );
}

test('a folder goes to tar while it is downloaded, and comes out equal', async (t) => {
  if (!hasTool(t, 'tar')) return;
  const stage = await servedFolder();
  const to = join(stage.directory, 'to');
  await mkdir(to);
  const { exit, errors } = shell(t, stage, `"$@" | tar -x -C ${to}`, ['get', stage.mtorrent, '-']);
  assert.equal(await exit, 0, errors());
  assert.deepEqual(await lookOf(join(to, 'tree')), await lookOf(stage.source));
  assert.match(errors(), /tree is complete: 22 files/);
  for (const kind of ['get', 'stdout']) assert.deepEqual(left(stage, kind), [], kind);
});

test('of a folder only what was chosen is written, also when an earlier run was cut off', async (t) => {
  if (!hasTool(t, 'tar')) return;
  const stage = await servedFolder();
  const to = join(stage.directory, 'to');
  await mkdir(to);
  const words = ['get', stage.mtorrent, '-', '--only', 'large.bin', '--only', '1*.txt'];
  const cut = shell(t, stage, '"$@" | head -c 1000000 > /dev/null', [...words, '-q', '--download-limit', '2MB']);
  assert.equal(await cut.exit, 0, cut.errors());
  assert.equal(left(stage, 'stdout').length, 1);
  const { exit, errors } = shell(t, stage, `"$@" | tar -x -C ${to}`, words);
  assert.equal(await exit, 0, errors());
  const wanted = (await lookOf(stage.source)).filter((line) => /^large|\/1\d?\.txt/.test(line));
  const found = (await lookOf(join(to, 'tree'))).filter((line) => !line.endsWith('/'));
  assert.deepEqual(found, wanted);
});

test('a file goes to a pipe byte for byte, and nothing of it stays behind', async (t) => {
  const stage = await served(30);
  const { output, exit, errors } = run(t, stage, ['get', stage.mtorrent, '-']);
  assert.equal(await exit, 0, errors());
  assert.ok((await output).equals(await readFile(stage.source)));
  assert.match(errors(), /film\.bin is complete/);
  for (const kind of ['get', 'stdout']) assert.deepEqual(left(stage, kind), [], kind);
});

test('through a pipe of a shell it is the same', async (t) => {
  const stage = await served(20);
  const copy = join(stage.directory, 'copy');
  const { exit, errors } = shell(t, stage, `"$@" | { head -c 100000; cat; } > ${copy}`, ['get', stage.mtorrent, '-']);
  assert.equal(await exit, 0, errors());
  assert.ok((await readFile(copy)).equals(await readFile(stage.source)));
});

test('head ends it: 141 and not a word, however much is still to come', async (t) => {
  const stage = await served(20);
  const line = '{ "$@"; echo "exit $?" >&2; } | head -c 1000 > /dev/null';
  const { exit, errors } = shell(t, stage, line, ['get', stage.mtorrent, '-', '-q', '--download-limit', '4MB']);
  assert.equal(await exit, 0);
  assert.equal(errors(), 'exit 141\n');
});

test('a reader that closes early ends the command quietly with 141, and the next run uses what is there', async (t) => {
  const stage = await served(40);
  const early = run(t, stage, ['get', stage.mtorrent, '-', '--quiet', '--download-limit', '4MB']);
  await once(early.child.stdout as NodeJS.ReadableStream, 'data');
  early.child.stdout?.destroy();
  assert.equal(await early.exit, 141);
  assert.equal(early.errors(), '');
  assert.equal(left(stage, 'stdout').length, 1);
  const again = run(t, stage, ['get', stage.mtorrent, '-']);
  assert.equal(await again.exit, 0, again.errors());
  assert.ok((await again.output).equals(await readFile(stage.source)));
  assert.deepEqual(left(stage, 'stdout'), []);
});

test('--keep leaves the file at its path, and --part-dir the pieces elsewhere for as long as they are needed', async (t) => {
  const stage = await served(5);
  const kept = join(stage.directory, 'kept.bin');
  const keeping = run(t, stage, ['get', stage.mtorrent, '-', '--keep', kept]);
  assert.equal(await keeping.exit, 0, keeping.errors());
  assert.ok((await keeping.output).equals(await readFile(kept)));
  // What is there already is written at once.
  const again = run(t, stage, ['get', stage.mtorrent, '-', '--keep', kept]);
  assert.equal(await again.exit, 0, again.errors());
  assert.ok((await again.output).equals(await readFile(kept)));
  const parts = join(stage.directory, 'parts');
  await mkdir(parts);
  const apart = run(t, stage, ['get', stage.mtorrent, '-', '--part-dir', parts]);
  assert.equal(await apart.exit, 0, apart.errors());
  assert.ok((await apart.output).equals(await readFile(kept)));
  assert.deepEqual(readdirSync(parts), []);
});

test('a .mtorrent comes from standard input, and the same command goes on with it', async (t) => {
  const stage = await served(3);
  const to = join(stage.directory, 'to');
  await mkdir(to);
  const { exit, output, errors } = run(t, stage, ['get', '-', to], await readFile(stage.mtorrent));
  assert.equal(await exit, 0, errors());
  assert.equal((await output).toString(), `${join(to, 'film.bin')}\n`);
  assert.ok((await readFile(join(to, 'film.bin'))).equals(await readFile(stage.source)));
  assert.deepEqual(await keptInputs(stage), [], 'what came in is not kept when nothing needs it');
});

/** The .mtorrent files from standard input that are still in the state directory. */
function keptInputs({ user }: Served): Promise<readonly string[]> {
  return readdir(join(user.env['XDG_STATE_HOME'] ?? '', 'mtorrent', 'stdin'));
}

test('both at once: a .mtorrent in, its file out', async (t) => {
  const stage = await served(3);
  const { exit, output, errors } = run(t, stage, ['get', '-', '-'], await readFile(stage.mtorrent));
  assert.equal(await exit, 0, errors());
  assert.ok((await output).equals(await readFile(stage.source)));
  assert.deepEqual(await keptInputs(stage), []);
});

test('an empty input, an address of the web and options that need a pipe are refused in one sentence', async (t) => {
  const stage = await served(1);
  const refusals: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['get', '-', '.'], 10, /^INVALID_MTORRENT: standard input is empty where a \.mtorrent is expected/],
    [['get', 'https://x/a.mtorrent', 'to dir'], 2, /curl -fsS https:\/\/x\/a\.mtorrent \| mtorrent get - 'to dir'/],
    [['get', stage.mtorrent, '.', '--keep', 'x'], 2, /--keep/],
    [['get', stage.mtorrent, '-', '--detach'], 2, /--detach/],
  ];
  for (const [words, code, sentence] of refusals) {
    const { exit, errors, output } = run(t, stage, words);
    assert.equal(await exit, code, errors());
    assert.match(errors(), sentence);
    assert.equal((await output).length, 0);
  }
});

test('events of --json go to stderr, where they are in no reader’s way', async (t) => {
  const stage = await served(2);
  const { exit, output, errors } = run(t, stage, ['get', stage.mtorrent, '-', '--json']);
  assert.equal(await exit, 0, errors());
  assert.ok((await output).equals(await readFile(stage.source)));
  const events = errors()
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event: string }).event);
  assert.equal(events[0], 'started');
  assert.ok(events.includes('completed'));
});

test('a failure to write is named, and no success is claimed', async (t) => {
  if (!existsSync('/dev/full')) return lacksPlace(t, 'there is no /dev/full');
  const stage = await served(3);
  const child = spawn('sh', ['-c', '"$0" "$@" > /dev/full', process.execPath, PROGRAM, 'get', stage.mtorrent, '-'], {
    cwd: stage.user.directory,
    env: { ...process.env, ...stage.user.env },
    timeout: DEADLINE_MS,
  });
  let errors = '';
  child.stderr.on('data', (part: Buffer) => {
    errors += part.toString();
  });
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 9, errors);
  assert.match(errors, /standard output/);
});
