// What a folder has beside the bytes of its files is made where it is missing, and never in place of anything.

import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { choose } from '../../../../src/foundation/torrent/folder/choice.js';
import { type FolderEntry, FolderList } from '../../../../src/foundation/torrent/folder/folder-list.js';
import { completeFolder } from '../../../../src/transfer/storage/folder/completion.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const entry = (kind: FolderEntry['kind'], path: string, size = 0, target = ''): FolderEntry => {
  return { kind, path, size, target, digest: undefined, seconds: undefined };
};

const ENTRIES = [
  entry('exec', 'bin/run', 3),
  entry('file', 'docs/a', 3),
  entry('dir', 'cache/empty'),
  entry('dir', 'nothing'),
  entry('link', 'docs/link', 0, 'a'),
  entry('link', 'links/deep/link', 0, '../../docs/a'),
];

test('folders, links and the right to execute are made where they are missing', async (t) => {
  const root = await temporaryDirectory(t);
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'docs'));
  writeFileSync(join(root, 'bin/run'), 'run', { mode: 0o644 });
  writeFileSync(join(root, 'docs/a'), 'abc');
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(await completeFolder(root, FolderList.of(ENTRIES)), []);
    assert.equal(statSync(join(root, 'bin/run')).mode & 0o777, 0o755);
    for (const made of ['cache/empty', 'nothing']) assert.ok(lstatSync(join(root, made)).isDirectory());
    assert.equal(readlinkSync(join(root, 'docs/link')), 'a');
    assert.equal(readlinkSync(join(root, 'links/deep/link')), '../../docs/a');
  }
  // What was not chosen is not made.
  const list = FolderList.of(ENTRIES);
  choose(list, { except: ['links/'] });
  rmSync(join(root, 'links'), { recursive: true });
  await completeFolder(root, list);
  assert.deepEqual(readdirSync(root).sort(), ['bin', 'cache', 'docs', 'nothing']);
});

test('what lies in the place of a folder or a link is named and stays, and nothing is made beside it', async (t) => {
  const root = await temporaryDirectory(t);
  const outside = join(root, 'outside');
  mkdirSync(join(root, 'folder/bin'), { recursive: true });
  mkdirSync(join(root, 'folder/cache'));
  mkdirSync(outside);
  writeFileSync(join(root, 'folder/cache/empty'), 'a file');
  writeFileSync(join(root, 'folder/bin/run'), 'run');
  chmodSync(join(root, 'folder/bin/run'), 0o755);
  symlinkSync(outside, join(root, 'folder/docs'));
  symlinkSync('a', join(outside, 'link'));
  symlinkSync('elsewhere', join(root, 'folder/links'));
  const list = FolderList.of(ENTRIES);
  const misfits = await completeFolder(join(root, 'folder'), list);
  assert.deepEqual(
    misfits.map(({ entry: at, what }) => `${list.pathOf(at)} ${what}`),
    [
      'cache/empty is no folder',
      'docs/link lies below what is no folder',
      'links/deep/link lies below what is no folder',
    ],
  );
  assert.deepEqual(readdirSync(outside), ['link']);
  assert.deepEqual(readdirSync(join(root, 'folder')).sort(), ['bin', 'cache', 'docs', 'links']);
  assert.equal(readlinkSync(join(root, 'folder/links')), 'elsewhere');
});
