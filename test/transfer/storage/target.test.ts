// Where a download goes (F13): never onto something that is there already.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { resolveTarget } from '../../../src/transfer/storage/target.js';
import { failsWith } from '../../support/failures.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

test('a destination is a directory to put the file in, or the file itself', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'sub'));
  symlinkSync(join(directory, 'sub'), join(directory, 'link'));
  assert.equal(await resolveTarget(directory, 'x.bin'), join(directory, 'x.bin'));
  assert.equal(await resolveTarget(`${directory}/`, 'x.bin'), join(directory, 'x.bin'));
  assert.equal(await resolveTarget(join(directory, 'other.bin'), 'x.bin'), join(directory, 'other.bin'));
  assert.equal(await resolveTarget(join(directory, 'link'), 'x.bin'), join(directory, 'sub', 'x.bin'));
  assert.equal(await resolveTarget(join(directory, 'link', 'y'), 'x.bin'), join(directory, 'sub', 'y'));
});

test('F13: a destination that does not work is refused by what is wrong with it', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'file'), '');
  symlinkSync('/nowhere/at/all', join(directory, 'dangling'));
  const table: [destination: string, code: string][] = [
    ['', 'INVALID_ARGUMENTS'],
    [join(directory, 'file'), 'ALREADY_EXISTS'],
    [join(directory, 'dangling'), 'ALREADY_EXISTS'],
    [join(directory, 'missing/'), 'FILE_NOT_FOUND'],
    [join(directory, 'missing', 'x'), 'FILE_NOT_FOUND'],
    [join(directory, 'file/'), 'NOT_A_DIRECTORY'],
    [join(directory, 'file', 'x'), 'NOT_A_DIRECTORY'],
  ];
  for (const [destination, code] of table) {
    await assert.rejects(resolveTarget(destination, 'x.bin'), failsWith(code), destination);
  }
  writeFileSync(join(directory, 'x.bin'), '');
  await assert.rejects(resolveTarget(directory, 'x.bin'), failsWith('ALREADY_EXISTS', join(directory, 'x.bin')));
  await assert.rejects(resolveTarget(directory, '../x'), { name: 'AssertionFailed' });
});
