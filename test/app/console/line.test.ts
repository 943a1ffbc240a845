// A console line is split as a shell user expects, and nothing in it is ever run or expanded but a leading ~.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { splitWords } from '../../../src/app/console/language/line.js';
import { anyCharacter } from '../../support/any-character.js';

const HOME = '/home/me';

function check(line: string, ...words: readonly string[]): void {
  assert.deepEqual(splitWords(line, HOME), { kind: 'words', words }, line);
}

test('spaces separate, quotes and backslashes keep together', () => {
  check('');
  check('  \t ');
  check(' a  b\tc ', 'a', 'b', 'c');
  check("'a b' c", 'a b', 'c');
  check('"a b"\'c d\'e', 'a bc de');
  check('a\\ b \\"c', 'a b', '"c');
  check(`"it's" 'say "x"'`, "it's", 'say "x"');
  check('"a\\"b\\\\c\\n"', 'a"b\\c\\n');
  check("'a\\'", 'a\\');
  check('"" \'\'', '', '');
});

test('only an unquoted ~ at the front of a word is the home directory', () => {
  check('~', HOME);
  check('~/x ~', `${HOME}/x`, HOME);
  check('\'~\' "~/x" \\~ a~ ~other ~x/y', '~', '~/x', '~', 'a~', '~other', '~x/y');
});

test('nothing else means anything', () => {
  check('$HOME `x` *.iso a;b a|b >c #d', '$HOME', '`x`', '*.iso', 'a;b', 'a|b', '>c', '#d');
});

test('what is not closed is said', () => {
  for (const [line, quote] of [
    ['a "b', '"'],
    ["a 'b", "'"],
    ['a\\', '\\'],
    ['"a\\"', '"'],
  ] as const) {
    assert.deepEqual(splitWords(line, HOME), { kind: 'unclosed', quote }, line);
  }
});

test('any words, quoted, come back as they were', () => {
  const quoted: readonly ((word: string) => string)[] = [
    (word) => `'${word.replaceAll("'", `'"'"'`)}'`,
    (word) => `"${word.replaceAll(/["\\]/g, '\\$&')}"`,
    (word) => (word === '' ? '""' : [...word].map((character) => `\\${character}`).join('')),
  ];
  const words = fc.array(fc.tuple(fc.string({ unit: 'grapheme-ascii' }), fc.nat(2)), { maxLength: 6 });
  fc.assert(
    fc.property(words, (pairs) => {
      const line = pairs.map(([word, how]) => quoted[how]?.(word)).join(' ');
      check(line, ...pairs.map(([word]) => word));
    }),
  );
});

test('any line is split or refused; nothing is thrown', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), (line) => {
      splitWords(line, HOME);
    }),
  );
});
