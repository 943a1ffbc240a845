// A folder on the disk as a share: what the survey takes, leaves out and refuses; and that its digests are those of the
// bytes that are there, or it is refused because they changed.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { MIB, PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import type { FolderList } from '../../../src/foundation/torrent/folder/folder-list.js';
import { openHashPool } from '../../../src/transfer/hash/pool.js';
import type { FolderSource, SurveyOptions } from '../../../src/transfer/hash/survey.js';
import { failsWith } from '../../support/failures.js';
import { lacksPlace } from '../../support/needs.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

interface Stage {
  readonly root: string;
  readonly write: (path: string, bytes: string | Uint8Array, mode?: number) => void;
  readonly survey: (options?: SurveyOptions) => Promise<FolderSource>;
  readonly hash: (source: FolderSource) => Promise<Uint8Array>;
}

function stageFolder(t: TestContext): Stage {
  const root = join(temporaryDirectory(t), 'folder');
  fs.mkdirSync(root);
  const pool = openHashPool({ threads: 2 });
  t.after(() => pool.close());
  return {
    root,
    write(path, bytes, mode = 0o644) {
      fs.mkdirSync(join(root, path, '..'), { recursive: true });
      fs.writeFileSync(join(root, path), bytes, { mode });
    },
    survey: (options) => pool.survey(root, options),
    hash: ({ path, layout }) => pool.hash(path, layout),
  };
}

function linesOf(list: FolderList): readonly string[] {
  return Array.from({ length: list.count }, (_, at) => `${list.kindOf(at)} ${list.sizeOf(at)} ${list.pathOf(at)}`);
}

function patterned(length: number, seed: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >>> 8) * seed) & 0xff));
}

test('a folder is its files, executables, links and empty folders, in the order of the piece space', async (t) => {
  const { root, write, survey } = stageFolder(t);
  write('b.txt', 'two');
  write('a/x', 'one');
  write('a/tool', '#!', 0o755);
  write('large', Buffer.alloc(4 * MIB, 7));
  write('.keep', '');
  write(' -odd "name" -> @ #1', 'x');
  fs.mkdirSync(join(root, 'empty/below'), { recursive: true });
  fs.symlinkSync('../b.txt', join(root, 'a/link'));
  fs.symlinkSync('../empty', join(root, 'a/to a folder'));
  const { layout, size, doubtful, skipped } = await survey();
  assert.deepEqual(linesOf(layout.folder), [
    'file 1  -odd "name" -> @ #1',
    'file 0 .keep',
    'exec 2 a/tool',
    'file 3 a/x',
    'file 3 b.txt',
    `pad ${PIECE_SIZE - 9} `,
    `file ${4 * MIB} large`,
    'dir 0 empty/below',
    'link 0 a/link',
    'link 0 a/to a folder',
  ]);
  assert.equal(layout.folder.targetOf(8), '../b.txt');
  assert.equal(size, PIECE_SIZE + 4 * MIB);
  assert.deepEqual([doubtful.first, skipped.count], [[' -odd "name" -> @ #1'], 0]);
  assert.equal(layout.folder.stampOf(2), fs.statSync(join(root, 'a/tool'), { bigint: true }).mtimeNs);
  assert.equal(layout.folder.secondsOf(2), undefined);
});

