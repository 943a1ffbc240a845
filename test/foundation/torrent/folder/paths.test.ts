// Which paths may become files below a folder, where links may point, and which paths some file systems cannot hold or
// keep apart.

import assert from 'node:assert/strict';
import { posix } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { FolderList } from '../../../../src/foundation/torrent/folder/folder-list.js';
import {
  collidingEntries,
  collidingFolders,
  conflictIn,
  hardFaultOf,
  softFaultOf,
  targetFaultOf,
} from '../../../../src/foundation/torrent/folder/paths.js';

test('a path may not lead out of its folder, deceive the eye, or be longer than systems take', () => {
  const UNSAFE: readonly (readonly [path: string, says: string])[] = [
    ['', 'empty'],
    ['/etc/passwd', 'absolute'],
    ['..', '..'],
    ['a/../b', '..'],
    ['a/..', '..'],
    ['.', '"."'],
    ['a/./b', '"."'],
    ['./a', '"."'],
    ['a//b', 'empty part'],
    ['a/', 'empty part'],
    ['a\0b', 'control'],
    ['a\nb', 'control'],
    ['a\u009bb', 'control'],
    ['a\\b', 'Windows'],
    ['C:\\x', 'Windows'],
    ['a\u202egpj.exe', 'direction'],
    ['a\u2028b', 'line-breaking'],
    ['a\ud800b', 'surrogate'],
    ['x'.repeat(256), 'longer than 255'],
    [`${'ü'.repeat(128)}/a`, 'longer than 255'],
    [Array.from({ length: 65 }, () => 'a').join('/'), 'more than 64 parts'],
    [Array.from({ length: 6 }, () => 'a'.repeat(200)).join('/'), 'longer than 1024'],
  ];
  for (const [path, says] of UNSAFE) assert.ok(hardFaultOf(path)?.includes(says), `${path}: ${hardFaultOf(path)}`);
  const SAFE = ['a', '.keep', '..a', 'a../b..', 'a b', '-rf', 'x@y', 'a -> b', '~', 'aux.c', 'e\u0301', '👩‍💻', 'a:b'];
  const LONG = [
    'x'.repeat(255),
    Array.from({ length: 64 }, () => 'aa').join('/'),
    `${'x'.repeat(255)}/`.repeat(4).slice(0, -1),
  ];
  for (const path of [...SAFE, ...LONG]) assert.equal(hardFaultOf(path), undefined, path);
});

test('a path that passes stays below its folder, whatever it is', () => {
  const part = fc.oneof(fc.constantFrom('..', '.', '', 'a', '...', '\0', '\\', ' '), fc.string({ maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const path = parts.join('/');
      if (hardFaultOf(path) !== undefined) return;
      assert.equal(posix.normalize(path), path);
      assert.equal(posix.join('/root', path), `/root/${path}`);
    }),
  );
});

test('a link points into the folder, by its text alone', () => {
  const FINE = [
    ['x', 'l'],
    ['./x/', 'l'],
    ['../x', 'a/l'],
    ['../../x y/z', 'a/b/l'],
    ['..', 'a/l'],
    ['.', 'l'],
  ] as const;
  for (const [target, path] of FINE) assert.equal(targetFaultOf(target, path), undefined, `${path} -> ${target}`);
  const OUT = [
    ['/etc/passwd', 'l'],
    ['..', 'l'],
    ['../..', 'a/l'],
    ['../x/../../y', 'a/b/l'],
    ['x/..', 'l'],
    ['a/../../x', 'l'],
    ['./../x', 'l'],
    ['', 'l'],
    ['a\0b', 'l'],
    ['a\\b', 'l'],
    [`${'x'.repeat(250)}/`.repeat(5), 'l'],
  ] as const;
  for (const [target, path] of OUT) assert.notEqual(targetFaultOf(target, path), undefined, `${path} -> ${target}`);
});

/** A list of files; of pads where a path is ''. */
function listOf(paths: readonly string[]): FolderList {
  const rest = { size: 0, target: '', digest: undefined, seconds: undefined };
  return FolderList.of(paths.map((path) => ({ ...rest, kind: path === '' ? 'pad' : 'file', path })));
}

test('no path comes twice, and nothing lies below what is no folder', () => {
  const CONFLICTS: readonly (readonly [paths: readonly string[], index: number])[] = [
    [['a', 'b', 'a'], 2],
    [['a', 'a/b'], 1],
    [['a/b/c', 'x', 'a'], 2],
    // What sorts between a path and what lies below it hides nothing.
    [['a', 'a b', 'a!/x', 'a-b', 'a.txt', 'a/b'], 5],
    [['a/b', '', '', 'a/b/c/d'], 3],
  ];
  for (const [paths, index] of CONFLICTS) assert.equal(conflictIn(listOf(paths))?.index, index, paths.join());
  assert.equal(conflictIn(listOf(['a/b', 'a/c', 'ab', '', '', 'a.b', 'a/b.c', 'A'])), undefined);
});

test('conflicts are found as a look at each pair finds them', () => {
  const path = fc
    .array(fc.constantFrom('a', 'b', 'a.', '-'), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join('/'));
  fc.assert(
    fc.property(fc.array(path, { maxLength: 8 }), (paths) => {
      const isBad = paths.some((one, at) =>
        paths.some((two, other) => at !== other && `${two}/`.startsWith(`${one}/`)),
      );
      assert.equal(conflictIn(listOf(paths)) !== undefined, isBad);
    }),
  );
});

test('what some file systems cannot hold is told and not refused', () => {
  const SOFT = [
    'aux.c',
    'drivers/aux/x',
    'COM1',
    'a:b',
    'a*',
    'a?',
    '"',
    '<a',
    'a>',
    'a|b',
    'a.',
    'a./b',
    'a ',
    'e\u0301',
    'lpt3.tar.gz',
  ];
  for (const path of SOFT) {
    assert.equal(hardFaultOf(path), undefined, path);
    assert.notEqual(softFaultOf(path), undefined, path);
  }
  for (const path of ['a', '.keep', 'auxiliary.c', 'com10', 'é', 'a b/c d', 'console/x']) {
    assert.equal(softFaultOf(path), undefined, path);
  }
});

test('folders that are one where case or normal form does not count are found with an entry of each spelling', () => {
  const list = listOf([
    'Dir/a',
    'dir/b',
    'DIR/c/d',
    'dir/C/e',
    'x/é/1',
    'x/e\u0301/2',
    'alone/Sub/a',
    'alone/sub',
    'y/a',
  ]);
  const found = collidingFolders(list, () => true).map((spellings) => Object.fromEntries(spellings));
  assert.deepEqual(found, [
    { Dir: 0, dir: 1, DIR: 2 },
    { 'DIR/c': 2, 'dir/C': 3 },
    { 'x/é': 4, 'x/e\u0301': 5 },
  ]);
  assert.deepEqual(
    collidingFolders(list, (entry) => entry > 0 && entry < 3).map(({ size }) => size),
    [2],
  );
});

test('names that are one where case or normal form does not count are found together', () => {
  const list = listOf(['README', 'a/x', 'A/x', 'é', 'e\u0301', 'readme', 'b', 'B/c', 'alone', 'ﬁ', 'FI', '']);
  const groups = collidingEntries(list).toSorted(([a = 0], [b = 0]) => a - b);
  assert.deepEqual(groups, [
    [0, 5],
    [1, 2],
    [3, 4],
    [6, 7],
    [9, 10],
  ]);
});
