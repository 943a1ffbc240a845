// What a folder needs of its disk, and whether its names can be there, is known before anything is fetched.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { type FolderEntry, FolderList } from '../../../src/foundation/torrent/folder/folder-list.js';
import { Layout } from '../../../src/foundation/torrent/layout.js';
import { roomAt, roomNear } from '../../../src/transfer/storage/disk/room.js';
import { checkFolderNames } from '../../../src/transfer/storage/folder/names.js';
import { folderNeed, largestFileOf } from '../../../src/transfer/storage/folder/need.js';
import { failsWith } from '../../support/failures.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const entry = (kind: FolderEntry['kind'], path: string, size = 0): FolderEntry => ({
  kind,
  path,
  size,
  target: kind === 'link' ? 'a' : '',
  digest: undefined,
  seconds: undefined,
});

test('a folder needs whole blocks and an inode for each file, link and directory of its choice', () => {
  const list = FolderList.of([
    entry('file', 'a', 1),
    entry('exec', 'd/e/b', 4096),
    entry('pad', '', 500),
    entry('file', 'd/c', 4097),
    entry('dir', 'x/y'),
    entry('link', 'd/l'),
  ]);
  assert.deepEqual(folderNeed(list, 4096), { bytes: 4 * 4096, inodes: 1 + 4 + 4 });
  assert.deepEqual(folderNeed(list, undefined), { bytes: 1 + 4096 + 4097, inodes: 9 });
  assert.equal(largestFileOf(new Layout(list)), 4097);
  list.leaveOut(3);
  list.leaveOut(4);
  assert.deepEqual(folderNeed(list, 4096), { bytes: 2 * 4096, inodes: 1 + 3 + 2 });
  assert.equal(largestFileOf(new Layout(list)), 4096);
  assert.equal(largestFileOf(new Layout(7)), 7);
});

test('the room of a directory of a part that is not there yet is that of the part', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'x.part'));
  assert.equal((await roomNear(join(directory, 'x.part/not/yet'))).totalBytes, (await roomAt(directory)).totalBytes);
  await assert.rejects(roomNear(join(directory, 'not/yet')), failsWith('FILE_NOT_FOUND'));
  assert.ok(((await roomAt(directory)).blockBytes ?? 0) > 0);
});

test('names that this file system takes are taken, and nothing is left of trying them', async (t) => {
  const directory = temporaryDirectory(t);
  const target = join(directory, 'x');
  await checkFolderNames(target, FolderList.of([entry('file', 'plain/name.txt', 1)]));
  await checkFolderNames(
    target,
    FolderList.of([entry('file', 'a?b', 1), entry('file', `${'ü'.repeat(120)}/x`, 1), entry('link', 'aux')]),
  );
  assert.deepEqual(readdirSync(directory), []);
});

test('a name that the file system refuses is told with its path, unless it is left out', async (t) => {
  const directory = temporaryDirectory(t);
  const list = FolderList.of([entry('file', 'a', 1), entry('file', `d/${'ü'.repeat(128)}`, 1)]);
  await assert.rejects(
    checkFolderNames(join(directory, 'x'), list),
    failsWith('UNSAFE_NAME', 'refuses the name of d/ü'),
  );
  assert.deepEqual(readdirSync(directory), []);
  list.leaveOut(1);
  await checkFolderNames(join(directory, 'x'), list);
});

test('two paths that may be one file are tried: here they are two', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'd'));
  writeFileSync(join(directory, 'd/probe'), '');
  await checkFolderNames(
    join(directory, 'x'),
    FolderList.of([entry('file', 'A/x', 1), entry('file', 'a/x', 1), entry('file', 'A/X/b', 1)]),
  );
  assert.deepEqual(readdirSync(directory), ['d']);
});
