// What a line of the console, a command of the shell and a request over HTTP say of a word that is wrong: the same.

import assert from 'node:assert/strict';
import test from 'node:test';
import { operationsOf } from '../../../src/app/http/operations.js';
import type { SwarmClient } from '../../../src/app/library/swarm-client.js';
import { parseWords } from '../../../src/app/verbs/calls.js';
import { VERBS } from '../../../src/app/verbs/table.js';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { readMtorrentWord, readPathWord } from '../../../src/foundation/base/path-word.js';
import { absolutePathOf } from '../../../src/foundation/base/surroundings.js';

const AT = { directory: '/here' };
const operations = operationsOf(VERBS, () => ({}) as SwarmClient);

/** What stands where a path belongs and is none → how its sentence begins. */
const NO_PATHS: readonly (readonly [word: string, sentence: RegExp])[] = [
  ['', /^a path is empty; name a file or directory/],
  ['-', /^- stands for standard input or output, which cannot be used here; name a file, or \.\/-/],
  ['https://example.org/a b.bin', /let curl fetch [a-z]+( file)?: curl -fsS(LO)? 'https:\/\/example\.org\/a b\.bin'/],
  ['ftp://example.org/a.bin', /^ftp:\S+ is no file of this machine; let curl fetch it: curl -fsSLO ftp:/],
  ['s3://bucket/a.bin', /^s3:\/\/bucket\/a\.bin is no file of this machine; copy it to this machine first$/],
  ['file://elsewhere/a', /^file:\/\/elsewhere\/a names no file of this machine; name its path$/],
];

function mistakeOf(words: readonly string[]): string {
  const parsed = parseWords(words, AT);
  return parsed.kind === 'mistake' ? parsed.sentence : parsed.kind;
}

async function saidOverHttp(name: string, input: Readonly<Record<string, unknown>>): Promise<string> {
  const operation = operations.find((each) => each.method === 'POST' && each.name === name);
  assert.ok(operation !== undefined, name);
  return operation.perform(input).then(
    () => 'done',
    (error: unknown) => (error instanceof MiniTorrentError ? error.message : String(error)),
  );
}

function saidOfPath(word: string): string {
  try {
    return absolutePathOf(word);
  } catch (error) {
    return error instanceof MiniTorrentError ? error.message : String(error);
  }
}

test('a word that is no path has one sentence at every place of every verb, over HTTP, and at commands of the shell', async () => {
  for (const [word, sentence] of NO_PATHS) {
    const read = readPathWord(word);
    assert.ok('mistake' in read, word);
    const said = read.mistake;
    assert.match(said, sentence);
    assert.equal(saidOfPath(word), said);
    assert.equal(mistakeOf(['share', word, '/x.mtorrent']), said);
    assert.equal(mistakeOf(['share', '/x', word]), said);
    assert.equal(mistakeOf(['get', '/x.mtorrent', word]), said);
    assert.equal(mistakeOf(['get', '/x.mtorrent', '/to', '--reuse', word]), said);
    assert.equal(mistakeOf(['relocate', 'x', word]), said);
    assert.equal(mistakeOf(['relocate', '--from', word, '--to', '/y']), said);
    assert.equal(await saidOverHttp('share', { path: word, mtorrentPath: '/x.mtorrent' }), said);
    assert.equal(await saidOverHttp('share', { path: '/x', mtorrentPath: word }), said);
    assert.equal(await saidOverHttp('get', { mtorrentPath: '/x.mtorrent', destination: word }), said);
    assert.equal(await saidOverHttp('relocate', { from: word, to: '/y' }), said);
    // Where a .mtorrent belongs, the command that fetches it writes it to a get.
    const mtorrent = readMtorrentWord(word, '/to');
    assert.ok('mistake' in mtorrent);
    assert.match(mtorrent.mistake, sentence);
    assert.equal(mistakeOf(['get', word, '/to']), mtorrent.mistake);
    assert.equal(await saidOverHttp('get', { mtorrentPath: word, destination: '/to' }), mtorrent.mistake);
  }
});

test('a .mtorrent is named by a file: URI at the console and over HTTP too; a magnet link is refused as what it is', async () => {
  const parsed = parseWords(['get', 'file:///data/a%20b.mtorrent', '/to'], AT);
  assert.ok(parsed.kind === 'call');
  assert.equal(parsed.values['mtorrentPath'], '/data/a b.mtorrent');
  const magnet = readMtorrentWord('magnet:?xt=urn:btih:0', '/to');
  assert.ok('mistake' in magnet);
  assert.match(magnet.mistake, /^a magnet link is one of BitTorrent/);
  assert.equal(mistakeOf(['get', 'magnet:?xt=urn:btih:0', '/to']), magnet.mistake);
  assert.equal(
    await saidOverHttp('get', { mtorrentPath: 'magnet:?xt=urn:btih:0', destination: '/to' }),
    magnet.mistake,
  );
});

test('over HTTP a path that is not absolute is named, with the property that it was in', async () => {
  assert.equal(
    await saidOverHttp('share', { path: 'a/b', mtorrentPath: '/x.mtorrent' }),
    'path: "a/b" is not an absolute path; write one that begins with /',
  );
});

test('an empty name is no file of the client, for any verb that takes one', async () => {
  for (const words of [
    ['pause', ''],
    ['remove', ''],
    ['reannounce', ''],
    ['show', 'peers', ''],
    ['relocate', '', '/x'],
  ])
    assert.equal(mistakeOf(words), 'a name is empty; `show downloads` lists them', words.join(' '));
  assert.equal(await saidOverHttp('pause', { name: '' }), 'a name is empty; `show downloads` lists them');
});

test('what no form of a verb takes is told by the word that is wrong, then with what it takes', () => {
  const cases: readonly (readonly [line: string, sentence: RegExp])[] = [
    ['show downlaods', /^show has no "downlaods"; did you mean downloads\?; usage: show downloads \| /],
    ['show peers', /^<name> is missing; usage: show peers <name>$/],
    ['show downloads x', /^"x" is one word too many; usage: show downloads \| show downloads --json$/],
    ['get a', /^<destination> is missing; usage: get </],
    ['get a b c', /^"c" is one word too many; usage: get </],
    ['get a b --ony x', /^get has no option --ony; did you mean --only\?; usage: get </],
    ['remove a --delete-fils', /^remove has no option --delete-fils; did you mean --delete-files\?; usage: /],
    ['remove', /^<name>\.mtorrent is missing; usage: remove </],
    ['limit 10M', /^limit has no "10M"; usage: limit up </],
    ['limit up', /^<rate> is missing; usage: limit up <rate>$/],
    ['retrack 127.0.0.1:1', /^<new> is missing; usage: retrack /],
    ['log loud', /^"loud" is not trace, debug, info, warn or error; usage: log <level>$/],
    ['get a b --only', /^the value of --only is empty; write one, or leave --only out; usage: get </],
    ['pause a b', /^"b" is one word too many; usage: pause </],
  ];
  for (const [line, sentence] of cases) assert.match(mistakeOf(line.split(' ')), sentence, line);
});
