// The files of downloads: nothing is overwritten, no link is followed to write, and a failure leaves nothing half-made
// (F12, F13, S5).

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import {
  atomicWriteFile,
  closePart,
  createPart,
  finishPart,
  flushPart,
  freeBytes,
  inspectSource,
  openPart,
  partPathOf,
  readBounded,
  resolveTarget,
} from '../../../src/transfer/storage/file.js';
import { failsWith } from '../../support/failures.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

test('a file to share is found through links, with its real path', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'real');
  writeFileSync(path, 'abc');
  symlinkSync(path, join(directory, 'link'));
  const source = await inspectSource(join(directory, 'link'));
  assert.deepEqual(source, { path, size: 3, mtimeMs: statSync(path).mtimeMs });
});

test('what cannot be shared is refused by its kind', async (t) => {
  const directory = temporaryDirectory(t);
  const pipe = join(directory, 'pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  await assert.rejects(inspectSource(join(directory, 'nothing')), failsWith('FILE_NOT_FOUND', 'nothing'));
  await assert.rejects(inspectSource(directory), failsWith('NOT_A_FILE', directory));
  await assert.rejects(inspectSource(pipe), failsWith('NOT_A_FILE', pipe));
  await assert.rejects(inspectSource(join(pipe, 'x')), failsWith('NOT_A_DIRECTORY'));
  await assert.rejects(inspectSource('/dev/null'), failsWith('NOT_A_FILE'));
});

test('a destination is a directory to put the file in, or the file itself', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'sub'));
  symlinkSync(join(directory, 'sub'), join(directory, 'link'));
  assert.equal(await resolveTarget(directory, 'x.bin'), join(directory, 'x.bin'));
  assert.equal(await resolveTarget(`${directory}/`, 'x.bin'), join(directory, 'x.bin'));
  assert.equal(await resolveTarget(join(directory, 'other.bin'), 'x.bin'), join(directory, 'other.bin'));
  assert.equal(await resolveTarget(join(directory, 'link'), 'x.bin'), join(directory, 'sub', 'x.bin'));
  assert.equal(await resolveTarget(join(directory, 'link', 'y'), 'x.bin'), join(directory, 'sub', 'y'));
});

test('F13: a destination that does not work is refused by what is wrong with it', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'file'), '');
  symlinkSync('/nowhere/at/all', join(directory, 'dangling'));
  const table: [destination: string, code: string][] = [
    ['', 'INVALID_ARGUMENTS'],
    [join(directory, 'file'), 'ALREADY_EXISTS'],
    [join(directory, 'dangling'), 'ALREADY_EXISTS'],
    [join(directory, 'missing/'), 'FILE_NOT_FOUND'],
    [join(directory, 'missing', 'x'), 'FILE_NOT_FOUND'],
    [join(directory, 'file/'), 'NOT_A_DIRECTORY'],
    [join(directory, 'file', 'x'), 'NOT_A_DIRECTORY'],
  ];
  for (const [destination, code] of table) {
    await assert.rejects(resolveTarget(destination, 'x.bin'), failsWith(code), destination);
  }
  writeFileSync(join(directory, 'x.bin'), '');
  await assert.rejects(resolveTarget(directory, 'x.bin'), failsWith('ALREADY_EXISTS', join(directory, 'x.bin')));
  await assert.rejects(resolveTarget(directory, '../x'), { name: 'AssertionFailed' });
});

test('a part becomes its target, whole, and the descriptor stays good', async (t) => {
  const directory = temporaryDirectory(t);
  const targetPath = join(directory, 'x.bin');
  const part = await createPart(targetPath, 5);
  assert.equal(part.partPath, `${targetPath}.part`);
  assert.equal(statSync(part.partPath).size, 5);
  writeSync(part.fd, 'hello', 0);
  await flushPart(part);
  assert.equal(existsSync(targetPath), false);
  await finishPart({ ...part, targetPath });
  assert.deepEqual(readdirSync(directory), ['x.bin']);
  writeSync(part.fd, 'H', 0);
  await closePart(part);
  assert.equal(readFileSync(targetPath, 'utf8'), 'Hello');
});

