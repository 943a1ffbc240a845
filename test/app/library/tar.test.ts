// A folder as one tar: what `tar x` makes of it is the folder, whatever its names, sizes and order.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { tarOf } from '../../../src/app/library/tar.js';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { type FolderEntry, FolderList } from '../../../src/foundation/torrent/folder/folder-list.js';
import { hasTool } from '../../support/needs.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const NOW_MS = Date.UTC(2024, 1, 2);

function entry(kind: FolderEntry['kind'], path: string, size = 0, more: Partial<FolderEntry> = {}): FolderEntry {
  return { kind, path, size, target: '', digest: undefined, seconds: undefined, ...more };
}

/** The byte at each place of the piece space: a pattern in which no two neighbouring pages are equal. */
function fill(offset: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = ((offset + at) * 2_654_435_761) >>> 24;
  return Promise.resolve();
}

async function extracted(t: TestContext, list: FolderList): Promise<string> {
  const directory = temporaryDirectory(t);
  const tar = spawn('tar', ['-x', '-f', '-', '-C', directory], { stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = once(tar, 'close');
  for await (const part of tarOf('tree', list, NOW_MS, fill))
    if (!tar.stdin.write(part)) await once(tar.stdin, 'drain');
  tar.stdin.end();
  assert.deepEqual((await ended)[0], 0);
  return join(directory, 'tree');
}

/** Every path below, with a slash behind a directory. */
function pathsBelow(root: string, path = ''): readonly string[] {
  return readdirSync(join(root, path)).flatMap((name) => {
    const below = path === '' ? name : `${path}/${name}`;
    return lstatSync(join(root, below)).isDirectory() ? [`${below}/`, ...pathsBelow(root, below)] : [below];
  });
}

test('files, empty ones, the exec bit, directories, links and long names come out as they are', async (t) => {
  if (!hasTool(t, 'tar')) return;
  const long = `${'ü'.repeat(60)}/${'x'.repeat(150)}/${'y'.repeat(200)}`;
  const entries = [
    entry('file', '-leading -> odd @ name', 5, { seconds: 1_600_000_000 }),
    entry('file', 'empty'),
    entry('exec', 'run.sh', 700),
    entry('file', long, 3),
    entry('pad', '', PIECE_SIZE - 708),
    entry('file', 'large.bin', 3 * PIECE_SIZE + 17),
    entry('dir', 'nothing/here'),
    entry('link', 'sub/link', 0, { target: `../${long}` }),
  ];
  const list = FolderList.of(entries);
  const root = await extracted(t, list);
  for (let index = 0; index < list.count; index += 1) {
    const path = join(root, list.pathOf(index));
    if (!list.isFile(index)) continue;
    const expected = Buffer.alloc(list.sizeOf(index));
    await fill(list.beginOf(index), expected);
    assert.ok(readFileSync(path).equals(expected), list.pathOf(index));
    assert.equal((lstatSync(path).mode & 0o100) !== 0, list.kindOf(index) === 'exec');
    assert.equal(lstatSync(path).mtimeMs, (list.secondsOf(index) ?? NOW_MS / 1_000) * 1_000);
  }
  assert.deepEqual(readdirSync(join(root, 'nothing/here')), []);
  assert.equal(readlinkSync(join(root, 'sub/link')), `../${long}`);
  const kept = entries.filter(({ kind }) => kind !== 'pad').length;
  assert.equal(pathsBelow(root).filter((path) => !path.endsWith('/')).length, kept - 1);
});

test('only chosen entries are written, and read', async (t) => {
  if (!hasTool(t, 'tar')) return;
  const list = FolderList.of(['a', 'b', 'c'].map((path) => entry('file', path, 10)));
  list.leaveOut(1);
  assert.deepEqual(pathsBelow(await extracted(t, list)), ['a', 'c']);
});

test('a file of more than 8 GiB has a size that tar reads', async (t) => {
  if (!hasTool(t, 'tar')) return;
  const size = 8 * 1024 ** 3 + 5;
  const list = FolderList.of([entry('file', 'huge', size)]);
  const parts: Uint8Array[] = [];
  for await (const part of tarOf('tree', list, NOW_MS, fill)) {
    parts.push(part);
    if (parts.length > 6) break;
  }
  const { stdout } = spawnSync('tar', ['-t', '-v', '-f', '-'], { input: Buffer.concat(parts), encoding: 'utf8' });
  assert.match(stdout, new RegExp(` ${size} .* tree/huge`));
});

test('a failure to read ends the tar with that failure', async () => {
  const list = FolderList.of([entry('file', 'a', 10)]);
  const failing = tarOf('tree', list, NOW_MS, () => Promise.reject(new Error('no such disk')));
  await assert.rejects(async () => {
    for await (const _part of failing);
  }, /no such disk/);
});