test('digests are those of the pieces and of each packed file, wherever the pieces end', async (t) => {
  const { root, write, survey, hash } = stageFolder(t);
  // Some files lie in three pieces and in three parts of a read; several ranges of pieces are hashed.
  const sizes = [5, 0, 3 * PIECE_SIZE, 1, 300_000, 700_000, 4 * MIB - 1, 40 * MIB, 4 * MIB, 128 * 1024, 17];
  for (const [at, size] of sizes.entries()) write(`f${String.fromCharCode(97 + at)}`, patterned(size, at + 1));
  for (let at = 0; at < 12; at += 1) write(`g${String.fromCharCode(97 + at)}`, patterned(4 * MIB - 3 - at, at));
  const source = await survey();
  const list = source.layout.folder;
  const digests = await hash(source);
  const space = Buffer.concat(
    Array.from({ length: list.count }, (_, at) => {
      return list.isPad(at) ? Buffer.alloc(list.sizeOf(at)) : fs.readFileSync(join(root, list.pathOf(at)));
    }),
  );
  const expected: Buffer[] = [];
  for (let at = 0; at < space.length; at += PIECE_SIZE) {
    expected.push(
      createHash('sha1')
        .update(space.subarray(at, at + PIECE_SIZE))
        .digest(),
    );
  }
  assert.deepEqual(Buffer.from(digests), Buffer.concat(expected));
  for (let at = 0; at < list.count; at += 1) {
    const size = list.sizeOf(at);
    if (list.isPad(at) || size === 0 || size >= 4 * MIB) assert.equal(list.digestOf(at), undefined);
    else {
      const whole = createHash('sha1')
        .update(fs.readFileSync(join(root, list.pathOf(at))))
        .digest();
      assert.equal(list.digestOf(at), whole.readBigUInt64BE(), list.pathOf(at));
    }
  }
});

test('an empty folder, and one without bytes, are shares without pieces', async (t) => {
  const { write, survey, hash } = stageFolder(t);
  const empty = await survey();
  assert.deepEqual([empty.layout.folder.count, empty.size, (await hash(empty)).length], [0, 0, 0]);
  write('a', '');
  const one = await survey();
  assert.deepEqual([one.layout.folder.count, one.size, (await hash(one)).length], [1, 0, 0]);
});

