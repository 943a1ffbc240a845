// What the state directory of another client says that it has: shares with the times they were right at, downloads with
// what of them was flushed. Nothing there is changed, and nothing that is wrong there is an error.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { FolderStates } from '../../../src/client/disk-jobs/folder-states.js';
import { LocalHashing } from '../../../src/client/disk-jobs/local-hashing.js';
import { hashShare } from '../../../src/client/disk-jobs/share.js';
import { UNFINISHED } from '../../../src/client/files/completeness.js';
import type { Entry } from '../../../src/client/files/record.js';
import { AS_IT_IS } from '../../../src/client/messages.js';
import type { KnownShare } from '../../../src/client/reuse/known-shares.js';
import { sharesOfLibrary } from '../../../src/client/reuse/other-library.js';
import { openStateDirectory, type StatePaths, saveLibrary } from '../../../src/client/state/library.js';
import { silentLog } from '../../../src/foundation/base/log.js';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import type { Metainfo } from '../../../src/foundation/torrent/metainfo.js';
import { writeMetainfo } from '../../../src/transfer/storage/metainfo-file.js';
import { saveResume } from '../../../src/transfer/storage/part/resume.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { entryOf } from '../stage.js';

interface Stage {
  readonly directory: string;
  readonly paths: StatePaths;
  readonly share: (path: string) => Promise<{ readonly entry: Entry; readonly metainfo: Metainfo }>;
  readonly found: () => Promise<readonly KnownShare[]>;
}

async function stage(t: TestContext): Promise<Stage> {
  const directory = temporaryDirectory(t);
  const hashing = new LocalHashing(1, silentLog);
  t.after(() => hashing.close());
  const paths = await openStateDirectory(join(directory, 'state'));
  const folders = new FolderStates(hashing, paths, () => false);
  const { trackers } = entryOf('x');
  return {
    directory,
    paths,
    share: async (path) => {
      const mtorrentPath = `${path}.mtorrent`;
      const hashed = await hashShare({ ...AS_IT_IS, path, mtorrentPath, trackers }, hashing, () => undefined);
      const { metainfo } = hashed;
      await writeMetainfo(paths.copyOf(metainfo.swarm), metainfo, { overwrite: true });
      return { entry: await folders.shared(hashed.entry, metainfo, metainfo), metainfo };
    },
    found: async () => {
      const shares: KnownShare[] = [];
      for await (const share of sharesOfLibrary(paths.directory, silentLog)) shares.push(share);
      return shares;
    },
  };
}

/** Every file below with its bytes and time. */
function everythingIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile())
    .map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return `${path} ${statSync(path).mtimeMs} ${readFileSync(path).toString('base64')}`;
    })
    .sort();
}

const pieces = (share: KnownShare | undefined, count: number): readonly boolean[] =>
  Array.from({ length: count }, (_, piece) => share?.has(piece) === true);

test('complete shares come with their times, the newest first, and nothing in the directory is changed', async (t) => {
  const { directory, paths, share, found } = await stage(t);
  writeFileSync(join(directory, 'a.bin'), Buffer.alloc(600_000, 'a'));
  mkdirSync(join(directory, 'tree/sub'), { recursive: true });
  writeFileSync(join(directory, 'tree/sub/b'), 'bb');
  const [file, folder] = [await share(join(directory, 'a.bin')), await share(join(directory, 'tree'))];
  await saveLibrary(paths.library, [file.entry, folder.entry]);
  const before = everythingIn(directory);
  const [newest, oldest, ...more] = await found();
  assert.deepEqual(everythingIn(directory), before);
  assert.equal(more.length, 0);
  assert.deepEqual([newest?.name, newest?.path, pieces(newest, 1)], ['tree', join(directory, 'tree'), [true]]);
  const list = newest?.layout.folder;
  assert.equal(list?.stampOf(0), statSync(join(directory, 'tree/sub/b'), { bigint: true }).mtimeNs);
  assert.deepEqual([oldest?.name, oldest?.path, pieces(oldest, 2)], ['a.bin', join(directory, 'a.bin'), [true, true]]);
  assert.equal(oldest?.mtimeMs, statSync(join(directory, 'a.bin')).mtimeMs);
});

test('of an unfinished download only what was flushed counts, and it lies in its .part', async (t) => {
  const { directory, paths, share, found } = await stage(t);
  writeFileSync(join(directory, 'a.bin'), Buffer.alloc(1_600_000, 'a'));
  const { entry, metainfo } = await share(join(directory, 'a.bin'));
  const { pieceCount } = metainfo.geometry;
  const [have, synced] = [new Bitfield(pieceCount), new Bitfield(pieceCount)];
  for (const piece of [0, 1, 3]) have.set(piece);
  synced.set(1);
  const download: Entry = { ...entry, completeness: UNFINISHED };
  await saveLibrary(paths.library, [download]);
  const left = { inode: 1, clean: null };
  const record = { swarm: entry.swarm, size: entry.size, have, synced, left };
  await saveResume(paths.resumeOf(download), record, { durable: false });
  const [share1] = await found();
  assert.deepEqual([share1?.path, pieces(share1, 4)], [join(directory, 'a.bin.part'), [false, true, false, false]]);
  assert.ok(Number.isNaN(share1?.mtimeMs));
  rmSync(paths.resumeOf(download));
  assert.deepEqual(pieces((await found())[0], 4), [false, false, false, false], 'without its record it has nothing');
});

test('a missing directory, a damaged library, and a share that nothing describes are no sources', async (t) => {
  const { directory, paths, share, found } = await stage(t);
  assert.deepEqual(await found(), [], 'no library yet');
  writeFileSync(join(directory, 'a.bin'), 'a');
  writeFileSync(join(directory, 'b.bin'), 'b');
  const [a, b] = [await share(join(directory, 'a.bin')), await share(join(directory, 'b.bin'))];
  await saveLibrary(paths.library, [a.entry, b.entry]);
  writeFileSync(paths.copyOf(a.entry.swarm), readFileSync(paths.copyOf(b.entry.swarm)));
  assert.deepEqual(
    (await found()).map(({ name }) => name),
    ['b.bin'],
    'the copy of a.bin is of another swarm',
  );
  writeFileSync(paths.library, '{"version":1,"files":[{}]}');
  assert.deepEqual(await found(), []);
  rmSync(paths.directory, { recursive: true });
  assert.deepEqual(await found(), []);
});
