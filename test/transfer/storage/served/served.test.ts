// What a peer thread uploads from: a file that was deleted, cut or written to since it was right is never taken for the
// right one.

import assert from 'node:assert/strict';
import { renameSync, statSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Layout } from '../../../../src/foundation/torrent/layout.js';
import { servedAt } from '../../../../src/transfer/storage/messages.js';
import { type ReadOutcome, ServedStorages } from '../../../../src/transfer/storage/served/served.js';
import { ManualTimers } from '../../../support/manual-timers.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const FILE = 5;

function stage(t: TestContext) {
  const path = join(temporaryDirectory(t), 'file');
  writeFileSync(path, 'hello');
  // Long ago, so that whatever is written from now on has another time.
  utimesSync(path, 1_000_000_000, 1_000_000_000);
  const storages = new ServedStorages({ openMax: 1, timers: new ManualTimers(), onFailed: assert.fail });
  t.after(() => storages.closeAll());
  const target = new Uint8Array(5);
  const read = (file = FILE): Promise<ReadOutcome> =>
    new Promise((resolve) => storages.read(file, 0, [target], resolve));
  const name = servedAt(path, new Layout(5), statSync(path).mtimeMs);
  return { path, storages, target, read, name };
}

test('a served file is opened by its first read, or at once', async (t) => {
  const { path, storages, target, read, name } = stage(t);
  storages.learn(FILE, name);
  assert.deepEqual(await read(), { kind: 'read' });
  assert.equal(Buffer.from(target).toString(), 'hello');
  assert.equal(storages.open(FILE, name), undefined);
  assert.deepEqual(await read(), { kind: 'read' });
  unlinkSync(path);
  assert.deepEqual(storages.open(FILE, name), { path, errno: 'ENOENT' });
});

test('what happened to a complete file since it was right is told, whichever way it cannot be read', async (t) => {
  const table: readonly [change: (path: string) => void, errno: string][] = [
    [(path) => writeFileSync(path, 'HELLO'), 'CHANGED'],
    [(path) => truncateSync(path, 3), 'SHORT_FILE'],
    [(path) => unlinkSync(path), 'ENOENT'],
  ];
  for (const [change, errno] of table) {
    const { path, storages, read, name } = stage(t);
    storages.open(FILE, name);
    change(path);
    assert.deepEqual(await read(), { kind: 'failed', path, errno });
  }
});

test('a file that is still being written may change', async (t) => {
  const { path, storages, target, read } = stage(t);
  storages.open(FILE, servedAt(path, new Layout(5), null));
  writeFileSync(path, 'HELLO');
  assert.deepEqual(await read(), { kind: 'read' });
  assert.equal(Buffer.from(target).toString(), 'HELLO');
});

test('a link in the place of a served file is not followed', (t) => {
  const { path, storages, name } = stage(t);
  renameSync(path, `${path}.real`);
  symlinkSync(`${path}.real`, path);
  assert.deepEqual(storages.open(FILE, name), { path, errno: 'ELOOP' });
});

test('a file that is not served, or is not any more when its read ends, is gone and no news', async (t) => {
  const { storages, read, name } = stage(t);
  assert.deepEqual(await read(), { kind: 'gone' });
  storages.open(FILE, name);
  storages.close(FILE);
  assert.deepEqual(await read(), { kind: 'gone' });
});

test('one that was closed to keep the bound is opened again, unless it has changed since', async (t) => {
  const { path, storages, read, name } = stage(t);
  storages.open(FILE, name);
  storages.open(FILE + 1, name);
  assert.deepEqual(await read(), { kind: 'read' });
  assert.deepEqual(await read(FILE + 1), { kind: 'read' });
  writeFileSync(path, 'HELLO');
  assert.deepEqual(await read(), { kind: 'failed', path, errno: 'CHANGED' });
});
