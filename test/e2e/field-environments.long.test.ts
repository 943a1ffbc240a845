// Odd environments that people start programs in: logs that are pipes, run-time directories of somebody else, no HOME,
// names that are no UTF-8, one state directory on two machines.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Outcome, ProgramProcess, runProgram } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { deferred } from '../../src/foundation/base/deferred.js';
import { bundleUrl } from '../../src/foundation/base/installation.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { daemonWords, onDaemon, socketOf, startDaemon } from '../support/daemon-stage.js';
import { create, eventually, killHard, PIECE, quit, refusedWith, share, stageSwarm } from '../support/e2e-stage.js';
import { canUnshare, inNamespace } from '../support/namespaces.js';
import { lacksPlace } from '../support/needs.js';

/** Makes a process believe to have PRETENDED_CORES cores. */
const PRETENDER = new URL('../../bench/pretended-cores.js', import.meta.url).href;

/** A named pipe in the swarm's directory. */
function makePipe(swarm: Swarm, name: string): string {
  assert.equal(spawnSync('mkfifo', [swarm.path(name)]).status, 0);
  return swarm.path(name);
}

/** Open for reading, and full. */
function fullPipe(t: TestContext, path: string): number {
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(pipe));
  const line = Buffer.from(`${'-'.repeat(511)}\n`);
  assert.throws(() => {
    for (;;) writeSync(pipe, line);
  }, /EAGAIN/);
  return pipe;
}

/** All that is in a pipe now. */
function drained(pipe: number): string {
  const buffer = Buffer.alloc(4_096);
  let text = '';
  try {
    for (;;) text += buffer.toString('latin1', 0, readSync(pipe, buffer));
  } catch (error) {
    assert.match(String(error), /EAGAIN/);
    return text;
  }
}

function startTracker(
  swarm: Swarm,
  log: string,
  launcher: readonly string[] = [],
): { ready: Promise<unknown> } & Running {
  const [own = '', partner = ''] = swarm.trackers.map(formatAddress);
  const words = ['tracker', own, partner, 'tracker-1.db', log];
  const tracker = swarm.adopt(new ProgramProcess('tracker', words, swarm.directory, { launcher }));
  const lines: string[] = [];
  tracker.onLine = (line) => lines.push(line);
  const answers = async (): Promise<boolean> => (await runProgram(['tracker-status', own], swarm.directory)).code === 0;
  return { tracker, lines, ready: eventually(answers, (isThere) => isThere, 'the tracker answers') };
}

interface Running {
  readonly tracker: ProgramProcess;
  readonly lines: readonly string[];
}

test('FC-35: a log that is a pipe without a reader, or a full one, neither keeps a program from starting nor from ending', async (t) => {
  const swarm = await stageSwarm(t);
  const log = makePipe(swarm, 'log');
  const unread = startTracker(swarm, log);
  await unread.ready;
  unread.tracker.kill('SIGTERM');
  assert.equal(await unread.tracker.exited, 0);
  const background = await runProgram(
    daemonWords(swarm, ['--detach', '--log', log]).filter(isNotItsLog),
    swarm.directory,
  );
  assert.equal(background.code, 0, background.stderr);
  const pipe = fullPipe(t, log);
  assert.equal((await onDaemon(swarm, 'stop')).code, 0);
  const stuck = startTracker(swarm, log);
  await stuck.ready;
  // It may write as soon as there is room.
  const first = drained(pipe);
  stuck.tracker.kill('SIGTERM');
  assert.equal(await stuck.tracker.exited, 0);
  assert.match(
    first + drained(pipe),
    /"lines":\d+,"msg":"lines of this log were lost, because it could not be written"\}\n/,
  );
});

/** `daemonWords` names a log of its own. */
function isNotItsLog(word: string, index: number, words: readonly string[]): boolean {
  return word !== 'daemon.log' && !(word === '--log' && words[index + 1] === 'daemon.log');
}

test('FC-35: /dev/stdout is a log, be it a socket, as of the journal, or a file that a shell opened', async (t) => {
  const swarm = await stageSwarm(t);
  // What a child of Node has as its stdout is a socket.
  const journal = startTracker(swarm, '/dev/stdout');
  await journal.ready;
  journal.tracker.kill('SIGTERM');
  assert.equal(await journal.tracker.exited, 0, journal.tracker.stderr);
  assert.ok(journal.lines.length > 2, 'the log is on stdout');
  checkLines(journal.lines);
  const redirected = startTracker(swarm, '/dev/stdout', ['sh', '-c', 'exec "$0" "$@" > out']);
  await redirected.ready;
  redirected.tracker.kill('SIGTERM');
  assert.equal(await redirected.tracker.exited, 0, redirected.tracker.stderr);
  checkLines(readFileSync(swarm.path('out'), 'utf8').trimEnd().split('\n'));
});

