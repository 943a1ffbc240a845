// The history of a console: what was typed comes back in the next run, and nothing that is wrong with its file is more
// than a history that is not there.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { HISTORY_BYTES_MAX, HISTORY_LINE_MAX, HISTORY_LINES_MAX } from '../../../src/app/console/limits.js';
import { History } from '../../../src/app/console/terminal/history.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const never = (sentence: string): void => assert.fail(sentence);

async function remembers(path: string, lines: readonly string[], lost = never): Promise<void> {
  const history = new History(path, lost);
  await history.load();
  for (const line of lines) history.remember(line);
  await history.written();
}

const load = (path: string): Promise<readonly string[]> => new History(path, never).load();

test('lines come back, the newest first, in a file that only its owner reads', async (t) => {
  const path = join(temporaryDirectory(t), 'history');
  assert.deepEqual(await load(path), []);
  await remembers(path, ['one', 'two', 'two', 'three']);
  assert.deepEqual(await load(path), ['three', 'two', 'one']);
  await remembers(path, ['three', 'one']);
  assert.deepEqual(await load(path), ['one', 'three', 'two', 'one']);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('what its typist hid, and what is not fit to be shown, is not kept', async (t) => {
  const path = join(temporaryDirectory(t), 'history');
  await remembers(path, [' secret', '', 'a\u001b[2Jb', 'x'.repeat(HISTORY_LINE_MAX + 1), 'x\u202ey', 'kept']);
  assert.equal(await readFile(path, 'utf8'), 'kept\n');
});

test('two consoles at once keep what both were told', async (t) => {
  const path = join(temporaryDirectory(t), 'history');
  const [mine, yours] = [new History(path, never), new History(path, never)];
  await Promise.all([mine.load(), yours.load()]);
  const numbers = Array.from({ length: 50 }, (_, at) => at);
  for (const at of numbers) {
    mine.remember(`mine ${at}`);
    yours.remember(`yours ${at}`);
  }
  await Promise.all([mine.written(), yours.written()]);
  const wanted = numbers.flatMap((at) => [`mine ${at}`, `yours ${at}`]);
  assert.deepEqual([...(await load(path))].sort(), wanted.sort());
});

test('the file stays within its bounds, and of a larger one the end counts', async (t) => {
  const path = join(temporaryDirectory(t), 'history');
  const many = Array.from({ length: 2 * HISTORY_LINES_MAX + 10 }, (_, at) => `line ${at}`);
  await remembers(path, many);
  const kept = (await readFile(path, 'utf8')).split('\n').length;
  assert.ok(kept < 2 * HISTORY_LINES_MAX, `${kept} lines`);
  assert.equal((await load(path)).length, HISTORY_LINES_MAX);
  assert.equal((await load(path))[0], many.at(-1));

  const long = `${'y'.repeat(HISTORY_LINE_MAX)}\n`;
  await writeFile(path, [...Array(HISTORY_BYTES_MAX / HISTORY_LINE_MAX + 5).fill(long), 'last\n'].join(''));
  assert.equal((await load(path))[0], 'last');
});

test('a damaged file costs its damaged lines only, and a torn end nothing of the next line', async (t) => {
  const path = join(temporaryDirectory(t), 'history');
  await writeFile(path, Buffer.from('good\n\u0000\u0001\nbad \xff\n\ntorn', 'latin1'));
  assert.deepEqual(await load(path), ['torn', 'good']);
  await remembers(path, ['next']);
  assert.deepEqual(await load(path), ['next', 'torn', 'good']);
});

test('a file that cannot be used is told once, and nothing waits for it', async (t) => {
  const directory = temporaryDirectory(t);
  const told: string[] = [];
  await mkdir(join(directory, 'history'));
  await remembers(join(directory, 'history'), ['a', 'b'], (sentence) => told.push(sentence));
  assert.equal(told.length, 1);
  assert.match(told.join(), /the history of this console is not being saved/);

  const pipe = join(directory, 'pipe');
  if (spawnSync('mkfifo', [pipe]).status === 0) {
    await remembers(pipe, ['a'], (sentence) => told.push(sentence));
    assert.equal(told.length, 2);
  }
  if (process.getuid?.() !== 0) {
    const locked = join(directory, 'locked');
    await writeFile(locked, 'x\n');
    await chmod(locked, 0);
    await remembers(locked, ['a'], (sentence) => told.push(sentence));
    assert.match(told.at(-1) ?? '', /not kept/);
  }
});

test('without a file, nothing is kept', async () => {
  const history = new History(undefined, never);
  history.remember('a');
  await history.written();
  assert.deepEqual(await history.load(), []);
});
