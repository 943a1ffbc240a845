// Copies of seeder lists that somebody looks at or moves: the file and its log, whatever name the list is given by.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { copyList } from '../../../../src/tracking/store/sqlite/reader.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

test('a list that is named by a link is copied with the log that lies beside the list', (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'links'));
  const [list, link, copy] = ['a.db', 'links/b.db', 'copy.db'].map((name) => join(directory, name));
  assert.ok(list !== undefined && link !== undefined && copy !== undefined);
  symlinkSync(list, link);
  writeFileSync(list, 'the file');
  writeFileSync(`${list}-wal`, 'what was acknowledged last');
  for (const name of [list, link]) {
    copyList(name, copy);
    assert.equal(readFileSync(copy, 'utf8'), 'the file');
    assert.equal(readFileSync(`${copy}-wal`, 'utf8'), 'what was acknowledged last');
  }
});
