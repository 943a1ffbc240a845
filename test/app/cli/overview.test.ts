// What `mtorrent --help` shows: every command, nothing wider than asked for, and more on one screen than a parser
// would.

import assert from 'node:assert/strict';
import test from 'node:test';
import { declaredCommands } from '../../../src/app/cli/commands.js';
import { overview } from '../../../src/app/cli/overview.js';

const SCREEN_LINES = 50;

test('every command is named with what it does, examples come first', () => {
  const lines = overview(declaredCommands(), 110).split('\n');
  assert.ok(lines.findIndex((line) => line.includes('mtorrent share')) < lines.indexOf('Commands:'));
  for (const { words, description } of declaredCommands().filter((entry) => !/^$| /.test(entry.words))) {
    assert.ok(
      lines.some((line) => line.trim().startsWith(words)),
      words,
    );
    assert.ok(
      lines.some((line) => line.includes(description.slice(0, 20))),
      words,
    );
  }
  assert.ok(lines.length <= SCREEN_LINES, `${lines.length} lines`);
});

test('no line is wider than the terminal, down to 70 columns', () => {
  for (const columns of [70, 80, 110])
    for (const line of overview(declaredCommands(), columns).split('\n').slice(0, -1))
      assert.ok(line.length <= columns, `${columns}: ${line}`);
});
