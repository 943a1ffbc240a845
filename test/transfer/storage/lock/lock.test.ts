// One instance on one state directory, and never a lock that outlives its holder (F19).

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { within } from '../../../../src/foundation/base/deferred.js';
import { lockDirectory } from '../../../../src/transfer/storage/lock/lock.js';
import { eventually } from '../../../support/e2e-stage.js';
import { failsWith } from '../../../support/failures.js';
import { PATIENCE_MS } from '../../../support/patience.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const LOCK_MODULE = new URL('../../../../src/transfer/storage/lock/lock.js', import.meta.url).href;

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

test('F19: a second process is refused within a second, with the pid of the first; after kill -9 it may start', {
  timeout: PATIENCE_MS,
}, async (t) => {
  const directory = temporaryDirectory(t);
  const child = await holderOf(t, directory);
  // Nothing is waited for: no timer ends here.
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  await assert.rejects(lockDirectory(directory), failsWith('ALREADY_RUNNING', `process ${child.pid} `, directory));
  t.mock.timers.reset();
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

test('a lock is given up though its disk lets nothing of it be read or removed', async (t) => {
  const directory = temporaryDirectory(t);
  const lock = await lockDirectory(directory);
  rmSync(join(directory, 'pid'));
  // A read of it fails, as on a disk that is gone.
  mkdirSync(join(directory, 'pid'));
  await lock.release();
  rmSync(join(directory, 'pid'), { recursive: true });
  await (await lockDirectory(directory)).release();
});

const ELSEWHERE = '4711 node-b another-boot pid:[1] 200';

/** The pid file of a process on another machine; its heart beats until `stop`. */
function holderElsewhere(t: TestContext, directory: string): { stop(): void } {
  const path = join(directory, 'pid');
  writeFileSync(path, `${ELSEWHERE}\n`);
  let beats = 0;
  const beating = setInterval(() => {
    beats += 1;
    utimesSync(path, beats, beats);
  }, 50);
  const stop = (): void => clearInterval(beating);
  t.after(stop);
  return { stop };
}

test('FC-02: a holder on another machine is refused by its name while its heart beats, and outlived once it has stopped', async (t) => {
  const directory = temporaryDirectory(t);
  const holder = holderElsewhere(t, directory);
  const told: string[] = [];
  const onWait = (sentence: string): void => void told.push(sentence);
  await assert.rejects(
    lockDirectory(directory, { onWait }),
    failsWith('ALREADY_RUNNING', 'process 4711 on host node-b', directory),
  );
  holder.stop();
  const lock = await lockDirectory(directory, { onWait });
  assert.equal(told.length, 2);
  assert.match(told[1] ?? '', /was last used by process 4711 on host node-b, which did not say that it ended; waiting/);
  await lock.release();
  assert.equal(existsSync(join(directory, 'pid')), false);
  await (await lockDirectory(directory, { onWait })).release();
  assert.equal(told.length, 2, 'who ended properly is waited for by nobody');
});

test('FC-02: this machine before its last start, and a release without heartbeats, are waited for by nobody', async (t) => {
  const directory = temporaryDirectory(t);
  const onWait = (): void => assert.fail('nobody waits');
  for (const line of [`4711 ${hostname()} another-boot pid:[1] 60000`, '4711 node-b another-boot pid:[1]', '4711']) {
    writeFileSync(join(directory, 'pid'), `${line}\n`);
    await (await lockDirectory(directory, { onWait })).release();
  }
});

test('FC-02: a holder that stood still while another machine took its directory learns it, and leaves that one its lock', async (t) => {
  const directory = temporaryDirectory(t);
  const lock = await lockDirectory(directory, { beatMs: 20 });
  const before = statSync(join(directory, 'pid')).mtimeMs;
  await eventually(
    () => statSync(join(directory, 'pid')).mtimeMs,
    (now) => now > before,
    'its heart beats',
  );
  writeFileSync(join(directory, 'pid'), `${ELSEWHERE}\n`);
  const { code, message } = await within(lock.lost, 20_000, () => assert.fail('it has not noticed'));
  assert.equal(code, 'ALREADY_RUNNING');
  assert.match(message, /^process 4711 on host node-b has taken over the state directory /);
  await lock.release();
  assert.equal(readFileSync(join(directory, 'pid'), 'utf8').trim(), ELSEWHERE);
});