test('a huge part takes no room before it is written', async (t) => {
  const part = await createPart(join(temporaryDirectory(t), 'x'), 2 ** 40);
  t.after(() => closePart(part));
  assert.equal(statSync(part.partPath).size, 2 ** 40);
  assert.ok(statSync(part.partPath).blocks * 512 < 2 ** 20);
});

test('a target that appears during the download is not overwritten, and the part is kept', async (t) => {
  const directory = temporaryDirectory(t);
  const targetPath = join(directory, 'x.bin');
  const part = await createPart(targetPath, 3);
  t.after(() => closePart(part));
  for (const appear of [() => writeFileSync(targetPath, 'mine'), () => symlinkSync('/nowhere', targetPath)]) {
    appear();
    await assert.rejects(finishPart({ ...part, targetPath }), failsWith('ALREADY_EXISTS', targetPath));
    assert.equal(existsSync(part.partPath), true);
    renameSync(targetPath, join(directory, 'away'));
  }
  assert.equal(readlinkSync(join(directory, 'away')), '/nowhere');
  await finishPart({ ...part, targetPath });
});

test('F12, S5: a part that exists is never taken over, a link in its place is never followed', async (t) => {
  const directory = temporaryDirectory(t);
  const victim = join(directory, 'victim');
  writeFileSync(victim, 'precious');
  const targetPath = join(directory, 'x.bin');
  symlinkSync(victim, `${targetPath}.part`);
  await assert.rejects(createPart(targetPath, 100), failsWith('ALREADY_EXISTS', 'x.bin.part'));
  await assert.rejects(openPart(`${targetPath}.part`, 100), failsWith('UNSAFE_NAME', 'symbolic link'));
  symlinkSync(join(directory, 'fresh'), join(directory, 'y.bin.part'));
  await assert.rejects(createPart(join(directory, 'y.bin'), 100), failsWith('ALREADY_EXISTS'));
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
  assert.equal(existsSync(join(directory, 'fresh')), false);
});

/** Puts a link to `victim`, and nothing, in each of these places in turn until it is told to end; says when it has begun. */
const SWAPPER = `
  const { existsSync, symlinkSync, unlinkSync } = require('node:fs');
  const { parentPort, workerData: { victim, places, isOver } } = require('node:worker_threads');
  const attempt = (what) => { try { what(); } catch (error) { if (!['EEXIST', 'ENOENT'].includes(error.code)) throw error; } };
  parentPort.postMessage('begun');
  while (Atomics.load(isOver, 0) === 0) {
    for (const place of places) {
      attempt(() => symlinkSync(victim, place));
      attempt(() => unlinkSync(place));
    }
  }`;

test('S5: while links to a precious file come and go in its place, no download ever writes through one', async (t) => {
  const directory = temporaryDirectory(t);
  const victim = join(directory, 'victim');
  writeFileSync(victim, 'precious');
  const targetPath = join(directory, 'x.bin');
  const isOver = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { victim, places: [`${targetPath}.part`, targetPath], isOver };
  const swapper = new Worker(SWAPPER, { eval: true, workerData });
  await once(swapper, 'message');
  const outcomes = new Set<string>();
  for (let round = 0; round < 2_000; round += 1) {
    const made = round % 2 === 0 ? createPart(targetPath, 100) : openPart(`${targetPath}.part`, 100);
    const part = await made.catch((error: unknown) => errorCode(error));
    if (typeof part === 'string') {
      outcomes.add(part);
      continue;
    }
    writeSync(part.fd, 'bytes of a download', 0);
    outcomes.add(await finishPart({ ...part, targetPath }).then(() => 'finished', errorCode));
    await closePart(part);
  }
  Atomics.store(isOver, 0, 1);
  await once(swapper, 'exit');
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
  const known = ['ALREADY_EXISTS', 'FILE_CHANGED', 'FILE_NOT_FOUND', 'UNSAFE_NAME', 'finished'];
  assert.deepEqual(
    [...outcomes].filter((code) => !known.includes(code)),
    [],
  );
  assert.ok(outcomes.size > 1, 'the link was there now and then');
});

function errorCode(error: unknown): string {
  assert.ok(error instanceof MiniTorrentError, String(error));
  return error.code;
}

