// The storages of folders: the tree is that of the list, no link is ever followed, nothing is overwritten, and a
// failure names the file.

import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../../src/foundation/base/limits.js';
import { Prng } from '../../../../src/foundation/base/prng.js';
import { type FolderEntry, FolderList } from '../../../../src/foundation/torrent/folder/folder-list.js';
import { Layout } from '../../../../src/foundation/torrent/layout.js';
import { EntryError } from '../../../../src/transfer/storage/disk/entry-error.js';
import { flushFileSystem } from '../../../../src/transfer/storage/disk/flush.js';
import { folderLists } from '../../../../src/transfer/storage/folder-lists.js';
import {
  attachStorage,
  createPart,
  examinePart,
  openPart,
  openSource,
} from '../../../../src/transfer/storage/open-storage.js';
import type { Storage } from '../../../../src/transfer/storage/storage.js';
import { failsWith } from '../../../support/failures.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const entry = (kind: FolderEntry['kind'], path: string, size = 0, target = ''): FolderEntry => ({
  kind,
  path,
  size,
  target,
  digest: undefined,
  seconds: undefined,
});

const TREE: readonly FolderEntry[] = [
  entry('file', '.keep'),
  entry('exec', 'bin/run', 3),
  entry('file', 'docs/a b/ü', 5),
  entry('pad', '', 92),
  entry('file', 'model', 2 * PIECE_SIZE),
  entry('dir', 'cache/empty'),
  entry('link', 'docs/link', 0, '../model'),
];

/** Every byte of it differs from its neighbours. */
function bytesFor({ folder, size }: Layout): Uint8Array {
  const bytes = Uint8Array.from({ length: size }, (_, at) => 1 + (at % 251));
  for (let at = 0; at < (folder?.count ?? 0); at += 1) {
    const begin = folder?.beginOf(at) ?? 0;
    if (folder?.isPad(at) === true) bytes.fill(0, begin, begin + folder.sizeOf(at));
  }
  return bytes;
}

/** Paths below `root`: of a file its bytes, of a directory '/', of a link its target. */
function treeOf(root: string, below = ''): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of readdirSync(join(root, below))) {
    const path = below === '' ? name : `${below}/${name}`;
    const found = lstatSync(join(root, path));
    if (found.isSymbolicLink()) tree[path] = `-> ${readlinkSync(join(root, path))}`;
    else if (found.isDirectory()) Object.assign(tree, { [path]: '/' }, treeOf(root, path));
    else tree[path] = `${found.mode & 0o100 ? 'x' : ' '} ${readFileSync(join(root, path)).toString('latin1')}`;
  }
  return tree;
}

/** What must lie below the root. */
function expectedOf(list: FolderList, bytes: Uint8Array): Record<string, string> {
  const tree: Record<string, string> = {};
  for (let at = 0; at < list.count; at += 1) {
    const { kind, path, size, target } = list.entryOf(at);
    if (kind === 'pad' || !list.isChosen(at)) continue;
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1))
      tree[path.slice(0, slash)] = '/';
    const begin = list.beginOf(at);
    const text = Buffer.from(bytes.subarray(begin, begin + size)).toString('latin1');
    if (kind === 'dir') tree[path] = '/';
    else tree[path] = kind === 'link' ? `-> ${target}` : `${kind === 'exec' ? 'x' : ' '} ${text}`;
  }
  return tree;
}

function writeAll(storage: Storage, bytes: Uint8Array, step = PIECE_SIZE, order = new Prng(1)): void {
  const offsets = Array.from({ length: Math.ceil(bytes.length / step) }, (_, at) => at * step);
  while (offsets.length > 0) {
    const [offset = 0] = offsets.splice(order.below(offsets.length), 1);
    const attached = attachStorage(storage.handle);
    attached.writeAt(offset, bytes.subarray(offset, offset + step));
    attached.detach();
  }
}

const sorted = (tree: Record<string, string>): [string, string][] =>
  Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1));

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

