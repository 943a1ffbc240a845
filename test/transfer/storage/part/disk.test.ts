// Which disk a `.part` is on: the outermost mount of its device, by what mountinfo says.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { diskOf, mountsIn, mountsNow } from '../../../../src/transfer/storage/disk/mounts.js';
import { forgetDisk, refuseWithoutDisk, rememberDisk } from '../../../../src/transfer/storage/part/disk.js';
import { failsWith } from '../../../support/failures.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const MOUNTS = mountsIn(
  [
    '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
    '30 22 8:1 / /mnt/usb rw - ext4 /dev/sda1 rw',
    '31 30 8:1 /films /mnt/usb/films rw - ext4 /dev/sda1 rw',
    '32 22 254:0 /srv/data /srv/data rw - ext4 /dev/vda rw',
    '33 22 0:44 / /net rw - autofs auto.net rw',
    '34 33 0:45 / /net/nas rw - nfs4 nas:/ rw',
  ].join('\n'),
);

test('the disk of a path is the outermost mount of its device, whatever of it is bound where', () => {
  assert.equal(diskOf('/home/a', MOUNTS), '/');
  assert.equal(diskOf('/mnt/usb/a', MOUNTS), '/mnt/usb');
  assert.equal(diskOf('/mnt/usb/films/a', MOUNTS), '/mnt/usb');
  assert.equal(diskOf('/srv/data/a', MOUNTS), '/');
  assert.equal(diskOf('/net/nas/a', MOUNTS), '/net/nas');
  assert.equal(diskOf('/net/other/a', MOUNTS), '/net');
  assert.equal(diskOf('/home/a', []), undefined);
});

test('a download without its part waits where a disk was mounted and is not; anywhere else it is begun', async (t) => {
  const record = join(temporaryDirectory(t), 'x.resume');
  const target = join(temporaryDirectory(t), 'x');
  await rememberDisk(record, target);
  await refuseWithoutDisk(record, target);
  const here = diskOf(target, mountsNow()) ?? '/';
  const gone = dirname(target);
  assert.ok(gone.length > here.length, 'a directory of a test is no mount point');
  writeFileSync(`${record}.disk`, gone);
  await assert.rejects(
    refuseWithoutDisk(record, target),
    failsWith('IO_ERROR', `${target}.part is on the disk that was mounted at ${gone}, and none is mounted there now`),
  );
  for (const damaged of ['', 'damaged, and longer than any mount point of this machine', join(gone, 'other')]) {
    writeFileSync(`${record}.disk`, damaged);
    await refuseWithoutDisk(record, target);
  }
  await rememberDisk(record, '/');
  await refuseWithoutDisk(record, target);
  await forgetDisk(record);
  assert.ok(!existsSync(`${record}.disk`));
});
