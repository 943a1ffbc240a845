// What a peer thread uploads from a folder: exactly the bytes of its files while they are as they were when they were
// right, and nothing of a file that is not, which is marked while the others go on.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { MIB } from '../../../../src/foundation/base/limits.js';
import { systemTimers } from '../../../../src/foundation/base/timers.js';
import { type FolderEntry, FolderList } from '../../../../src/foundation/torrent/folder/folder-list.js';
import { Layout } from '../../../../src/foundation/torrent/layout.js';
import { folderLists } from '../../../../src/transfer/storage/folder-lists.js';
import { PACK_READ_BYTES } from '../../../../src/transfer/storage/limits.js';
import { servedAt } from '../../../../src/transfer/storage/messages.js';
import { type ReadOutcome, ServedStorages } from '../../../../src/transfer/storage/served/served.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const FILE = 5;
const PLAIN = { target: '', digest: undefined, seconds: undefined };

/** Clocks: every read takes no time, or so long that the next ones are made on the system's threads. */
const FAST = { nowMs: () => 0 };
const slow = () => {
  let now = 0;
  return {
    nowMs: () => {
      now += 1_000;
      return now;
    },
  };
};

/** A folder on the disk with random bytes, and its piece space. */
function folderOf(t: TestContext, sizes: Record<string, number>, pads: readonly string[] = []) {
  const directory = temporaryDirectory(t);
  const root = join(directory, 'x');
  mkdirSync(root);
  const entries: FolderEntry[] = [];
  const parts: Uint8Array[] = [];
  for (const [path, size] of Object.entries(sizes)) {
    if (pads.includes(path)) {
      entries.push({ ...PLAIN, kind: 'pad', path: '', size: 100 });
      parts.push(new Uint8Array(100));
    }
    entries.push({ ...PLAIN, kind: 'file', path, size });
    const bytes = Uint8Array.from({ length: size }, (_, at) => 1 + ((at * 7 + parts.length) % 255));
    parts.push(bytes);
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
    utimesSync(join(root, path), 1_000_000_000, 1_000_000_000);
  }
  const list = FolderList.of(entries);
  folderLists.use(new Layout(list));
  return { directory, root, list, layout: new Layout(list), bytes: Buffer.concat(parts) };
}

function stampAll(list: FolderList, root: string): void {
  for (let at = 0; at < list.count; at += 1)
    if (!list.isPad(at)) list.stamp(at, lstatSync(join(root, list.pathOf(at)), { bigint: true }).mtimeNs);
}

function storagesFor(t: TestContext, timers: Pick<typeof FAST, 'nowMs'> = FAST, openMax = 1): ServedStorages {
  const storages = new ServedStorages({ openMax, timers: { ...systemTimers, ...timers }, onFailed: assert.fail });
  t.after(() => storages.closeAll());
  return storages;
}

const read = (storages: ServedStorages, offset: number, targets: readonly Uint8Array[]): Promise<ReadOutcome> =>
  new Promise((resolve) => storages.read(FILE, offset, targets, resolve));

test('any bytes of the piece space are those of the files, pads are zeros, here and on the read threads', async (t) => {
  const { root, layout, list, bytes } = folderOf(t, { a: 10, 'd/e/f': 20, 'd/g': 0, large: 5 * MIB, z: 3 }, ['large']);
  stampAll(list, root);
  for (const timers of [FAST, slow()]) {
    const storages = storagesFor(t, timers);
    storages.learn(FILE, servedAt(root, layout, null));
    for (const [offset, length] of [
      [0, bytes.length],
      [0, 1],
      [9, 2],
      [25, 110],
      [31, 1],
      [200, 2 * MIB],
      [bytes.length - 4, 4],
    ] as const) {
      const [one, two] = [new Uint8Array(Math.ceil(length / 3)), new Uint8Array(length - Math.ceil(length / 3))];
      assert.deepEqual(await read(storages, offset, [one, two]), { kind: 'read' });
      assert.ok(Buffer.concat([one, two]).equals(bytes.subarray(offset, offset + length)), `${offset} ${length}`);
    }
  }
});

test('a file that is not what it was answers no byte as right, is named and marked, and the others go on', async (t) => {
  const away = (path: string): void => renameSync(path, `${path}.away`);
  const table: readonly [change: (path: string) => void, errno: string][] = [
    [(path) => appendFileSync(path, '!'), 'CHANGED'],
    [(path) => truncateSync(path, 3), 'CHANGED'],
    [(path) => utimesSync(path, 5, 5), 'CHANGED'],
    [(path) => rmSync(path), 'ENOENT'],
    [(path) => rmSync(dirname(path), { recursive: true }), 'ENOENT'],
    [
      (path) => {
        away(path);
        writeFileSync(path, 'x'.repeat(lstatSync(`${path}.away`).size));
      },
      'CHANGED',
    ],
    [
      (path) => {
        away(path);
        symlinkSync(`${path}.away`, path);
      },
      'ELOOP',
    ],
    [
      (path) => {
        away(dirname(path));
        symlinkSync(`${dirname(path)}.away`, dirname(path));
      },
      'ENOTDIR',
    ],
    [
      (path) => {
        away(path);
        mkdirSync(path);
      },
      'EISDIR',
    ],
  ];
  for (const [change, errno] of table) {
    for (const timers of [FAST, slow()]) {
      for (const size of [20, 4 * MIB]) {
        const { root, layout, list, bytes } = folderOf(t, { a: 10, 'd/b': size, 'e/c': 5 });
        stampAll(list, root);
        const storages = storagesFor(t, timers);
        storages.learn(FILE, servedAt(root, layout, null));
        const all = new Uint8Array(bytes.length);
        assert.deepEqual(await read(storages, 0, [all]), { kind: 'read' });
        // What stays open does not know what has its name now; then its old bytes are right.
        storages.learn(FILE, servedAt(root, layout, null));
        change(join(root, 'd/b'));
        assert.deepEqual(await read(storages, 0, [all]), { kind: 'failed', path: join(root, 'd/b'), errno });
        assert.equal(list.hasChanged(1), true);
        assert.equal(list.hasChanged(0) || list.hasChanged(2), false);
        assert.deepEqual(await read(storages, 0, [all.subarray(0, 10)]), { kind: 'read' });
        assert.deepEqual(await read(storages, bytes.length - 5, [all.subarray(0, 5)]), { kind: 'read' });
      }
    }
  }
});

