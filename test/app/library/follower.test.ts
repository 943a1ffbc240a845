// A follower gives bytes only after the client said that their pieces are there, and finds them where they lie then.

import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { Follower } from '../../../src/app/library/follower.js';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { Layout } from '../../../src/foundation/torrent/layout.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const content = Buffer.alloc(3 * PIECE_SIZE + 5, 'mtorrent');

test('it asks for each piece once, in order, and reads on over the renaming at the end', async (t) => {
  const target = join(temporaryDirectory(t), 'film.bin');
  await writeFile(`${target}.part`, content);
  const asked: number[] = [];
  const client = {
    readable: async (name: string, piece: number) => {
      assert.equal(name, target);
      asked.push(piece);
      return piece === 0 ? 2 : 1;
    },
  };
  const follower = new Follower(client, target, new Layout(content.length));
  t.after(() => follower.close());
  const bytes = Buffer.alloc(content.length);
  await follower.read(0, bytes.subarray(0, 10));
  assert.deepEqual(asked, [0]);
  await rename(`${target}.part`, target);
  await follower.read(10, bytes.subarray(10, PIECE_SIZE + 1));
  assert.deepEqual(asked, [0], 'two pieces were said to be there');
  await follower.read(PIECE_SIZE + 1, bytes.subarray(PIECE_SIZE + 1));
  assert.deepEqual(asked, [0, 2, 3]);
  assert.ok(bytes.equals(content));
});

test('what is skipped is not asked for, and a complete file is found under its name', async (t) => {
  const target = join(temporaryDirectory(t), 'film.bin');
  await writeFile(target, content);
  const asked: number[] = [];
  const readable = async (_name: string, piece: number): Promise<number> => {
    asked.push(piece);
    return 1;
  };
  const follower = new Follower({ readable }, target, new Layout(content.length));
  t.after(() => follower.close());
  const bytes = Buffer.alloc(5);
  await follower.read(3 * PIECE_SIZE, bytes);
  assert.deepEqual(asked, [3]);
  assert.ok(bytes.equals(content.subarray(3 * PIECE_SIZE)));
});
