// A disk that does not answer keeps whoever reads from it waiting for a bounded time, and nobody else.

import assert from 'node:assert/strict';
import { statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { deferred } from '../../../../src/foundation/base/deferred.js';
import { Layout } from '../../../../src/foundation/torrent/layout.js';
import { AwayDisk } from '../../../../src/transfer/storage/disk/away-disk.js';
import {
  AWAY_DEADLINE_MS,
  AWAY_READ_BYTES,
  AWAY_READS_MAX,
  AWAY_SLOW_MS,
} from '../../../../src/transfer/storage/limits.js';
import { servedAt } from '../../../../src/transfer/storage/messages.js';
import type { ServeFailure } from '../../../../src/transfer/storage/served/file.js';
import { type ReadOutcome, ServedStorages } from '../../../../src/transfer/storage/served/served.js';
import { eventually } from '../../../support/e2e-stage.js';
import { ManualTimers } from '../../../support/manual-timers.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const turn = (): Promise<void> => new Promise(setImmediate);

test('FC-25: who waits for a disk is told that it is slow, then that it does not answer, and few calls are begun', async () => {
  const timers = new ManualTimers();
  const disk = new AwayDisk(timers);
  const hangs = deferred<string>();
  const begun: number[] = [];
  const slow: number[] = [];
  const ends = [0, 1, 2, 3].map((at) =>
    disk.do(
      `/mnt/${at}`,
      async ({ isLate }) => {
        begun.push(at);
        assert.equal(isLate, false);
        return hangs.promise;
      },
      () => slow.push(at),
    ),
  );
  timers.advanceTo(AWAY_SLOW_MS - 1);
  assert.deepEqual([begun, slow], [[0, 1], []]);
  assert.equal(begun.length, AWAY_READS_MAX);
  timers.advanceTo(2 * AWAY_SLOW_MS);
  assert.deepEqual(slow, [0, 1, 2, 3]);
  assert.deepEqual(disk.pending, ['/mnt/0', '/mnt/1']);
  timers.advanceTo(AWAY_DEADLINE_MS + AWAY_SLOW_MS);
  assert.deepEqual(await Promise.all(ends), ['late', 'late', 'late', 'late']);
  assert.equal(timers.pendingCount, 0, 'a disk that is given up is not looked at for ever');
  const refused = disk.do('/mnt/4', () => assert.fail(), assert.fail);
  assert.equal(await refused, 'late', 'nobody waits for a disk that is known to hang');
  hangs.resolve('the disk is back');
  await turn();
  assert.deepEqual(disk.pending, []);
  assert.equal(await disk.do('/mnt/5', async () => 'read', assert.fail), 'read');
});

test('a slow disk that answers now and then is waited for, however long the whole takes', async () => {
  const timers = new ManualTimers();
  const disk = new AwayDisk(timers);
  const steps = Array.from({ length: 20 }, () => deferred<void>());
  let isTold = false;
  const end = disk.do(
    '/mnt/slow',
    async ({ answered }) => {
      for (const step of steps) {
        await step.promise;
        answered();
      }
      return 'read';
    },
    () => {
      isTold = true;
    },
  );
  for (const step of steps) {
    timers.advanceTo(timers.nowMs() + AWAY_DEADLINE_MS - AWAY_SLOW_MS);
    step.resolve();
    await turn();
  }
  assert.equal(await end, 'read');
  assert.equal(isTold, true);
});

function stage(t: TestContext, size: number) {
  const path = join(temporaryDirectory(t), 'file');
  const bytes = Buffer.alloc(size, 'content');
  writeFileSync(path, bytes);
  const failures: ServeFailure[] = [];
  const storages = new ServedStorages({
    openMax: 4,
    timers: new ManualTimers(),
    onFailed: (_, failure) => failures.push(failure),
    mountThatMayHang: () => '/mnt',
  });
  t.after(() => storages.closeAll());
  const read = (offset: number, targets: readonly Uint8Array[]): Promise<ReadOutcome> =>
    new Promise((resolve) => storages.read(1, offset, targets, resolve));
  return { path, bytes, storages, failures, read, name: servedAt(path, new Layout(size), statSync(path).mtimeMs) };
}

test('a share on a disk that may hang is read whole into several buffers, and what is wrong is told as elsewhere', async (t) => {
  const size = 2 * AWAY_READ_BYTES + 5;
  const { path, bytes, storages, failures, read, name } = stage(t, size);
  assert.equal(storages.open(1, name), undefined);
  const targets = [Buffer.alloc(AWAY_READ_BYTES + 7), Buffer.alloc(AWAY_READ_BYTES - 9)];
  assert.deepEqual(await read(3, targets), { kind: 'read' });
  assert.ok(Buffer.concat(targets).equals(bytes.subarray(3, size - 4)));
  unlinkSync(path);
  assert.deepEqual(await read(0, targets), { kind: 'failed', path, errno: 'ENOENT' });
  storages.close(1);
  assert.equal(storages.open(1, name), undefined);
  await eventually(
    () => failures,
    ({ length }) => length > 0,
    'what cannot be opened is told',
  );
  assert.deepEqual(failures, [{ path, errno: 'ENOENT' }]);
});
