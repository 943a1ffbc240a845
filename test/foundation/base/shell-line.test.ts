// A suggested command is what was meant when a person pastes it into a shell, whatever is in its words.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import fc from 'fast-check';
import { command, pathWord, shellLine } from '../../../src/foundation/base/shell-line.js';

/** The words that a shell makes of a line. */
function pasted(line: string, shell = 'bash'): readonly string[] {
  const words = execFileSync(shell, ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
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
  "new\nline's",
  'é',
];

test('X3: whatever a name is, a shell takes a suggested command as it was meant, and runs nothing else', () => {
  assert.deepEqual(pasted(shellLine(...HOSTILE)), HOSTILE);
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { minLength: 1, maxLength: 40 }), (words) => {
      const plain = words.map((word) => word.replaceAll('\0', '').replaceAll(/\p{Cs}/gu, ''));
      assert.deepEqual(pasted(shellLine(...plain)), plain);
    }),
    { numRuns: 5 },
  );
});

test('X3: a suggested command is printable, and plain words stay as they are', () => {
  assert.equal(command('get', 'disk.img.mtorrent', '/data/'), 'mtorrent get disk.img.mtorrent /data/');
  assert.equal(command('get', 'my file.mtorrent'), "mtorrent get 'my file.mtorrent'");
  assert.equal(command('get', 'two\nlines'), "mtorrent get $'two\\012lines'");
  assert.doesNotMatch(shellLine(...HOSTILE), /[\p{Cc}\p{Cf}]/u);
  assert.deepEqual([pathWord('-x.mtorrent'), pathWord('/a'), pathWord('a')], ['./-x.mtorrent', '/a', 'a']);
});
