// A name from a stranger becomes a file here: the vectors of every traversal and look-alike attack we know (S1), and
// the property that holds whatever they try next (S2).

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve, win32 } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { checkFileName, isPortable, printable, unportableIn } from '../../../src/foundation/torrent/names.js';
import { anyCharacter } from '../../support/any-character.js';
import { cases } from '../../support/cases.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** Written as escapes on purpose: half of these cannot be seen. */
const UNSAFE: Readonly<Record<string, readonly string[]>> = {
  'it is empty': [''],
  'it names a directory': ['.', '..'],
  'home directory': ['~'],
  'path separator': ['/', '\\', '../x', '/etc/passwd', 'a/b', 'a\\b', '..\\x', 'C:\\x', '\\\\srv\\x', 'x/', '~/x'],
  'control character': ['\0', 'x\0.bin', 'a\nb', 'a\rb', 'a\tb', '\x1b[2Jx', 'x\x7f', 'x\x85y', 'x\x9by'],
  surrogate: ['\ud800', 'x\udc00y', '\udc00\ud800'],
  invisible: [
    'x\u202egpj.exe',
    'x\u200b',
    'x\u200d',
    'x\u2066y',
    '\ufeffx',
    'x\u2028y',
    'x\u2029y',
    'x\u061cy',
    'x\u00ady',
    'x\u2060y',
    'x\u{e0041}',
  ],
  drive: ['C:x', 'a:b', ':', 'x.txt:stream', 'x::$DATA'],
  'dot or a space': ['x.', 'x ', 'x..', ' ', '...', 'con. '],
  device: [
    'CON',
    'con',
    'con.txt',
    'COM1',
    'com9.tar.gz',
    'LPT¹',
    'NUL.tar.gz',
    'aux.h',
    'CONIN$',
    'con .txt',
    'PRN.x',
  ],
  'normal form': ['e\u0301.txt', '\u212b.bin', '\u1100\u1161'],
  'longer than 255 bytes': ['x'.repeat(256), 'é'.repeat(128), '\u{1f4be}'.repeat(64)],
};

test('S1: every unsafe name is refused, with the reason', () => {
  for (const [reason, names] of Object.entries(UNSAFE)) {
    for (const name of names) assert.match(String(checkFileName(name)), new RegExp(reason), JSON.stringify(name));
  }
});

test('names that people give their files are accepted', () => {
  const names = [
    'ubuntu-24.04.iso',
    'Bericht über Größe.pdf',
    '模型-7b.safetensors',
    'naïve café.txt',
    '.hidden',
    '-rf',
    '~backup',
    'a~b',
    'console.log',
    'com10',
    'com',
    'auxiliary.bin',
    'x'.repeat(255),
    '\u{1f4be}.img',
    'a b  c',
    ' leading',
    '$HOME',
    'a;b|c&d',
    'it\'s "quoted" <x> *?',
    '__proto__',
  ];
  for (const name of names) assert.equal(checkFileName(name), undefined, name);
});

const nameLike = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('.', '/', '\\', ':', '~', ' ', 'a', 'C', 'con', 'nul', '\0', 'é', '\u202e') }),
);

test('S2: whatever is accepted stays in its directory, on POSIX and on Windows', () => {
  fc.assert(
    fc.property(nameLike, (name) => {
      if (checkFileName(name) !== undefined) return;
      assert.equal(dirname(resolve('/some/where', name)), '/some/where');
      assert.equal(basename(name), name);
      assert.equal(win32.dirname(win32.resolve('D:\\some\\where', name)), 'D:\\some\\where');
      assert.equal(win32.basename(name), name);
    }),
    { numRuns: cases(20_000) },
  );
});

test('S2: whatever is accepted names exactly one file of that name on this disk', (t) => {
  const directory = temporaryDirectory(t);
  let round = 0;
  fc.assert(
    fc.property(nameLike, (name) => {
      if (checkFileName(name) !== undefined) return;
      round += 1;
      const place = join(directory, String(round));
      mkdirSync(place);
      writeFileSync(join(place, name), '');
      assert.deepEqual(readdirSync(place), [name]);
      rmSync(place, { recursive: true });
    }),
    { numRuns: cases(500) },
  );
});

test('S3: what is printed cannot move a cursor, hide or turn text round', () => {
  assert.equal(printable('a\x1b[2J\u202eb\u200b'), 'a\\u{1b}[2J\\u{202e}b\\u{200b}');
  assert.equal(printable('plain text, größer, 模型 \u{1f4be}'), 'plain text, größer, 模型 \u{1f4be}');
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), (text) => {
      assert.doesNotMatch(printable(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
});

test('FC-26: what some file system refuses in a safe name is a phrase; names that every one takes are portable', () => {
  for (const name of ['a.bin', 'A file, 2.tar.gz', 'x'.repeat(138)]) {
    assert.equal(unportableIn(name), undefined, name);
    assert.ok(isPortable(name), name);
  }
  for (const name of ['what?.img', 'a|b.bin', 'a*', '<a>', 'say "a"', 'x'.repeat(139)]) {
    assert.match(unportableIn(name) ?? '', /^it (has a|is longer)/, name);
    assert.equal(checkFileName(name), undefined, 'released files have such names');
    assert.equal(isPortable(name), false, name);
  }
  for (const name of ['C:x', 'ends.', 'con', 'grün.txt']) assert.equal(isPortable(name), false, name);
});
