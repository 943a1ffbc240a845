// One instance on one state directory, and never a lock that outlives its holder (F19).

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { lockDirectory } from '../../../src/transfer/storage/lock.js';
import { failsWith } from '../../support/failures.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const LOCK_MODULE = new URL('../../../src/transfer/storage/lock.js', import.meta.url).href;

/** Another process that holds the lock of `directory` until it is killed. */
async function holderOf(t: TestContext, directory: string): Promise<ChildProcess> {
  const script = `import { lockDirectory } from ${JSON.stringify(LOCK_MODULE)};
    await lockDirectory(${JSON.stringify(directory)}); process.stdout.write('locked'); setInterval(() => {}, 1e9);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('F19: a second process is refused within a second, with the pid of the first; after kill -9 it may start', async (t) => {
  const directory = temporaryDirectory(t);
  const child = await holderOf(t, directory);
  const before = performance.now();
  await assert.rejects(lockDirectory(directory), failsWith('ALREADY_RUNNING', `process ${child.pid} `, directory));
  assert.ok(performance.now() - before < 1_000);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = await lockDirectory(directory);
  await lock.release();
});

test('the same directory by another name is the same, another directory is not', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'a'));
  mkdirSync(join(directory, 'b'));
  symlinkSync(join(directory, 'a'), join(directory, 'link'));
  const first = await lockDirectory(join(directory, 'a'));
  await assert.rejects(lockDirectory(join(directory, 'link')), failsWith('ALREADY_RUNNING', `process ${process.pid} `));
  const second = await lockDirectory(join(directory, 'b'));
  await first.release();
  await second.release();
  assert.equal(existsSync(join(directory, 'a', 'pid')), false);
  await (await lockDirectory(join(directory, 'link'))).release();
});

test('a directory that is not there cannot be locked', async (t) => {
  await assert.rejects(lockDirectory(join(temporaryDirectory(t), 'none')), failsWith('FILE_NOT_FOUND', 'none'));
});
