// The storages of downloads: nothing is overwritten, no link is followed to write, and a failure leaves nothing
// half-made (F12, S5).

import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { Layout } from '../../../src/foundation/torrent/layout.js';
import { readBounded } from '../../../src/transfer/storage/disk/state-file.js';
import { adoptStorage, attachStorage, createPart, openPart } from '../../../src/transfer/storage/open-storage.js';
import type { Storage } from '../../../src/transfer/storage/storage.js';
import { partPathOf, targetPathOf } from '../../../src/transfer/storage/target.js';
import { failsWith } from '../../support/failures.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** Larger than any share may be, and than any file system takes. */
const HUGE = { size: 2 ** 53 - 1 } as Layout;

test('a part becomes its target, whole, and the descriptor stays good', async (t) => {
  const directory = temporaryDirectory(t);
  const targetPath = join(directory, 'x.bin');
  const part = await createPart(targetPath, new Layout(5));
  assert.equal(part.path, `${targetPath}.part`);
  assert.equal(statSync(part.path).size, 5);
  part.writeAt(0, Buffer.from('hello'));
  await part.flush();
  assert.equal(existsSync(targetPath), false);
  await part.finish();
  assert.deepEqual(readdirSync(directory), ['x.bin']);
  part.writeAt(0, Buffer.from('H'));
  await part.close();
  assert.equal(readFileSync(targetPath, 'utf8'), 'Hello');
});

test('a huge part takes no room before it is written', async (t) => {
  const part = await createPart(join(temporaryDirectory(t), 'x'), new Layout(2 ** 40));
  t.after(() => part.close());
  assert.equal(statSync(part.path).size, 2 ** 40);
  assert.ok(statSync(part.path).blocks * 512 < 2 ** 20);
});

test('a target that appears during the download is not overwritten, and the part is kept', async (t) => {
  const directory = temporaryDirectory(t);
  const targetPath = join(directory, 'x.bin');
  const part = await createPart(targetPath, new Layout(3));
  t.after(() => part.close());
  for (const appear of [() => writeFileSync(targetPath, 'mine'), () => symlinkSync('/nowhere', targetPath)]) {
    appear();
    await assert.rejects(part.finish(), failsWith('ALREADY_EXISTS', targetPath));
    assert.equal(existsSync(part.path), true);
    renameSync(targetPath, join(directory, 'away'));
  }
  assert.equal(readlinkSync(join(directory, 'away')), '/nowhere');
  await part.finish();
});

test('F12, S5: a part that exists is never taken over, a link in its place is never followed', async (t) => {
  const directory = temporaryDirectory(t);
  const victim = join(directory, 'victim');
  writeFileSync(victim, 'precious');
  const targetPath = join(directory, 'x.bin');
  symlinkSync(victim, `${targetPath}.part`);
  await assert.rejects(createPart(targetPath, new Layout(100)), failsWith('ALREADY_EXISTS', 'x.bin.part'));
  await assert.rejects(openPart(targetPath, new Layout(100)), failsWith('UNSAFE_NAME', 'symbolic link'));
  symlinkSync(join(directory, 'fresh'), join(directory, 'y.bin.part'));
  await assert.rejects(createPart(join(directory, 'y.bin'), new Layout(100)), failsWith('ALREADY_EXISTS'));
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
  assert.equal(existsSync(join(directory, 'fresh')), false);
});

/**
 * Puts a link to `victim`, and nothing, in each of these places in turn until it is told to end; says when it has
 * begun.
 */
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
    const layout = new Layout(100);
    const made = round % 2 === 0 ? createPart(targetPath, layout) : openPart(targetPath, layout).then(storageOf);
    const part = await made.catch((error: unknown) => errorCode(error));
    if (typeof part === 'string') {
      outcomes.add(part);
      continue;
    }
    part.writeAt(0, Buffer.from('bytes of a download'));
    outcomes.add(await part.finish().then(() => 'finished', errorCode));
    await part.close();
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

function storageOf({ storage }: { readonly storage: Storage }): Storage {
  return storage;
}

function errorCode(error: unknown): string {
  assert.ok(error instanceof MiniTorrentError, String(error));
  return error.code;
}