test('a folder that was written piece by piece, in any order, is the tree of its list, under its name, and nothing else', async (t) => {
  const directory = temporaryDirectory(t);
  const layout = new Layout(FolderList.of(TREE));
  const bytes = bytesFor(layout);
  const part = await createPart(join(directory, 'x'), layout);
  assert.equal(part.path, join(directory, 'x.part'));
  writeAll(part, bytes);
  await part.flush();
  assert.deepEqual(readdirSync(directory), ['x.part']);
  await part.finish();
  await part.close();
  assert.deepEqual(readdirSync(directory), ['x']);
  assert.deepEqual(sorted(treeOf(join(directory, 'x'))), sorted(expectedOf(layout.folder as FolderList, bytes)));
  const list = layout.folder as FolderList;
  for (const at of [0, 1, 2, 4])
    assert.equal(list.stampOf(at), lstatSync(join(directory, 'x', list.pathOf(at)), { bigint: true }).mtimeNs);
});

test('any list: written in any steps and order, its folder has the bytes of each chosen file, and reads as the piece space', async (t) => {
  const directory = temporaryDirectory(t);
  let round = 0;
  const kinds = fc.constantFrom('file' as const, 'exec' as const, 'pad' as const);
  const files = fc.array(fc.tuple(kinds, fc.nat(300), fc.nat(3), fc.boolean()), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(files, fc.integer({ min: 1, max: 400 }), fc.nat(), async (made, step, seed) => {
      round += 1;
      const list = FolderList.of(
        made.map(([kind, size, depth], at) =>
          entry(kind, kind === 'pad' ? '' : `${'d/'.repeat(depth)}${at}`, kind === 'pad' ? Math.max(1, size) : size),
        ),
      );
      for (const [at, [, , , chosen]] of made.entries()) if (!chosen) list.leaveOut(at);
      const layout = new Layout(list);
      const bytes = bytesFor(layout);
      const part = await createPart(join(directory, `${round}`), layout);
      writeAll(part, bytes, step, new Prng(seed));
      const isAll = made.every(([kind, size, , chosen]) => chosen || kind === 'pad' || size === 0);
      const [one, two] = [new Uint8Array(Math.min(7, layout.size)), new Uint8Array(Math.max(0, layout.size - 7))];
      if (isAll) {
        assert.equal(part.readAt(0, [one, two]), layout.size);
        assert.deepEqual(Buffer.concat([one, two]), Buffer.from(bytes));
        const later = new Uint8Array(layout.size);
        const count = await new Promise((resolve) =>
          part.readLater(0, [later], (error, read) => resolve(error ?? read)),
        );
        assert.equal(count, layout.size);
        assert.deepEqual(later, bytes);
      }
      await part.finish();
      await part.close();
      assert.deepEqual(sorted(treeOf(join(directory, `${round}`))), sorted(expectedOf(list, bytes)));
    }),
    { numRuns: 60 },
  );
});

test('a file that is missing or too short ends a read there, and nothing is made by reading', async (t) => {
  const directory = temporaryDirectory(t);
  const layout = new Layout(FolderList.of([entry('file', 'a', 4), entry('file', 'd/b', 4), entry('file', 'c', 4)]));
  const part = await createPart(join(directory, 'x'), layout);
  t.after(() => part.close());
  assert.equal(part.readAt(0, [new Uint8Array(12)]), 0);
  part.writeAt(0, Buffer.from('aaaabb'));
  assert.equal(part.readAt(0, [new Uint8Array(12)]), 6);
  assert.equal(part.readAt(8, [new Uint8Array(4)]), 0);
  assert.deepEqual(readdirSync(part.path).sort(), ['a', 'd']);
  part.extend(0, 12);
  const all = new Uint8Array(12);
  assert.equal(part.readAt(0, [all]), 12);
  assert.equal(Buffer.from(all).toString('latin1'), 'aaaabb\0\0\0\0\0\0');
});

