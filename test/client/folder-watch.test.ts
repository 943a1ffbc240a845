// Files of shared folders are looked at in turn; a large folder as often, in fewer and longer looks.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ClientEffect } from '../../src/client/effects.js';
import { FileTable } from '../../src/client/files/file-table.js';
import { FolderWatch } from '../../src/client/files/folder-watch.js';
import type { FileRecord } from '../../src/client/files/record.js';
import { LOOK_AGAIN_MS, LOOKS_TOGETHER } from '../../src/client/limits.js';
import { FOLDER_LOOK_ENTRIES } from '../../src/transfer/storage/limits.js';

const folderOf = (file: number, files: number): FileRecord =>
  ({ file, entry: { folder: { files } }, phase: { at: 'seeding' } }) as FileRecord;

const entriesIn = (effects: readonly ClientEffect[]): number =>
  effects.reduce((sum, effect) => sum + (effect.kind === 'lookAtEntries' ? effect.entries : 0), 0);

/** How many entries each look is for, one look every LOOK_AGAIN_MS. */
function looksAt(folders: readonly FileRecord[], count: number): readonly number[] {
  const watch = new FolderWatch();
  const files = new FileTable();
  return Array.from({ length: count }, (_, at) => {
    const effects = watch.look(folders, at * LOOK_AGAIN_MS);
    for (const { file } of folders) watch.seen(files, file, undefined);
    return entriesIn(effects);
  });
}

test('folders that fit into one look are seen whole at each', () => {
  const folders = [folderOf(1, FOLDER_LOOK_ENTRIES - 10), folderOf(2, 10)];
  assert.deepEqual(looksAt(folders, 3), [FOLDER_LOOK_ENTRIES, FOLDER_LOOK_ENTRIES, FOLDER_LOOK_ENTRIES]);
});

test('larger ones are seen at the same rate, in one look of many', () => {
  const looks = looksAt([folderOf(1, 100_000)], 2 * LOOKS_TOGETHER);
  const rest = new Array<number>(LOOKS_TOGETHER - 1).fill(0);
  const one = LOOKS_TOGETHER * FOLDER_LOOK_ENTRIES;
  assert.deepEqual(looks, [one, ...rest, one, ...rest]);
});

test('a change in 100,000 files is seen within five minutes', () => {
  const perMinute = looksAt([folderOf(1, 100_000)], 60_000 / LOOK_AGAIN_MS).reduce((sum, files) => sum + files, 0);
  assert.ok(5 * perMinute >= 100_000, `${perMinute} a minute`);
});
