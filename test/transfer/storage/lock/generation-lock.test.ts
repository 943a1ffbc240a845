// Of all who want a directory at once one gets it, after whatever ends of those before, in whatever network namespace.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { DirectoryHeld, holdDirectory, takeNumber } from '../../../../src/transfer/storage/lock/generation-lock.js';
import { lockDirectory } from '../../../../src/transfer/storage/lock/lock.js';
import { failsWith } from '../../../support/failures.js';
import { canUnshare, inNamespace } from '../../../support/namespaces.js';
import { lacksPlace } from '../../../support/needs.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const LOCK_MODULE = new URL('../../../../src/transfer/storage/lock/lock.js', import.meta.url).href;

/** The lock is a pid file then. */
function lacksSockets(t: TestContext): boolean {
  if (process.platform === 'linux') return false;
  lacksPlace(t, 'only Linux has /proc/self/fd');
  return true;
}

test('of twenty who find a dead lock at once one gets it, again and again', async (t) => {
  if (lacksSockets(t)) return;
  const directory = temporaryDirectory(t);
  for (let round = 1; round <= 25; round += 1) {
    const attempts = await Promise.allSettled(
      Array.from({ length: 20 }, (_, number) => holdDirectory(directory, `${round}.${number}`)),
    );
    const winners = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    assert.equal(winners.length, 1, `round ${round}`);
    for (const attempt of attempts)
      assert.ok(attempt.status === 'fulfilled' || attempt.reason instanceof DirectoryHeld, JSON.stringify(attempt));
    await assert.rejects(holdDirectory(directory, 'late'), DirectoryHeld);
    await winners[0]?.release();
    assert.deepEqual(readdirSync(directory), [`lock.${round}`], 'nothing but the last number is left');
  }
});

test('who acts on an old look at a directory withdraws before the number that is higher', async (t) => {
  if (lacksSockets(t)) return;
  const directory = temporaryDirectory(t);
  for (const line of ['first', 'second']) await (await holdDirectory(directory, line))?.release();
  const third = await holdDirectory(directory, 'third');
  // Its look was of the time when number 1 was the last one and dead.
  writeFileSync(join(directory, 'slow'), '');
  assert.equal(await takeNumber(directory, 'slow', 2), false);
  await assert.rejects(holdDirectory(directory, 'fourth'), DirectoryHeld);
  assert.deepEqual(readdirSync(directory), ['lock.3', 'slow']);
  await third?.release();
});

test('a directory with a long path can be locked', async (t) => {
  if (lacksSockets(t)) return;
  const directory = join(temporaryDirectory(t), 'd'.repeat(200));
  mkdirSync(directory);
  const lock = await lockDirectory(directory);
  await assert.rejects(lockDirectory(directory), failsWith('ALREADY_RUNNING', `process ${process.pid} `));
  await lock.release();
});

test('F19: a client in another container is refused the same state directory, and told where the first one is', async (t) => {
  if (!canUnshare(t)) return;
  for (const withPids of [false, true]) {
    const directory = temporaryDirectory(t);
    const script = `import { lockDirectory } from ${JSON.stringify(LOCK_MODULE)};
      await lockDirectory(${JSON.stringify(directory)}); process.stdout.write('locked'); setInterval(() => {}, 1e9);`;
    const [command = '', ...rest] = [...inNamespace(withPids), process.execPath, '--input-type=module', '-e', script];
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    const who = withPids ? 'process 1 of another pid namespace' : `process ${child.pid} `;
    await assert.rejects(lockDirectory(directory), failsWith('ALREADY_RUNNING', who, directory));
    child.kill('SIGKILL');
    await once(child, 'exit');
    // Of a namespace that is going away the last process may end a moment later.
    for (;;) {
      const lock = await lockDirectory(directory).catch((error: unknown) => error);
      if (lock instanceof Error) continue;
      await (lock as { release(): Promise<void> }).release();
      break;
    }
  }
});

test('the pid file says on which host and start of it the holder runs', async (t) => {
  if (lacksSockets(t)) return;
  const directory = temporaryDirectory(t);
  const lock = await lockDirectory(directory);
  const [pid, host, boot, namespace] = readFileSync(join(directory, 'pid'), 'latin1').trim().split(' ');
  assert.equal(Number(pid), process.pid);
  assert.ok(host !== undefined && host.length > 0);
  assert.equal(boot, readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim());
  assert.match(namespace ?? '', /^pid:\[\d+\]$/);
  await lock.release();
});
