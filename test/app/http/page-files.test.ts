// The files of the page on the disk, as the HTTP server finds them: in folders of the test's own.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { pageFiles } from '../../../src/app/http/page-files.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

test('the files of the page are served by their names, the index at the root, and the icon where browsers ask for one', async (t) => {
  const folder = join(temporaryDirectory(t), 'page');
  await mkdir(folder);
  for (const name of ['index.html', 'app.js', 'icon.svg', 'notes.unknown']) await writeFile(join(folder, name), name);
  const files = await pageFiles(pathToFileURL(`${folder}/`));
  assert.deepEqual([...files.keys()].sort(), ['/', '/app.js', '/favicon.ico', '/icon.svg', '/index.html']);
  assert.equal(files.get('/')?.bytes.toString(), 'index.html');
  assert.equal(files.get('/favicon.ico')?.type, 'image/svg+xml');
});

test('where the page was not built, nothing is served', async (t) => {
  const absent = pathToFileURL(`${join(temporaryDirectory(t), 'absent')}/`);
  assert.equal((await pageFiles(absent)).size, 0);
});
