// The units of systemd: systemd itself has nothing to say about them, and the tracker's command line starts a tracker.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { identityFilesIn } from '../../src/app/identity/identity-directory.js';
import { makeSwarm } from '../../src/app/identity/making.js';
import { deferred, within } from '../../src/foundation/base/deferred.js';
import { exitCodeOf } from '../../src/foundation/base/error-codes.js';
import { addressFrom } from '../../src/foundation/torrent/address.js';
import { eventually } from '../support/e2e-stage.js';
import { hasTool } from '../support/needs.js';
import { PATIENCE_MS } from '../support/patience.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const ROOT = new URL('../../..', import.meta.url).pathname;
const TRACKER = 'docs/systemd/mtorrent-tracker@.service';
const CLIENT = 'docs/systemd/mtorrent.service';

function linesOf(path: string): readonly string[] {
  return readFileSync(join(ROOT, path), 'utf8').split('\n');
}

test('systemd takes the units, and every word in them', (t) => {
  if (!hasTool(t, 'systemd-analyze')) return;
  const env = { ...process.env, XDG_RUNTIME_DIR: temporaryDirectory(t) };
  for (const [unit, ...scope] of [[TRACKER], [CLIENT, '--user']] as const) {
    const words = [...scope, 'verify', '--man=no', unit];
    const { status, stderr } = spawnSync('systemd-analyze', words, { cwd: ROOT, encoding: 'utf8', env });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '', unit);
  }
});

test('the lines for a closed swarm hand over the files of an identity, and systemd takes them', async (t) => {
  const directory = temporaryDirectory(t);
  const swarm = { name: 'lab', member: 'ada@node1', tracker: 'node1', root: undefined, trackerDirectory: undefined };
  const trackers = [addressFrom('192.0.2.11:7001', ''), addressFrom('192.0.2.12:7001', '')] as const;
  await makeSwarm(join(directory, 'swarm'), { ...swarm, trackers }, 1_800_000_000);
  const made = await identityFilesIn(join(directory, 'swarm'));
  for (const [unit, part, ...scope] of [
    [TRACKER, 'tracker'],
    [CLIENT, 'identity', '--user'],
  ] as const) {
    const text = linesOf(unit)
      .join('\n')
      .replace(/^#(?=LoadCredential=|Environment=)/gm, '');
    const handed = [...text.matchAll(/^LoadCredential=([^:]+):/gm)].map(([, name = '']) => name);
    assert.deepEqual(
      [...handed].sort(),
      made.filter((name) => name === 'swarm.toml' || name.startsWith(`${part}.`)).sort(),
      `${unit}: what such a process needs, and no other key`,
    );
    assert.match(text, /^Environment=MTORRENT_IDENTITY=%d MTORRENT_SWARM=closed$/m);
    if (!hasTool(t, 'systemd-analyze')) continue;
    const path = join(directory, basename(unit));
    writeFileSync(path, text);
    const env = { ...process.env, XDG_RUNTIME_DIR: directory };
    const { status, stderr } = spawnSync('systemd-analyze', [...scope, 'verify', '--man=no', path], {
      encoding: 'utf8',
      env,
    });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '', unit);
  }
});

test('what no restart mends is not tried again, and what passes is', () => {
  const lasting = [
    'INVALID_ARGUMENTS',
    'FILE_NOT_FOUND',
    'PERMISSION_DENIED',
    'STATE_DAMAGED',
    'NOT_ADMITTED',
    'ALREADY_RUNNING',
  ] as const;
  const passing = ['PORT_IN_USE', 'ADDRESS_UNUSABLE', 'DISK_FULL', 'IO_ERROR', 'LIMIT_REACHED', 'INTERNAL'] as const;
  for (const unit of [TRACKER, CLIENT]) {
    const [line = ''] = linesOf(unit).filter((each) => each.startsWith('RestartPreventExitStatus='));
    const codes = line.split('=')[1]?.split(' ').map(Number) ?? [];
    assert.deepEqual(codes, lasting.map(exitCodeOf), unit);
    for (const code of passing) assert.ok(!codes.includes(exitCodeOf(code)), `${unit}: ${code} passes`);
  }
});

test('both restart on failure, reload by SIGHUP, and may compile', () => {
  for (const unit of [TRACKER, CLIENT]) {
    const lines = linesOf(unit);
    for (const line of [
      'Type=notify',
      'NotifyAccess=all',
      'TimeoutStartSec=infinity',
      'Restart=on-failure',
      'SuccessExitStatus=143',
      'ExecReload=/bin/kill -HUP $MAINPID',
      'NoNewPrivileges=yes',
      // With AF_NETLINK, by which the program learns the addresses of the machine.
      'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
      'LimitNOFILE=65536',
    ])
      assert.ok(lines.includes(line), `${unit}: ${line}`);
    assert.ok(!lines.some((line) => line.startsWith('MemoryDenyWriteExecute=')), unit);
    assert.ok(!lines.some((line) => line.startsWith('WatchdogSec=')), unit);
  }
  const tracker = linesOf(TRACKER);
  for (const line of [
    'DynamicUser=yes',
    'StateDirectory=mtorrent-tracker-%i',
    'ProtectSystem=strict',
    'PrivateTmp=yes',
  ])
    assert.ok(tracker.includes(line), line);
});

