// What of a complete folder is believed, what is hashed, and what counts as changed: on real files, by real threads.

import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { deleteContent } from '../../src/client/disk-jobs/content-removal.js';
import { FolderStates } from '../../src/client/disk-jobs/folder-states.js';
import { LocalHashing } from '../../src/client/disk-jobs/local-hashing.js';
import { hashShare } from '../../src/client/disk-jobs/share.js';
import type { Entry } from '../../src/client/files/record.js';
import { AS_IT_IS } from '../../src/client/messages.js';
import { openStateDirectory } from '../../src/client/state/library.js';
import { silentLog } from '../../src/foundation/base/log.js';
import { Bitfield } from '../../src/foundation/torrent/bitfield.js';
import { FolderList } from '../../src/foundation/torrent/folder/folder-list.js';
import { Layout } from '../../src/foundation/torrent/layout.js';
import type { Metainfo } from '../../src/foundation/torrent/metainfo.js';
import { failsWith } from '../support/failures.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { entryOf } from './stage.js';

interface Stage {
  readonly root: string;
  readonly states: FolderStates;
  readonly entry: Entry;
  readonly metainfo: Metainfo;
  /** As a client that starts anew knows it: without stamps and marks. */
  readonly fresh: () => Metainfo;
  readonly put: (path: string, bytes: string | Uint8Array) => void;
}

async function stage(t: TestContext): Promise<Stage> {
  const directory = temporaryDirectory(t);
  const root = join(directory, 'tree');
  const put = (path: string, bytes: string | Uint8Array): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  };
  put('a.txt', 'a');
  put('sub/b.txt', 'bb');
  put('sub/empty', '');
  put('large.bin', randomFillSync(new Uint8Array(4_300_000)));
  symlinkSync('a.txt', join(root, 'link'));
  const hashing = new LocalHashing(1, silentLog);
  t.after(() => hashing.close());
  const paths = await openStateDirectory(join(directory, 'state'));
  const states = new FolderStates(hashing, paths, () => true);
  const { trackers } = entryOf('x');
  const order = { ...AS_IT_IS, path: root, mtorrentPath: join(directory, 'tree.mtorrent'), trackers };
  const { entry: hashed, metainfo } = await hashShare(order, hashing, () => undefined);
  const list = metainfo.layout.folder as FolderList;
  const entries = Array.from({ length: list.count }, (_, index) => list.entryOf(index));
  const fresh = (): Metainfo => ({ ...metainfo, layout: new Layout(FolderList.of(entries)) });
  return { root, states, entry: await states.shared(hashed, metainfo, metainfo), metainfo, fresh, put };
}

function changedIn({ layout }: Metainfo): readonly string[] {
  const list = layout.folder as FolderList;
  return Array.from({ length: list.count }, (_, index) => index)
    .filter((index) => list.hasChanged(index))
    .map((index) => list.pathOf(index));
}

test('after a restart stamps are believed, and what differs from them is not shared', async (t) => {
  const { root, states, entry, metainfo, fresh, put } = await stage(t);
  const { pieceCount } = metainfo.geometry;
  const asLeft = fresh();
  assert.equal((await states.check(entry, asLeft)).have, pieceCount);
  put('sub/b.txt', 'BB');
  rmSync(join(root, 'sub/empty'));
  const changed = fresh();
  // The first piece holds all small files.
  assert.equal((await states.check(entry, changed)).have, pieceCount - 1);
  assert.deepEqual(changedIn(changed), ['sub/b.txt', 'sub/empty']);
});

test('without its stamps, or with others, every file is hashed and its stamp recorded', async (t) => {
  const { root, states, entry, metainfo, fresh } = await stage(t);
  utimesSync(join(root, 'a.txt'), 5, 5);
  const other = { ...entry, completeness: { kind: 'complete', mtimeMs: 1 } } as const;
  const hashed = fresh();
  const found = await states.check(other, hashed);
  assert.equal(found.have, metainfo.geometry.pieceCount);
  const recorded = { ...entry, completeness: { kind: 'complete', mtimeMs: found.mtimeMs } } as const;
  const again = fresh();
  await states.check(recorded, again);
  assert.deepEqual(changedIn(again), []);
  assert.equal(again.layout.folder?.stampOf(0), 5_000_000_000n);
});

