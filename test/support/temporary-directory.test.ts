// The folder of a test, which outlasts the programs of the test and not its process.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { temporaryDirectory } from './temporary-directory.js';

test('a directory of a test is there until everything that the test ends has ended', async (t) => {
  let isThere = false;
  await t.test('a test whose client ends behind it', (inner) => {
    const directory = temporaryDirectory(inner);
    inner.after(() => {
      isThere = existsSync(directory);
    });
  });
  assert.ok(isThere);
});

test('a directory of a test is gone when its process has ended', () => {
  const support = JSON.stringify(new URL('temporary-directory.js', import.meta.url).href);
  const program = `import test from 'node:test'; import { temporaryDirectory } from ${support};
    test('one', (t) => console.log('made', temporaryDirectory(t)));`;
  // Not as a part of the run that this test is of.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const told = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', env });
  const directory = /made (\S+)/.exec(told)?.[1] ?? '';
  assert.match(directory, /mtorrent-test-/);
  assert.equal(existsSync(directory), false);
});
