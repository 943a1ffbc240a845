// What a disk can still take, and what was missing when it took no more.

import assert from 'node:assert/strict';
import test from 'node:test';
import { errnoError } from '../../../../src/foundation/base/errors.js';
import { checkFileSize, explained, roomAt } from '../../../../src/transfer/storage/disk/room.js';
import { failsWith } from '../../../support/failures.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

test('the free room of a disk is a number of bytes', async (t) => {
  const room = await roomAt(temporaryDirectory(t));
  assert.ok((room.freeBytes ?? 0) > 0 && (room.totalBytes ?? 0) >= (room.freeBytes ?? 0));
  await assert.rejects(roomAt('/nowhere/at/all'), failsWith('FILE_NOT_FOUND'));
});

test('FC-22: a file system that says nothing of its space has an unknown room, not an empty one', async () => {
  const { freeBytes, totalBytes } = await roomAt('/proc/self');
  assert.deepEqual([freeBytes, totalBytes], [undefined, undefined]);
});

test('a sandbox that forbids the question leaves the room unknown; any other error is told', async () => {
  const fails = (code: string) => roomAt('/', () => Promise.reject(Object.assign(new Error(code), { code })));
  for (const code of ['EPERM', 'ENOSYS'])
    assert.deepEqual(await fails(code), { freeBytes: undefined, totalBytes: undefined, freeInodes: undefined });
  await assert.rejects(fails('EIO'), failsWith('IO_ERROR'));
});

test('a disk that refused although it has bytes and inodes is not called full', async (t) => {
  const path = `${temporaryDirectory(t)}/a.part`;
  await checkFileSize(path, 1024 ** 3);
  const error = await explained(errnoError('ENOSPC', path));
  assert.match(error.message, /a\.part has no room left, although its disk has free bytes and inodes/);
  assert.equal(error.code, 'DISK_FULL');
  assert.match((await explained(errnoError('EDQUOT', path))).message, /would exceed your disk quota/);
});