test('looks find a changed file in turn; one that is the same twice is hashed, and shared again when it is right', async (t) => {
  const { root, states, entry, metainfo, put } = await stage(t);
  const { pieceCount } = metainfo.geometry;
  const bytes = readFileSync(join(root, 'a.txt'));
  const look = () => states.look(1, entry, metainfo, 2);
  assert.deepEqual(await look(), {
    have: pieceCount,
    changed: 0,
    names: [],
    mtimeMs: (entry.completeness as { mtimeMs: number }).mtimeMs,
  });
  put('a.txt', 'b');
  for (let at = 0; at < 3; at += 1) await look();
  const wrong = await look();
  assert.deepEqual([wrong.have, wrong.changed, wrong.names], [pieceCount - 1, 1, ['a.txt']]);
  renameSync(join(root, 'a.txt'), join(root, 'aside'));
  await look();
  put('a.txt', bytes);
  await look();
  const right = await look();
  assert.deepEqual([right.have, right.changed], [pieceCount, 0]);
  assert.notEqual(right.mtimeMs, (entry.completeness as { mtimeMs: number }).mtimeMs);
  rmSync(root, { recursive: true });
  await assert.rejects(look(), failsWith('FILE_NOT_FOUND', root));
});

test('a get believes what lies at its target when every file is right, and names the files that are not', async (t) => {
  const { root, states, entry, metainfo, fresh } = await stage(t);
  assert.equal((await states.wholeAt(entry, fresh())).have, metainfo.geometry.pieceCount);
  const taken = (...parts: readonly string[]): Promise<void> =>
    assert.rejects(states.wholeAt(entry, fresh()), failsWith('ALREADY_EXISTS', root, ...parts));
  // Every piece of it is right, but not its end.
  appendFileSync(join(root, 'large.bin'), 'more');
  await taken(
    '1 of its 4 files is not right: large.bin (4300004 bytes instead of 4300000);',
    `mv ${root} ${root}.part`,
  );
  // No piece proves a.txt any more, which shares its only one.
  rmSync(join(root, 'sub'), { recursive: true });
  mkdirSync(join(root, 'sub'));
  symlinkSync('elsewhere', join(root, 'sub/b.txt'));
  const both = 'sub/b.txt (is no file), sub/empty (missing), large.bin (4300004 bytes instead of 4300000)';
  await taken(`3 of its 4 files are not right: ${both}; to keep the others and fetch these in place of what is there`);
  mkdirSync(`${root}.part`);
  await taken(`move that folder away: ${root}.part is continued then`);
  rmSync(root, { recursive: true });
  writeFileSync(root, 'a file');
  await assert.rejects(states.wholeAt(entry, fresh()), failsWith('ALREADY_EXISTS', 'is another file'));
});

test('what was shared is deleted by its list: other files, and those that have changed, stay and are named', async (t) => {
  const { root, entry, metainfo, put } = await stage(t);
  put('sub/mine.txt', 'not of the share');
  put('a.txt', 'changed');
  assert.match((await deleteContent(entry, metainfo.layout, () => undefined)) ?? '', /stays: .*a\.txt/);
  assert.deepEqual(readFileSync(join(root, 'sub/mine.txt'), 'utf8'), 'not of the share');
  rmSync(join(root, 'sub/mine.txt'));
  rmSync(join(root, 'a.txt'));
  assert.equal(await deleteContent(entry, metainfo.layout, () => undefined), undefined);
  assert.throws(() => readFileSync(root), { code: 'ENOENT' });
});

test('files of pieces that a verification found wrong are not shared any more', async (t) => {
  const { root, states, entry, metainfo } = await stage(t);
  const list = metainfo.layout.folder as FolderList;
  const bad = new Bitfield(metainfo.geometry.pieceCount);
  bad.set(bad.pieceCount - 1);
  states.rotted(metainfo, bad);
  assert.deepEqual(changedIn(metainfo), ['large.bin']);
  assert.ok(list.count > 4 && root !== '');
  const seen = await states.look(1, entry, metainfo, 1);
  assert.deepEqual([seen.changed, seen.names], [1, ['large.bin']]);
});
