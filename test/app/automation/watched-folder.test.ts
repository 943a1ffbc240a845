// What is said of a watched folder, or of where its files go, that is not there: once, and of the path that is wrong.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { WatchedFolder } from '../../../src/app/automation/watched-folder.js';
import type { SwarmClient } from '../../../src/app/library/swarm-client.js';
import { deferred } from '../../../src/foundation/base/deferred.js';

interface Places {
  readonly directory: string;
  readonly destination: string;
}

/** The first sentence. @param places below a new directory, with the directory `there` and the file `file` in it. */
async function firstSaid(t: TestContext, places: (root: string) => Places): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'mtorrent-watch-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'there'));
  writeFileSync(join(root, 'file'), '');
  const said = deferred<string>();
  const watched = new WatchedFolder(
    {} as SwarmClient,
    { ...places(root), stateDir: root, stateRoot: root, mayName: () => true },
    undefined,
    { path: join(root, 'log'), level: 'info' },
    (_, sentence) => said.resolve(sentence.replaceAll(`${root}/`, '')),
  );
  const first = await said.promise;
  await watched.close();
  return first;
}

test('of a watched folder and its destination the one that is wrong is named', async (t) => {
  const cases: readonly (readonly [watched: string, destination: string, sentence: string])[] = [
    ['none', 'there', 'the directory none does not exist; create it first'],
    ['there', 'none', 'the directory none does not exist; create it first'],
    ['file', 'there', 'file is not a directory; name a directory'],
    ['there', 'file', 'file is not a directory; name a directory'],
  ];
  for (const [watched, destination, sentence] of cases) {
    const said = await firstSaid(t, (root) => ({
      directory: join(root, watched),
      destination: join(root, destination),
    }));
    assert.equal(said, `nothing is fetched from ${watched} until this is mended: ${sentence}`);
  }
});
