// State files: replaced whole, private, and read with a bound.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { atomicWriteFile, readBounded } from '../../../../src/transfer/storage/disk/state-file.js';
import { failsWith } from '../../../support/failures.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

test('a state file is replaced whole, private, and no temporary file stays', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'state');
  for (const text of ['first', 'second, and longer', '']) {
    await atomicWriteFile(path, Buffer.from(text));
    assert.equal(Buffer.from(await readBounded(path, 100)).toString(), text);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }
  assert.deepEqual(readdirSync(directory), ['state']);
  mkdirSync(join(directory, 'taken'));
  await assert.rejects(atomicWriteFile(join(directory, 'taken'), Buffer.from('x')), failsWith('NOT_A_FILE', 'taken'));
  assert.deepEqual(readdirSync(directory), ['state', 'taken']);
});

test('a state file that is too large, or is none, is not read', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'state');
  writeFileSync(path, '');
  truncateSync(path, 2 ** 40);
  await assert.rejects(readBounded(path, 100), failsWith('STATE_DAMAGED', path));
  await assert.rejects(readBounded(join(directory, 'none'), 100), failsWith('FILE_NOT_FOUND'));
  await assert.rejects(readBounded(directory, 100), failsWith('NOT_A_FILE'));
});
