// `create`, `info` and `verify` of a folder, as a person types them: real processes on real trees.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const PAIR = ['-t', '192.0.2.1:7001', '-t', '192.0.2.2:7001'];

interface Stage {
  readonly directory: string;
  readonly run: (...words: readonly string[]) => ReturnType<typeof runProgram>;
}

function stageTree(t: TestContext): Stage {
  const directory = temporaryDirectory(t);
  const write = (path: string, bytes: string | Uint8Array, mode = 0o644): void => {
    fs.mkdirSync(join(directory, 'models', path, '..'), { recursive: true });
    fs.writeFileSync(join(directory, 'models', path), bytes, { mode });
  };
  write('README.md', 'read me\n');
  write('tools/convert.sh', '#!/bin/sh\n', 0o755);
  write('tools/aux.c', 'int x;\n');
  write('config.json', '{}\n');
  write('model.safetensors', Buffer.alloc(5_000_000, 'model'));
  fs.mkdirSync(join(directory, 'models/cache'));
  fs.symlinkSync('../README.md', join(directory, 'models/tools/link'));
  return { directory, run: (...words) => runProgram(words, directory) };
}

test('create of a folder gives the same bytes for the same tree, and tells of doubtful names once', async (t) => {
  const { directory, run } = stageTree(t);
  const made = await run('create', 'models', ...PAIR);
  assert.equal(made.code, 0, made.stderr);
  assert.equal(made.stdout.trim(), 'models.mtorrent');
  assert.match(made.stderr, /one name \(tools\/aux\.c\) will not fit on every system\n/);
  assert.match(made.stderr, /models: 5 files, 4\.8 MiB, \d+ pieces, swarm [0-9a-f]{40}\n/);
  const text = fs.readFileSync(join(directory, 'models.mtorrent'), 'utf8');
  assert.match(text, /^folder: 8\nfile: 8#[0-9a-f]{16} README\.md\n/m);
  fs.renameSync(join(directory, 'models'), join(directory, 'elsewhere'));
  fs.utimesSync(join(directory, 'elsewhere/README.md'), 1, 1);
  const again = await run('create', 'elsewhere', '--name', 'models', '-o', 'again.mtorrent', '-q', ...PAIR);
  assert.deepEqual([again.code, again.stderr], [0, '']);
  assert.equal(fs.readFileSync(join(directory, 'again.mtorrent'), 'utf8'), text);
  // The same bytes again are no conflict; others are.
  assert.equal((await run('create', 'elsewhere', '--name', 'models', '-o', 'again.mtorrent', ...PAIR)).code, 0);
  const other = await run(
    'create',
    'elsewhere',
    '--exclude',
    '*.md',
    '--name',
    'models',
    '-o',
    'again.mtorrent',
    ...PAIR,
  );
  assert.equal(other.code, 13);
  assert.match(other.stderr, /again\.mtorrent exists already.*--force/);
});

test('create from within the folder leaves out the .mtorrent that it makes, and refuses what cannot be shared', async (t) => {
  const { directory, run } = stageTree(t);
  const inside = join(directory, 'models');
  for (const code of [0, 0]) assert.equal((await runProgram(['create', '.', ...PAIR], inside)).code, code);
  assert.doesNotMatch(fs.readFileSync(join(inside, 'models.mtorrent'), 'utf8'), /models\.mtorrent/);
  fs.symlinkSync('/etc/passwd', join(inside, 'out'));
  const refused = await run('create', 'models', ...PAIR);
  assert.equal(refused.code, 10);
  assert.match(
    refused.stderr,
    /UNSAFE_NAME.*models holds one thing that cannot be shared: "out" \(it points to an abs/,
  );
  assert.equal(fs.existsSync(join(directory, 'models.mtorrent')), false);
  const skipped = await run('create', 'models', '--skip-unshareable', '--exclude', '*.mtorrent', ...PAIR);
  assert.equal(skipped.code, 0, skipped.stderr);
  assert.match(skipped.stderr, /left out one name \(out\), which cannot be shared\n/);
  assert.equal((await run('create', 'models', '--sha256', ...PAIR)).code, 2);
});

test('a single file has the same bytes as ever, and one line more when it may be executed', async (t) => {
  const { directory, run } = stageTree(t);
  const textOf = async (...words: readonly string[]): Promise<string> => {
    assert.equal((await run('create', 'models/tools/convert.sh', '-f', ...words, ...PAIR)).code, 0);
    return fs.readFileSync(join(directory, 'convert.sh.mtorrent'), 'utf8');
  };
  const plain = await textOf();
  assert.equal(plain.split('\n').length, 6);
  assert.equal(await textOf('--mode'), `${plain}mode: exec\n`);
});
