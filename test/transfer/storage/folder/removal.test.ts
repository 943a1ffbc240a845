// Deleting a folder takes what its list names and nothing else, whatever lies beside it or was put in its place.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { type FolderEntry, FolderList } from '../../../../src/foundation/torrent/folder/folder-list.js';
import { Layout } from '../../../../src/foundation/torrent/layout.js';
import { deleteFolder } from '../../../../src/transfer/storage/folder/removal.js';
import { deleteEmptyPart, deletePart, partBytesOf } from '../../../../src/transfer/storage/leftovers.js';
import { KEPT_NAMED_MAX } from '../../../../src/transfer/storage/limits.js';
import { failsWith } from '../../../support/failures.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const entry = (kind: FolderEntry['kind'], path: string, target = ''): FolderEntry => ({
  kind,
  path,
  size: kind === 'file' ? 4 : 0,
  target,
  digest: undefined,
  seconds: undefined,
});

const LIST = [
  entry('file', 'a'),
  entry('file', 'd/e/b'),
  entry('file', 'd/c'),
  entry('dir', 'empty/deep'),
  entry('link', 'd/l', '../a'),
];

function make(root: string, entries: readonly FolderEntry[]): void {
  mkdirSync(root, { recursive: true });
  for (const { kind, path, target } of entries) {
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    if (kind === 'dir') mkdirSync(full, { recursive: true });
    else if (kind === 'link') symlinkSync(target, full);
    else writeFileSync(full, 'data');
  }
}

function stage(t: TestContext) {
  const directory = temporaryDirectory(t);
  const root = join(directory, 'x');
  make(root, LIST);
  return { directory, root, list: FolderList.of(LIST) };
}

test('a folder with nothing but what its list names is gone', async (t) => {
  const { directory, root, list } = stage(t);
  assert.deepEqual(await deleteFolder(root, list), []);
  assert.deepEqual(readdirSync(directory), []);
  assert.deepEqual(await deleteFolder(root, list), []);
});

test('what the list does not name stays, with the directories above it, and is named', async (t) => {
  const { root, list } = stage(t);
  writeFileSync(join(root, 'd/e/mine'), '');
  mkdirSync(join(root, 'new/empty'), { recursive: true });
  symlinkSync('/', join(root, 'root'));
  assert.deepEqual([...(await deleteFolder(root, list))].sort(), [
    join(root, 'd/e/mine'),
    join(root, 'new/empty'),
    join(root, 'root'),
  ]);
  assert.deepEqual(readdirSync(root).sort(), ['d', 'new', 'root']);
  for (let at = 0; at < 20; at += 1) writeFileSync(join(root, `${at}`), '');
  assert.equal((await deleteFolder(root, list)).length, KEPT_NAMED_MAX);
});

test('what was put in the place of a file, a link or a directory stays, and nothing outside is touched', async (t) => {
  const { directory, root, list } = stage(t);
  const outside = join(directory, 'outside');
  make(outside, [entry('file', 'b'), entry('file', 'c')]);
  renameSync(join(root, 'd/e'), join(directory, 'e'));
  symlinkSync(outside, join(root, 'd/e'));
  renameSync(join(root, 'a'), join(directory, 'a'));
  mkdirSync(join(root, 'a'));
  renameSync(join(root, 'd/l'), join(directory, 'l'));
  writeFileSync(join(root, 'd/l'), 'mine');
  assert.deepEqual([...(await deleteFolder(root, list))].sort(), [
    join(root, 'a'),
    join(root, 'd/e'),
    join(root, 'd/l'),
  ]);
  assert.deepEqual(readdirSync(outside), ['b', 'c']);
  symlinkSync(root, join(directory, 'link'));
  assert.deepEqual(await deleteFolder(join(directory, 'link'), list), []);
  assert.ok(existsSync(join(root, 'd/l')));
});

test('a file of the year 1970 that has changed since it was right stays as well', async (t) => {
  const { root, list } = stage(t);
  utimesSync(join(root, 'a'), 0, 0);
  for (const at of [0, 1, 2]) list.stamp(at, lstatSync(join(root, list.pathOf(at)), { bigint: true }).mtimeNs);
  assert.equal(list.stampOf(0), 0n);
  appendFileSync(join(root, 'a'), '!');
  assert.deepEqual(await deleteFolder(root, list), [join(root, 'a')]);
});

test('a file that has changed since it was right stays, as does one that was left out', async (t) => {
  const { root, list } = stage(t);
  for (const at of [0, 1, 2]) list.stamp(at, lstatSync(join(root, list.pathOf(at)), { bigint: true }).mtimeNs);
  appendFileSync(join(root, 'a'), '!');
  list.leaveOut(2);
  assert.deepEqual([...(await deleteFolder(root, list))].sort(), [join(root, 'a'), join(root, 'd/c')]);
});

test('any list and any strangers: afterwards there is exactly what is not of the list', async (t) => {
  const directory = temporaryDirectory(t);
  const part = fc.constantFrom('a', 'b', 'c');
  const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  let round = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(path, { maxLength: 8 }),
      fc.array(fc.boolean(), { minLength: 8 }),
      async (paths, own) => {
        round += 1;
        const root = join(directory, `${round}`);
        // A file that others lie below cannot be.
        const files = paths.filter((each) => !paths.some((other) => other.startsWith(`${each}/`)));
        make(
          root,
          files.map((each) => entry('file', each)),
        );
        const [ours, strangers] = [
          files.filter((_, at) => own[at] === true),
          files.filter((_, at) => own[at] !== true),
        ];
        const kept = await deleteFolder(root, FolderList.of(ours.map((each) => entry('file', each))));
        assert.deepEqual([...kept].sort(), strangers.map((each) => join(root, each)).sort());
        assert.equal(existsSync(root), strangers.length > 0);
      },
    ),
    { numRuns: 50 },
  );
});

test('the part of a folder is counted and deleted by its list, and an empty one when nothing was written', async (t) => {
  const { directory, root, list } = stage(t);
  const layout = new Layout(list);
  renameSync(root, `${root}.part`);
  assert.ok(((await partBytesOf(root, layout)) ?? 0) >= 3 * 512);
  await deleteEmptyPart(root);
  assert.ok(existsSync(`${root}.part/d/e/b`));
  await assert.rejects(deletePart(root), failsWith('NOT_A_FILE', 'x.part'));
  assert.deepEqual(await deletePart(root, layout), []);
  assert.equal(await partBytesOf(root, layout), undefined);
  mkdirSync(`${root}.part`);
  await deleteEmptyPart(root);
  assert.deepEqual(readdirSync(directory), []);
});
