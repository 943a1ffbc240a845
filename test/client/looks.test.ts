// Looks at the disk go on where disks answer.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Looks } from '../../src/client/disk-jobs/look.js';
import { deferred } from '../../src/foundation/base/deferred.js';
import { mountOf, mountsIn } from '../../src/transfer/storage/disk/mounts.js';
import { PATIENCE_MS } from '../support/patience.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

test('FC-25: a mount that hangs is named once, takes one look, and the files of others are seen', async () => {
  const hangs = deferred<undefined>();
  const [looked, hung]: [string[], string[]] = [[], []];
  const looks = new Looks({
    deadlineMs: 50,
    onHung: (mount) => hung.push(mount),
    points: () => ['/mnt/nfs', '/'],
    look: async (path) => {
      looked.push(path);
      if (path.startsWith('/mnt/nfs/')) await hangs.promise;
      return undefined;
    },
    trouble: async () => undefined,
  });
  const sources = ['/mnt/nfs/a', '/mnt/nfs/b', '/home/c'].map((path, file) => [file, path, undefined] as const);
  for (let round = 0; round < 2; round += 1) assert.deepEqual(await looks.at(sources), [{ file: 2, found: undefined }]);
  assert.deepEqual(looked, ['/mnt/nfs/a', '/home/c', '/home/c']);
  assert.deepEqual(hung, ['/mnt/nfs']);
  hangs.resolve(undefined);
  await new Promise(setImmediate);
  assert.deepEqual((await looks.at(sources)).map(({ file }) => file).sort(), [0, 1, 2]);
});

test('FC-25: the mount of a path is the longest that it lies below, and of one place the last', () => {
  const mounts = mountsIn(
    [
      '1 0 8:1 / / rw - ext4 a rw',
      '2 1 0:5 / /mnt rw - nfs b rw',
      '3 2 0:6 / /mnt/my\\040disk rw shared:1 master:2 - fuse.sshfs c rw',
      '4 2 0:7 / /mnt rw - xfs d rw',
    ].join('\n'),
  );
  const points = mounts.map(({ point }) => point);
  assert.deepEqual(
    ['/x', '/mnt/x', '/mntx', '/mnt/my disk/x'].map((path) => mountOf(path, points)),
    ['/', '/mnt', '/', '/mnt/my disk'],
  );
  assert.deepEqual(
    points.map((point) => mounts.find((mount) => mount.point === point)?.type),
    ['fuse.sshfs', 'xfs', 'xfs', 'ext4'],
  );
});

test('what cannot be looked at is told from what is gone', async (t) => {
  const looks = new Looks({ deadlineMs: PATIENCE_MS, onHung: () => undefined });
  const directory = temporaryDirectory(t);
  const seen = await looks.at([
    [1, `${directory}/gone`, undefined],
    [2, `${directory}/${'n'.repeat(256)}`, undefined],
  ]);
  assert.deepEqual(seen, [
    { file: 1, found: undefined },
    { file: 2, found: undefined, errno: 'ENAMETOOLONG' },
  ]);
});
