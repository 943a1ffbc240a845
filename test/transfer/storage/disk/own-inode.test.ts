// What has other names than its `.part` is changed under none of them; of a folder only what will be written is copied.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { FileError } from '../../../../src/foundation/base/errors.js';
import { PIECE_SIZE } from '../../../../src/foundation/base/limits.js';
import { Bitfield } from '../../../../src/foundation/torrent/bitfield.js';
import { type FolderEntry, FolderList } from '../../../../src/foundation/torrent/folder/folder-list.js';
import { Layout } from '../../../../src/foundation/torrent/layout.js';
import { makeOwn } from '../../../../src/transfer/storage/disk/own-inode.js';
import { explained } from '../../../../src/transfer/storage/disk/room.js';
import { makeFilesOwn, openPart } from '../../../../src/transfer/storage/open-storage.js';
import { failsWith } from '../../../support/failures.js';
import { smallDisk, unmountAfter } from '../../../support/small-disk.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const entry = (kind: FolderEntry['kind'], path: string, size: number): FolderEntry => {
  return { kind, path, size, target: '', digest: undefined, seconds: undefined };
};

test('a part that has another name gets bytes of its own before it is written to, or gets its size', async (t) => {
  const directory = await temporaryDirectory(t);
  const [target, other] = [join(directory, 'x'), join(directory, 'other')];
  const old = 'what the other name shows';
  writeFileSync(other, old, { mode: 0o640 });
  linkSync(other, `${target}.part`);
  const { storage, found } = await openPart(target, new Layout(2 * PIECE_SIZE));
  storage.writeAt(0, Buffer.from('new'));
  await storage.close();
  assert.equal(readFileSync(other, 'utf8'), old);
  assert.equal(readFileSync(`${target}.part`).subarray(0, old.length).toString(), `new${old.slice(3)}`);
  assert.equal(found.inode, statSync(`${target}.part`).ino, 'the record is of the file that is written');
  assert.equal(statSync(`${target}.part`).mode & 0o777, 0o640);
  assert.deepEqual(readdirSync(directory).sort(), ['other', 'x.part']);
  // With one name it stays the file that it is.
  await (await openPart(target, new Layout(2 * PIECE_SIZE))).storage.close();
  assert.equal(statSync(`${target}.part`).ino, found.inode);
});

test('a copy keeps holes as holes, replaces what a killed process left, and leaves nothing when it fails', async (t) => {
  const directory = await temporaryDirectory(t);
  const [path, other, aside] = [join(directory, 'x'), join(directory, 'other'), join(directory, '.aside')];
  writeFileSync(path, 'front');
  truncateSync(path, 64 * 1024 * 1024);
  linkSync(path, other);
  writeFileSync(aside, 'half a copy');
  await makeOwn(path, aside);
  assert.notEqual(statSync(path).ino, statSync(other).ino);
  assert.ok(readFileSync(path).equals(readFileSync(other)));
  assert.ok(statSync(path).blocks * 512 < 8 * 1024 * 1024, 'a hole takes no room');
  assert.equal(existsSync(aside), false);
  linkSync(path, join(directory, 'third'));
  const before = statSync(path).ino;
  await assert.rejects(makeOwn(path, join(directory, 'no such directory', 'aside')));
  assert.equal(statSync(path).ino, before);
});

test('a copy that its disk has no room for is told as that, and what is there stays', async (t) => {
  let disk: string | undefined;
  unmountAfter(t, () => disk);
  disk = smallDisk(t, 4);
  if (disk === undefined) return;
  const [target, other] = [join(disk, 'x'), join(disk, 'other')];
  writeFileSync(other, Buffer.alloc(3 * 1024 * 1024, 'x'));
  linkSync(other, `${target}.part`);
  const refused = failsWith('DISK_FULL', 'x.part has other names as well, and there is no room for a copy');
  await assert.rejects(openPart(target, new Layout(6 * PIECE_SIZE)), refused);
  const failure: unknown = await openPart(target, new Layout(6 * PIECE_SIZE)).catch((error: unknown) => error);
  assert.ok(failure instanceof FileError);
  assert.match((await explained(failure)).message, /other names as well/);
  assert.deepEqual(readdirSync(disk).sort(), ['other', 'x.part']);
  assert.equal(statSync(other).nlink, 2);
});

test('of a folder with other names only the files are copied that will be written to', async (t) => {
  const directory = await temporaryDirectory(t);
  const list = FolderList.of([
    entry('file', 'a/whole', PIECE_SIZE),
    entry('file', 'a/lacking', PIECE_SIZE),
    entry('file', 'b/too-long', PIECE_SIZE),
    entry('exec', 'b/run', PIECE_SIZE),
    entry('file', 'b/not-there', PIECE_SIZE),
  ]);
  const [old, target] = [join(directory, 'old'), join(directory, 'new')];
  mkdirSync(join(old, 'a'), { recursive: true });
  mkdirSync(join(old, 'b'));
  const names = ['a/whole', 'a/lacking', 'b/too-long', 'b/run'];
  for (const name of names) writeFileSync(join(old, name), Buffer.alloc(PIECE_SIZE, name));
  writeFileSync(join(old, 'b/too-long'), Buffer.alloc(PIECE_SIZE + 1, 'x'));
  execFileSync('cp', ['-al', old, `${target}.part`]);
  const inodes = (root: string) => names.map((name) => lstatSync(join(root, name)).ino);
  const before = inodes(old);
  const { storage, linked } = await openPart(target, new Layout(list));
  const have = new Bitfield(5);
  for (const piece of [0, 2, 3]) have.set(piece);
  assert.equal(await makeFilesOwn(storage, linked, have), 3);
  await storage.close();
  assert.deepEqual(inodes(old), before);
  const now = inodes(`${target}.part`);
  assert.deepEqual(
    names.filter((_, at) => now[at] !== before[at]),
    ['a/lacking', 'b/too-long', 'b/run'],
  );
  for (const name of names) assert.ok(readFileSync(join(old, name)).equals(readFileSync(join(`${target}.part`, name))));
  assert.deepEqual(readdirSync(directory).sort(), ['new.part', 'old']);
});
