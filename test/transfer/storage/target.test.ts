// Where a download goes (F13), and what lies beside it.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { claimPathOf, partPathOf, targetPathOf } from '../../../src/transfer/storage/target.js';
import { failsWith } from '../../support/failures.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

test('a destination is a directory to put the file in, or the file itself', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'sub'));
  symlinkSync(join(directory, 'sub'), join(directory, 'link'));
  assert.equal(await targetPathOf(directory, 'x.bin'), join(directory, 'x.bin'));
  assert.equal(await targetPathOf(`${directory}/`, 'x.bin'), join(directory, 'x.bin'));
  assert.equal(await targetPathOf(join(directory, 'other.bin'), 'x.bin'), join(directory, 'other.bin'));
  assert.equal(await targetPathOf(join(directory, 'link'), 'x.bin'), join(directory, 'sub', 'x.bin'));
  assert.equal(await targetPathOf(join(directory, 'link', 'y'), 'x.bin'), join(directory, 'sub', 'y'));
});

test('F13: a destination that does not work is refused by what is wrong with it', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'file'), '');
  const table: [destination: string, code: string][] = [
    ['', 'INVALID_ARGUMENTS'],
    [join(directory, 'missing/'), 'FILE_NOT_FOUND'],
    [join(directory, 'missing', 'x'), 'FILE_NOT_FOUND'],
    [join(directory, 'file/'), 'NOT_A_DIRECTORY'],
    [join(directory, 'file', 'x'), 'NOT_A_DIRECTORY'],
  ];
  for (const [destination, code] of table) {
    await assert.rejects(targetPathOf(destination, 'x.bin'), failsWith(code), destination);
  }
  await assert.rejects(targetPathOf(directory, '../x'), { name: 'AssertionFailed' });
});

test('part and claim lie beside the target, whatever its name', () => {
  assert.equal(partPathOf('/files/x.bin'), '/files/x.bin.part');
  assert.equal(claimPathOf('/files/x.bin'), '/files/.x.bin.part.claim');
  const long = `/files/${'é'.repeat(127)}`;
  for (const path of [partPathOf(long), claimPathOf(long)]) {
    assert.ok(Buffer.byteLength(path) <= '/files/'.length + 255, path);
    assert.match(path, /^\/files\//);
  }
  assert.notEqual(claimPathOf('/files/x.bin'), claimPathOf('/files/y.bin'));
});
