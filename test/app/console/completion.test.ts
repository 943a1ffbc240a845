// Tab: what it offers at each place of a line, and that what it types is read back as what it meant, whatever quotes it
// was begun with.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { complete, type DirectoryEntry, type Found, placeOf } from '../../../src/app/console/language/completion.js';
import { quoteWord, splitWords } from '../../../src/app/console/language/line.js';
import type { FileView } from '../../../src/app/library/views.js';
import { VERB_NAMES } from '../../../src/app/verbs/table.js';
import { pathMatch } from '../../../src/foundation/torrent/folder/globs.js';
import { anyCharacter } from '../../support/any-character.js';

const AT = { directory: '/desk', home: '/home/me' };

function file(name: string, state: FileView['state'], mtorrentPath = `/t/${name}.mtorrent`): FileView {
  const [size, have, pieces] = [5, 1, 2];
  const rest = {
    rate: 0,
    peers: 0,
    received: 0,
    wasted: 0,
    sent: 0,
    problem: '',
    seeders: 0,
    zeros: 0,
    files: 0,
    changed: 0,
    reused: 0,
    filesDone: 0,
    receivedBefore: 0,
    wastedBefore: 0,
  };
  return { name, state, path: `/d/${name}`, mtorrentPath, size, have, pieces, ...rest };
}

const KNOWN: Found = {
  files: [file('film.mkv', 'downloading'), file('disk.img', 'seeding'), file('old.iso', 'paused')],
  entries: [
    { name: 'films', isDirectory: true },
    { name: 'film.mtorrent', isDirectory: false },
    { name: 'two words.mtorrent', isDirectory: false },
    { name: 'notes.txt', isDirectory: false },
    { name: '.hidden', isDirectory: false },
  ],
};

/** @param wanted the head after Tab, or what is listed. */
function check(head: string, wanted: string | readonly string[], known = KNOWN): void {
  const found = complete(head, placeOf(head, AT), known);
  if (typeof wanted === 'string') assert.equal(found.head, wanted, `Tab after "${head}"`);
  else assert.deepEqual([found.head, found.candidates], [head, wanted], `Tab after "${head}"`);
}

test('commands and their words are completed, as far as they are the same', () => {
  check('', VERB_NAMES);
  check('  do', '  doctor ');
  check('sh', ['share', 'show']);
  check('zz', []);
  check('show ', ['downloads', 'shares', 'peers', 'pieces', 'link', 'trackers', 'stats']);
  check('show p', ['peers', 'pieces']);
  check('show d', 'show downloads ');
  check('show downloads ', 'show downloads --json ');
  check('ls t', 'ls trackers ');
  check('limit u', 'limit up ');
  check('log w', 'log warn ');
  check('help sho', 'help show ');
  check('wait ', []);
  check('quit x', []);
});

test('files are those that the command can be about', () => {
  check('pause ', 'pause film.mkv ');
  check('resume ', 'resume old.iso ');
  check('remove ', ['disk.img', 'film.mkv', 'old.iso']);
  check('remove disk.img --', ['--force', '--delete-files']);
  check('remove disk.img --f', 'remove disk.img --force ');
  check('relocate d', 'relocate disk.img ');
  check('relocate --', ['--from', '--to']);
  check('relocate --from /x --', 'relocate --from /x --to ');
  check('reannounce f', 'reannounce film.mkv ');
  check('verify d', 'verify disk.img ');
  check('show peers f', 'show peers film.mkv ');
  check('show pieces o', 'show pieces old.iso ');
  // By the .mtorrent, where only that tells them apart, or was begun.
  const twins = { ...KNOWN, files: [file('a', 'seeding', '/t/x.mtorrent'), file('a', 'seeding', '/u/y.mtorrent')] };
  check('remove ', ['x.mtorrent', 'y.mtorrent'], twins);
  const other = { ...KNOWN, files: [file('disk.img', 'seeding', '/t/nightly.mtorrent')] };
  check('remove ni', 'remove nightly.mtorrent ', other);
});

test('paths: a .mtorrent first where one is wanted, directories where a destination is, hidden ones for who types the dot', () => {
  check('get ', ['film.mtorrent', 'two words.mtorrent', 'films/']);
  check('get fi', 'get film');
  check('get tw', 'get two\\ words.mtorrent ');
  check('get film.mtorrent f', 'get film.mtorrent films/');
  check('get film.mtorrent x', []);
  check('share n', 'share notes.txt ');
  check('share .', 'share .hidden ');
  check('share ', ['film.mtorrent', 'films/', 'notes.txt', 'two words.mtorrent']);
  check('share a/b.iso ', 'share a/b.iso b.iso.mtorrent ');
  check('share ~', 'share ~/');
  check('share "tw', 'share "two words.mtorrent" ');
  check("get 'tw", "get 'two words.mtorrent' ");
  check('get "fil', 'get "film');
  check('get film.mtorrent "f', 'get film.mtorrent "films/');
  check('get x\\', []);
});

