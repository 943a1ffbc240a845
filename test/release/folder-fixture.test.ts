// A folder's `.mtorrent` as the first release with folders writes it: later ones read it, write it again byte for byte,
// and make the same of the same tree, so that a link that somebody keeps stays right.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { infoFactsOf } from '../../src/foundation/torrent/info-text.js';
import { formatMetainfo, type Metainfo, makeMetainfo } from '../../src/foundation/torrent/metainfo.js';
import { openHashPool } from '../../src/transfer/hash/pool.js';
import { readMetainfo } from '../../src/transfer/storage/metainfo-file.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const FIXTURES = fileURLToPath(new URL('../../../test/fixtures/folders/', import.meta.url));
const GOLDEN = join(FIXTURES, 'models.mtorrent');
/** SHA-256 of its info text, as links have it. */
const INFO = fs.readFileSync(join(FIXTURES, 'models.info'), 'utf8').trim();
const TIME = 1_700_000_000;

function textOf(metainfo: Metainfo): string {
  return Buffer.concat([...formatMetainfo(metainfo)]).toString();
}

/** The tree that it was made of. */
function plantTree(root: string): void {
  const write = (path: string, bytes: string | Uint8Array, mode = 0o644): void => {
    fs.mkdirSync(join(root, path, '..'), { recursive: true });
    fs.writeFileSync(join(root, path), bytes, { mode });
    fs.utimesSync(join(root, path), TIME, TIME);
  };
  write('.keep', '');
  write('README.md', 'read me\n');
  write('-rf * #1 -> @', 'an odd name\n');
  write('Größe/模型 1.json', '{}\n');
  write('tools/convert it.sh', '#!/bin/sh\n', 0o755);
  write('tools/aux.c', 'int x;\n');
  write('nearly large', Buffer.alloc(4 * 1024 * 1024 - 1, 'packed'));
  write('model-1.bin', Buffer.alloc(4 * 1024 * 1024, 'aligned'));
  write('model-2.bin', Buffer.alloc(5_000_001, 'aligned too'));
  fs.mkdirSync(join(root, 'cache/empty'), { recursive: true });
  fs.symlinkSync('../README.md', join(root, 'tools/link'));
  fs.symlinkSync('Größe', join(root, 'a link to a folder'));
}

test('the golden list is read, and written again byte for byte', async () => {
  const metainfo = await readMetainfo(GOLDEN);
  assert.equal(textOf(metainfo), fs.readFileSync(GOLDEN, 'utf8'));
  assert.equal(infoFactsOf(metainfo).info, INFO);
  const list = metainfo.layout.folder;
  assert.ok(list !== undefined);
  const files = Array.from(
    { length: list.count },
    (_, at) => `${list.kindOf(at)} ${list.sizeOf(at)} ${list.pathOf(at)}`,
  );
  assert.deepEqual(files, [
    'file 12 -rf * #1 -> @',
    'file 0 .keep',
    'file 3 Größe/模型 1.json',
    'file 8 README.md',
    'file 4194303 nearly large',
    'file 7 tools/aux.c',
    'exec 10 tools/convert it.sh',
    'pad 524249 ',
    'file 4194304 model-1.bin',
    'file 5000001 model-2.bin',
    'dir 0 cache/empty',
    'link 0 a link to a folder',
    'link 0 tools/link',
  ]);
  assert.equal(list.secondsOf(3), TIME);
});

test('the same tree gives the same list, and so the same link', async (t) => {
  const root = join(temporaryDirectory(t), 'models');
  plantTree(root);
  const pool = openHashPool({ threads: 1 });
  t.after(() => pool.close());
  const { path, size, layout } = await pool.survey(root, { mtimes: true });
  const digests = await pool.hash(path, layout);
  const { trackers } = await readMetainfo(GOLDEN);
  const made = makeMetainfo({ trackers, name: 'models', size, digests, folder: layout.folder });
  assert.equal(textOf(made), fs.readFileSync(GOLDEN, 'utf8'));
});