/** The line that says where, and records, each whole. */
function checkLines(lines: readonly string[]): void {
  const others = lines.filter((line) => !line.startsWith('{'));
  assert.equal(others.length, 1);
  assert.match(others[0] ?? '', /^TRACKER LISTENING [\d.:]+$/);
  for (const line of lines) if (line !== others[0]) JSON.parse(line);
}

const NOBODY = ['setpriv', '--reuid', '54321', '--regid', '54321', '--clear-groups'];
/** As Node shows a byte that is no UTF-8. */
const GARBLED = 'caf\ufffd';

/** Whether the programs of this test can be run by a user that nobody has registered. */
function canBeNobody(t: TestContext): boolean {
  const program = fileURLToPath(bundleUrl('mtorrent'));
  const tried = spawnSync(NOBODY[0] ?? '', [...NOBODY.slice(1), process.execPath, program, '--version']);
  if (tried.status === 0) return true;
  lacksPlace(t, 'this user may not become another one, or that one may not read the program');
  return false;
}

/** Runs words with an environment that lacks whatever is undefined. */
function runIn(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
  words: readonly string[],
  launcher: readonly string[] = [],
): Promise<Outcome> {
  const changes = Object.entries({ XDG_STATE_HOME: undefined, XDG_RUNTIME_DIR: undefined, ...env }).flatMap(
    ([name, value]) => (value === undefined ? ['-u', name] : []),
  );
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
  return runProgram(words, directory, { env: set, launcher: [...launcher, 'env', ...changes] });
}

test('FC-34: without a home directory a command says so, makes nothing in the current one, and works where its paths are given', async (t) => {
  if (!canBeNobody(t)) return;
  const swarm = await stageSwarm(t);
  const mtorrent = await create(swarm, await swarm.makeFile('x.bin', 1_000), 'x.mtorrent');
  const work = swarm.path('work');
  mkdirSync(work);
  for (const path of [swarm.directory, work]) chmodSync(path, 0o777);
  chmodSync(mtorrent, 0o644);
  const get = ['get', mtorrent, './'];
  for (const [HOME, launcher, why] of [
    [undefined, NOBODY, /HOME is not set, and the system knows none of user 54321; set HOME or XDG_STATE_HOME/],
    ['', [], /HOME is empty; set HOME/],
    ['rel', [], /HOME is "rel", which is not an absolute path; set HOME/],
  ] as const)
    refusedWith(await runIn(work, { HOME }, get, launcher), 2, 'INVALID_ARGUMENTS', why);
  refusedWith(
    await runIn(work, { HOME: '/' }, get, NOBODY),
    4,
    'PERMISSION_DENIED',
    /name another place with --state-dir, or set HOME/,
  );
  assert.deepEqual(readdirSync(work), []);
  for (const words of [
    ['doctor'],
    ['create', mtorrent, '-o', join(work, 'y.mtorrent'), ...'-t 127.0.0.1:1 -t 127.0.0.1:2'.split(' ')],
  ]) {
    const other = await runIn(work, { HOME: undefined }, words, NOBODY);
    assert.equal(other.code, 0, other.stderr);
  }
  const given = [...get, '--state-dir', join(work, 'state'), '--timeout', '1s'];
  assert.match(
    (await runIn(work, { HOME: undefined }, given, NOBODY)).stderr,
    /^NO_TRACKER: |\nTIMED_OUT: |\nNO_TRACKER: /,
  );
  assert.ok(readdirSync(work).includes('state'));
  const [own = '', partner = ''] = swarm.trackers.map(formatAddress);
  const tracker = swarm.adopt(
    new ProgramProcess('tracker', ['tracker', own, partner, join(work, 'a.db'), join(work, 'a.log')], work, {
      launcher: [...NOBODY, 'env', '-u', 'HOME'],
    }),
  );
  const answers = async (): Promise<boolean> => (await runProgram(['tracker-status', own], work)).code === 0;
  await eventually(answers, (isThere) => isThere, 'the tracker answers');
  tracker.kill('SIGTERM');
  assert.equal(await tracker.exited, 0, tracker.stderr);
});