test('a directory of the part that is swapped for a link leads nowhere: the write fails, and its error names the file', async (t) => {
  const directory = temporaryDirectory(t);
  const outside = join(directory, 'outside');
  mkdirSync(join(outside, 'deep'), { recursive: true });
  writeFileSync(join(outside, 'deep', 'b'), 'precious');
  const layout = new Layout(FolderList.of([entry('file', 'd/deep/a', 4), entry('file', 'd/deep/b', 4)]));
  const part = await createPart(join(directory, 'x'), layout);
  t.after(() => part.close());
  part.writeAt(0, Buffer.from('aaaa'));
  part.detach();
  const wrong = (error: unknown): boolean => error instanceof EntryError && error.entry === 1;
  for (const [from, to] of [
    [join(part.path, 'd'), outside],
    [join(part.path, 'd', 'deep'), join(outside, 'deep')],
    [join(part.path, 'd', 'deep', 'b'), join(outside, 'deep', 'b')],
  ] as const) {
    if (existsSync(from)) renameSync(from, `${from}.away`);
    symlinkSync(to, from);
    assert.throws(() => part.writeAt(4, Buffer.from('bbbb')), wrong);
    assert.throws(() => part.extend(4, 4), wrong);
    assert.throws(() => part.readAt(4, [new Uint8Array(4)]), wrong);
    await new Promise<void>((resolve) =>
      part.readLater(4, [new Uint8Array(4)], (error) => {
        assert.ok(wrong(error));
        resolve();
      }),
    );
    part.detach();
    rmSync(from);
    if (existsSync(`${from}.away`)) renameSync(`${from}.away`, from);
  }
  assert.deepEqual(sorted(treeOf(outside)), [
    ['deep', '/'],
    ['deep/b', '  precious'],
  ]);
  part.writeAt(4, Buffer.from('bbbb'));
  assert.equal(readFileSync(join(part.path, 'd/deep/b'), 'utf8'), 'bbbb');
});

test('what has the name of a part and is no folder is refused and left alone, as is what is there when one is made', async (t) => {
  const directory = temporaryDirectory(t);
  const layout = new Layout(FolderList.of([entry('file', 'a', 1)]));
  const elsewhere = join(directory, 'elsewhere');
  mkdirSync(elsewhere);
  const at = (name: string): string => join(directory, name);
  symlinkSync(elsewhere, at('link.part'));
  writeFileSync(at('file.part'), 'mine');
  mkdirSync(at('folder.part'));
  for (const name of ['link', 'file']) {
    await assert.rejects(openPart(at(name), layout), failsWith('NOT_A_DIRECTORY', `${name}.part`));
    await assert.rejects(examinePart(at(name), layout), failsWith('NOT_A_DIRECTORY', `${name}.part`));
  }
  for (const name of ['link', 'file', 'folder'])
    await assert.rejects(createPart(at(name), layout), failsWith('ALREADY_EXISTS', `${name}.part`));
  await assert.rejects(openPart(at('none'), layout), failsWith('FILE_NOT_FOUND', 'none.part'));
  assert.equal(readFileSync(at('file.part'), 'utf8'), 'mine');
  assert.deepEqual(readdirSync(elsewhere), []);
});

test('a target that appears during the download is not replaced, and the part is kept', async (t) => {
  const directory = temporaryDirectory(t);
  const target = join(directory, 'x');
  const layout = new Layout(FolderList.of([entry('file', 'a', 1)]));
  const part = await createPart(target, layout);
  t.after(() => part.close());
  part.writeAt(0, Buffer.from('a'));
  for (const appear of [
    () => writeFileSync(target, 'mine'),
    () => symlinkSync('/nowhere', target),
    () => mkdirSync(join(target, 'mine'), { recursive: true }),
  ]) {
    appear();
    await assert.rejects(part.finish(), failsWith('ALREADY_EXISTS', target));
    assert.equal(readFileSync(join(part.path, 'a'), 'utf8'), 'a');
    rmSync(target, { recursive: true });
  }
  await part.finish();
  assert.deepEqual(readdirSync(directory), ['x']);
});

test('a part or a file of it that was replaced during the download is noticed, and what replaced it is left alone', async (t) => {
  const directory = temporaryDirectory(t);
  const layout = new Layout(FolderList.of([entry('file', 'd/a', 4), entry('link', 'l', 0, 'd')]));
  const part = await createPart(join(directory, 'x'), layout);
  t.after(() => part.close());
  part.writeAt(0, Buffer.from('aaaa'));
  part.detach();
  const file = join(part.path, 'd/a');
  const refused = failsWith('FILE_CHANGED', 'd/a');
  rmSync(file);
  await assert.rejects(part.finish(), refused);
  mkdirSync(file);
  await assert.rejects(part.finish(), refused);
  rmSync(file, { recursive: true });
  symlinkSync('/etc/passwd', file);
  await assert.rejects(part.finish(), refused);
  rmSync(file);
  writeFileSync(file, 'aaa');
  await assert.rejects(part.finish(), refused);
  writeFileSync(file, 'aaaa and more');
  writeFileSync(join(part.path, 'l'), 'mine');
  await assert.rejects(part.finish(), failsWith('FILE_CHANGED', 'x.part/l'));
  rmSync(join(part.path, 'l'));
  renameSync(part.path, join(directory, 'away'));
  mkdirSync(part.path);
  await assert.rejects(part.finish(), failsWith('FILE_CHANGED', 'x.part'));
  rmSync(part.path, { recursive: true });
  renameSync(join(directory, 'away'), part.path);
  await part.finish();
  assert.deepEqual(sorted(treeOf(join(directory, 'x'))), [
    ['d', '/'],
    ['d/a', '  aaaa'],
    ['l', '-> d'],
  ]);
});

