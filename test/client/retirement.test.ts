// What a look at a download finds before it may be deleted, and what is deleted: on real files.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { FolderStates } from '../../src/client/disk-jobs/folder-states.js';
import { LocalHashing } from '../../src/client/disk-jobs/local-hashing.js';
import { OpenFiles } from '../../src/client/disk-jobs/open-files.js';
import { OwnCopies } from '../../src/client/disk-jobs/own-copies.js';
import { Rehash } from '../../src/client/disk-jobs/rehash.js';
import { fetchedNow, Retirement } from '../../src/client/disk-jobs/retirement.js';
import { hashShare } from '../../src/client/disk-jobs/share.js';
import { complete } from '../../src/client/files/completeness.js';
import type { Entry } from '../../src/client/files/record.js';
import { AS_IT_IS } from '../../src/client/messages.js';
import { openStateDirectory } from '../../src/client/state/library.js';
import type { ClientThreads } from '../../src/client/threads/threads.js';
import { silentLog } from '../../src/foundation/base/log.js';
import { openElsewhere } from '../../src/transfer/storage/disk/open-elsewhere.js';
import { readMetainfo } from '../../src/transfer/storage/metainfo-file.js';
import { eventually } from '../support/e2e-stage.js';
import { lacksPlace } from '../support/needs.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { entryOf } from './stage.js';

interface Stage {
  readonly directory: string;
  /** What was done, in its order. */
  readonly done: string[];
  readonly hashing: LocalHashing;
  readonly folders: FolderStates;
  readonly copies: OwnCopies;
  readonly hold: (entry: Entry) => Promise<string | undefined>;
  /** A sentence about what stays. */
  readonly retire: (entry: Entry) => Promise<string | undefined>;
}

async function stage(t: TestContext): Promise<Stage> {
  const directory = temporaryDirectory(t);
  const paths = await openStateDirectory(join(directory, 'state'));
  const hashing = new LocalHashing(1, silentLog);
  t.after(() => hashing.close());
  const files = new OpenFiles({} as ClientThreads, () => 6881, paths.copyOf);
  const copies = new OwnCopies({ paths, read: readMetainfo, log: silentLog });
  const folders = new FolderStates(hashing, paths, () => true);
  const rehash = new Rehash({ hashing, files, paths, copies, folders });
  const done: string[] = [];
  const recorded = async (): Promise<void> => void done.push('recorded');
  const retirement = new Retirement({ paths, files, copies, folders, rehash, log: silentLog, recorded });
  return {
    directory,
    done,
    hashing,
    folders,
    copies,
    hold: async (entry) => {
      const rules = { days: 0, versions: 1, budget: 0 };
      const downloads = [{ file: 1, entry }];
      const seen = await retirement.look({ kind: 'lookAtFetched', ask: 1, rules, isTrial: true, downloads });
      return seen.kind === 'fetchedSeen' ? seen.seen[0]?.hold : assert.fail(seen.kind);
    },
    retire: async (entry) => {
      const ended = await retirement.retire({ kind: 'retire', file: 1, entry, beside: [] });
      return ended?.kind === 'retired' ? ended.kept : assert.fail(ended?.kind);
    },
  };
}

/** A file that was downloaded to this path. */
async function downloaded(path: string): Promise<Entry> {
  writeFileSync(path, 'content');
  const { size, mtimeMs } = statSync(path);
  return entryOf('a.bin', null, { path, size, completeness: complete(mtimeMs, await fetchedNow(path)) });
}

