// What a user can get wrong at the console: each with a code and one sentence, and nothing left half-made.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import test from 'node:test';
import type { ClientProcess } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { filesOf, namesIn, PIECE, quoted, refuses, share, stageSwarm } from '../support/e2e-stage.js';

const HASH = 'a'.repeat(40);

/** Nothing was begun: no entry, no `.part`, no resume data. */
async function nothingBegun(swarm: Swarm, client: ClientProcess, directory: string): Promise<void> {
  assert.deepEqual(await filesOf(client), []);
  assert.deepEqual(await namesIn(swarm.path(directory)), []);
  assert.deepEqual(await namesIn(swarm.path(`${client.name}.state/resume`)), []);
}

/** Five lines, of which some are replaced. */
function mtorrentText(lines: Partial<Record<'one' | 'two' | 'name' | 'size' | 'hash', string>>): string {
  const { one = '127.0.0.1:7001', two = '127.0.0.1:7002', name = 'file.bin', size = '1000', hash = HASH } = lines;
  return `${one}\n${two}\n${name}\n${size}\n${hash}\n`;
}

test('share: what is no readable file, or would overwrite one, is refused', async (t) => {
  const swarm = await stageSwarm(t);
  const client = swarm.startClient('client');
  await client.address();
  const source = await swarm.makeFile('a.bin', 10);
  await mkdir(swarm.path('folder'));
  await writeFile(swarm.path('taken.mtorrent'), 'something else\n');
  execFileSync('mkfifo', [swarm.path('pipe')]);
  await symlink('loop', swarm.path('loop'));
  const before = await namesIn(swarm.directory);
  await refuses(client, 'share nowhere.bin x.mtorrent', 'FILE_NOT_FOUND', /nowhere\.bin does not exist/);
  await refuses(
    client,
    'share a.bin/inside x.mtorrent',
    'NOT_A_DIRECTORY',
    /inside has a part that is not a directory/,
  );
  await refuses(client, 'share pipe x.mtorrent', 'NOT_A_FILE', /pipe is not a regular file/);
  await refuses(client, 'share loop x.mtorrent', 'UNSAFE_NAME', /loop is a symbolic link/);
  await refuses(client, `share ${source} x.torrent`, 'INVALID_ARGUMENTS', /does not end in \.mtorrent/);
  await refuses(client, `share ${source} taken.mtorrent`, 'ALREADY_EXISTS', /taken\.mtorrent exists already/);
  await refuses(client, `share ${source} none/x.mtorrent`, 'FILE_NOT_FOUND', /none does not exist/);
  assert.deepEqual(await namesIn(swarm.directory), before);
  assert.deepEqual(await filesOf(client), []);
});

test('F13: get: a target that is taken, or has no directory, is refused and left as it is', async (t) => {
  const swarm = await stageSwarm(t);
  const client = swarm.startClient('client');
  await client.address();
  await mkdir(swarm.path('to'));
  await writeFile(swarm.path('good.mtorrent'), mtorrentText({ name: 'file.bin' }));
  await writeFile(swarm.path('there'), 'mine');
  await symlink('nowhere', swarm.path('dangling'));
  await writeFile(swarm.path('foreign.part'), 'somebody else’s');
  const before = await namesIn(swarm.directory);
  await refuses(client, 'get none.mtorrent to', 'MTORRENT_FILE_NOT_FOUND', /none\.mtorrent does not exist/);
  await refuses(client, 'get to to', 'NOT_A_FILE', /to is not a regular file/);
  await refuses(client, 'get good.mtorrent there', 'ALREADY_EXISTS', /there exists already/);
  await refuses(client, 'get good.mtorrent dangling', 'ALREADY_EXISTS', /dangling exists already/);
  await refuses(
    client,
    'get good.mtorrent foreign',
    'ALREADY_EXISTS',
    /foreign\.part is there and no piece of it is right/,
  );
  await refuses(client, 'get good.mtorrent no/where', 'FILE_NOT_FOUND', /no does not exist; create it first/);
  // Its permissions allow it to root, and it takes no file from anybody.
  const noFiles = /no file can be made in \/proc: its file system takes none|\/proc belongs to the user/;
  await refuses(client, 'get good.mtorrent /proc/', 'PERMISSION_DENIED', noFiles);
  await refuses(client, 'get good.mtorrent there/', 'NOT_A_DIRECTORY', /not a directory/);
  await refuses(client, 'get good.mtorrent ""', 'INVALID_ARGUMENTS', /a path is empty/);
  assert.deepEqual(await namesIn(swarm.directory), before);
  await nothingBegun(swarm, client, 'to');
});

