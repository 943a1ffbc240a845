// Every console command: what its line means, and what is said when it means nothing.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { COMMAND_NAMES, helpText, type Parsed, parseLine } from '../../../src/app/console/requests.js';

const AT = { directory: '/here', home: '/home/me' };
const parse = (line: string): Parsed => parseLine(line, AT);

test('each command with its arguments, paths made absolute', () => {
  const table: readonly [string, Parsed][] = [
    ['share a.img x.mtorrent', { kind: 'share', path: '/here/a.img', mtorrentPath: '/here/x.mtorrent' }],
    ['share /a ../b.mtorrent', { kind: 'share', path: '/a', mtorrentPath: '/b.mtorrent' }],
    ['get "my x.mtorrent" .', { kind: 'get', mtorrentPath: '/here/my x.mtorrent', destination: '/here' }],
    ['get x.mtorrent ~/down/', { kind: 'get', mtorrentPath: '/here/x.mtorrent', destination: '/home/me/down/' }],
    ['get x.mtorrent /', { kind: 'get', mtorrentPath: '/here/x.mtorrent', destination: '/' }],
    ['show downloads', { kind: 'showDownloads', json: false }],
    ['show downloads --json', { kind: 'showDownloads', json: true }],
    ['show peers x.mtorrent', { kind: 'showPeers', name: 'x.mtorrent' }],
    ['show peers ./x.mtorrent', { kind: 'showPeers', name: '/here/x.mtorrent' }],
    ['show stats', { kind: 'showStats' }],
    ['remove x.mtorrent', { kind: 'remove', name: 'x.mtorrent', force: false }],
    ['remove --force x.mtorrent', { kind: 'remove', name: 'x.mtorrent', force: true }],
    ['remove sub/x.mtorrent --force', { kind: 'remove', name: '/here/sub/x.mtorrent', force: true }],
    ['pause x', { kind: 'pause', name: 'x' }],
    ['resume ./x', { kind: 'resume', name: '/here/x' }],
    ['limit', { kind: 'limits' }],
    ['limit up 500K', { kind: 'limit', direction: 'up', rate: 500 * 1024 }],
    ['limit down 1.5MiB', { kind: 'limit', direction: 'down', rate: 1.5 * 1024 * 1024 }],
    ['limit down off', { kind: 'limit', direction: 'down', rate: 0 }],
    ['wait', { kind: 'wait' }],
    ['show', { kind: 'showDownloads', json: false }],
    ['show shares', { kind: 'showShares' }],
    ['show trackers', { kind: 'showTrackers' }],
    ['show pieces ./x', { kind: 'showPieces', name: '/here/x' }],
    ['verify x', { kind: 'verify', name: 'x' }],
    ['doctor', { kind: 'doctor' }],
    ['log debug', { kind: 'logLevel', level: 'debug' }],
    ['help', { kind: 'help', verb: undefined }],
    ['help get', { kind: 'help', verb: 'get' }],
    ['quit', { kind: 'quit' }],
    ['', { kind: 'nothing' }],
    ['   ', { kind: 'nothing' }],
    ['# a comment', { kind: 'nothing' }],
  ];
  for (const [line, request] of table) assert.deepEqual(parse(line), request, line);
});

test('the names that other tools use work too', () => {
  assert.deepEqual(parse('exit'), { kind: 'quit' });
  assert.deepEqual(parse('rm x'), parse('remove x'));
  assert.deepEqual(parse('add x .'), parse('get x .'));
  assert.deepEqual(parse('seed a b'), parse('share a b'));
});

test('a command with the wrong arguments says what to write', () => {
  const lines = [
    'share',
    'share a',
    'share a b c',
    "share '' x.mtorrent",
    'get x',
    'get x ""',
    'get x y z',
    'show me',
    'show constructor',
    'show trackers x',
    'log',
    'log loud',
    'doctor x',
    'show peers',
    'show peers a b',
    'show downloads all',
    'show stats now',
    'remove',
    'remove --force',
    'remove a b',
    'remove a --force --force',
    'pause',
    'resume a b',
    'wait 5',
    'limit up',
    'limit sideways 5K',
    'limit up 5 K',
    'limit 5K',
    'quit now',
  ];
  for (const line of lines) {
    const parsed = parse(line);
    assert.ok(parsed.kind === 'mistake', line);
    assert.ok(parsed.sentence.startsWith(`write: ${line.split(' ')[0]}`), parsed.sentence);
  }
});

test('a rate that is none says how one is written', () => {
  for (const line of ['limit up fast', 'limit down -5K', 'limit up 10', 'limit down 2000T', "limit up ''"]) {
    const parsed = parse(line);
    assert.ok(parsed.kind === 'mistake' && /not a rate; write bytes a second such as 500K/.test(parsed.sentence), line);
  }
});

test('an unknown command suggests the nearest, if one is near', () => {
  const table: readonly [string, string | undefined][] = [
    ['shre', 'share'],
    ['hel', 'help'],
    ['wat', 'wait'],
    ['gt', 'get'],
    ['shwo', 'show'],
    ['romove', 'remove'],
    ['qiut', 'quit'],
    ['pasue', 'pause'],
    ['frobnicate', undefined],
    ['constructor', undefined],
    ['__proto__', undefined],
    ['toString', undefined],
  ];
  for (const [word, meant] of table) {
    const parsed = parse(word);
    assert.ok(parsed.kind === 'mistake', word);
    const hint = meant === undefined ? '`help` lists the commands' : `did you mean ${meant}?`;
    assert.ok(parsed.sentence.endsWith(hint), parsed.sentence);
  }
});

test('what cannot be shown as it is, is escaped in the mistake', () => {
  const parsed = parse('\u001b[2Jx');
  assert.ok(parsed.kind === 'mistake' && !parsed.sentence.includes('\u001b'));
});

test('an unclosed quote is a mistake that names it', () => {
  const parsed = parse('share "a b');
  assert.ok(parsed.kind === 'mistake' && parsed.sentence.includes('"'));
});

test('help shows every command, in lines of at most 80 columns', () => {
  const lines = helpText().split('\n');
  for (const name of COMMAND_NAMES)
    assert.ok(
      lines.some((line) => line.trim().startsWith(name)),
      name,
    );
  for (const line of lines) assert.ok(line.length <= 80, line);
});

test('help of one command shows its uses, and examples that mean something', () => {
  for (const name of COMMAND_NAMES) {
    const lines = helpText(name).split('\n');
    assert.ok(lines[0]?.trim().startsWith(name), name);
    for (const example of lines.flatMap((line) => line.split('for example: ').slice(1)))
      assert.notEqual(parse(example).kind, 'mistake', example);
  }
  assert.equal(helpText('rm'), helpText('remove'));
  assert.equal(helpText('constructor'), helpText());
});

test('any line means something or is a mistake; nothing is thrown', () => {
  const word = fc.oneof(fc.constantFrom(...COMMAND_NAMES, '--force', '--json', 'downloads', 'peers'), fc.string());
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (words) => {
      assert.equal(typeof parse(words.join(' ')).kind, 'string');
    }),
  );
});
