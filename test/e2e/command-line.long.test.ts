// What a user can get wrong on the command line: the exit code says which kind it is, one sentence says what to do, and
// no process stays.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { declaredCommands } from '../../src/app/cli/commands.js';
import { runProgram } from '../../src/app/demo/processes.js';
import { Swarm } from '../../src/app/demo/swarm.js';
import { namesIn, refusedWith, stageSwarm } from '../support/e2e-stage.js';
import { lacksPlace } from '../support/needs.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const PROGRAM = new URL('../../bundle/mtorrent.cjs', import.meta.url).pathname;

test('wrong arguments end with exit code 2, a sentence, and a hint', async (t) => {
  const directory = temporaryDirectory(t);
  const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
    [['trackr', 'a', 'b'], /there is no command "trackr"; did you mean tracker\?/],
    [['frobnicate'], /there is no command "frobnicate" \(mtorrent --help\)/],
    [['--frobnicate'], /frobnicate/],
    [['config'], /write mtorrent config show, or mtorrent config paths/],
    [['config', 'shwo'], /there is no command "config shwo"; did you mean config show\?/],
    [['config', 'show', '--upload-limit', 'fast'], /--upload-limit: "fast" is not a rate/],
    [['config', 'show', 'more'], /more/],
    [['client', '127.0.0.1:0'], /<tracker1> is missing: mtorrent client <address> </],
    [
      ['client', '127.0.0.1:0', '127.0.0.1:1', '127.0.0.1:2', 'log', 'more'],
      /"more" is one word too many: mtorrent client </,
    ],
    [['client', '127.0.0.1:0', '127.0.0.1:1', '127.0.0.1:2', 'log', '--no-such'], /--help/],
    [['client', 'local host:1', '127.0.0.1:1', '127.0.0.1:2', 'log'], /"local host:1" is not .* write ip:port/],
    [
      ['client', '127.0.0.1:0', '127.0.0.1', '127.0.0.1:2', 'log'],
      /<tracker1> <tracker2>: "127\.0\.0\.1" is no address: it names no port; write ip:port/,
    ],
    [['client', '127.0.0.1:0', '127.0.0.1:1', '127.0.0.1:1', 'log'], /a pair needs two different addresses/],
    [['client', '127.0.0.1:0', '127.0.0.1:1', '127.0.0.1:2', 'log', '--log-level', 'loud'], /loud/],
    [['tracker', '127.0.0.1:7', '127.0.0.1:7', 'list', 'log'], /as this tracker and as its partner/],
    [['tracker', '127.0.0.1:70000', '127.0.0.1:7', 'list', 'log'], /not a tracker's address/],
    [['create', 'x'], /no trackers are set; name both/],
    [['create', 'x', '-t', '127.0.0.1:1'], /is not two different addresses/],
    [
      ['create', 'x', '-t', 'http://localhost:1', '-t', '127.0.0.1:2'],
      /"http:\/\/localhost:1" is no address: it is a URL/,
    ],
    [['demo', '--seeders', '0'], /--seeders takes a whole number from 1/],
    [['demo', '--seeders', '17'], /--seeders takes a whole number from 1/],
    [['demo', '--seeders', 'many'], /--seeders/],
    [['demo', '--size', 'big'], /"big" is not a size/],
  ];
  for (const [words, sentence] of mistakes) {
    refusedWith(await runProgram(words, directory), 2, 'INVALID_ARGUMENTS', sentence);
  }
  assert.deepEqual(await namesIn(directory), []);
});

test('--help names every command', async (t) => {
  const { code, stdout, stderr } = await runProgram(['--help'], temporaryDirectory(t));
  assert.equal(code, 0, stderr);
  for (const { words } of declaredCommands().filter((command) => !command.words.includes(' ')))
    assert.ok(stdout.includes(words === '' ? '\n  mtorrent ' : `\n  ${words}`), words);
});

test('a file that is not there ends with exit code 3', async (t) => {
  const directory = temporaryDirectory(t);
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['create', 'none', '-t', '127.0.0.1:1', '-t', '127.0.0.1:2'], 'FILE_NOT_FOUND'],
    [['info', 'none.mtorrent'], 'MTORRENT_FILE_NOT_FOUND'],
    [['verify', 'none.mtorrent', 'none'], 'MTORRENT_FILE_NOT_FOUND'],
    [['tracker-list', 'none.db'], 'FILE_NOT_FOUND'],
    [['tracker', '127.0.0.1:0', '127.0.0.1:7', 'no/list.db', 'log'], 'FILE_NOT_FOUND'],
    [['client', '127.0.0.1:0', '127.0.0.1:1', '127.0.0.1:2', 'no/log', '--state-dir', 'state'], 'FILE_NOT_FOUND'],
    [['demo', '--file', 'none'], 'FILE_NOT_FOUND'],
  ];
  for (const [words, code] of cases) refusedWith(await runProgram(words, directory), 3, code, /none|no/);
});

