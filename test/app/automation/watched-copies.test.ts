// Copies of .mtorrent files from a watched folder.

import assert from 'node:assert/strict';
import { existsSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import type { DroppedFile } from '../../../src/app/automation/dropped-files.js';
import { WATCH_COPIES_KEPT_MS, WATCH_COPIES_LOOK_MS } from '../../../src/app/automation/limits.js';
import { WatchedCopies } from '../../../src/app/automation/watched-copies.js';
import { makeMetainfo } from '../../../src/foundation/torrent/metainfo.js';
import { readMetainfo, writeMetainfo } from '../../../src/transfer/storage/metainfo-file.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const TRACKERS = [
  { host: '192.0.2.1', port: 7000 },
  { host: '192.0.2.2', port: 7000 },
] as const;

test('a copy is kept for its time; old ones are looked for now and then, not with each copy', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'x.mtorrent');
  const metainfo = makeMetainfo({ trackers: TRACKERS, name: 'x.bin', size: 1, digests: new Uint8Array(20) });
  await writeMetainfo(path, metainfo, { overwrite: false });
  let nowMs = Date.now();
  const copies = new WatchedCopies(join(directory, 'state'), () => nowMs);
  const file = (name: string): DroppedFile => ({ name, kind: 'file', size: 1, mtimeMs: 1 });
  const first = await copies.keep(path, file('a.mtorrent'));
  assert.deepEqual(await readMetainfo(first), metainfo);
  const oldS = (nowMs - WATCH_COPIES_KEPT_MS) / 1_000 - 1;
  utimesSync(dirname(first), oldS, oldS);
  await copies.keep(path, file('b.mtorrent'));
  assert.ok(existsSync(first), 'nothing is looked through again');
  nowMs += WATCH_COPIES_LOOK_MS;
  const last = await copies.keep(path, file('c.mtorrent'));
  assert.deepEqual([existsSync(first), existsSync(last)], [false, true]);
});
