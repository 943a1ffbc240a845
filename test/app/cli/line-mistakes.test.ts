// What is said of the words of a command line, for every command and option that is declared.

import assert from 'node:assert/strict';
import test from 'node:test';
import { declaredCommands } from '../../../src/app/cli/commands.js';
import { lineMistake } from '../../../src/app/cli/line-mistakes.js';
import type { CommandEntry } from '../../../src/app/completion/command-table.js';

const TABLE = declaredCommands();
const mistakeOf = (...words: readonly string[]): string | undefined => lineMistake(words, TABLE);
const wordsOf = ({ words }: CommandEntry): readonly string[] => words.split(' ').filter((word) => word !== '');

/** The shortest line that the command takes; of a command with choices, the first. */
function fullLine(entry: CommandEntry): readonly string[] {
  return [
    ...wordsOf(entry),
    ...entry.positionals.flatMap(({ isRequired, choices }) => (isRequired ? [choices[0] ?? 'x'] : [])),
  ];
}

test('the shortest line of every command, with any one of its options, has no mistake', () => {
  for (const entry of TABLE) {
    const line = fullLine(entry);
    assert.equal(mistakeOf(...line), undefined, line.join(' '));
    for (const { name, aliases, takesValue, choices } of entry.flags)
      for (const flag of [name, ...aliases]) {
        const dashed = `${flag.length === 1 ? '-' : '--'}${flag}`;
        const words = [...line, dashed, ...(takesValue ? [choices[0] ?? '1'] : [])];
        assert.equal(mistakeOf(...words), undefined, words.join(' '));
      }
  }
});

test('options may stand before the command, with their values', () => {
  assert.equal(mistakeOf('--config', 'f', 'info', 'x.mtorrent'), undefined);
  assert.equal(mistakeOf('--config=f', 'get', 'x.mtorrent', '.', '-q'), undefined);
  assert.match(mistakeOf('--config', 'f', 'get') ?? '', /^<mtorrent> is missing: mtorrent get /);
  assert.match(mistakeOf('--quite', 'get', 'x') ?? '', /^get has no option --quite; did you mean --quiet\?/);
  assert.equal(mistakeOf('--config', 'f'), undefined);
  assert.equal(mistakeOf('--quiet', 'get', 'x'), '--quiet belongs behind get (mtorrent get --help)');
});

test('an argument that is missing is named, with the usage', () => {
  for (const entry of TABLE) {
    const required = entry.positionals.filter(({ isRequired }) => isRequired);
    for (const [count, { name }] of required.entries()) {
      const words = fullLine(entry).slice(0, wordsOf(entry).length + count);
      const said = mistakeOf(...words) ?? '';
      assert.ok(said.startsWith(`<${name}> is missing: mtorrent ${entry.words} <`), `${words.join(' ')}: ${said}`);
    }
  }
});

test('of words too many the first is named, with the usage', () => {
  assert.equal(mistakeOf('get', 'a', 'b', 'c'), '"c" is one word too many: mtorrent get <mtorrent> [destination]');
  assert.match(mistakeOf('get', 'a', 'b', 'c', 'd') ?? '', /^"c" and 1 more are words too many: /);
  // Not what a group without its subcommand is told.
  assert.equal(mistakeOf('swarm'), undefined);
});

test('an option that a command has not is named with the nearest one, whatever else is wrong with the line', () => {
  for (const entry of TABLE)
    for (const { name } of entry.flags) {
      if (name.length < 6) continue;
      const slip = `${name.slice(0, 2)}${name[3]}${name[2]}${name.slice(4)}`;
      if (entry.flags.some((flag) => flag.name === slip)) continue;
      for (const line of [fullLine(entry), wordsOf(entry)])
        assert.ok(
          mistakeOf(...line, `--${slip}`)?.includes(` has no option --${slip}; did you mean --`),
          `${entry.words}: ${mistakeOf(...line, `--${slip}`)}`,
        );
    }
  assert.equal(mistakeOf('get', 'x', '-x'), 'get has no option -x (mtorrent get --help)');
  assert.equal(
    mistakeOf('get', '--detatch', 'x'),
    'get has no option --detatch; did you mean --detach? (mtorrent get --help)',
  );
});

test('an option without its value, with an empty one or given twice is named', () => {
  for (const entry of TABLE) {
    const line = fullLine(entry);
    for (const { name, takesValue, repeats, choices } of entry.flags) {
      if (!takesValue) continue;
      const said = (...words: readonly string[]): string => mistakeOf(...line, ...words) ?? '';
      assert.match(said(`--${name}`), new RegExp(`^--${name} needs a value, and nothing stands behind it `));
      assert.match(said(`--${name}`, '--json'), new RegExp(`^--${name} needs a value, and "--json" stands behind it `));
      for (const empty of [[`--${name}`, ''], [`--${name}=`]])
        assert.match(said(...empty), new RegExp(`^the value of --${name} is empty; `));
      const value = choices[0] ?? '1';
      const twice = said(`--${name}`, value, `--${name}`, value);
      assert.equal(twice, repeats ? '' : `--${name} was given 2 times; give it once`);
    }
  }
});

test('a word that is none of the choices is told which there are', () => {
  assert.equal(
    mistakeOf('get', 'x', '--swarm', 'opne'),
    '--swarm: "opne" is not one of auto, open, closed; did you mean open?',
  );
  assert.match(mistakeOf('completion', 'tcsh') ?? '', /^<shell>: "tcsh" is not one of bash, zsh, fish/);
});

test('what begins with a dash and is no option has its place: a stream, a negative number, words behind --', () => {
  assert.equal(mistakeOf('get', '-', '/data/'), undefined);
  assert.equal(mistakeOf('get', 'x', '-'), undefined);
  assert.equal(mistakeOf('get', 'x', '-', '--keep', '-'), undefined);
  assert.equal(mistakeOf('limit', 'up', '-5'), undefined);
  assert.equal(mistakeOf('get', '--', '--a', '-b'), undefined);
  assert.match(mistakeOf('get', '--', '--a', '-b', '--c') ?? '', /^"--c" is one word too many/);
  assert.match(mistakeOf('get', 'x', '--timeout', '-5s') ?? '', /^--timeout needs a value, and "-5s" stands behind it/);
  assert.match(
    mistakeOf('share', '-t127.0.0.1:1', 'x') ?? '',
    /^-t needs a space before its value: -t 127\.0\.0\.1:1$/,
  );
});

test('whoever asks for help gets it, whatever else is wrong', () => {
  for (const help of ['--help', '-h', '--version', '-V']) assert.equal(mistakeOf('get', '--none', help), undefined);
});

test('an option may be written in camel case, or with no- before it, as the parser takes it', () => {
  assert.equal(mistakeOf('get', 'x', '--seedTime', '5m'), undefined);
  assert.equal(mistakeOf('get', 'x', '--no-reuse'), undefined);
  assert.equal(mistakeOf('get', 'x', '--no-json'), undefined);
});
