// What patterns mean, against a table, and against a matcher that is too simple to be wrong.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { pathMatch } from '../../../../src/foundation/torrent/folder/globs.js';
import { hardFaultOf } from '../../../../src/foundation/torrent/folder/paths.js';
import { failsWith } from '../../../support/failures.js';

const TABLE: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
  ['*.json', ['a.json', '.json', 'x/y/b.json'], ['a.jsonl', 'a.JSON', 'a.json/x']],
  ['docs/', ['docs/a', 'docs/a/b', 'docs/.hidden'], ['docs2', 'x/docs/a']],
  ['docs/*', ['docs/a', 'docs/.a'], ['docs/a/b', 'docs']],
  ['docs/**', ['docs/a', 'docs/a/b/c'], ['doc', 'x/docs/a']],
  ['**/docs/*', ['docs/a', 'x/y/docs/a'], ['docs/a/b']],
  ['a?c', ['abc', 'x/a-c'], ['ac', 'abbc', 'a/c']],
  ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
  ['[!a-c]x', ['dx', '!x'], ['ax']],
  ['[^a]x', ['bx', '^x'], ['ax']],
  ['x/a[!b]c', ['x/adc'], ['x/abc', 'x/a/c']],
  ['{a,b}.txt', ['a.txt', 'b.txt'], ['c.txt', 'ab.txt', '{a,b}.txt']],
  ['x/{a,b/c}', ['x/a', 'x/b/c'], ['x/b']],
  ['model-*-of-*.bin', ['model-1-of-2.bin'], ['model-1.bin']],
  // What means something to a regular expression or to other shells means itself.
  ['file (1).txt', ['file (1).txt'], ['file 1.txt']],
  ['a+b', ['a+b'], ['aab', 'ab']],
  ['(a|b)', ['(a|b)'], ['a', 'b']],
  ['!a', ['!a'], ['b']],
  ['@(a)', ['@(a)'], ['a']],
  ['+(a)', ['+(a)'], ['a', 'aa']],
  ['$^', ['$^'], ['']],
  ['~', ['~'], ['x']],
  ['\\*', ['*'], ['a']],
  ['\\{a\\}', ['{a}'], ['a']],
  ['a.b', ['a.b'], ['axb']],
  ['[ab', ['[ab'], ['a']],
  ['-rf', ['-rf', 'x/-rf'], ['rf']],
  ['[]a]', [']', 'a'], ['b']],
  ['{1..3}', ['2'], ['4']],
  ['ü*', ['über'], ['uber']],
];

test('a pattern means what the manual says', () => {
  for (const [pattern, yes, no] of TABLE) {
    const match = pathMatch([pattern]);
    for (const path of yes) assert.ok(match(path), `${pattern} means ${path}`);
    for (const path of no) assert.ok(!match(path), `${pattern} does not mean ${path}`);
  }
  const both = pathMatch(['*.a', '*.b']);
  assert.deepEqual([both('x.a'), both('x.b'), both('x.c'), pathMatch([])('x')], [true, true, false, false]);
});

test('a pattern that can mean nothing, or is too long, is refused by its text', () => {
  for (const pattern of ['', '/a', '{a', 'a\\', 'x'.repeat(1_025)]) {
    assert.throws(() => pathMatch([pattern]), failsWith('INVALID_ARGUMENTS', pattern.slice(0, 40)));
  }
  assert.throws(() => pathMatch(Array.from({ length: 65 }, () => 'a')), failsWith('INVALID_ARGUMENTS', '65 patterns'));
});

/** `*`, `?` and `**` as a whole part, by trying everything. */
function reference(pattern: readonly string[], path: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return path.length === 0;
  if (head === '**') return path.some((_, at) => reference(rest, path.slice(at))) || reference(rest, []);
  return path[0] !== undefined && matchesPart(head, path[0]) && reference(rest, path.slice(1));
}

function matchesPart(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*')) {
    return matchesPart(pattern.slice(1), text) || (text !== '' && matchesPart(pattern, text.slice(1)));
  }
  return text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && matchesPart(pattern.slice(1), text.slice(1));
}

test('stars and question marks match as a reference does', () => {
  const part = fc.oneof(fc.constant('**'), fc.stringMatching(/^(?:\*?[ab?]){1,3}\*?$/));
  const name = fc.stringMatching(/^[ab]{1,4}$/);
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 2, maxLength: 4 }),
      fc.array(name, { minLength: 1, maxLength: 5 }),
      (parts, names) => {
        // What lies below a folder is meant with the folder itself, or without it.
        if (parts.at(-1) === '**') return;
        assert.equal(
          pathMatch([parts.join('/')])(names.join('/')),
          reference(parts, names),
          `${parts.join('/')} ${names.join('/')}`,
        );
      },
    ),
    { numRuns: 2_000 },
  );
});

test('whatever is typed is a pattern or refused, and a path without special characters means itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
      if (text === '' || text.startsWith('/')) return;
      try {
        pathMatch([text])('a/b');
      } catch (error) {
        failsWith('INVALID_ARGUMENTS')(error);
      }
      if (hardFaultOf(text) === undefined && !/[*?[\]{}]/.test(text)) assert.ok(pathMatch([text])(text), text);
    }),
    { numRuns: 2_000 },
  );
});