test('a file of the year 1970 is compared with its stamp like any other', async (t) => {
  const { root, layout, list } = folderOf(t, { a: 20 });
  utimesSync(join(root, 'a'), 0, 0);
  stampAll(list, root);
  const storages = storagesFor(t);
  storages.learn(FILE, servedAt(root, layout, null));
  writeFileSync(join(root, 'a'), 'x'.repeat(20));
  const outcome = await read(storages, 0, [new Uint8Array(20)]);
  assert.deepEqual(outcome, { kind: 'failed', path: join(root, 'a'), errno: 'CHANGED' });
  assert.equal(list.hasChanged(0), true);
});

test('a folder without stamps is still being written: its files may change, and get their final place', async (t) => {
  const { directory, root, layout, list } = folderOf(t, { a: 4 });
  const part = join(directory, 'x.part');
  renameSync(root, part);
  const storages = storagesFor(t);
  storages.learn(FILE, servedAt(part, layout, null));
  const target = new Uint8Array(4);
  writeFileSync(join(part, 'a'), 'same');
  assert.deepEqual(await read(storages, 0, [target]), { kind: 'read' });
  assert.equal(Buffer.from(target).toString(), 'same');
  writeFileSync(join(part, 'a'), 'sa');
  assert.deepEqual(await read(storages, 0, [target]), {
    kind: 'failed',
    path: join(part, 'a'),
    errno: 'SHORT_FILE',
  });
  assert.equal(list.hasChanged(0), false);
  writeFileSync(join(part, 'a'), 'done');
  stampAll(list, part);
  renameSync(part, root);
  assert.deepEqual(await read(storages, 0, [target]), { kind: 'read' });
  storages.learn(FILE, servedAt(part, layout, null));
  assert.deepEqual(await read(storages, 0, [target]), { kind: 'read' });
  assert.equal(Buffer.from(target).toString(), 'done');
});

test('a long read of small files lets others have their turn, and ends after the folder is not served any more', async (t) => {
  const sizes = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`d${at % 3}/${at}`, PACK_READ_BYTES / 16]));
  const { root, layout, bytes } = folderOf(t, sizes);
  const storages = storagesFor(t);
  storages.learn(FILE, servedAt(root, layout, null));
  const all = new Uint8Array(bytes.length);
  let turns = 0;
  const outcome = read(storages, 0, [all]);
  let isDone = false;
  void outcome.then(() => {
    isDone = true;
  });
  storages.close(FILE);
  while (!isDone) {
    turns += 1;
    await new Promise(setImmediate);
  }
  assert.deepEqual(await outcome, { kind: 'read' });
  assert.ok(turns >= 2);
  assert.ok(Buffer.from(all).equals(bytes));
  assert.deepEqual(await read(storages, 0, [all]), { kind: 'gone' });
});

test('however many files and directories are served, few descriptors stay open, and none afterwards', async (t) => {
  const open = (): number => readdirSync('/proc/self/fd').length;
  const small = Array.from({ length: 120 }, (_, at) => [`d${at}/e/f`, 10]);
  const large = Array.from({ length: 12 }, (_, at) => [`l${at}/e`, 4 * MIB]);
  const { root, layout, bytes } = folderOf(t, Object.fromEntries([...small, ...large]));
  const before = open();
  const storages = storagesFor(t);
  storages.learn(FILE, servedAt(root, layout, null));
  const target = new Uint8Array(10);
  for (let round = 0; round < 2; round += 1) {
    for (let at = 0; at < 120; at += 1) await read(storages, at * 10, [target]);
    for (let at = 0; at < 12; at += 1) {
      assert.deepEqual(await read(storages, 1_200 + at * 4 * MIB, [target]), { kind: 'read' });
      assert.ok(Buffer.from(target).equals(bytes.subarray(1_200 + at * 4 * MIB, 1_210 + at * 4 * MIB)));
    }
    assert.ok(open() <= before + 17, `${open() - before}`);
  }
  storages.closeAll();
  assert.equal(open(), before);
});

test('links are followed where the folder was shared with what they point to, and nowhere else', async (t) => {
  for (const timers of [FAST, slow()]) {
    const { directory, root, layout, list, bytes } = folderOf(t, { 'a/b': 10, c: 20 });
    stampAll(list, root);
    renameSync(join(root, 'a'), join(directory, 'away'));
    symlinkSync('../away', join(root, 'a'));
    renameSync(join(root, 'c'), join(directory, 'blob'));
    symlinkSync('../blob', join(root, 'c'));
    const storages = storagesFor(t, timers);
    storages.learn(FILE, servedAt(root, layout, null));
    const target = new Uint8Array(bytes.length);
    assert.notEqual((await read(storages, 0, [target])).kind, 'read');
    new FolderList(list.memory).followLinks();
    const others = storagesFor(t, timers);
    others.learn(FILE, servedAt(root, layout, null));
    assert.deepEqual(await read(others, 0, [target]), { kind: 'read' });
    assert.ok(Buffer.from(target).equals(bytes));
  }
});
