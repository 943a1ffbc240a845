// A file of a new download that begins as a clone: it is one or it is the hole that it was, whatever the file system
// says and whatever the source has become; it never keeps the source's permissions or size.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { FolderList } from '../../../../src/foundation/torrent/folder/folder-list.js';
import { Layout } from '../../../../src/foundation/torrent/layout.js';
import type { CloneCall, CloneResult } from '../../../../src/transfer/storage/disk/clone.js';
import { createPart } from '../../../../src/transfer/storage/open-storage.js';
import type { ReuseSource } from '../../../../src/transfer/storage/reuse/plan.js';
import type { Storage } from '../../../../src/transfer/storage/storage.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

/** As the system's, on a file system that cannot: it copies, and also the permissions. */
const copies: CloneCall = async (from, to) => copyFileSync(from, to);
const refuses =
  (code: string): CloneCall =>
  (_from, to) => {
    // The system's call has emptied its target by then.
    truncateSync(to, 0);
    return Promise.reject(Object.assign(new Error(code), { code }));
  };

interface Stage {
  readonly part: Storage;
  readonly source: ReuseSource;
  readonly clone: (call?: CloneCall, source?: Partial<ReuseSource>) => Promise<CloneResult>;
  readonly bytes: () => Buffer;
  readonly mode: () => number;
}

async function stageClone(t: TestContext, size: number, old: string | Buffer, mode = 0o644): Promise<Stage> {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'old');
  writeFileSync(path, old);
  chmodSync(path, mode);
  const part = await createPart(join(directory, 'new'), new Layout(size));
  t.after(() => part.close());
  chmodSync(part.path, 0o644);
  const source = { path, size: old.length, mtimeMs: statSync(path).mtimeMs, group: 0 };
  return {
    part,
    source,
    clone: (call = copies, other = {}) => part.cloneFrom(0, { ...source, ...other }, call),
    bytes: () => readFileSync(part.path),
    mode: () => statSync(part.path).mode & 0o7777,
  };
}

test('a clone has the size of its download, whatever the size of its source', async (t) => {
  const longer = await stageClone(t, 5, 'longer than it');
  assert.deepEqual(await longer.clone(), { kind: 'cloned', bytes: 5 });
  assert.equal(longer.bytes().toString(), 'longe');
  const shorter = await stageClone(t, 8, 'short');
  assert.deepEqual(await shorter.clone(), { kind: 'cloned', bytes: 5 });
  assert.equal(shorter.bytes().toString(), 'short\0\0\0');
});

test('where the file system cannot, the part is the hole that it was', async (t) => {
  for (const [code, kind] of [
    ['ENOTSUP', 'cannot'],
    ['EOPNOTSUPP', 'cannot'],
    ['EINVAL', 'cannot'],
    ['ENOTTY', 'cannot'],
    ['EAGAIN', 'cannot'],
    ['ENOSPC', 'cannot'],
    ['EXDEV', 'passed'],
  ] as const) {
    const { clone, bytes, mode } = await stageClone(t, 6, 'old one');
    assert.deepEqual(await clone(refuses(code)), { kind, why: code });
    assert.deepEqual([bytes().toString('hex'), mode()], ['000000000000', 0o644]);
  }
});

test('what the system says of a disk that cannot clone is not an error, and of one that can it is a clone', async (t) => {
  const { part, source, bytes } = await stageClone(t, 7, 'old one');
  const result = await part.cloneFrom(0, source);
  assert.equal(bytes().toString(), result.kind === 'cloned' ? 'old one' : '\0'.repeat(7));
});

test('a source that has changed, is a link, a pipe, a folder or gone is not cloned', async (t) => {
  const { part, source, clone, bytes } = await stageClone(t, 7, 'old one');
  assert.equal((await clone(copies, { mtimeMs: source.mtimeMs - 1 })).kind, 'passed');
  assert.equal((await clone(copies, { size: 8 })).kind, 'passed');
  symlinkSync(source.path, `${source.path}.link`);
  execFileSync('mkfifo', [`${source.path}.pipe`]);
  for (const path of ['.link', '.pipe', '/..', '.gone'].map((name) => source.path + name))
    assert.equal((await clone(copies, { path, mtimeMs: Number.NaN })).kind, 'passed', path);
  assert.equal((await clone(copies, { path: part.path, mtimeMs: Number.NaN })).kind, 'passed', 'of itself');
  assert.equal(bytes().toString(), '\0'.repeat(7));
  assert.equal((await clone(copies, { size: 9, mtimeMs: Number.NaN })).kind, 'cloned', 'it may be written to');
});

test('a clone never has the permissions of its source, nor has it wider ones for a moment', async (t) => {
  const narrow = await stageClone(t, 3, 'old', 0o600);
  assert.equal((await narrow.clone()).kind, 'cloned');
  assert.equal(narrow.mode(), 0o644);
  for (const mode of [0o666, 0o755, 0o4644, 0o444]) {
    const { clone, mode: ownMode, bytes } = await stageClone(t, 3, 'old', mode);
    const neverCalled: CloneCall = () => assert.fail('it is not even tried');
    assert.equal((await clone(neverCalled)).kind, 'passed');
    assert.deepEqual([bytes().toString(), ownMode()], ['\0\0\0', 0o644]);
  }
});

test('a file of a folder is made, has its size, and is flushed with the others', async (t) => {
  const directory = temporaryDirectory(t);
  const entry = { kind: 'file', target: '', digest: undefined, seconds: undefined } as const;
  const list = FolderList.of([
    { ...entry, path: 'deep/large', size: 9 },
    { ...entry, path: 'other', size: 3 },
  ]);
  const part = await createPart(join(directory, 'new'), new Layout(list));
  t.after(() => part.close());
  writeFileSync(join(directory, 'old'), 'what was');
  const source = { path: join(directory, 'old'), size: 8, mtimeMs: Number.NaN, group: 0 };
  assert.equal(await part.diskBytesOf(0), 0);
  assert.deepEqual(await part.cloneFrom(0, source, copies), { kind: 'cloned', bytes: 8 });
  assert.equal(readFileSync(join(part.path, 'deep/large'), 'utf8'), 'what was\0');
  assert.equal(await part.diskBytesOf(0), statSync(join(part.path, 'deep/large')).blocks * 512);
  assert.deepEqual([...list.takeWritten()], [0]);
});
