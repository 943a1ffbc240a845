// The scripts of completion in real shells: the candidates that bash and fish compute for a line, and what Tab makes of
// a line in bash and zsh on a terminal.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { declaredCommands } from '../../../src/app/cli/commands.js';
import { bashScript } from '../../../src/app/completion/bash.js';
import { fishScript } from '../../../src/app/completion/fish.js';
import { everyRule, grammarOf } from '../../../src/app/completion/grammar.js';
import { zshScript } from '../../../src/app/completion/zsh.js';
import { hasTool } from '../../support/needs.js';
import { openShell } from '../../support/shell-terminal.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const program = grammarOf(declaredCommands());
const commands = program.commands.map(({ word }) => word);
const LEVELS = ['debug', 'error', 'info', 'trace', 'warn'];
const PAIR = '192.0.2.1:7001 [2001:db8::1]:7001';

/** What is typed, the last word of it unfinished → what is offered for that word. */
const OFFERED: readonly (readonly [string, readonly string[]])[] = [
  ['mtorrent ', commands],
  ['mtorrent cre', ['create']],
  ['mtorrent tracker-l', ['tracker-list']],
  ['mtorrent config ', ['paths', 'show']],
  ['mtorrent config show --or', ['--origin']],
  ['mtorrent client --state-d', ['--state-dir']],
  ['mtorrent client --log-level ', LEVELS],
  ['mtorrent client --log-level d', ['debug']],
  ['mtorrent config show --color a', ['always', 'auto']],
  ['mtorrent client --state-dir s', ['sub/']],
  ['mtorrent completion ', ['bash', 'fish', 'zsh']],
  ['mtorrent info ', ['a.mtorrent', 'folder.mtorrent', 'my file.mtorrent', 'sub/']],
  ['mtorrent info sub/', ['sub/c.mtorrent']],
  ['mtorrent verify a.mtorrent b', ['b.bin']],
  ['mtorrent create -o b', ['b.bin']],
  ['mtorrent create -t 192.0.2.1:1 -t 192.0.2.2:1 b', ['b.bin']],
  // Flags in between count for no place; addresses and unknown commands are offered nothing.
  [`mtorrent client --log-level info 192.0.2.7:6881 ${PAIR} b`, ['b.bin']],
  ['mtorrent client 192.0.2.7:6881 ', []],
  ['mtorrent nonsense ', []],
  ['mtorrent create --name ', []],
  ['mtorrent create -- -', []],
  ['mtorrent info folder.mtorrent --only ', ['a b.txt', 'docs/', 'tool']],
  ['mtorrent info folder.mtorrent --only do', ['docs/']],
  ['mtorrent info folder.mtorrent --except docs/', ['docs/deep/', 'docs/x']],
  ['mtorrent info b.bin --only ', []],
];

function stage(t: TestContext): string {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'sub'));
  for (const name of ['a.mtorrent', 'b.bin', 'my file.mtorrent', 'sub/c.mtorrent', 'sub/d.bin'])
    writeFileSync(join(directory, name), '');
  const list = ['file: 1#0123456789abcdef a b.txt', 'file: 0 docs/deep/y', 'file: 2 docs/x', 'exec: 1@5 tool'];
  const folder = ['192.0.2.1:1', '192.0.2.2:1', 'folder', '4', '00'.repeat(20), 'folder: 4', ...list, 'folder: end'];
  writeFileSync(join(directory, 'folder.mtorrent'), `${folder.join('\n')}\n`);
  writeFileSync(join(directory, '.mtorrent.bash'), bashScript(program));
  writeFileSync(join(directory, '.mtorrent.zsh'), zshScript(program));
  writeFileSync(join(directory, '.mtorrent.fish'), fishScript(program));
  return directory;
}