/** It has the file open until the test ends. */
async function reader(t: TestContext, path: string): Promise<ChildProcess> {
  const child = spawn('sh', ['-c', 'exec 3< "$1"; echo; exec sleep 300', 'sh', path], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

test('a download that is as it was is deleted, after that is recorded; once more does nothing', async (t) => {
  const { directory, hold, retire, done } = await stage(t);
  const entry = await downloaded(join(directory, 'a.bin'));
  assert.equal(await hold(entry), undefined);
  assert.equal(await retire(entry), undefined);
  assert.deepEqual([existsSync(entry.path), done], [false, ['recorded']]);
  assert.equal(await hold(entry), 'it is gone');
  assert.equal(await retire(entry), undefined);
});

test('what has another size or time stays, and so does what was never downloaded', async (t) => {
  const { directory, hold, retire } = await stage(t);
  const entry = await downloaded(join(directory, 'a.bin'));
  utimesSync(entry.path, 1, 1);
  assert.equal(await hold(entry), 'it has changed since it was downloaded');
  assert.match((await retire(entry)) ?? '', /a\.bin stays: it has changed since it was downloaded/);
  const share = { ...entry, completeness: complete(statSync(entry.path).mtimeMs, undefined) };
  assert.match((await retire(share)) ?? '', /stays: it was not downloaded here/);
  assert.ok(existsSync(entry.path));
});

test('nothing is deleted through a link: neither the file itself nor a directory above it', async (t) => {
  const { directory, hold, retire } = await stage(t);
  mkdirSync(join(directory, 'in'));
  const entry = await downloaded(join(directory, 'in/a.bin'));
  renameSync(entry.path, join(directory, 'elsewhere.bin'));
  symlinkSync('../elsewhere.bin', entry.path);
  assert.match((await hold(entry)) ?? '', /another symbolic link/);
  assert.match((await retire(entry)) ?? '', /stays: it lies behind another symbolic link/);

  mkdirSync(join(directory, 'in2'));
  const other = await downloaded(join(directory, 'in2/b.bin'));
  renameSync(join(directory, 'in2'), join(directory, 'outside'));
  symlinkSync('outside', join(directory, 'in2'));
  assert.match((await retire(other)) ?? '', /stays: it lies behind another symbolic link/);
  assert.ok(existsSync(join(directory, 'outside/b.bin')) && existsSync(join(directory, 'elsewhere.bin')));
});

test('what another program has open stays until that ends', async (t) => {
  if (!existsSync('/proc/self/fd')) return lacksPlace(t, 'this system does not tell which files are open');
  const { directory, hold, retire } = await stage(t);
  const entry = await downloaded(join(directory, 'a.bin'));
  const { pid } = await reader(t, entry.path);
  // It has it open before it becomes another program.
  await eventually(
    () => hold(entry),
    (found) => found === `it is open in sleep (pid ${pid})`,
    'its reader is named',
  );
  await assert.rejects(retire(entry), /it is open in sleep/);
  assert.ok(existsSync(entry.path));
  process.kill(pid ?? 0, 'SIGKILL');
  await eventually(
    () => hold(entry),
    (found) => found === undefined,
    'nobody reads it',
  );
  assert.equal((await openElsewhere([])).size, 0);
  assert.equal(await retire(entry), undefined);
});

test('of a folder the files of its list go; what was changed or added stays and is named, also after a part was deleted', async (t) => {
  const { directory, hashing, folders, copies, hold, retire } = await stage(t);
  const path = join(directory, 'tree');
  mkdirSync(join(path, 'sub'), { recursive: true });
  for (const name of ['a.txt', 'b.txt', 'sub/c.txt']) writeFileSync(join(path, name), name);
  const order = { ...AS_IT_IS, path, mtorrentPath: join(directory, 'tree.mtorrent'), trackers: entryOf('x').trackers };
  const { entry: hashed, metainfo } = await hashShare(order, hashing, () => undefined);
  await copies.keep(metainfo);
  const shared = await folders.shared(hashed, metainfo, metainfo);
  assert.ok(shared.completeness.kind === 'complete');
  const entry = { ...shared, completeness: complete(shared.completeness.mtimeMs, await fetchedNow(path)) };
  assert.equal(await hold(entry), undefined);
  writeFileSync(join(path, 'b.txt'), 'of somebody');
  writeFileSync(join(path, 'sub/mine'), 'of somebody');
  const kept = (await retire(entry)) ?? '';
  assert.match(kept, /tree\/b\.txt/);
  assert.match(kept, /tree\/sub\/mine/);
  assert.deepEqual(
    ['a.txt', 'b.txt', 'sub/c.txt', 'sub/mine'].filter((name) => existsSync(join(path, name))),
    ['b.txt', 'sub/mine'],
  );
  // Its stamps are gone as well: nothing can be compared.
  assert.match((await retire(entry)) ?? '', /stays/);
});