/** A directory with a program `mtorrent`, and a `systemd-notify` that writes down its arguments. */
function installed(t: TestContext): string {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'bin'));
  const script = `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'dist/bundle/mtorrent.cjs')}" "$@"\n`;
  writeFileSync(join(directory, 'bin', 'mtorrent'), script, { mode: 0o755 });
  const notify = `#!/bin/sh\nprintf '%s\\n' "$NOTIFY_SOCKET" "$@" > ${directory}/told.new\nmv ${directory}/told.new ${directory}/told\n`;
  writeFileSync(join(directory, 'bin', 'systemd-notify'), notify, { mode: 0o755 });
  return directory;
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

test('a service tells systemd that it is ready when it listens, and lines in the journal have their priority', async (t) => {
  const directory = installed(t);
  const journal = openSync(join(directory, 'journal'), 'a');
  t.after(() => closeSync(journal));
  const { dev, ino } = fstatSync(journal, { bigint: true });
  const env = {
    PATH: `${directory}/bin:${process.env['PATH']}`,
    HOME: directory,
    MTORRENT_CONFIG: '/dev/null',
    MTORRENT_SWARM: 'open',
    NOTIFY_SOCKET: '/run/some/socket',
    JOURNAL_STREAM: `${dev}:${ino}`,
  };
  const words = ['tracker', '127.0.0.1:0', '127.0.0.1:1', 'seeders.db', '/dev/stderr'];
  const child = spawn('mtorrent', words, { cwd: directory, env, stdio: ['ignore', 'ignore', journal] });
  t.after(() => child.kill('SIGKILL'));
  const told = await eventually(
    () => textOf(join(directory, 'told')),
    (text) => text !== '',
    'systemd is told',
  );
  assert.match(told, /^\/run\/some\/socket\n--ready\n--status=listening at 127\.0\.0\.1:/);
  const ended = deferred<number | null>();
  child.on('exit', (code) => ended.resolve(code));
  child.kill('SIGTERM');
  assert.equal(await ended.promise, 0);
  const lines = textOf(join(directory, 'journal')).trim().split('\n');
  assert.ok(lines.length > 1 && lines.every((line) => /^<[4567]>./.test(line)), lines.join('\n'));
  assert.ok(lines.some((line) => line.startsWith('<6>{"level":"info"')));
  const refused = spawnSync('mtorrent', ['daemon', '127.0.0.1:0', '--on-error', '/gone'], {
    env,
    stdio: ['ignore', 'ignore', journal],
  });
  assert.equal(refused.status, 3);
  assert.match(textOf(join(directory, 'journal')), /^<3>FILE_NOT_FOUND: on-error: /m);
  // Where it is redirected elsewhere, lines are plain.
  const plain = spawnSync('mtorrent', ['daemon', '127.0.0.1:0', '--on-error', '/gone'], { env, encoding: 'utf8' });
  assert.match(plain.stderr, /^FILE_NOT_FOUND: on-error: /m);
});

test("the command line of the tracker's unit starts a tracker", async (t) => {
  const directory = installed(t);
  const line =
    linesOf(TRACKER)
      .find((each) => each.startsWith('ExecStart='))
      ?.slice('ExecStart='.length) ?? '';
  const [program = '', ...args] = line.split(' ').filter((word) => word !== '$TRACKER_FLAGS');
  const variables: Readonly<Record<string, string>> = { TRACKER_OWN: '127.0.0.1:0', TRACKER_OTHER: '127.0.0.1:1' };
  const words = args.map((word) => word.replace(/^\$\{(\w+)\}$/, (_, name: string) => variables[name] ?? ''));
  // As under systemd: an environment with next to nothing in it.
  const env = { PATH: `${directory}/bin:${process.env['PATH']}`, MTORRENT_CONFIG: '/dev/null' };
  const child = spawn(program, words, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = deferred<number | null>();
  const heard = deferred<string>();
  let said = '';
  child.stderr.on('data', (text) => {
    said += String(text);
  });
  createInterface({ input: child.stdout }).on('line', (text) => heard.resolve(text));
  child.on('close', (code) => {
    ended.resolve(code);
    heard.resolve(`ended with ${code}: ${said}`);
  });
  t.after(() => child.kill('SIGKILL'));
  const first = await within(heard.promise, PATIENCE_MS, () => 'nothing');
  assert.match(first, /^TRACKER LISTENING 127\.0\.0\.1:/);
  child.kill('SIGTERM');
  assert.equal(await ended.promise, 0);
});
