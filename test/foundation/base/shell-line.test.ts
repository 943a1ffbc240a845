// A suggested command is what was meant when a person pastes it into a shell, whatever is in its words.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import test from 'node:test';
import fc from 'fast-check';
import { command, pathWord, shellLine } from '../../../src/foundation/base/shell-line.js';

const SHELLS = ['bash', 'sh', 'dash', 'zsh', 'ksh', 'mksh'].filter(
  (shell) => spawnSync(shell, ['-c', ':']).error === undefined,
);

/** The words that a shell makes of a line. */
function pasted(line: string, shell: string): readonly string[] {
  // What users of zsh set for their own use counts there as well.
  const own = shell === 'zsh' ? 'setopt extendedglob; ' : '';
  const words = execFileSync(shell, ['-c', `${own}printf '%s\\0' ${line}`], { encoding: 'utf8' });
  return words.split('\0').slice(0, -1);
}

const HOSTILE = [
  'a;touch PWNED;$(touch PWNED2) .bin',
  '`id`',
  "it's",
  'a|b & c > d < e',
  '~root/x',
  '*',
  '[::1]:7001',
  'back\\slash"quote',
  '!history',
  '#comment',
  '',
  'two\nlines\tand \u001b[31mred',
  'right\u202eto left',
  "new\nline's 100% \\n",
  '-\t%s!',
  'é\u200d日本',
  '=ls',
  'a=~root/b',
  'a~b^c',
  'name=value',
  '%1',
];

test('X3: whatever a name is, a shell takes a suggested command as it was meant, and runs nothing else', () => {
  for (const shell of SHELLS) assert.deepEqual(pasted(shellLine(...HOSTILE), shell), HOSTILE, shell);
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { minLength: 1, maxLength: 40 }), (words) => {
      const plain = words.map((word) => `${word.replaceAll('\0', '').replaceAll(/\p{Cs}/gu, '')}.`);
      for (const shell of SHELLS) assert.deepEqual(pasted(shellLine(...plain), shell), plain, shell);
    }),
    { numRuns: 5 },
  );
  // Line ends at the end of a word are written as these shells read them.
  for (const shell of SHELLS.filter((each) => each === 'bash' || each === 'zsh'))
    assert.deepEqual(pasted(shellLine('a\n', '\n\n', "'\\\n"), shell), ['a\n', '\n\n', "'\\\n"], shell);
});

test('X3: a suggested command is printable, and plain words stay as they are', () => {
  assert.equal(command('get', 'disk.img.mtorrent', '/data/'), 'mtorrent get disk.img.mtorrent /data/');
  assert.equal(command('get', 'my file.mtorrent'), "mtorrent get 'my file.mtorrent'");
  assert.equal(command('get', 'two\nlines'), `mtorrent get "$(printf 'two\\012lines')"`);
  assert.doesNotMatch(shellLine(...HOSTILE), /[\p{Cc}\p{Cf}]/u);
  const words = ['-x.mtorrent', '/a', 'a', '-'].map(pathWord);
  assert.deepEqual(words, ['./-x.mtorrent', '/a', 'a', '-']);
});