test('FC-33: who has the run-time directory of somebody else works alone and says why; a named socket is used all the same', async (t) => {
  if (!canBeNobody(t)) return;
  const swarm = await stageSwarm(t);
  const mtorrent = await create(swarm, await swarm.makeFile('x.bin', 1_000), 'x.mtorrent');
  for (const name of ['run', 'home', 'work']) mkdirSync(swarm.path(name));
  chmodSync(swarm.directory, 0o755);
  chmodSync(mtorrent, 0o644);
  for (const name of ['home', 'work']) chmodSync(swarm.path(name), 0o777);
  chmodSync(swarm.path('run'), 0o700);
  const env = { HOME: swarm.path('home'), XDG_RUNTIME_DIR: swarm.path('run') };
  const get = ['get', mtorrent, 'x.bin', '--timeout', '1s'];
  const foreign = /XDG_RUNTIME_DIR is \S+\/run, which is no directory of this user, so no client there is used; set it/;
  const alone = await runIn(swarm.path('work'), env, get, NOBODY);
  assert.match(alone.stderr, foreign);
  assert.match(alone.stderr, /NO_TRACKER: |TIMED_OUT: /);
  refusedWith(await runIn(swarm.path('work'), env, ['show', 'downloads'], NOBODY), 1, 'NOT_RUNNING', foreign);
  // Another user's client, at which this one is let in by its rights alone.
  chownSync(swarm.path('run'), 54321, 54321);
  const [first = '', second = ''] = swarm.trackers.map(formatAddress);
  const daemon = swarm.adopt(
    new ProgramProcess('daemon', ['daemon', '127.0.0.1:0', first, second], swarm.path('work'), {
      env,
      launcher: [...NOBODY, 'env', '-u', 'XDG_STATE_HOME'],
    }),
  );
  const socket = swarm.path('run/mtorrent/client.sock');
  const listening = deferred<string>();
  daemon.onLine = (line) => listening.resolve(line);
  assert.match(await daemon.expect(listening, 'its first line'), /^DAEMON LISTENING/);
  refusedWith(
    await runIn(swarm.path('work'), { ...env, HOME: swarm.path('root') }, ['show', 'downloads']),
    1,
    'NOT_RUNNING',
    foreign,
  );
  const named = await runIn(swarm.path('work'), env, ['show', 'downloads', '--socket', socket]);
  assert.equal(named.code, 0, named.stderr);
  daemon.kill('SIGTERM');
  assert.equal(await daemon.exited, 0);
});

test('FC-28: a path that is not valid UTF-8 is refused as that, be it an argument, the current directory or HOME, and nothing is made', async (t) => {
  const swarm = await stageSwarm(t);
  const mtorrent = await create(swarm, await swarm.makeFile('x.bin', 1_000), 'x.mtorrent');
  const raw = (name: string): Buffer => Buffer.from(`${swarm.directory}/${name}`, 'latin1');
  mkdirSync(raw('caf\xe9'));
  renameSync(swarm.path('x.bin'), raw('caf\xe9/x.bin'));
  const before = readdirSync(swarm.directory);
  const refused = async (script: string, sentence: RegExp): Promise<void> => {
    const words = ['-c', `${script}`, process.execPath, fileURLToPath(bundleUrl('mtorrent'))];
    const tried = spawnSync('bash', words, {
      cwd: swarm.directory,
      encoding: 'utf8',
      env: { ...process.env, MTORRENT_CONFIG: '/dev/null' },
    });
    refusedWith(
      { code: tried.status ?? 128, stdout: tried.stdout, stderr: tried.stderr },
      2,
      'INVALID_ARGUMENTS',
      sentence,
    );
  };
  const places = `-t 127.0.0.1:1 -t 127.0.0.1:2`;
  await refused(`"$0" "$1" share $'caf\\xe9/x.bin' ${places}`, /an argument is not valid UTF-8: caf\ufffd\/x\.bin; /);
  await refused(`"$0" "$1" get ${mtorrent} $'out\\xe9.bin'`, /an argument is not valid UTF-8: out\ufffd\.bin; /);
  await refused(`"$0" "$1" get ${mtorrent} --state-dir=$'s\\xe9'`, /an argument is not valid UTF-8: s\ufffd; /);
  await refused(
    `HOME="$PWD"/$'h\\xe9'; unset XDG_STATE_HOME; "$0" "$1" get ${mtorrent}`,
    /HOME is "\S+\/h\ufffd", which is not valid UTF-8; set HOME/,
  );
  const here = /the path of the current directory is not valid UTF-8: \S+\/caf\ufffd; /;
  await refused(`cd $'caf\\xe9'; "$0" "$1" share ./x.bin ${places}`, here);
  await refused(`cd $'caf\\xe9'; "$0" "$1" create ./x.bin ${places}`, here);
  await refused(`cd $'caf\\xe9'; "$0" "$1" get ${mtorrent} .`, here);
  const typed = spawnSync(
    'bash',
    [
      '-c',
      `printf 'get ${mtorrent} o\\xe9.bin\\nquit\\n' | "$0" "$1" ${places} --state-dir state --address 127.0.0.1:0`,
      process.execPath,
      fileURLToPath(bundleUrl('mtorrent')),
    ],
    { cwd: swarm.directory, encoding: 'utf8', env: { ...process.env, MTORRENT_CONFIG: '/dev/null' } },
  );
  assert.match(typed.stderr, /INVALID_ARGUMENTS: a path of this line is not valid UTF-8: \S+\/o\ufffd\.bin; /);
  rmSync(swarm.path('state'), { recursive: true });
  assert.deepEqual(readdirSync(swarm.directory), before);
  // A name that has the character itself is a name like others.
  const named = join(swarm.directory, GARBLED);
  writeFileSync(named, 'x');
  const made = await runProgram(['create', named, '-o', 'named.mtorrent', ...places.split(' ')], swarm.directory);
  assert.equal(made.code, 0, made.stderr);
});

