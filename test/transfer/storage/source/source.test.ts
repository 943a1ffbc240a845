// What can be shared.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Layout } from '../../../../src/foundation/torrent/layout.js';
import { inspectSource } from '../../../../src/transfer/storage/source/source.js';
import { failsWith } from '../../../support/failures.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

test('a file to share is found through links, with its real path', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'real');
  writeFileSync(path, 'abc');
  symlinkSync(path, join(directory, 'link'));
  const source = await inspectSource(join(directory, 'link'));
  assert.deepEqual(source, {
    path,
    size: 3,
    layout: new Layout(3),
    mtimeMs: statSync(path).mtimeMs,
    isExecutable: false,
  });
});

test('what cannot be shared is refused by its kind', async (t) => {
  const directory = temporaryDirectory(t);
  const pipe = join(directory, 'pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  await assert.rejects(inspectSource(join(directory, 'nothing')), failsWith('FILE_NOT_FOUND', 'nothing'));
  await assert.rejects(inspectSource(directory), failsWith('NOT_A_FILE', directory));
  await assert.rejects(inspectSource(pipe), failsWith('NOT_A_FILE', pipe));
  await assert.rejects(inspectSource(join(pipe, 'x')), failsWith('NOT_A_DIRECTORY'));
  await assert.rejects(inspectSource('/dev/null'), failsWith('NOT_A_FILE'));
});