test('a port that is in use, or no address of this machine, is named and ends client and tracker', async (t) => {
  const swarm = await stageSwarm(t);
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const pair = ['127.0.0.1:1', '127.0.0.1:2'];
  const client = (at: string): string[] => ['client', at, ...pair, 'client.log', '--state-dir', 'state'];
  const tracker = (at: string): string[] => ['tracker', at, '127.0.0.1:1', 'list.db', 'tracker.log'];
  for (const words of [client(`127.0.0.1:${port}`), tracker(`127.0.0.1:${port}`)]) {
    refusedWith(await runProgram(words, swarm.directory), 1, 'PORT_IN_USE', new RegExp(`127\\.0\\.0\\.1:${port}`));
  }
  for (const words of [client('192.0.2.1:0'), tracker('192.0.2.1:7')]) {
    refusedWith(await runProgram(words, swarm.directory), 1, 'ADDRESS_UNUSABLE', /192\.0\.2\.1/);
  }
  // A refused client holds no lock: the next one starts.
  const outcome = await runProgram(client('127.0.0.1:0'), swarm.directory);
  assert.equal(outcome.code, 0, outcome.stderr);
});

test('damaged state is named and refused, never overwritten', async (t) => {
  const swarm = await stageSwarm(t);
  await mkdir(swarm.path('state'));
  const words = ['client', '127.0.0.1:0', '127.0.0.1:1', '127.0.0.1:2', 'client.log', '--state-dir', 'state'];
  for (const name of ['library.json', 'identity.json']) {
    await writeFile(swarm.path(`state/${name}`), '{"version":1,');
    refusedWith(await runProgram(words, swarm.directory), 5, 'STATE_DAMAGED', new RegExp(`${name} is damaged`));
    await writeFile(swarm.path(`state/${name}`), '');
    refusedWith(await runProgram(words, swarm.directory), 5, 'STATE_DAMAGED', new RegExp(`${name} is damaged`));
    await rm(swarm.path(`state/${name}`));
  }
  await writeFile(swarm.path('list.db'), 'this is no database, but it is somebody’s file\n'.repeat(100));
  const tracker = ['tracker', '127.0.0.1:0', '127.0.0.1:7', 'list.db', 'log'];
  refusedWith(await runProgram(tracker, swarm.directory), 5, 'STATE_DAMAGED', /list\.db/);
  refusedWith(await runProgram(['tracker-list', 'list.db'], swarm.directory), 5, 'STATE_DAMAGED', /list\.db/);
});

/** Runs `mtorrent` without root's rights; undefined where that cannot be done. */
function asNobody(words: readonly string[], input: string, cwd: string) {
  const drop = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, PROGRAM];
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile('setpriv', [...drop, ...words], { cwd }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

test('F13: what this user may not read or write is PERMISSION_DENIED', async (t) => {
  const root = process.getuid?.() === 0;
  const swarm = await Swarm.create('/tmp');
  t.after(() => swarm.end());
  await chmod(swarm.directory, 0o755);
  const works = root && (await asNobody(['--version'], '', '/')).code === 0;
  if (!works) {
    lacksPlace(t, 'needs root and setpriv, so that a file can be unreadable');
    return;
  }
  await writeFile(swarm.path('secret.bin'), 'secret', { mode: 0o600 });
  await writeFile(swarm.path('open.bin'), 'open', { mode: 0o644 });
  await mkdir(swarm.path('home'));
  await chown(swarm.path('home'), 65_534, 65_534);
  const home = swarm.path('home');
  const pair = ['127.0.0.1:1', '127.0.0.1:2'];
  const client = ['client', '127.0.0.1:0', ...pair, 'client.log', '--state-dir', 'state'];
  const unserved = `127.0.0.1:1\n127.0.0.1:2\nfile.bin\n1000\n${'a'.repeat(40)}\n`;
  await writeFile(swarm.path('x.mtorrent'), unserved, { mode: 0o644 });
  const before = await namesIn(swarm.directory);
  const script = `share ../secret.bin secret.mtorrent\nshare ../open.bin ../open.mtorrent\nshare ../open.bin open.mtorrent\nget ../x.mtorrent ..\n`;
  const said = await asNobody(client, script, home);
  assert.deepEqual(said.stdout.trim().split('\n').slice(0, 4), [
    'FAILURE:PERMISSION_DENIED',
    'FAILURE:PERMISSION_DENIED',
    'SUCCESS:open.mtorrent',
    'FAILURE:PERMISSION_DENIED',
  ]);
  assert.deepEqual(await namesIn(join(home, 'state/resume')), [], 'nothing was begun');
  assert.match(said.stderr, /secret\.bin may not be opened by this user/);
  assert.deepEqual(await namesIn(home), ['client.log', 'open.mtorrent', 'state']);
  const elsewhere = ['client', '127.0.0.1:0', ...pair, 'client.log', '--state-dir', join(swarm.directory, 'state')];
  const refused = await asNobody(elsewhere, '', home);
  assert.equal(refused.code, 4, refused.stderr);
  assert.match(refused.stderr, /^PERMISSION_DENIED: .*state/);
  const got = await asNobody(['get', '../x.mtorrent', '..', '--state-dir', join(home, 'get')], '', home);
  assert.equal(got.code, 4, got.stderr);
  assert.match(got.stderr, /^PERMISSION_DENIED: /m);
  assert.deepEqual(await namesIn(swarm.directory), before);
});