test('FC-32: a client whose socket was swept away makes it again, and commands wait for it or name its process', async (t) => {
  const swarm = await stageSwarm(t);
  await startDaemon(swarm);
  const before = statSync(socketOf(swarm));
  rmSync(swarm.path('run'), { recursive: true });
  const again = await runProgram(daemonWords(swarm, [], 'other.state'), swarm.directory);
  refusedWith(
    again,
    11,
    'ALREADY_RUNNING',
    /a client \(process \d+\) is already running at \S+client\.sock; use it with/,
  );
  const shown = await onDaemon(swarm, 'show', 'downloads');
  assert.equal(shown.code, 0, shown.stderr);
  assert.equal(statSync(socketOf(swarm)).mode, before.mode);
  assert.equal(statSync(swarm.path('run')).mode & 0o777, 0o700);
  // Something else in its place: it cannot be made again.
  rmSync(swarm.path('run'), { recursive: true });
  writeFileSync(swarm.path('run'), '');
  const lost = await onDaemon(swarm, 'stop');
  refusedWith(
    lost,
    1,
    'IO_ERROR',
    /a client runs \(process \d+\), but its socket \S+client\.sock was removed, and it could not make it again; see its log, or end it: kill \d+/,
  );
  rmSync(swarm.path('run'));
  assert.match((await onDaemon(swarm, 'stop')).stdout, /^stopped the client at /);
});

test('FC-02: one state directory or list in two network namespaces, or on two machines, has one user; the second is told whose it is', async (t) => {
  if (!canUnshare(t)) return;
  const swarm = await stageSwarm(t);
  const tracker = startTracker(swarm, 'tracker-1.log');
  await tracker.ready;
  const daemon = await startDaemon(swarm);
  const launcher = inNamespace();
  const [own = '', partner = ''] = swarm.trackers.map(formatAddress);
  const elsewhere = ['--socket', swarm.path('elsewhere.sock')];
  const second = await runProgram([...daemonWords(swarm), ...elsewhere].filter(isNotItsSocket), swarm.directory, {
    launcher,
  });
  refusedWith(second, 11, 'ALREADY_RUNNING', new RegExp(`process ${daemon.pid} is already using the state directory`));
  const list = await runProgram(['tracker', own, partner, 'tracker-1.db', 'other.log'], swarm.directory, { launcher });
  refusedWith(list, 11, 'ALREADY_RUNNING', new RegExp(`process ${tracker.tracker.pid}\\b.*tracker-1\\.db`));
  await killHard(daemon);
  // As another machine that has the directory mounted writes it.
  const pidFile = swarm.path('daemon.state/pid');
  writeFileSync(pidFile, '4711 node-b another-boot pid:[1] 2000\n');
  let beats = 0;
  const heart = setInterval(() => {
    beats += 1;
    utimesSync(pidFile, beats, beats);
  }, 200);
  t.after(() => clearInterval(heart));
  const refused = await runProgram(daemonWords(swarm), swarm.directory);
  assert.equal(refused.code, 11);
  assert.match(refused.stderr, /\nALREADY_RUNNING: process 4711 on host node-b is already using the state directory /);
  clearInterval(heart);
  const next = await startDaemon(swarm);
  assert.match(
    next.stderr,
    /was last used by process 4711 on host node-b, which did not say that it ended; waiting up to 5 s/,
  );
});

