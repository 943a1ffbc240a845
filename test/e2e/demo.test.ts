// `mtorrent demo` as a newcomer or a script runs it: it succeeds, says what happened, and leaves neither a file nor a
// process, also when it is interrupted.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import test from 'node:test';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { within } from '../../src/foundation/base/deferred.js';
import { patternOf } from '../support/captures.js';
import { eventually, fastRoot, namesIn, stageSwarm } from '../support/e2e-stage.js';
import { pageBlocks } from '../support/examples.js';

const PROGRAM = new URL('../../bundle/mtorrent.cjs', import.meta.url).pathname;
const DEADLINE_MS = 60_000;

interface Run {
  readonly pid: number;
  readonly stderr: () => string;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** In a process group of its own, as a shell starts it, with `directory` for its temporary files. */
function runDemo(directory: string, ...words: readonly string[]): Run {
  const child = spawn(process.execPath, [PROGRAM, 'demo', ...words], {
    cwd: directory,
    env: { ...process.env, TMPDIR: directory },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += String(text);
  });
  child.stderr.on('data', (text) => {
    stderr += String(text);
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return {
    pid: child.pid ?? 0,
    stderr: () => stderr,
    ended: within(ended, DEADLINE_MS, () => assert.fail(`the demo did not end: ${stderr}`)).then((code) => ({
      code,
      stdout,
      stderr,
    })),
  };
}

/** Pids of processes with `text` in their command line or working directory. */
async function processesOf(text: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')));
  return pids.filter((_, at) => lines[at]?.includes(text));
}

test('demo exits 0, tells who sent what as a table, and leaves nothing', async (t) => {
  const { directory } = await stageSwarm(t);
  const { code, stdout, stderr } = await runDemo(directory, '--size', '8MiB', '--seeders', '2').ended;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^who +address +sent/);
  assert.match(stdout, /seeder-1.*\nseeder-2.*\nleecher/);
  assert.match(stdout, /equal: every byte arrived/);
  // What the README shows of it, but for its third seeder, and for the tracker's outage: so short a download may be
  // without one.
  const shown =
    pageBlocks()
      .find(({ lines }) => lines[0] === '$ npm run demo')
      ?.lines.slice(1) ?? [];
  assert.ok(shown.length >= 10);
  for (const row of shown.filter((each) => !/^seeder-3|^tracker 1|^$/.test(each)))
    assert.match(`${stderr}\n${stdout}`, patternOf(row));
  assert.deepEqual(await namesIn(directory), []);
});

test('demo --json is one object with its fields, also for a file of the user, which stays as it is', async (t) => {
  const swarm = await stageSwarm(t);
  const source = await swarm.makeFile('mine "quoted".bin', 3_000_000);
  const sha256 = await sha256OfFile(source);
  const { code, stdout, stderr } = await runDemo(swarm.directory, '--file', source, '--seeders', '1', '--json').ended;
  assert.equal(code, 0, stderr);
  const result = JSON.parse(stdout);
  const { schema, bytes, seconds, megabytesPerSecond, wastedBytes, leecher, seeders } = result;
  assert.deepEqual({ schema, bytes, sha256: result.sha256 }, { schema: 1, bytes: 3_000_000, sha256 });
  assert.ok(seconds > 0 && megabytesPerSecond > 0 && wastedBytes >= 0);
  assert.equal(seeders.length, 1);
  for (const who of [leecher, ...seeders]) {
    assert.match(who.address, /^127\.0\.0\.1:\d+$/);
    assert.ok(who.bytes >= 3_000_000 && who.cpuSeconds > 0 && who.rssPeakBytes > 1_000_000 && who.loopDelayP99Ms >= 0);
  }
  assert.equal(await sha256OfFile(source), sha256);
  assert.deepEqual(await namesIn(swarm.directory), ['mine "quoted".bin']);
});

for (const [moment, said] of [
  ['while it starts its trackers', /^/],
  ['while its seeders start', /two trackers/],
  ['while it downloads', /seeders of/],
] as const) {
  test(`Ctrl-C ${moment} ends the demo with 130 and leaves neither files nor processes`, async (t) => {
    const { directory } = await stageSwarm(t, fastRoot());
    const demo = runDemo(directory, '--size', '256MiB', '--seeders', '2');
    await eventually(demo.stderr, (text) => said.test(text), 'the demo is under way');
    if (moment === 'while it starts its trackers') {
      await eventually(
        () => namesIn(directory),
        (names) => names.length > 0,
        'its directory is there',
      );
    }
    // As a terminal does: to the whole group.
    process.kill(-demo.pid, 'SIGINT');
    const { code, stderr } = await demo.ended;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /interrupted/);
    assert.deepEqual(await namesIn(directory), []);
    assert.deepEqual(await processesOf(directory), []);
  });
}
