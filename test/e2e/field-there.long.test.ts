// What people hit with a folder, or with another kind of file, that lies where a download is to go.

import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import test, { type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { ClientProcess } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { bundleUrl } from '../../src/foundation/base/installation.js';
import { CommandRun, makeUser, type User } from '../support/command-run.js';
import { socketOf } from '../support/daemon-stage.js';
import { share, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';
import { makeTree, treeOf } from '../support/folder-stage.js';
import { PATIENCE_MS } from '../support/patience.js';

interface Stage {
  readonly swarm: Swarm;
  readonly seeder: ClientProcess;
  readonly user: User;
  readonly start: (...words: readonly string[]) => CommandRun;
  /** A `get`, to its end. */
  readonly get: (...words: readonly string[]) => ReturnType<CommandRun['outcome']>;
  /** Bytes that a `get` that must succeed has fetched. */
  readonly fetched: (...words: readonly string[]) => Promise<number>;
}

/** Two versions of a folder are shared, v1 and v2, of which one file differs, and a file. */
async function stage(t: TestContext): Promise<Stage> {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const seeder = swarm.startClient('seeder');
  const v1 = makeTree(swarm.path('v1'));
  cpSync(v1, swarm.path('v2'), { recursive: true, verbatimSymlinks: true });
  const changed = readFileSync(swarm.path('v2/middle.bin'));
  changed.fill('changed', 700_000, 700_100);
  writeFileSync(swarm.path('v2/middle.bin'), changed);
  for (const name of ['v1', 'v2']) await share(seeder, swarm.path(name), `${name}.mtorrent`);
  await share(seeder, await swarm.makeFile('film.bin', 2_000_000), 'film.mtorrent');
  mkdirSync(swarm.path('to'));
  const user = await makeUser(swarm.directory, 'bob');
  const start = (...words: readonly string[]) =>
    new CommandRun(t, user, ['get', ...words, '--socket', socketOf(swarm)]);
  return {
    swarm,
    seeder,
    user,
    start,
    get: (...words) => start(...words).outcome(),
    fetched: async (...words) => {
      const run = start(...words, '--json');
      assert.equal((await run.outcome()).code, 0, run.stderr);
      return Number(run.events().find(({ event }) => event === 'completed')?.['received']);
    },
  };
}

test('a part that is hard links to an older version is continued, and the older version stays as it is', async (t) => {
  const { swarm, get, fetched } = await stage(t);
  assert.equal((await get('v1.mtorrent', 'to/', '-q')).code, 0);
  const before = treeOf(swarm.path('to/v1'));
  execFileSync('cp', ['-al', swarm.path('to/v1'), swarm.path('to/v2.part')]);
  assert.ok((await fetched('v2.mtorrent', 'to/')) < 2_000_000);
  assert.deepEqual(treeOf(swarm.path('to/v1')), before);
  assert.deepEqual(treeOf(swarm.path('to/v2')), treeOf(swarm.path('v2')));
  // What is equal in both takes no room twice.
  assert.equal(statSync(swarm.path('to/v1/large.bin')).ino, statSync(swarm.path('to/v2/large.bin')).ino);
  assert.deepEqual(readdirSync(swarm.path('to')).sort(), ['v1', 'v2']);
  // The same of a file.
  const film = readFileSync(swarm.path('film.bin'));
  film.fill(0x55, 600_000, 600_010);
  writeFileSync(swarm.path('mine.bin'), film);
  execFileSync('ln', [swarm.path('mine.bin'), swarm.path('to/film.bin.part')]);
  assert.ok((await fetched('film.mtorrent', 'to/')) < 1_200_000);
  assert.ok(readFileSync(swarm.path('mine.bin')).equals(film));
  assert.ok(readFileSync(swarm.path('to/film.bin')).equals(readFileSync(swarm.path('film.bin'))));
});

test('a get of a folder whose files are there makes what it lacks beside them, and replaces nothing', async (t) => {
  const { swarm, get } = await stage(t);
  cpSync(swarm.path('v1'), swarm.path('to/v1'), { recursive: true, verbatimSymlinks: true });
  const damage = () => {
    unlinkSync(swarm.path('to/v1/tools/link to readme'));
    rmdirSync(swarm.path('to/v1/nothing/here'));
    execFileSync('chmod', ['-x', swarm.path('to/v1/tools/run.sh')]);
  };
  damage();
  assert.equal((await get('v1.mtorrent', 'to/', '-q')).code, 0);
  assert.deepEqual(treeOf(swarm.path('to/v1')), treeOf(swarm.path('v1')));
  damage();
  symlinkSync('/etc/passwd', swarm.path('to/v1/tools/link to readme'));
  writeFileSync(swarm.path('to/v1/nothing/here'), 'mine');
  const refused = await get('v1.mtorrent', 'to/', '-q');
  assert.equal(refused.code, 13, refused.stderr);
  assert.match(
    refused.stderr,
    /nothing\/here \(is no folder\), tools\/link to readme \(is another link\); move that away/,
  );
  // In a part, too: the sentence names what to move, and after that the same command ends with 0.
  renameSync(swarm.path('to/v1'), swarm.path('to/v1.part'));
  unlinkSync(swarm.path('to/v1.part/nothing/here'));
  const inPart = await get('v1.mtorrent', 'to/', '-q');
  assert.equal(inPart.code, 1, inPart.stderr);
  assert.match(inPart.stderr, /v1\.part\/tools\/link to readme is in the way of a link of this folder; move it away/);
  unlinkSync(swarm.path('to/v1.part/tools/link to readme'));
  assert.equal((await get('v1.mtorrent', 'to/', '-q')).code, 0);
  assert.deepEqual(treeOf(swarm.path('to/v1')), treeOf(swarm.path('v1')));
});

test('other files of a folder that is there are kept, by the command that the refusal says', async (t) => {
  const { swarm, get, fetched } = await stage(t);
  assert.equal((await get('v1.mtorrent', 'to/', '-q', '--only', 'large.bin')).code, 0);
  const refused = await get('v1.mtorrent', 'to/', '-q', '--only', 'middle.bin');
  assert.equal(refused.code, 13, refused.stderr);
  const remedy = /rename it with: (mv .*) and run the same command again/.exec(refused.stderr)?.[1];
  assert.ok(remedy !== undefined, refused.stderr);
  execFileSync('sh', ['-c', remedy]);
  assert.ok((await fetched('v1.mtorrent', 'to/', '--only', 'middle.bin')) < 2_500_000);
  assert.deepEqual(readdirSync(swarm.path('to/v1')).sort(), ['large.bin', 'middle.bin']);
  // A folder of something else is none of it.
  rmSync(swarm.path('to/v1'), { recursive: true });
  mkdirSync(swarm.path('to/v1'));
  writeFileSync(swarm.path('to/v1/large.bin'), 'mine');
  const other = await get('v1.mtorrent', 'to/', '-q', '--only', 'middle.bin');
  assert.equal(other.code, 13, other.stderr);
  assert.match(other.stderr, /holds other files/);
});

test('what lies at the target of a file is told as what it is, and nothing goes below or through it', async (t) => {
  const { swarm, get } = await stage(t);
  const target = swarm.path('to/film.bin');
  const refusal = async (...words: readonly string[]): Promise<string> => {
    const { code, stderr } = await get('film.mtorrent', 'to/', '-q', ...words);
    assert.equal(code, 13, stderr);
    return stderr;
  };
  mkdirSync(target);
  assert.match(await refusal(), /film\.bin exists already and is a folder/);
  assert.deepEqual(readdirSync(target), []);
  rmdirSync(target);
  symlinkSync('nowhere', target);
  assert.match(await refusal(), /is a link that leads to nothing/);
  assert.equal(existsSync(swarm.path('to/nowhere')), false);
  unlinkSync(target);
  execFileSync('mkfifo', [target]);
  assert.match(await refusal(), /is no regular file/);
  unlinkSync(target);
  // A whole file with something behind it: said, and the command does what the sentence says.
  writeFileSync(target, Buffer.concat([readFileSync(swarm.path('film.bin')), Buffer.from('junk')]));
  const longer = await refusal();
  assert.match(longer, /all of its 4 pieces are right, with 4 B behind them; to keep these, and cut off/);
  execFileSync('sh', ['-c', /rename it with: (mv .*) and run/.exec(longer)?.[1] ?? 'false']);
  assert.equal((await get('film.mtorrent', 'to/', '-q')).code, 0);
  assert.ok(readFileSync(target).equals(readFileSync(swarm.path('film.bin'))));
  unlinkSync(target);
  symlinkSync(swarm.path('film.bin'), `${target}.part`);
  const link = await get('film.mtorrent', 'to/', '-q');
  assert.equal(link.code, 10, link.stderr);
  assert.match(link.stderr, /film\.bin\.part is a symbolic link, which is never followed here; move it away\n$/);
});

test('the command that a stopped get suggests goes on as it is typed, in every shell, where that began', async (t) => {
  const { swarm, seeder, user, start } = await stage(t);
  // Twenty seconds for the file unless the limit goes.
  await seeder.succeed('limit up 256K');
  const directory = "-odd =dir ~x it's";
  mkdirSync(swarm.path(directory));
  const run = start('v1.mtorrent', `--download-dir=${directory}`, '--only', 'large.bin', '--json');
  await run.line(/"have":[1-9]/);
  run.kill('SIGINT');
  assert.equal(await run.exited, 7, run.stderr);
  await seeder.succeed('limit up off');
  const again = /: (mtorrent get .*) continues it/.exec(run.stderr)?.[1];
  assert.ok(again !== undefined, run.stderr);
  assert.deepEqual(readdirSync(swarm.path(directory)), ['v1.part']);
  const program = bundleUrl('mtorrent').pathname;
  const env = { ...process.env, ...user.env };
  for (const shell of ['sh', 'bash', 'zsh']) {
    if (spawnSync(shell, ['-c', ':']).error !== undefined) continue;
    const line: string = `mtorrent() { "${process.execPath}" "${program}" "$@" </dev/null; }; ${again}`;
    // The tracker is in this process, so this may not block it.
    const { stdout } = await promisify(execFile)(shell, ['-c', line], {
      cwd: swarm.directory,
      env,
      timeout: PATIENCE_MS,
    });
    assert.equal(stdout.trim(), swarm.path(`${directory}/v1`), shell);
    assert.deepEqual(readdirSync(swarm.path(directory)), ['v1']);
  }
});
