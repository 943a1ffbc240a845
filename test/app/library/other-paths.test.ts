// By which other path a client knows what somebody typed.

import assert from 'node:assert/strict';
import { linkSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { askByOtherPath } from '../../../src/app/library/other-paths.js';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { failsWith } from '../../support/failures.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const UNKNOWN = new MiniTorrentError('FILE_NOT_FOUND', 'no file is known as that');

/** A directory with `2024.mtorrent` and another file; `ask` answers with the path by which it knows one. */
function stage(t: TestContext) {
  const directory = realpathSync(temporaryDirectory(t));
  const path = (name: string): string => join(directory, name);
  for (const name of ['2024.mtorrent', 'other.mtorrent']) writeFileSync(path(name), name);
  const asked: string[] = [];
  return {
    path,
    asked,
    find: (word: string, known: readonly string[]): Promise<string> =>
      askByOtherPath(
        word,
        UNKNOWN,
        async (name) => {
          asked.push(name);
          if (!known.includes(name)) throw UNKNOWN;
          return name;
        },
        async () => known,
      ),
  };
}

test('a link, or a path through one, is known by where it leads', async (t) => {
  const { path, find } = stage(t);
  symlinkSync('2024.mtorrent', path('latest.mtorrent'));
  assert.equal(await find(path('latest.mtorrent'), [path('2024.mtorrent')]), path('2024.mtorrent'));
  mkdirSync(path('real'));
  symlinkSync('real', path('data'));
  assert.equal(await find(path('data/gone.mtorrent'), [path('real/gone.mtorrent')]), path('real/gone.mtorrent'));
});

test('a .mtorrent is known by the one link to it that the client knows, and by no other file', async (t) => {
  const { path, find } = stage(t);
  for (const [name, make] of [
    ['soft.mtorrent', symlinkSync],
    ['hard.mtorrent', linkSync],
  ] as const) {
    make(path('2024.mtorrent'), path(name));
    assert.equal(await find(path('2024.mtorrent'), [path('other.mtorrent'), path(name)]), path(name));
  }
  for (const known of [[], [path('other.mtorrent')], [path('gone.mtorrent')]])
    await assert.rejects(find(path('2024.mtorrent'), known), failsWith('FILE_NOT_FOUND', 'known as that'));
});

test('of several links that the client knows nobody chooses one', async (t) => {
  const { path, find } = stage(t);
  for (const name of ['one.mtorrent', 'two.mtorrent']) linkSync(path('2024.mtorrent'), path(name));
  const found = find(path('2024.mtorrent'), [path('one.mtorrent'), path('two.mtorrent')]);
  await assert.rejects(found, failsWith('FILE_NOT_FOUND', 'several', 'one.mtorrent', 'two.mtorrent'));
});

test('what a client refuses of a name that it knows is the answer', async (t) => {
  const { path } = stage(t);
  symlinkSync('2024.mtorrent', path('latest.mtorrent'));
  const refusal = new MiniTorrentError('NOT_COMPLETE', 'it is not complete');
  const asked = askByOtherPath(
    path('latest.mtorrent'),
    UNKNOWN,
    async () => Promise.reject(refusal),
    async () => [],
  );
  await assert.rejects(asked, failsWith('NOT_COMPLETE', 'not complete'));
});

test('of a word that is no .mtorrent here no list is asked for', async (t) => {
  const { path } = stage(t);
  const never = async (): Promise<readonly string[]> => assert.fail('a list of very many files is not free');
  for (const word of [path('gone.mtorrent'), path('gone.bin')])
    await assert.rejects(
      askByOtherPath(word, UNKNOWN, async () => Promise.reject(UNKNOWN), never),
      failsWith('FILE_NOT_FOUND'),
    );
});
