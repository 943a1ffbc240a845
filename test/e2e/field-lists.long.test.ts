// Seeder lists that somebody looks at, as files: copies, directories that may not be written, other users, disks
// without locks or shared memory. A look changes nothing, and what a disk lacks is named.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type Outcome, ProgramProcess, runProgram } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { deferred } from '../../src/foundation/base/deferred.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { killHard, listedEventually, PIECE, quit, refusedWith, share, stageSwarm } from '../support/e2e-stage.js';
import { lacksPlace } from '../support/needs.js';
import { canTrace } from '../support/strace.js';

/** Where nobody, who is no member of any group, looks from. */
const AS_NOBODY = { launcher: ['setpriv', '--reuid', 'nobody', '--clear-groups', '--'], env: { HOME: '/' } };

function look(path: string, options = {}): Promise<Outcome> {
  return runProgram(['tracker-list', path], dirname(path), options);
}

/** Names, owners, sizes and times of all files of a directory. */
function stateOf(directory: string): string {
  return readdirSync(directory)
    .sort()
    .map((name) => [name, statSync(`${directory}/${name}`, { bigint: true })] as const)
    .map(([name, { uid, size, mtimeNs }]) => `${name} ${uid} ${size} ${mtimeNs}`)
    .join('\n');
}

/** A directory with a copy of a list, as `cp` makes it. */
function copyOf(swarm: Swarm, name: string, suffixes: readonly string[]): string {
  const directory = swarm.path(name);
  mkdirSync(directory);
  for (const suffix of suffixes) copyFileSync(swarm.path(`tracker-1.db${suffix}`), `${directory}/a.db${suffix}`);
  return `${directory}/a.db`;
}

/** The tracker of a list, with calls about some of its files failing. */
function trackerUnder(t: TestContext, swarm: Swarm, list: string, inject: string, files: readonly string[]) {
  const [first = '', second = ''] = swarm.trackers.map(formatAddress);
  const paths = files.flatMap((suffix) => ['-P', `${list}${suffix}`]);
  const launcher = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', ...paths, '-e', inject];
  const tracker = new ProgramProcess('tracker', ['tracker', first, second, list, `${list}.log`], swarm.directory, {
    launcher,
  });
  t.after(() => tracker.end());
  return tracker;
}

test('FC-40: a look at a list shows it and changes nothing, whoever looks, at a running one, a closed one or a copy', async (t) => {
  if (process.getuid?.() !== 0) return lacksPlace(t, 'only root can become another user');
  const swarm = await stageSwarm(t);
  chmodSync(swarm.directory, 0o755);
  const tracker = await swarm.startTracker(0);
  const seeder = swarm.startClient('seeder');
  await share(seeder, await swarm.makeFile('f.bin', PIECE), 'f.mtorrent');
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'it is listed');
  const list = swarm.path('tracker-1.db');
  const shows = async (path: string, what: string): Promise<void> => {
    const before = stateOf(dirname(path));
    for (const options of [{}, AS_NOBODY]) {
      const { code, stdout, stderr } = await look(path, options);
      assert.equal(code, 0, `${what}: ${stderr}`);
      assert.match(stdout, /f\.bin/, what);
    }
    // The running tracker writes to its own list.
    if (path !== list) assert.equal(stateOf(dirname(path)), before, what);
  };
  await shows(list, 'a running one');
  mkdirSync(swarm.path('links'));
  symlinkSync(list, swarm.path('links/a.db'));
  await shows(swarm.path('links/a.db'), 'a link to a running one');
  execFileSync('mkfifo', [swarm.path('links/pipe')]);
  refusedWith(await look(swarm.path('links/pipe')), 3, 'NOT_A_FILE', /links\/pipe is a pipe; name a file/);
  const copy = copyOf(swarm, 'copy', ['', '-wal']);
  const sealed = copyOf(swarm, 'sealed', ['', '-wal']);
  chmodSync(dirname(sealed), 0o555);
  await shows(copy, 'a copy with its log');
  await shows(sealed, 'one that nobody may write to');
  await killHard(tracker);
  const left = copyOf(swarm, 'left', ['', '-wal', '-shm']);
  chmodSync(`${left}-shm`, 0o600);
  await shows(left, 'what a kill -9 left, with an index that nobody may read');
  await quit(seeder);
  // A look keeps no tracker from starting, and a closed list is one file.
  const again = await swarm.startTracker(0);
  await again.end();
  assert.equal(readdirSync(swarm.directory).filter((name) => /db-(wal|shm)$/.test(name)).length, 0);
  const closed = copyOf(swarm, 'closed', ['']);
  chmodSync(dirname(closed), 0o555);
  const { code, stderr } = await look(closed, AS_NOBODY);
  assert.equal(code, 0, stderr);
});

test('FC-40: a tracker that may not write a file beside its list names that file', async (t) => {
  if (process.getuid?.() !== 0) return lacksPlace(t, 'only root can become another user');
  const swarm = await stageSwarm(t);
  chmodSync(swarm.directory, 0o777);
  const tracker = await swarm.startTracker(0);
  const kept = copyOf(swarm, 'kept', ['', '-wal', '-shm']);
  await tracker.end();
  chmodSync(dirname(kept), 0o777);
  chmodSync(kept, 0o666);
  const [first = '', second = ''] = swarm.trackers.map(formatAddress);
  const refused = await runProgram(['tracker', first, second, kept, '/dev/null'], dirname(kept), AS_NOBODY);
  refusedWith(refused, 4, 'PERMISSION_DENIED', /kept\/a\.db-(wal|shm) may not be written by this user/);
});

test('FC-39: a disk without locks is named as that; one without shared memory holds a list all the same', async (t) => {
  if (!canTrace(t)) return;
  const swarm = await stageSwarm(t);
  const list = swarm.path('a.db');
  const locks = ['', '-lock', '-lock-probe'];
  const refused = trackerUnder(t, swarm, list, 'inject=fcntl:error=ENOLCK', locks);
  await refused.said(/a\.db is on a disk without file locks \(ENOLCK\)/);
  assert.equal(await refused.exited, 1);
  for (const what of ['a new list', 'the same again']) {
    const tracker = trackerUnder(t, swarm, list, 'inject=mmap:error=ENODEV', ['-shm']);
    const listening = deferred<string>();
    tracker.onLine = (line) => listening.resolve(line);
    assert.match(await tracker.expect(listening, 'its first line'), /^TRACKER LISTENING/, what);
    const { code, stderr } = await look(list);
    assert.equal(code, 0, stderr);
    await tracker.end();
  }
});
