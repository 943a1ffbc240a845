// One cause has one sentence, whichever part of the program meets it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { MiniTorrentError } from '../../src/foundation/base/errors.js';
import { LogLines } from '../../src/foundation/base/log-file.js';
import { realListPath } from '../../src/tracking/store/sqlite/holding.js';
import { atomicWriteFile } from '../../src/transfer/storage/disk/state-file.js';
import { checkMetainfoPath } from '../../src/transfer/storage/metainfo-file.js';
import { targetPathOf } from '../../src/transfer/storage/target.js';

/** Everything that makes a file of this name in a directory that it does not make. */
const MAKERS: Readonly<Record<string, (path: string) => unknown>> = {
  'a download': (path) => targetPathOf(path, 'a.bin'),
  'a .mtorrent': (path) => checkMetainfoPath(path, new Uint8Array(), { overwrite: false }),
  'a state file': (path) => atomicWriteFile(path, new Uint8Array()),
  'a log': (path) => new LogLines(path),
  'a seeder list': (path) => realListPath(path),
};

async function saidBy(make: (path: string) => unknown, path: string): Promise<string> {
  try {
    await make(path);
    return 'nothing';
  } catch (error) {
    assert.ok(error instanceof MiniTorrentError, String(error));
    return `${error.code}: ${error.message}`;
  }
}

test('a directory that does not exist is named as that by everything that would make a file in it', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'mtorrent-causes-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const missing = join(directory, 'none');
  for (const [what, make] of Object.entries(MAKERS))
    assert.equal(
      await saidBy(make, join(missing, 'a.bin')),
      `FILE_NOT_FOUND: the directory ${missing} does not exist; create it first`,
      what,
    );
});

test('a file in the place of that directory is named, or the path that leads through it', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'mtorrent-causes-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'file');
  writeFileSync(file, '');
  for (const [what, make] of Object.entries(MAKERS)) {
    const said = await saidBy(make, join(file, 'a.bin'));
    assert.ok(said.startsWith('NOT_A_DIRECTORY: ') && said.includes(file), `${what}: ${said}`);
  }
});