test('what cannot be shared is named, and left out on demand', async (t) => {
  const { root, write, survey } = stageFolder(t);
  write('good', 'x');
  fs.symlinkSync('/etc/passwd', join(root, 'absolute'));
  fs.symlinkSync('../../x', join(root, 'out'));
  fs.mkdirSync(join(root, 'sub'));
  fs.symlinkSync('good/..', join(root, 'sub/round'));
  fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/latin-`), Buffer.from([0xe4])]), 'x');
  fs.writeFileSync(join(root, 'back\\slash'), 'x');
  fs.writeFileSync(join(root, 'turned\u202e'), 'x');
  const server = createServer().listen(join(root, 'socket'));
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const refusal = failsWith(
    'UNSAFE_NAME',
    '7 things',
    '"absolute" (it points to an absolute path)',
    '"sub/round" (it points out',
    '"latin-ä" (its name is not UTF-8)',
    '"turned\\u{202e}"',
    '"socket" (it is a socket)',
    '--exclude',
    '--skip-unshareable',
  );
  await assert.rejects(survey(), refusal);
  const { layout, skipped } = await survey({ skipUnshareable: true });
  assert.deepEqual(linesOf(layout.folder), ['file 1 good']);
  assert.equal(skipped.count, 7);
  const odd = ['absolute', 'out', 'sub/', 'latin-*', 'back*', 'turned*', 'socket'];
  assert.deepEqual(linesOf((await survey({ exclude: odd })).layout.folder), ['file 1 good']);
});

test('of many things that cannot be shared, ten are named and all are counted', async (t) => {
  const { root, survey } = stageFolder(t);
  for (let at = 0; at < 14; at += 1) fs.symlinkSync('/x', join(root, `link-${at}`));
  await assert.rejects(survey(), failsWith('UNSAFE_NAME', '14 things', '"link-0"', ', and 4 more;'));
});

test('what may not be read is refused as such', async (t) => {
  const { root, write, survey } = stageFolder(t);
  if (process.geteuid?.() === 0) {
    lacksPlace(t, 'this user may read everything');
    return;
  }
  write('secret', 'x', 0);
  fs.mkdirSync(join(root, 'closed'), { mode: 0 });
  await assert.rejects(
    survey(),
    failsWith('PERMISSION_DENIED', '2 things', '"closed" (it may not be read)', '"secret"'),
  );
});

test('patterns leave out files by name, folders with all that is in them, and the .mtorrent itself', async (t) => {
  const { root, write, survey } = stageFolder(t);
  for (const path of ['a.tmp', 'x/b.tmp', 'x/node_modules/deep/c', 'x/d', 'docs/e', 'docs/sub/f', 'x.mtorrent'])
    write(path, '1');
  const except = join(root, 'x.mtorrent');
  const found = await survey({ exclude: ['*.tmp', 'node_modules', 'docs/'], except });
  assert.deepEqual(linesOf(found.layout.folder), ['file 1 x/d']);
  // A folder that loses everything stays as an empty one, unless it was left out itself.
  const kept = await survey({ exclude: ['docs/*', '*.tmp', 'x', '*.mtorrent'] });
  assert.deepEqual(linesOf(kept.layout.folder), ['dir 0 docs']);
  await assert.rejects(survey({ exclude: ['{a'] }), failsWith('INVALID_ARGUMENTS', '{a'));
});

test('with links followed the share is what they point to, loops end, and links to nothing are named', async (t) => {
  const { root, write, survey, hash } = stageFolder(t);
  const blobs = join(root, '../blobs');
  fs.mkdirSync(join(blobs, 'more'), { recursive: true });
  fs.writeFileSync(join(blobs, 'one'), 'one');
  fs.writeFileSync(join(blobs, 'more/two'), 'two');
  write('snapshot/own', 'own');
  fs.symlinkSync('../../blobs/one', join(root, 'snapshot/model.bin'));
  fs.symlinkSync(join(blobs, 'more'), join(root, 'snapshot/more'));
  const source = await survey({ followLinks: true });
  assert.deepEqual(linesOf(source.layout.folder), [
    'file 3 snapshot/model.bin',
    'file 3 snapshot/more/two',
    'file 3 snapshot/own',
  ]);
  const whole = createHash('sha1').update('onetwoown').digest();
  assert.deepEqual(Buffer.from(await hash(source)), whole);

  fs.symlinkSync('.', join(root, 'snapshot/loop'));
  fs.symlinkSync('..', join(blobs, 'more/up'));
  fs.symlinkSync(root, join(root, 'self'));
  fs.symlinkSync('nowhere', join(root, 'broken'));
  const loops = failsWith(
    'UNSAFE_NAME',
    '"snapshot/loop" (it leads back',
    '"self" (it leads back',
    '"broken" (it is not there',
  );
  await assert.rejects(survey({ followLinks: true }), loops);
});

test('what changes between survey and end is refused, naming the file', async (t) => {
  const CHANGES: Readonly<Record<string, (path: string) => void>> = {
    shorter: (path) => fs.truncateSync(path, 1),
    longer: (path) => fs.appendFileSync(path, 'more'),
    'same size, other bytes': (path) => {
      fs.writeFileSync(path, 'TWO!');
      fs.utimesSync(path, 1, 1);
    },
    gone: (path) => fs.rmSync(path),
    replaced: (path) => {
      fs.writeFileSync(`${path}.new`, 'two!');
      fs.utimesSync(`${path}.new`, 2, 2);
      fs.renameSync(`${path}.new`, path);
    },
    'a link now': (path) => {
      fs.rmSync(path);
      fs.symlinkSync('one', path);
    },
  };
  for (const [what, change] of Object.entries(CHANGES)) {
    await t.test(what, async (inner) => {
      const { root, write, survey, hash } = stageFolder(inner);
      write('sub/one', 'one!');
      write('sub/two', 'two!');
      const source = await survey();
      change(join(root, 'sub/two'));
      const code = what === 'a link now' ? 'UNSAFE_NAME' : 'FILE_CHANGED';
      await assert.rejects(hash(source), failsWith(code, 'sub/two'));
    });
  }
});

test('times are kept when asked for, in whole seconds', async (t) => {
  const { root, write, survey } = stageFolder(t);
  write('a', 'x');
  fs.utimesSync(join(root, 'a'), 1_700_000_000.5, 1_700_000_000.5);
  const { layout } = await survey({ mtimes: true });
  assert.equal(layout.folder.secondsOf(0), 1_700_000_000);
});

test('a folder that is not there, or is a file, is refused', async (t) => {
  const { root, write } = stageFolder(t);
  write('file', 'x');
  const pool = openHashPool({ threads: 1 });
  t.after(() => pool.close());
  await assert.rejects(pool.survey(join(root, 'nowhere')), failsWith('FILE_NOT_FOUND', 'nowhere'));
  await assert.rejects(pool.survey(join(root, 'file')), failsWith('NOT_A_DIRECTORY', 'file'));
});
