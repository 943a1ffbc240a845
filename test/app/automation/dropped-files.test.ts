// Which files of a watched folder are taken, and when: whole ones, once each, and none that is a link or too large.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DroppedFile, DroppedFiles } from '../../../src/app/automation/dropped-files.js';
import {
  LINK_FILE_BYTES_MAX,
  WATCH_EMPTY_MS,
  WATCH_LOOK_MS,
  WATCH_SETTLED_MS,
} from '../../../src/app/automation/limits.js';
import { METAINFO_BYTES_MAX } from '../../../src/transfer/storage/limits.js';

const FILE: DroppedFile = { name: 'a.mtorrent', kind: 'file', size: 100, mtimeMs: 1 };

test('a file that grows or is written again is not taken before it has stayed as it is', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 50 }), (sizes) => {
      const dropped = new DroppedFiles();
      let [nowMs, sinceMs, last] = [0, 0, -1];
      for (const size of sizes) {
        nowMs += WATCH_LOOK_MS;
        if (size !== last) [sinceMs, last] = [nowMs, size];
        const taken = dropped.look([{ ...FILE, size: size + 1 }], nowMs).some(({ kind }) => kind === 'take');
        assert.equal(taken, nowMs - sinceMs >= WATCH_SETTLED_MS);
      }
    }),
  );
});

test('symbolic links, what is no file, empty files and huge ones are refused with the reason', () => {
  const reasonOf = (file: Partial<DroppedFile>, afterMs: number): string => {
    const dropped = new DroppedFiles();
    dropped.look([{ ...FILE, ...file }], 0);
    const [step] = dropped.look([{ ...FILE, ...file }], afterMs);
    return step?.kind === 'refuse' ? step.reason : String(step?.kind);
  };
  assert.match(reasonOf({ kind: 'link' }, 1), /symbolic link/);
  assert.match(reasonOf({ kind: 'other' }, 1), /not a file/);
  assert.equal(reasonOf({ size: 0 }, WATCH_EMPTY_MS - 1), 'undefined');
  assert.match(reasonOf({ size: 0 }, WATCH_EMPTY_MS), /empty/);
  assert.match(reasonOf({ size: METAINFO_BYTES_MAX + 1 }, WATCH_SETTLED_MS), /more than any \.mtorrent/);
  assert.match(reasonOf({ name: 'a.link', size: LINK_FILE_BYTES_MAX + 1 }, WATCH_SETTLED_MS), /more than any \.link/);
  assert.equal(reasonOf({ name: 'a.link', size: LINK_FILE_BYTES_MAX }, WATCH_SETTLED_MS), 'take');
});

test('hidden files, results and other names are left alone', () => {
  const dropped = new DroppedFiles();
  const files = ['.a.mtorrent', 'a.mtorrent.added', 'a.mtorrent.failed', 'a.mtorrent.failed.txt', 'readme'].map(
    (name) => ({ ...FILE, name, kind: 'link' as const }),
  );
  dropped.look(files, 0);
  assert.deepEqual(dropped.look(files, WATCH_EMPTY_MS), []);
});

test('what is held is not taken before its time, unless it is changed; what was forgotten starts anew', () => {
  const dropped = new DroppedFiles();
  dropped.look([FILE], 0);
  assert.equal(dropped.look([FILE], WATCH_SETTLED_MS).length, 1);
  dropped.hold(FILE, 100_000);
  assert.equal(dropped.look([FILE], 99_999).length, 0);
  assert.equal(dropped.look([FILE], 100_000).length, 1);
  dropped.hold(FILE, Number.POSITIVE_INFINITY);
  assert.equal(dropped.look([FILE], 1e12).length, 0);
  const changed = { ...FILE, mtimeMs: 2 };
  assert.equal(dropped.look([changed], 1e12).length, 0);
  assert.equal(dropped.look([changed], 1e12 + WATCH_SETTLED_MS).length, 1);
  dropped.look([], 2e12);
  assert.equal(dropped.look([changed], 3e12).length, 0);
});