test('S4: get: a damaged .mtorrent is refused with its line, and nothing is begun', async (t) => {
  const swarm = await stageSwarm(t);
  const client = swarm.startClient('client');
  await client.address();
  await mkdir(swarm.path('to'));
  const damages: readonly (readonly [what: string, bytes: string | Uint8Array, sentence: RegExp])[] = [
    ['empty', '', /line 1/],
    ['web page', '<!DOCTYPE html>\n<html></html>\n', /line 1, should be a tracker/],
    ['random', Uint8Array.from({ length: 3_000 }, (_, at) => (at * 7_919) % 256), /line 1/],
    ['cut after line 3', '127.0.0.1:7001\n127.0.0.1:7002\nfile.bin\n', /line/],
    ['hash cut', mtorrentText({ hash: HASH.slice(1) }), /line 5, should be 40 hex digits/],
    ['hash too long', mtorrentText({ hash: HASH + HASH }), /line 5, should be 40 hex digits/],
    ['not hex', mtorrentText({ hash: `g${HASH.slice(1)}` }), /line 5, should be hex digits/],
    ['size and pieces differ', mtorrentText({ size: String(PIECE + 1) }), /line 5, should be 80 hex digits/],
    ['negative size', mtorrentText({ size: '-1' }), /line 4/],
    ['huge size', mtorrentText({ size: '9007199254740993' }), /line 4/],
    ['size in exponents', mtorrentText({ size: '1e3' }), /line 4/],
    ['tracker by URL', mtorrentText({ one: 'http://127.0.0.1:7001' }), /line 1/],
    ['port 0', mtorrentText({ two: '127.0.0.1:0' }), /line 2/],
    ['port 70000', mtorrentText({ two: '127.0.0.1:70000' }), /line 2/],
    ['one tracker twice', mtorrentText({ two: '127.0.0.1:7001' }), /line 2/],
    ['endless line', 'x'.repeat(1_000_000), /line 1, should be at most/],
    ['strange further line', `${mtorrentText({})}what is this\n`, /line 6/],
  ];
  for (const [what, bytes, sentence] of damages) {
    await writeFile(swarm.path(`${what}.mtorrent`), bytes);
    const named = new RegExp(`${what}\\.mtorrent.*${sentence.source}`);
    await refuses(client, `get ${quoted(`${what}.mtorrent`)} to`, 'INVALID_MTORRENT', named);
  }
  await nothingBegun(swarm, client, 'to');
});

test('S1: get: a file name that could escape its directory or deceive is refused, never repaired', async (t) => {
  const swarm = await stageSwarm(t);
  const client = swarm.startClient('client');
  await client.address();
  await mkdir(swarm.path('to'));
  const names = [
    ...['..', '.', '~', '../x', '/etc/x', 'a/b', 'a\\b', 'C:x', '\\\\srv\\x', 'a:b', '', ' ', 'x.', 'x ', 'a\tb'],
    ...['CON', 'con.txt', 'COM1', 'LPT¹', 'NUL.tar.gz', 'a\u0000b', 'a\u001b[31mb', 'a\u0085b', 'x\u202egnp.exe'],
    ...['a\u200bb', 'a\u2066b', '\ufeffa', 'u\u0308ber', 'é'.repeat(128)],
  ];
  for (const [at, name] of names.entries()) {
    await writeFile(swarm.path(`${at}.mtorrent`), mtorrentText({ name }));
    await refuses(client, `get ${at}.mtorrent to`, 'UNSAFE_NAME', new RegExp(`UNSAFE_NAME: .*${at}\\.mtorrent`));
  }
  const notText = Buffer.concat([
    Buffer.from('127.0.0.1:7001\n127.0.0.1:7002\n'),
    Buffer.from([0xc0, 0xae, 0xc0, 0xae]), // `..`, overlong
    Buffer.from(`\n1000\n${HASH}\n`),
  ]);
  await writeFile(swarm.path('overlong.mtorrent'), notText);
  await refuses(client, 'get overlong.mtorrent to', 'INVALID_MTORRENT', /overlong\.mtorrent.*line 3/);
  // Nothing of a stranger's text reaches the terminal as it is.
  assert.deepEqual(client.stderr.match(/\p{Cf}|(?!\n)\p{Cc}/gu), null);
  await nothingBegun(swarm, client, 'to');
});

test('a line that is no command is refused with a hint, and the next one is obeyed', async (t) => {
  const swarm = await stageSwarm(t);
  const client = swarm.startClient('client');
  await client.address();
  const mistakes: readonly (readonly [string, RegExp])[] = [
    ['shar a b', /did you mean share\?/],
    ['frobnicate', /type help for a list/],
    ['share one', /usage: share </],
    ['get one two three', /usage: get </],
    ['share "a b.mtorrent', /the " is not closed/],
    ['show nothing', /usage: show downloads/],
    ['remove', /usage: remove/],
    [`share ${'x'.repeat(20_000)} y.mtorrent`, /at most \d+ characters/],
    ['toString', /unknown command/],
  ];
  for (const [line, sentence] of mistakes) await refuses(client, line, 'INVALID_ARGUMENTS', sentence);
  assert.equal(await client.succeed('help'), 'HELP');
});

test('getting what is here already is refused, whether it is shared or being fetched', async (t) => {
  const swarm = await stageSwarm(t);
  const client = swarm.startClient('client');
  await client.address();
  const source = await swarm.makeFile('mine.bin', 10);
  await share(client, source, 'mine.mtorrent');
  await refuses(client, `get mine.mtorrent ${swarm.path('again.bin')}`, 'ALREADY_EXISTS', /mine\.bin is here already/);
  await writeFile(swarm.path('other.mtorrent'), mtorrentText({ name: 'other.bin' }));
  await client.succeed(`get other.mtorrent ${swarm.path('x')}`);
  await refuses(
    client,
    `get other.mtorrent ${swarm.path('y')}`,
    'ALREADY_EXISTS',
    /other\.bin is being downloaded to \S+x; once it is complete, copy it with: cp -a/,
  );
});