test('times of the list and executable bits are set, also on files of an earlier try', async (t) => {
  const directory = temporaryDirectory(t);
  const list = FolderList.of([
    { ...entry('file', 'old', 1), seconds: 1_000_000_000 },
    entry('exec', 'run', 1),
    entry('exec', 'empty'),
  ]);
  const part = await createPart(join(directory, 'x'), new Layout(list));
  t.after(() => part.close());
  part.writeAt(0, Buffer.from('ab'));
  part.detach();
  chmodSync(join(part.path, 'run'), 0o640);
  utimesSync(join(part.path, 'old'), 5, 5);
  await part.finish();
  assert.equal(lstatSync(join(directory, 'x/old')).mtimeMs, 1e12);
  assert.equal(lstatSync(join(directory, 'x/run')).mode & 0o777, 0o750);
  assert.notEqual(lstatSync(join(directory, 'x/empty')).mode & 0o100, 0);
});

test('many files are flushed by one call, or one by one where that is missing, and published', async (t) => {
  const directory = temporaryDirectory(t);
  const { env } = process;
  const path = env['PATH'];
  t.after(() => {
    env['PATH'] = path;
  });
  for (const [name, programs] of [
    ['with', path],
    ['without', join(directory, 'nothing')],
  ] as const) {
    env['PATH'] = programs;
    const layout = new Layout(
      FolderList.of(Array.from({ length: 300 }, (_, at) => entry('file', `d${at % 7}/${at}`, 3))),
    );
    const part = await createPart(join(directory, name), layout);
    const bytes = bytesFor(layout);
    writeAll(part, bytes);
    await part.finish();
    await part.close();
    assert.deepEqual(sorted(treeOf(join(directory, name))), sorted(expectedOf(layout.folder as FolderList, bytes)));
  }
});

test('a flush of the file system that takes too long, fails or is missing is none', async (t) => {
  const directory = temporaryDirectory(t);
  const { env } = process;
  const path = env['PATH'] ?? '';
  const root = openSync(directory, 'r');
  t.after(() => {
    env['PATH'] = path;
    closeSync(root);
  });
  assert.equal(await flushFileSystem(root), true);
  const program = join(directory, 'sync');
  env['PATH'] = `${directory}:${path}`;
  writeFileSync(program, '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
  assert.equal(await flushFileSystem(root, 100), false);
  writeFileSync(program, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  assert.equal(await flushFileSystem(root), false);
  env['PATH'] = join(directory, 'nothing');
  assert.equal(await flushFileSystem(root), false);
});

test('descriptors are few, and none is left: after writing, failing, examining, closing', async (t) => {
  const directory = temporaryDirectory(t);
  const before = openDescriptors();
  const paths = Array.from({ length: 200 }, (_, at) => entry('file', `${'d/'.repeat(at % 50)}${at}`, 9));
  const layout = new Layout(FolderList.of(paths));
  const part = await createPart(join(directory, 'x'), layout);
  const bytes = bytesFor(layout);
  for (let at = 0; at < bytes.length; at += 5) {
    part.writeAt(at, bytes.subarray(at, at + 5));
    if (at % 100 === 0) assert.ok(openDescriptors() <= before + 11);
  }
  await part.close();
  const { diskBytes } = await examinePart(join(directory, 'x'), layout);
  assert.ok(diskBytes > 0);
  writeFileSync(join(directory, 'y.part'), '');
  await assert.rejects(openPart(join(directory, 'y'), layout));
  await assert.rejects(openSource(join(directory, 'none'), layout));
  const source = await openSource(join(directory, 'x.part'), layout);
  const read = new Uint8Array(bytes.length);
  assert.equal(source.readAt(0, [read]), bytes.length);
  assert.deepEqual(read, bytes);
  await source.close();
  assert.equal(openDescriptors(), before);
  assert.equal(folderLists.has(folderLists.numberOf(layout)), false);
});
