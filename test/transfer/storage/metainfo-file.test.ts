// `.mtorrent` files on a disk: written whole or not at all, never over another file, read only if they are regular
// files.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { formatHead, type Metainfo, makeMetainfo } from '../../../src/foundation/torrent/metainfo.js';
import {
  checkMetainfoPath,
  readMetainfo,
  replaceTracker,
  writeMetainfo,
} from '../../../src/transfer/storage/metainfo-file.js';
import { failsWith } from '../../support/failures.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const trackers = [
  { host: '192.0.2.1', port: 7000 },
  { host: '192.0.2.2', port: 7000 },
] as const;

function metainfoOf(pieceCount: number, name = 'x.bin'): Metainfo {
  const digests = Uint8Array.from({ length: pieceCount * 20 }, (_, at) => at * 31);
  return makeMetainfo({ trackers, name, size: pieceCount * PIECE_SIZE, digests });
}

test('what is written is read back, however many parts it takes', async (t) => {
  const directory = temporaryDirectory(t);
  for (const pieceCount of [0, 1, 1_638, 1_639, 10_000]) {
    const path = join(directory, `${pieceCount}.mtorrent`);
    const written = metainfoOf(pieceCount);
    await writeMetainfo(path, written, { overwrite: false });
    assert.deepEqual(await readMetainfo(path), written);
    assert.equal(statSync(path).mode & 0o777, 0o644 & ~process.umask());
  }
  assert.equal(readdirSync(directory).length, 5);
});

test('another file is not replaced unless asked, and no temporary file stays', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'x.mtorrent');
  await writeMetainfo(path, metainfoOf(3), { overwrite: false });
  const before = readFileSync(path);
  for (const other of [metainfoOf(2), metainfoOf(4), metainfoOf(3, 'y.bin')]) {
    await assert.rejects(
      writeMetainfo(path, other, { overwrite: false }),
      failsWith('ALREADY_EXISTS', path, 'another name'),
    );
  }
  assert.ok(readFileSync(path).equals(before));
  await writeMetainfo(path, metainfoOf(4), { overwrite: true });
  assert.equal((await readMetainfo(path)).geometry.pieceCount, 4);
  assert.deepEqual(readdirSync(directory), ['x.mtorrent']);
});

test('writing what is there already succeeds', async (t) => {
  const path = join(temporaryDirectory(t), 'x.mtorrent');
  await writeMetainfo(path, metainfoOf(5_000), { overwrite: false });
  const { ino } = statSync(path);
  await writeMetainfo(path, metainfoOf(5_000), { overwrite: false });
  assert.equal(statSync(path).ino, ino);
});

test('a link in the way is neither followed nor replaced', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'x.mtorrent');
  symlinkSync(join(directory, 'elsewhere'), path);
  await assert.rejects(writeMetainfo(path, metainfoOf(1), { overwrite: false }), failsWith('ALREADY_EXISTS'));
  assert.deepEqual(readdirSync(directory), ['x.mtorrent']);
});

test('what cannot be written is known before the hashing', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'x.mtorrent');
  const head = formatHead({ trackers, name: 'x.bin', size: 3 * PIECE_SIZE });
  await checkMetainfoPath(path, head, { overwrite: false });
  await writeMetainfo(path, metainfoOf(3), { overwrite: false });
  await checkMetainfoPath(path, head, { overwrite: false });
  const other = formatHead({ trackers, name: 'x.bin', size: 4 * PIECE_SIZE });
  await assert.rejects(checkMetainfoPath(path, other, { overwrite: false }), failsWith('ALREADY_EXISTS', path));
  await checkMetainfoPath(path, other, { overwrite: true });
  await assert.rejects(checkMetainfoPath(directory, head, { overwrite: false }), failsWith('ALREADY_EXISTS'));
  await assert.rejects(
    checkMetainfoPath(join(directory, 'none', 'x'), head, { overwrite: true }),
    failsWith('FILE_NOT_FOUND', 'none'),
  );
});

test('what is not a `.mtorrent` file is refused by what it is', async (t) => {
  const directory = temporaryDirectory(t);
  const at = (name: string): string => join(directory, name);
  assert.equal(spawnSync('mkfifo', [at('pipe')]).status, 0);
  mkdirSync(at('directory'));
  writeFileSync(at('text'), 'hello\n');
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 2 ** 40);
  writeFileSync(at('evil'), '192.0.2.1:1\n192.0.2.2:1\n../evil\n0\n\n');
  await assert.rejects(readMetainfo(at('none')), failsWith('MTORRENT_FILE_NOT_FOUND', at('none')));
  await assert.rejects(readMetainfo(at('pipe')), failsWith('NOT_A_FILE', at('pipe')));
  await assert.rejects(readMetainfo(at('directory')), failsWith('NOT_A_FILE', at('directory')));
  await assert.rejects(readMetainfo('/dev/zero'), failsWith('NOT_A_FILE'));
  await assert.rejects(readMetainfo(at('text')), failsWith('INVALID_MTORRENT', at('text'), 'line 1'));
  await assert.rejects(readMetainfo(at('huge')), failsWith('INVALID_MTORRENT', at('huge')));
  await assert.rejects(readMetainfo(at('evil')), failsWith('UNSAFE_NAME', at('evil'), 'line 3'));
});

test('a tracker is replaced where a link leads, which stays a link, and whoever could not read the file still cannot', async (t) => {
  const directory = temporaryDirectory(t);
  const [path, link] = [join(directory, 'x.mtorrent'), join(directory, 'link.mtorrent')];
  const metainfo = metainfoOf(3);
  await writeMetainfo(path, metainfo, { overwrite: false });
  chmodSync(path, 0o600);
  symlinkSync('x.mtorrent', link);
  const [from, other] = trackers;
  const to = { host: '192.0.2.9', port: 7000 };
  assert.equal(await replaceTracker(link, metainfo.swarm, from, to), true);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.deepEqual((await readMetainfo(path)).trackers, [to, other]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(await replaceTracker(link, metainfo.swarm, from, to), false, 'it names that tracker no more');
});
