// One directory at a time of the folder that a .mtorrent describes.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { insideOf } from '../../../src/app/library/inside.js';
import { type FolderEntry, FolderList } from '../../../src/foundation/torrent/folder/folder-list.js';
import { type Metainfo, makeMetainfo } from '../../../src/foundation/torrent/metainfo.js';
import { writeMetainfo } from '../../../src/transfer/storage/metainfo-file.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const TRACKERS = [
  { host: '192.0.2.1', port: 7000 },
  { host: '192.0.2.2', port: 7000 },
] as const;

/** A folder of empty files at these paths. */
function folderOf(...paths: readonly string[]): Metainfo {
  const entries = paths.map(
    (path): FolderEntry => ({ kind: 'file', path, size: 0, target: '', digest: undefined, seconds: undefined }),
  );
  const folder = FolderList.of(entries);
  return makeMetainfo({ trackers: TRACKERS, name: 'tree', size: 0, digests: new Uint8Array(), folder });
}

test('files and directories of one place are named once, and only those that begin so', async (t) => {
  const path = join(temporaryDirectory(t), 'x.mtorrent');
  const metainfo = folderOf('README', 'docs/a b/x', 'docs/a b/y', 'docs/index', 'dog');
  await writeMetainfo(path, metainfo, { overwrite: false });
  const inside = async (directory: string, start: string, most = 100): Promise<readonly string[]> =>
    (await insideOf(path, directory, start, most)).map(({ name, isDirectory }) => name + (isDirectory ? '/' : ''));
  assert.deepEqual(await inside('', ''), ['README', 'docs/', 'dog']);
  assert.deepEqual(await inside('', 'do'), ['docs/', 'dog']);
  assert.deepEqual(await inside('docs/', ''), ['a b/', 'index']);
  assert.deepEqual(await inside('docs/a b/', 'x'), ['x']);
  assert.deepEqual(await inside('', '', 2), ['README', 'docs/'], 'no more than that');
  assert.deepEqual(await inside('nothing/', ''), []);
  const file = makeMetainfo({ trackers: TRACKERS, name: 'file', size: 0, digests: new Uint8Array() });
  await writeMetainfo(path, file, { overwrite: true });
  assert.deepEqual(await inside('', ''), [], 'a single file has nothing inside');
});
