// A disk that does not answer is told by its path, in time, and keeps nothing of this process.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type HungDiskOptions, refuseHungDisk } from '../../../../src/transfer/storage/disk/hung-disk.js';
import { failsWith } from '../../../support/failures.js';

const mountOf = (path: string): string | undefined => (path.startsWith('/far/') ? '/far' : undefined);
const hangs: HungDiskOptions = {
  mountOf,
  asker: [process.execPath, '-e', 'setInterval(() => {}, 1e9)'],
  deadlineMs: 50,
};

test('a path on a disk that does not answer is refused by its name, and others are not asked', async () => {
  await assert.rejects(
    refuseHungDisk(['/near/a', '/far/b', '/far/c'], hangs),
    failsWith('IO_ERROR', '/far/b', 'ETIMEDOUT'),
  );
  await refuseHungDisk(['/near/a', 'mtorrent:x', ''], hangs);
});

test('a disk that answers refuses nothing, whatever it says, nor does one that nobody can ask', async () => {
  const far = ['/far/b'];
  await refuseHungDisk(far, { mountOf, asker: [process.execPath, '-e', 'process.exit(1)'] });
  await refuseHungDisk(far, { mountOf, asker: ['/no/such/program'] });
  await refuseHungDisk(['/proc/self', '/', '/far'], {});
});