/** `daemonWords` names a socket of its own. */
function isNotItsSocket(word: string, index: number, words: readonly string[]): boolean {
  const socket = words[words.indexOf('--socket') + 1];
  return !(index === words.indexOf('--socket') || (word === socket && index === words.indexOf('--socket') + 1));
}

test('FC-39: as process 1 of a container, with a read-only root and no temporary directory, a tracker works and ends at SIGTERM', async (t) => {
  if (!canUnshare(t)) return;
  const swarm = await stageSwarm(t);
  // Neither the program nor the list may be hidden.
  const temporary = ['/tmp', '/var/tmp'].filter(
    (path) =>
      ![swarm.directory, process.execPath, bundleUrl('mtorrent').pathname].some((needed) =>
        needed.startsWith(`${path}/`),
      ),
  );
  const mounts = temporary.map((path) => `mount -t tmpfs -o ro none ${path} && `).join('');
  const readOnly = `mount --make-rprivate / && ${mounts}exec "$0" "$@"`;
  const pids = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--', 'sh', '-c'];
  if (spawnSync(pids[0] ?? '', [...pids.slice(1), readOnly, 'true'], { cwd: '/' }).status !== 0) {
    lacksPlace(t, 'file systems cannot be mounted here');
    return;
  }
  const inside = startTracker(swarm, 'tracker-1.log', [...pids, readOnly]);
  await inside.ready;
  const init = execFileSync('pgrep', ['-P', String(inside.tracker.pid)], { encoding: 'utf8' }).trim();
  process.kill(Number(init), 'SIGTERM');
  assert.equal(await inside.tracker.exited, 0, inside.tracker.stderr);
});

test('a place that cannot be made is told with what is in the way: a read-only disk, a dangling link, a file', async (t) => {
  if (!canUnshare(t)) return;
  const swarm = await stageSwarm(t);
  const mtorrent = await create(swarm, await swarm.makeFile('x.bin', 1_000), 'x.mtorrent');
  writeFileSync(swarm.path('file'), '');
  symlinkSync(swarm.path('nowhere'), swarm.path('link'));
  mkdirSync(swarm.path('ro'));
  const mounted = 'mount --make-rprivate / && mount -t tmpfs -o ro none ro && exec "$0" "$@"';
  const launcher = ['unshare', '--mount', '--', 'sh', '-c', mounted];
  const get = (place: string): Promise<Outcome> =>
    runProgram(['get', mtorrent, 'out.bin', '-q', '--alone', '--state-dir', place], swarm.directory, { launcher });
  refusedWith(
    await get('ro/a/b'),
    4,
    'PERMISSION_DENIED',
    /\/ro\/a\/b\/get\/\S+ is on a read-only file system; name another place with --state-dir/,
  );
  refusedWith(
    await get('file/a'),
    3,
    'NOT_A_DIRECTORY',
    /\/file is not a directory, so \S+ cannot be made; name another place with --state-dir/,
  );
  refusedWith(
    await get('link'),
    3,
    'FILE_NOT_FOUND',
    /\/link is a link to nothing, so \S+ cannot be made; name another place with --state-dir/,
  );
  const [own = '', partner = ''] = swarm.trackers.map(formatAddress);
  const tracker = await runProgram(['tracker', own, partner, 'ro/a.db', 'log'], swarm.directory, { launcher });
  refusedWith(tracker, 4, 'PERMISSION_DENIED', /is on a read-only file system; choose another place/);
  const detached = await runProgram(
    daemonWords(swarm, ['--detach', '--log', '/dev/stdout']).filter(isNotItsLog),
    swarm.directory,
  );
  refusedWith(
    detached,
    2,
    'INVALID_ARGUMENTS',
    /a client in the background has no \/dev\/stdout; name a file with --log/,
  );
});

