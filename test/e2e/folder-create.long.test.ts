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

test('info shows the head, the largest files, all of them, or what a choice would fetch', async (t) => {
  const { run } = stageTree(t);
  assert.equal((await run('create', 'models', ...PAIR)).code, 0);
  const plain = (await run('info', 'models.mtorrent')).stdout;
  assert.match(plain, /^folder {5}5 files, 1 link, 1 empty folder$/m);
  assert.match(plain, /^5000000 {2}model\.safetensors$/m);
  const all = (await run('info', 'models.mtorrent', '--files')).stdout;
  for (const line of ['10  tools/convert.sh*', 'cache/', 'tools/link -> ../README.md'])
    assert.ok(all.includes(line), all);
  const chosen = (await run('info', 'models.mtorrent', '--only', '*.md', '--only', '*.json')).stdout;
  assert.match(chosen, /^chosen {5}2 files, 11 B, in 1 of 11 pieces$/m);
  const json = (await run('info', 'models.mtorrent', '--json', '--files', '--except', 'tools/')).stdout
    .trim()
    .split('\n');
  const [head, ...entries] = json.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(head?.['folder'], { files: 3, links: 0, directories: 1, bytes: 5_000_011 });
  assert.deepEqual(
    entries.map(({ path, kind, pieces }) => [path, kind, pieces]),
    [
      ['README.md', 'file', [0, 0]],
      ['config.json', 'file', [0, 0]],
      ['model.safetensors', 'file', [1, 10]],
      ['cache', 'dir', null],
    ],
  );
  const nothing = await run('info', 'models.mtorrent', '--only', '*.JSON');
  assert.equal(nothing.code, 2);
  assert.match(
    nothing.stderr,
    /INVALID_ARGUMENTS: nothing in the folder matches "\*\.JSON"; did you mean "config\.json"/,
  );
});

test('verify compares a folder file by file, and tells which small file of a bad piece it is', async (t) => {
  const { directory, run } = stageTree(t);
  assert.equal((await run('create', 'models', ...PAIR)).code, 0);
  const right = await run('verify', 'models.mtorrent', 'models', '--strict');
  assert.deepEqual(
    [right.code, right.stdout.trim()],
    [0, 'models: 5 of 5 files are good\nthe folder is complete and unchanged'],
  );
  const at = (path: string): string => join(directory, 'models', path);
  fs.writeFileSync(at('README.md'), 'READ ME\n');
  fs.appendFileSync(at('model.safetensors'), 'x');
  fs.rmSync(at('tools/aux.c'));
  fs.rmSync(at('tools/link'));
  fs.symlinkSync('../config.json', at('tools/link'));
  fs.rmdirSync(at('cache'));
  fs.chmodSync(at('tools/convert.sh'), 0o644);
  fs.writeFileSync(at('stranger'), '');
  const wrong = await run('verify', 'models.mtorrent', 'models');
  assert.equal(wrong.code, 12);
  assert.deepEqual(wrong.stdout.trim().split('\n').sort(), [
    'changed: README.md',
    'changed: tools/link',
    'missing: cache',
    'missing: tools/aux.c',
    'models: 1 of 5 files are good',
    'not executable: tools/convert.sh',
    'size differs: model.safetensors',
    'the folder is not the one that the .mtorrent describes',
  ]);
  assert.match((await run('verify', 'models.mtorrent', 'models', '--strict')).stdout, /^not in the list: stranger$/m);
  const json = await run('verify', 'models.mtorrent', 'models', '--json', '--only', '*.md', '--only', '*.json');
  assert.deepEqual(JSON.parse(json.stdout), {
    schema: 1,
    file: 'models',
    name: 'models',
    files: 2,
    goodFiles: 1,
    bad: [{ path: 'README.md', state: 'changed' }],
    passed: false,
  });
});

test('verify follows links where it is told to, and refuses to choose files of what is one file', async (t) => {
  const { directory, run } = stageTree(t);
  // A link in place of a file is another thing, and no reason to stop.
  fs.renameSync(join(directory, 'models/README.md'), join(directory, 'elsewhere.md'));
  fs.symlinkSync('../elsewhere.md', join(directory, 'models/README.md'));
  assert.equal((await run('create', 'models', ...PAIR, '--follow-links')).code, 0);
  assert.match((await run('verify', 'models.mtorrent', 'models')).stdout, /^missing: README\.md$/m);
  const followed = await run('verify', 'models.mtorrent', 'models', '--follow-links', '--strict');
  assert.deepEqual([followed.code, followed.stderr], [0, ''], followed.stdout);
  fs.writeFileSync(join(directory, 'elsewhere.md'), 'READ ME\n');
  assert.match((await run('verify', 'models.mtorrent', 'models', '--follow-links')).stdout, /^changed: README\.md$/m);
  assert.equal((await run('create', 'elsewhere.md', ...PAIR)).code, 0);
  const refused = await run('verify', 'elsewhere.md.mtorrent', 'elsewhere.md', '--only', '*.md');
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /INVALID_ARGUMENTS: elsewhere\.md is one file; --only and --except choose files of a folder/,
  );
});
