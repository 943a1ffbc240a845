// What a signal does to a program of ours, in a process of its own: a second one ends it even while a call to a disk
// hangs, for which `process.exit` waits for ever.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type TestContext } from 'node:test';
import { within } from '../../../src/foundation/base/deferred.js';
import { eventually } from '../../support/e2e-stage.js';
import { PATIENCE_MS } from '../../support/patience.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { pseudoTerminals } from '../../support/terminal.js';

const SIGNALS = new URL('../../../src/foundation/base/signals.js', import.meta.url).href;

/** Says what it was told, and never ends by itself; a reader of a pipe that nobody writes to is its hung disk. */
const PROGRAM = `
import { open, writeFileSync } from 'node:fs';
import { watchSignals } from ${JSON.stringify(SIGNALS)};
open(process.argv.at(-1), 'r', () => undefined);
process.on('exit', (code) => console.log('exit ' + code));
const told = process.argv.at(-2);
const onStop = (name) => (told === '' ? console.log('told ' + name) : writeFileSync(told, name));
watchSignals({ onStop, onLogMoved: () => undefined });
console.log('ready ' + process.pid);
`;
const WORDS = ['--input-type=module', '-e', PROGRAM, '--'];

function start(t: TestContext) {
  const pipe = join(temporaryDirectory(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const child = spawn(process.execPath, [...WORDS, '', pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => (await lines.next()).value;
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  return { child, next, ended };
}

test('a second signal ends a process at once while a disk hangs, after what listens to its exit', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { child, next, ended } = start(t);
    assert.equal(await next(), `ready ${child.pid}`);
    child.kill(signal);
    assert.equal(await next(), `told ${signal}`);
    child.kill(signal);
    assert.equal(await next(), `exit ${signal === 'SIGINT' ? 130 : 143}`);
    const end = await within(ended, PATIENCE_MS, () => assert.fail('it hangs'));
    assert.deepEqual(end, [null, signal]);
  }
});

test('a second SIGHUP ends a process at once whose terminal is gone', async (t) => {
  const pty = await pseudoTerminals(t);
  if (pty === undefined) return;
  const directory = temporaryDirectory(t);
  const [pipe, told, end] = ['pipe', 'told', 'end'].map((name) => join(directory, name)) as [string, string, string];
  execFileSync('mkfifo', [pipe]);
  // The shell outlives its terminal, and says how the program has ended.
  const line = `trap '' HUP; "$0" "$@"; echo $? > '${end}'`;
  const terminal = pty('sh', ['-c', line, process.execPath, ...WORDS, told, pipe], {});
  const pid = await new Promise<number>((resolve) => {
    terminal.onData((text) => {
      const [, number] = /ready (\d+)/.exec(text) ?? [];
      if (number !== undefined) resolve(Number(number));
    });
  });
  t.after(() => killed(pid));
  (terminal as unknown as { destroy(): void }).destroy();
  await eventually(
    () => readlinkSync(`/proc/${pid}/fd/0`),
    (path) => path.endsWith(' (deleted)'),
    'its terminal is gone',
  );
  process.kill(pid, 'SIGHUP');
  const textOf = (path: string) => readFile(path, 'utf8').catch(() => '');
  await eventually(
    () => textOf(told),
    (text) => text === 'SIGHUP',
    'it is told',
  );
  process.kill(pid, 'SIGHUP');
  await eventually(
    () => textOf(end),
    (text) => text === '129\n',
    'it dies by the signal',
  );
});

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
  }
}