test('without /proc a client and a tracker work as elsewhere', async (t) => {
  if (!canUnshare(t)) return;
  const swarm = await stageSwarm(t);
  const mtorrent = await create(swarm, await swarm.makeFile('x.bin', 1_000), 'x.mtorrent');
  const launcher = [
    'unshare',
    '--mount',
    '--',
    'sh',
    '-c',
    'mount --make-rprivate / && mount -t tmpfs none /proc && exec "$0" "$@"',
  ];
  const tracker = startTracker(swarm, 'tracker-1.log', launcher);
  await tracker.ready;
  const deep = swarm.path(`state/${'d'.repeat(100)}`);
  const get = await runProgram(
    ['get', mtorrent, 'out.bin', '--alone', '--state-dir', deep, '--timeout', '1s'],
    swarm.directory,
    { launcher },
  );
  assert.equal(get.code, 14, get.stderr);
  const doctor = await runProgram(['doctor', '--json'], swarm.directory, { launcher });
  assert.equal(JSON.parse(doctor.stdout).schema, 1);
});

test('under limits that leave no room for its threads a client names the limit', async (t) => {
  const swarm = await stageSwarm(t);
  const source = await swarm.makeFile('a.bin', 1);
  const mtorrent = await create(swarm, source, 'a.mtorrent');
  const env = { HOME: swarm.directory, XDG_STATE_HOME: swarm.path('state') };
  for (const [limit, words] of [
    ['-n 28', /ulimit -n/],
    ['-n 47', /may open 47 files, and with its threads it needs 48; raise `ulimit -n`/],
    ['-v 3500000', /ulimit -v` to \d+ or more/],
  ] as const) {
    const launcher = ['sh', '-c', `ulimit ${limit}; exec "$0" "$@"`];
    const line = ['get', mtorrent, swarm.path('out'), '-q'];
    const { code, stderr } = await runProgram(line, swarm.directory, { env, launcher });
    assert.equal(code, 1, `${limit}: ${stderr}`);
    assert.match(stderr, /^LIMIT_REACHED: [^\n]+\n$/, limit);
    assert.match(stderr, words);
  }
});

test('with no more descriptors than the refusal names, files are downloaded and shared, on a machine of many cores, too', async (t) => {
  const swarm = await stageSwarm(t);
  await swarm.startTrackers();
  const source = await swarm.makeFile('a.bin', 9 * PIECE);
  const mtorrent = await create(swarm, source, 'a.mtorrent');
  for (const cores of [1, 2, 8]) {
    const pretended = { PRETENDED_CORES: String(cores), NODE_OPTIONS: `--import ${PRETENDER}` };
    const program = (name: string) => ({
      env: { HOME: swarm.directory, XDG_STATE_HOME: swarm.path(`${name}-${cores}`), ...pretended },
      // Besides those that this process hands down: ls has three of its own, and one for the directory.
      launcher: ['sh', '-c', 'ulimit -n $((48 + $(ls /proc/self/fd | wc -l) - 4)); exec "$0" "$@"'],
    });
    const seeder = swarm.startClient(`seeder-${cores}`, 0, [], program('seeder'));
    await share(seeder, source, `seeder-${cores}.mtorrent`);
    const target = swarm.path(`out-${cores}`);
    const get = await runProgram(['get', mtorrent, target, '-q', '--alone'], swarm.directory, program('get'));
    assert.equal(get.code, 0, `${cores} cores: ${get.stderr}`);
    assert.equal(await sha256OfFile(target), await sha256OfFile(source));
    await quit(seeder);
  }
});

test('a current directory that was removed, or whose path is too long, is told as that', async (t) => {
  const swarm = await stageSwarm(t);
  const mtorrent = await create(swarm, await swarm.makeFile('a.bin', 1), 'a.mtorrent');
  const run = (before: string, after: string) => {
    const script = `const fs = require('fs'), name = 'x'.repeat(200);
${before}
const { status } = require('child_process').spawnSync(process.argv[1], process.argv.slice(2), { stdio: 'inherit' });
${after}
process.exit(status);`;
    return runProgram(['info', mtorrent], swarm.directory, { launcher: [process.execPath, '-e', script] });
  };
  const removed = await run("fs.mkdirSync('d'); process.chdir('d'); fs.rmdirSync('../d');", '');
  refusedWith(removed, 3, 'FILE_NOT_FOUND', /current directory does not exist any more; change to another one/);
  const deep = await run(
    'for (let at = 0; at < 25; at += 1) { fs.mkdirSync(name); process.chdir(name); }',
    "for (let at = 0; at < 25; at += 1) { process.chdir('..'); fs.rmdirSync(name); }",
  );
  refusedWith(deep, 2, 'INVALID_ARGUMENTS', /path of the current directory is longer than the system takes; change/);
});