function run(words: readonly [string, ...string[]], directory: string): string {
  const [tool, ...args] = words;
  const { status, stdout, stderr } = spawnSync(tool, args, { cwd: directory, encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout;
}

/** Bash breaks a line at spaces, and at every : and =. */
function bashWords(line: string): readonly string[] {
  return line.split(' ').flatMap((word) => (word === '' ? [''] : word.split(/([:=]+)/).filter((part) => part !== '')));
}

test('bash offers the words, flags and files that fit the place', (t) => {
  if (!hasTool(t, 'bash')) return;
  const directory = stage(t);
  const bash = (words: readonly string[]): readonly string[] => {
    const list = words.map((word) => `'${word}'`).join(' ');
    const script = `. ./.mtorrent.bash; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _mtorrent; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const lines = run(['bash', '--norc', '-c', script], directory).split('\n');
    return lines.filter((line) => line !== '').sort();
  };
  for (const [line, offered] of OFFERED) {
    // bash appends the slash of a directory itself.
    const wanted = line.includes('folder.mtorrent') ? offered : offered.map((word) => word.replace(/\/$/, ''));
    assert.deepEqual(bash(bashWords(line)), [...wanted].sort(), line);
  }
  // A value behind = is offered alone where bash breaks words at =, whole where it does not.
  assert.deepEqual(bash(['mtorrent', 'client', '--log-level', '=']), LEVELS);
  assert.deepEqual(bash(['mtorrent', 'client', '--log-level', '=', 'd']), ['debug']);
  assert.deepEqual(bash(['mtorrent', 'client', '--log-level=d']), ['--log-level=debug']);
  assert.deepEqual(bash(['mtorrent', 'info', '"my f']), ['my file.mtorrent']);
});

test('fish offers the words, flags and files that fit the place', (t) => {
  if (!hasTool(t, 'fish')) return;
  const directory = stage(t);
  const asked = OFFERED.map(([line]) => `echo '# ${line}'; complete -C '${line}'`).join('\n');
  const answers = run(['fish', '--no-config', '-c', `source ./.mtorrent.fish\n${asked}`], directory).split(/^# .*\n/m);
  assert.equal(answers.length, OFFERED.length + 1);
  OFFERED.forEach(([line, offered], at) => {
    const lines = (answers[at + 1] ?? '').split('\n').filter((answer) => answer !== '');
    assert.deepEqual(lines.map((answer) => answer.split('\t')[0]).sort(), [...offered].sort(), line);
  });
});

test('zsh takes the script', (t) => {
  if (!hasTool(t, 'zsh')) return;
  const directory = stage(t);
  assert.equal(run(['zsh', '-f', '-n', './.mtorrent.zsh'], directory), '');
  // Without the system of completion it says nothing either.
  assert.equal(run(['zsh', '-f', '-c', '. ./.mtorrent.zsh'], directory), '');
});

/** What is typed before Tab → what is on the line after it, where there is one way to go on. */
const COMPLETED: readonly (readonly [string, string])[] = [
  ['mtorrent cre', 'mtorrent create '],
  ['mtorrent config sh', 'mtorrent config show '],
  ['mtorrent config show --or', 'mtorrent config show --origin '],
  ['mtorrent client --log-level d', 'mtorrent client --log-level debug '],
  ['mtorrent client --log-level=d', 'mtorrent client --log-level=debug '],
  ['mtorrent info a', 'mtorrent info a.mtorrent '],
  ['mtorrent info m', 'mtorrent info my\\ file.mtorrent '],
  ['mtorrent info sub/', 'mtorrent info sub/c.mtorrent '],
  ['mtorrent client --state-dir s', 'mtorrent client --state-dir sub/'],
  ['mtorrent info folder.mtorrent --only do', 'mtorrent info folder.mtorrent --only docs/'],
  ['mtorrent info folder.mtorrent --only docs/x', 'mtorrent info folder.mtorrent --only docs/x'],
  ['mtorrent info folder.mtorrent --except a', 'mtorrent info folder.mtorrent --except a\\ b.txt'],
  ['mtorrent verify a.mtorrent b', 'mtorrent verify a.mtorrent b.bin '],
  [
    'mtorrent client 192.0.2.7:1 192.0.2.1:1 192.0.2.2:1 b',
    'mtorrent client 192.0.2.7:1 192.0.2.1:1 192.0.2.2:1 b.bin ',
  ],
  ['mtorrent create -t 192.0.2.1:1 -t 192.0.2.2:1 b', 'mtorrent create -t 192.0.2.1:1 -t 192.0.2.2:1 b.bin '],
];

async function pressesTab(t: TestContext, shell: readonly [string, ...string[]], setUp: string): Promise<void> {
  const terminal = openShell(t, shell, stage(t));
  // Another prompt than the first one, so that what comes is after the set-up.
  terminal.type(`${setUp}; PS1='>'' '\r`);
  await terminal.lineBecomes('> ');
  for (const [typed, completed] of COMPLETED) {
    terminal.type(`${typed}\t`);
    await terminal.lineBecomes(`> ${completed}`);
    terminal.type('\u0015');
    await terminal.lineBecomes('> ');
  }
}

test('Tab in bash on a terminal', async (t) => {
  if (!hasTool(t, 'bash')) return;
  await pressesTab(t, ['bash', '--norc', '--noprofile'], '. ./.mtorrent.bash');
});

test('Tab in zsh on a terminal', async (t) => {
  if (!hasTool(t, 'zsh')) return;
  await pressesTab(t, ['zsh', '-f'], 'autoload -Uz compinit; compinit -D -u; . ./.mtorrent.zsh');
});

test('every command and flag is in every script', () => {
  for (const script of [bashScript(program), zshScript(program), fishScript(program)]) {
    for (const { word, flags } of everyRule(program)) {
      assert.ok(script.includes(word), word);
      for (const { names } of flags)
        for (const name of names) assert.ok(script.includes(name) || script.includes(name.replace(/^-+/, ' ')), name);
    }
  }
});