test('behind --only and --except stand patterns for what is inside the folder that the .mtorrent describes', () => {
  const inside = (head: string): unknown => placeOf(head, AT).expected;
  const wanted = { kind: 'inMtorrent', mtorrentPath: '/desk/x.mtorrent' };
  assert.deepEqual(inside('get x.mtorrent . --only '), { ...wanted, directory: '', start: '' });
  assert.deepEqual(inside('get x.mtorrent . --only b --except do'), { ...wanted, directory: '', start: 'do' });
  assert.deepEqual(inside('get --only docs/a'), { kind: 'nothing' }, 'of which .mtorrent?');
  const deep = inside("get --except y x.mtorrent . --only 'docs/a b/c");
  assert.deepEqual(deep, { ...wanted, directory: 'docs/a b/', start: 'c' });
  assert.deepEqual(inside('get x.mtorrent . --only *.j'), { kind: 'nothing' }, 'more than one text');
  check('get x.mtorrent . --only fi', 'get x.mtorrent . --only film');
  check('get x.mtorrent . --only films/tw', 'get x.mtorrent . --only films/two\\ words.mtorrent ');
  check('get x.mtorrent . --', ['--only', '--except', '--reuse']);
  check('get x.mtorrent . --only a --e', 'get x.mtorrent . --only a --except ');
  check('get x.mtorrent --only a f', 'get x.mtorrent --only a films/');
  check('get --reuse n', 'get --reuse notes.txt ');
  check('get a.mtorrent . --only mtorrent: ', []);
});

test('what Tab makes of a name behind --only is a pattern for that name alone', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'[]{}*?ab!^-. $'), minLength: 1, maxLength: 8 }), (name) => {
      const found = { files: [], entries: [{ name, isDirectory: false }] };
      const head = name.startsWith('.') ? 'get x . --only .' : 'get x . --only ';
      const { head: completed } = complete(head, placeOf(head, AT), found);
      const read = splitWords(completed, AT.home);
      const pattern = (read.kind === 'words' && read.words[4]) || '';
      assert.ok(pathMatch([pattern])(`sub/${name}`), `${name} is meant by ${pattern}`);
      assert.ok(!pathMatch([pattern])(`sub/${name}x`));
    }),
  );
});

test('a path is looked up where it leads', () => {
  for (const [head, directory] of [
    ['get ', '/desk'],
    ['get x', '/desk'],
    ['get x/y', '/desk/x'],
    ['get /x', '/'],
    ['get ~/', '/home/me'],
    ['get ~/a/b', '/home/me/a'],
    ['get "~/a', '/desk/~'],
    ['get two\\ words/x', '/desk/two words'],
    ['get "../x/', '/x'],
    ['remove ./x', '/desk'],
  ] as const) {
    const { expected } = placeOf(head, AT);
    assert.equal(expected.kind === 'entries' ? expected.directory : expected.kind, directory, head);
  }
});

test('what cannot be shown as it is, is listed escaped and not typed', () => {
  const evil = 'a\u001b[2J';
  const entries: DirectoryEntry[] = [{ name: `${evil}.mtorrent`, isDirectory: false }];
  check('get ', 'get a', { ...KNOWN, entries });
  check('get a', ['a\\u{1b}[2J.mtorrent'], { ...KNOWN, entries });
});

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => !/[/.]|^-/.test(text));

test('what Tab types is read back as the entry that was meant, in any quotes', () => {
  const styles = fc.constantFrom('' as const, '"' as const, "'" as const);
  fc.assert(
    fc.property(name, styles, fc.nat(12), (text, style, length) => {
      const begun = [...text].slice(0, length).join('');
      // A word as it stands while it is typed: its quote is still open.
      const written = quoteWord(begun, style);
      const isOpen = style !== '' && written.startsWith(style);
      const head = `get x ${isOpen ? written.slice(0, -1) : written}`;
      const known: Found = { files: [], entries: [{ name: text, isDirectory: true }] };
      const { head: done } = complete(head, placeOf(head, AT), known);
      if (done === head) return;
      const closed = isOpen && done[6] === style ? done + style : done;
      const read = splitWords(closed, AT.home);
      const last = read.kind === 'words' ? (read.words.at(-1) ?? '') : read.quote;
      assert.ok(`${text}/`.startsWith(last) && last.startsWith(begun), JSON.stringify({ head, done, last }));
    }),
  );
});

test('a word that is quoted for a line is that word again', () => {
  const texts = fc.string({ unit: anyCharacter, minLength: 1 });
  fc.assert(
    fc.property(texts, fc.constantFrom('' as const, '"' as const, "'" as const), (text, style) => {
      assert.deepEqual(splitWords(quoteWord(text, style), AT.home), { kind: 'words', words: [text] });
    }),
  );
});
