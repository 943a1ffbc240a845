// A system call that fails while a folder is written, flushed or published: the target is whole or not there, the part
// keeps what it has, the error names where it happened, and the next try succeeds.

import assert from 'node:assert/strict';
import fs, { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { type FolderEntry, FolderList } from '../../../src/foundation/torrent/folder/folder-list.js';
import { Layout } from '../../../src/foundation/torrent/layout.js';
import { EntryError } from '../../../src/transfer/storage/disk/entry-error.js';
import { createPart, openPart } from '../../../src/transfer/storage/open-storage.js';
import type { Storage } from '../../../src/transfer/storage/storage.js';
import { failsWith } from '../../support/failures.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const entry = (kind: FolderEntry['kind'], path: string, size = 0, seconds?: number): FolderEntry => ({
  kind,
  path,
  size,
  target: kind === 'link' ? 'd/b' : '',
  digest: undefined,
  seconds,
});

const LAYOUT = new Layout(
  FolderList.of([
    entry('file', 'a', 5, 1_000_000_000),
    entry('exec', 'd/e/run', 5),
    entry('file', 'd/b', 5),
    entry('file', 'd/empty'),
    entry('dir', 'x/y'),
    entry('link', 'l'),
  ]),
);
const BYTES = Buffer.from('aaaaarrrrrbbbbb');
const SYNC = [
  'openSync',
  'writeSync',
  'mkdirSync',
  'lstatSync',
  'fstatSync',
  'futimesSync',
  'symlinkSync',
  'fsync',
] as const;
const LATER = ['rename', 'lstat'] as const;

/** Whether the next call of the system fails. */
interface Faults {
  calls: number;
  /** The call that fails, counted from 1; 0: none does. */
  failing: number;
  errno: string;
}

/** Lets one call of many fail, whichever function makes it. */
function faultsIn(t: TestContext): Faults {
  const faults: Faults = { calls: 0, failing: 0, errno: 'EIO' };
  const isFailing = (): boolean => {
    faults.calls += 1;
    return faults.calls === faults.failing;
  };
  const error = (): Error => Object.assign(new Error(faults.errno), { code: faults.errno });
  const table = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of SYNC) {
    const original = table[name] as (...args: unknown[]) => unknown;
    t.mock.method(table, name, (...args: unknown[]) => {
      if (!isFailing()) return original(...args);
      if (name !== 'fsync') throw error();
      return (args.at(-1) as (error: Error) => void)(error());
    });
  }
  const later = promises as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const name of LATER) {
    const original = later[name] as (...args: unknown[]) => Promise<unknown>;
    t.mock.method(later, name, async (...args: unknown[]) => {
      if (isFailing()) throw error();
      return original(...args);
    });
  }
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  return faults;
}

async function download(part: Storage): Promise<void> {
  for (let at = 0; at < BYTES.length; at += 4) part.writeAt(at, BYTES.subarray(at, at + 4));
  await part.flush();
  await part.finish();
}

function assertWhole(target: string): void {
  assert.equal(readFileSync(join(target, 'a'), 'latin1'), 'aaaaa');
  assert.equal(lstatSync(join(target, 'a')).mtimeMs, 1e12);
  assert.equal(readFileSync(join(target, 'd/e/run'), 'latin1'), 'rrrrr');
  assert.equal(readFileSync(join(target, 'd/b'), 'latin1'), 'bbbbb');
  assert.deepEqual(readdirSync(join(target, 'd')).sort(), ['b', 'e', 'empty']);
  assert.deepEqual(readdirSync(join(target, 'x/y')), []);
  assert.equal(readlinkSync(join(target, 'l')), 'd/b');
}

test('each system call failing once: nothing half has the name of the target, and the same part is completed afterwards', async (t) => {
  const directory = temporaryDirectory(t);
  const faults = faultsIn(t);
  const open = (): number => readdirSync('/proc/self/fd').length;
  const first = await createPart(join(directory, 'first'), LAYOUT);
  faults.calls = 0;
  await download(first);
  await first.close();
  assertWhole(join(directory, 'first'));
  const total = faults.calls;
  assert.ok(total > 30);
  const before = open();
  for (let failing = 1; failing <= total; failing += 1) {
    const target = join(directory, `${failing}`);
    const part = await createPart(target, LAYOUT);
    faults.errno = ['EIO', 'ENOSPC', 'EMFILE'][failing % 3] as string;
    faults.calls = 0;
    faults.failing = failing;
    const failure = await download(part).then(
      () => undefined,
      (error: unknown) => error,
    );
    faults.failing = 0;
    // Files that are flushed at once may take a call more or less.
    if (faults.calls < failing) assert.equal(failure, undefined);
    else assert.ok(failure instanceof MiniTorrentError || failure instanceof EntryError, `call ${failing}: ${failure}`);
    await part.close();
    assert.equal(open(), before, `call ${failing} leaks a descriptor`);
    if (existsSync(target)) {
      assertWhole(target);
      assert.equal(existsSync(`${target}.part`), false);
      continue;
    }
    const again = await openPart(target, LAYOUT);
    await download(again.storage);
    await again.storage.close();
    assertWhole(target);
    rmSync(target, { recursive: true });
  }
});

test('a failed flush names its file, and bytes that were not flushed are flushed by the next flush', async (t) => {
  const directory = temporaryDirectory(t);
  const faults = faultsIn(t);
  const part = await createPart(join(directory, 'x'), LAYOUT);
  part.writeAt(0, BYTES.subarray(0, 12));
  let flushed = 0;
  const { fsync } = fs;
  t.mock.method(fs, 'fsync', (...args: Parameters<typeof fsync>) => {
    flushed += 1;
    return fsync(...args);
  });
  faults.calls = 0;
  faults.failing = 1;
  faults.errno = 'ENOSPC';
  await assert.rejects(part.flush(), failsWith('DISK_FULL', 'x.part/'));
  faults.failing = 0;
  flushed = 0;
  await part.flush();
  assert.equal(flushed, 3 + 3, 'three files, two directories, the root');
  await part.flush();
  assert.equal(flushed, 7, 'nothing but the root');
  await part.close();
});

test('a target that appears in the instant of publishing is replaced only when it is an empty folder', async (t) => {
  const directory = temporaryDirectory(t);
  const { rename } = promises;
  let appears = (): void => undefined;
  t.mock.method(promises, 'rename', (from: string, to: string) => {
    appears();
    return rename(from, to);
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const target = join(directory, 'x');
  const part = await createPart(target, LAYOUT);
  for (const appear of [
    () => mkdirSync(join(target, 'mine'), { recursive: true }),
    () => fs.writeFileSync(target, 'mine'),
    () => fs.symlinkSync(directory, target),
  ]) {
    appears = appear;
    await assert.rejects(download(part), failsWith('ALREADY_EXISTS', target));
    assert.ok(existsSync(join(part.path, 'd/e/run')));
    rmSync(target, { recursive: true });
  }
  appears = () => mkdirSync(target);
  await download(part);
  await part.close();
  assertWhole(target);
});
