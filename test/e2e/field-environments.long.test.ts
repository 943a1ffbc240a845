// Odd environments that people start programs in: logs that are pipes, run-time directories of somebody else, no HOME,
// names that are no UTF-8, one state directory on two machines.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { ProgramProcess, runProgram } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { daemonWords, onDaemon } from '../support/daemon-stage.js';
import { eventually, stageSwarm } from '../support/e2e-stage.js';

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
  drained(pipe);
  stuck.tracker.kill('SIGTERM');
  assert.equal(await stuck.tracker.exited, 0);
  assert.match(drained(pipe), /"lines":\d+,"msg":"lines of this log were lost, because it could not be written"\}\n/);
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
