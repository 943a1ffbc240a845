// What a signal does to a program of ours, in a process of its own: a second one ends it even while a call to a disk
// hangs, for which `process.exit` waits for ever.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type TestContext } from 'node:test';
import { within } from '../../../src/foundation/base/deferred.js';
import { PATIENCE_MS } from '../../support/patience.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const SIGNALS = new URL('../../../src/foundation/base/signals.js', import.meta.url).href;

/** Says what it was told, and never ends by itself; a reader of a pipe that nobody writes to is its hung disk. */
const PROGRAM = `
import { open } from 'node:fs';
import { watchSignals } from ${JSON.stringify(SIGNALS)};
open(process.argv.at(-1), 'r', () => undefined);
process.on('exit', (code) => console.log('exit ' + code));
watchSignals({ onStop: (name) => console.log('told ' + name), onLogMoved: () => undefined });
console.log('ready');
`;

function start(t: TestContext) {
  const pipe = join(temporaryDirectory(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const words = ['--input-type=module', '-e', PROGRAM, '--', pipe];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => (await lines.next()).value;
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  return { child, next, ended };
}

test('a second signal ends a process at once while a disk hangs, after what listens to its exit', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { child, next, ended } = start(t);
    assert.equal(await next(), 'ready');
    child.kill(signal);
    assert.equal(await next(), `told ${signal}`);
    child.kill(signal);
    assert.equal(await next(), `exit ${signal === 'SIGINT' ? 130 : 143}`);
    const end = await within(ended, PATIENCE_MS, () => assert.fail('it hangs'));
    assert.deepEqual(end, [null, signal]);
  }
});