test('F12: a part replaced during the download is noticed, and what replaced it is left alone', async (t) => {
  const directory = temporaryDirectory(t);
  const targetPath = join(directory, 'x.bin');
  const part = await createPart(targetPath, 3);
  t.after(() => closePart(part));
  renameSync(part.partPath, join(directory, 'away'));
  await assert.rejects(finishPart({ ...part, targetPath }), failsWith('FILE_NOT_FOUND', part.partPath));
  symlinkSync(join(directory, 'away'), part.partPath);
  await assert.rejects(finishPart({ ...part, targetPath }), failsWith('FILE_CHANGED', part.partPath));
  assert.equal(existsSync(targetPath), false);
});

test('a part is opened again with what was found, and gets its size back', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'x.part');
  for (const foundSize of [0, 10, 20]) {
    writeFileSync(path, 'x'.repeat(foundSize));
    const { ino, mtimeMs } = statSync(path);
    const part = await openPart(path, 10);
    assert.deepEqual({ ...part, fd: 0 }, { fd: 0, partPath: path, found: { inode: ino, size: foundSize, mtimeMs } });
    assert.equal(statSync(path).size, 10);
    await closePart(part);
  }
  await assert.rejects(openPart(join(directory, 'none.part'), 10), failsWith('FILE_NOT_FOUND', 'none.part'));
  await assert.rejects(openPart(directory, 10), failsWith('NOT_A_FILE', directory));
});

test('a size that the file system refuses leaves no part behind', async (t) => {
  const directory = temporaryDirectory(t);
  await assert.rejects(createPart(join(directory, 'x'), 2 ** 53 - 1), failsWith('DISK_FULL', 'x.part'));
  assert.deepEqual(readdirSync(directory), []);
});

test('the longest name that is allowed has a part too', async (t) => {
  const directory = temporaryDirectory(t);
  const name = 'é'.repeat(127);
  assert.ok(Buffer.byteLength(basename(partPathOf(join(directory, name)))) <= 255);
  const targetPath = await resolveTarget(directory, name);
  const part = await createPart(targetPath, 0);
  await finishPart({ ...part, targetPath });
  await closePart(part);
  assert.deepEqual(readdirSync(directory), [name]);
});

test('a state file is replaced whole, private, and no temporary file stays', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'state');
  for (const text of ['first', 'second, and longer', '']) {
    await atomicWriteFile(path, Buffer.from(text));
    assert.equal(Buffer.from(await readBounded(path, 100)).toString(), text);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }
  assert.deepEqual(readdirSync(directory), ['state']);
  mkdirSync(join(directory, 'taken'));
  await assert.rejects(atomicWriteFile(join(directory, 'taken'), Buffer.from('x')), failsWith('NOT_A_FILE', 'taken'));
  assert.deepEqual(readdirSync(directory), ['state', 'taken']);
});

test('a state file that is too large, or is none, is not read', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'state');
  writeFileSync(path, '');
  truncateSync(path, 2 ** 40);
  await assert.rejects(readBounded(path, 100), failsWith('STATE_DAMAGED', path));
  await assert.rejects(readBounded(join(directory, 'none'), 100), failsWith('FILE_NOT_FOUND'));
  await assert.rejects(readBounded(directory, 100), failsWith('NOT_A_FILE'));
});

test('the free room of a disk is a number of bytes', async (t) => {
  assert.ok((await freeBytes(temporaryDirectory(t))) > 0);
  await assert.rejects(freeBytes('/nowhere/at/all'), failsWith('FILE_NOT_FOUND'));
});

test('descriptors are not leaked by failures', async (t) => {
  const directory = temporaryDirectory(t);
  const open = (): number => readdirSync('/proc/self/fd').length;
  const before = open();
  for (let round = 0; round < 10; round += 1) {
    await assert.rejects(openPart(directory, 10));
    await assert.rejects(createPart(join(directory, 'x'), 2 ** 53 - 1));
    await assert.rejects(readBounded(directory, 10));
  }
  closeSync((await createPart(join(directory, 'x'), 1)).fd);
  assert.equal(open(), before);
});