test('F12: a part replaced during the download is noticed, and what replaced it is left alone', async (t) => {
  const directory = temporaryDirectory(t);
  const targetPath = join(directory, 'x.bin');
  const part = await createPart(targetPath, new Layout(3));
  t.after(() => part.close());
  renameSync(part.path, join(directory, 'away'));
  await assert.rejects(part.finish(), failsWith('FILE_NOT_FOUND', part.path));
  symlinkSync(join(directory, 'away'), part.path);
  await assert.rejects(part.finish(), failsWith('FILE_CHANGED', part.path));
  assert.equal(existsSync(targetPath), false);
});

test('a part is opened again with what was found, and gets its size back', async (t) => {
  const directory = temporaryDirectory(t);
  const layout = new Layout(10);
  const path = join(directory, 'x.part');
  for (const foundSize of [0, 10, 20]) {
    writeFileSync(path, 'x'.repeat(foundSize));
    const { ino, mtimeMs } = statSync(path);
    const { mtimeNs } = statSync(path, { bigint: true });
    const { storage, found } = await openPart(join(directory, 'x'), layout);
    assert.equal(storage.path, path);
    assert.deepEqual(found, { inode: ino, size: foundSize, mtimeMs, mtimeNs });
    assert.equal(statSync(path).size, 10);
    await storage.close();
  }
  await assert.rejects(openPart(join(directory, 'none'), layout), failsWith('FILE_NOT_FOUND', 'none.part'));
  mkdirSync(join(directory, 'y.part'));
  await assert.rejects(openPart(join(directory, 'y'), layout), failsWith('NOT_A_FILE', 'y.part'));
});

test('a size that the file system refuses leaves no part behind', async (t) => {
  const directory = temporaryDirectory(t);
  await assert.rejects(createPart(join(directory, 'x'), HUGE), failsWith('DISK_FULL', 'x.part'));
  assert.deepEqual(readdirSync(directory), []);
});

test('the longest name that is allowed has a part too', async (t) => {
  const directory = temporaryDirectory(t);
  const name = 'é'.repeat(127);
  assert.ok(Buffer.byteLength(basename(partPathOf(join(directory, name)))) <= 255);
  const targetPath = await targetPathOf(directory, name);
  const part = await createPart(targetPath, new Layout(0));
  await part.finish();
  await part.close();
  assert.deepEqual(readdirSync(directory), [name]);
});

test('descriptors are not leaked by failures', async (t) => {
  const directory = temporaryDirectory(t);
  const open = (): number => readdirSync('/proc/self/fd').length;
  mkdirSync(join(directory, 'y.part'));
  const before = open();
  for (let round = 0; round < 10; round += 1) {
    await assert.rejects(openPart(join(directory, 'y'), new Layout(10)));
    await assert.rejects(createPart(join(directory, 'x'), HUGE));
    await assert.rejects(readBounded(directory, 10));
  }
  await (await createPart(join(directory, 'x'), new Layout(1))).close();
  assert.equal(open(), before);
});

test('what is written at an offset is read there, into however many targets, on this thread or on the read threads', async (t) => {
  const size = 500;
  const storage = await createPart(join(temporaryDirectory(t), 'x'), new Layout(size));
  t.after(() => storage.close());
  const model = new Uint8Array(size);
  const later = (offset: number, targets: readonly Uint8Array[]): Promise<number> =>
    new Promise((resolve, reject) => {
      storage.readLater(offset, targets, (error, count) => (error === null ? resolve(count) : reject(error)));
    });
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 50 });
  const lengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.nat(size - 50), bytes, fc.nat(size), lengths, async (writeAt, written, readAt, cuts) => {
      storage.writeAt(writeAt, written);
      model.set(written, writeAt);
      const expected = Buffer.from(model.subarray(readAt, readAt + cuts.reduce((sum, length) => sum + length, 0)));
      for (const read of [storage.readAt.bind(storage), later]) {
        const targets = cuts.map((length) => new Uint8Array(length));
        const count = await read(readAt, targets);
        assert.equal(count, expected.length);
        assert.ok(Buffer.concat(targets).subarray(0, count).equals(expected));
      }
    }),
  );
});

test('a storage that was handed over is the same one for its new owner, and for threads that know its handle', async (t) => {
  const directory = temporaryDirectory(t);
  const made = await createPart(join(directory, 'x'), new Layout(5));
  const owned = adoptStorage(made.handOver());
  attachStorage(owned.handle).writeAt(0, Buffer.from('hello'));
  assert.equal(owned.path, join(directory, 'x.part'));
  await owned.finish();
  await owned.close();
  assert.equal(readFileSync(join(directory, 'x'), 'utf8'), 'hello');
});
