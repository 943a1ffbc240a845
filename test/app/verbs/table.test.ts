// Every verb: what its line means and asks the client, and what a person is told when it means nothing.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseLine } from '../../../src/app/console/language/line.js';
import type { SwarmClient } from '../../../src/app/library/swarm-client.js';
import type { Parsed } from '../../../src/app/verbs/calls.js';
import { helpText, usageOf } from '../../../src/app/verbs/help.js';
import { placesOf } from '../../../src/app/verbs/places.js';
import { VERB_NAMES, VERBS, verbNamed } from '../../../src/app/verbs/table.js';

const AT = { directory: '/here', home: '/home/me' };
const parse = (line: string): Parsed => parseLine(line, AT);

/** The form as `help` writes it, and its values. */
function meant(line: string): readonly [string, unknown] {
  const parsed = parse(line);
  if (parsed.kind === 'help') return ['help', { verb: parsed.verb }];
  if (parsed.kind !== 'call') return [parsed.kind, {}];
  const { form, values } = parsed;
  const found = VERBS.flatMap((verb) => verb.forms.map((each) => [verb, each] as const)).find(
    ([, each]) => each.action === form.action,
  );
  assert.ok(found !== undefined, line);
  return [usageOf(...found), values];
}

test('each command with its arguments, paths made absolute', () => {
  const table: readonly [string, string, object?][] = [
    [
      'share a.img x.mtorrent',
      'share <file> <name>.mtorrent',
      { path: '/here/a.img', mtorrentPath: '/here/x.mtorrent' },
    ],
    ['share /a ../b.mtorrent', 'share <file> <name>.mtorrent', { path: '/a', mtorrentPath: '/b.mtorrent' }],
    [
      'get "my x.mtorrent" .',
      'get <name>.mtorrent <destination>',
      { mtorrentPath: '/here/my x.mtorrent', destination: '/here' },
    ],
    [
      'get x.mtorrent ~/down/',
      'get <name>.mtorrent <destination>',
      { mtorrentPath: '/here/x.mtorrent', destination: '/home/me/down/' },
    ],
    ['get x.mtorrent /', 'get <name>.mtorrent <destination>', { mtorrentPath: '/here/x.mtorrent', destination: '/' }],
    ['show downloads', 'show downloads'],
    ['show downloads --json', 'show downloads --json'],
    ['show --json', 'show downloads --json'],
    ['show peers x.mtorrent', 'show peers <name>', { name: 'x.mtorrent' }],
    ['show peers ./x.mtorrent', 'show peers <name>', { name: '/here/x.mtorrent' }],
    ['show stats', 'show stats'],
    ['remove x.mtorrent', 'remove <name>.mtorrent', { name: 'x.mtorrent' }],
    ['remove --force x.mtorrent', 'remove <name>.mtorrent --force', { name: 'x.mtorrent' }],
    ['remove sub/x.mtorrent --force', 'remove <name>.mtorrent --force', { name: '/here/sub/x.mtorrent' }],
    ['pause x', 'pause <name>.mtorrent', { name: 'x' }],
    ['resume ./x', 'resume <name>.mtorrent', { name: '/here/x' }],
    ['limit', 'limit'],
    ['limit up 500K', 'limit up <rate>', { rate: 500 * 1024 }],
    ['limit down 1.5MiB', 'limit down <rate>', { rate: 1.5 * 1024 * 1024 }],
    ['limit down off', 'limit down <rate>', { rate: 0 }],
    ['wait', 'wait'],
    ['show', 'show downloads'],
    ['show shares', 'show shares'],
    ['show trackers', 'show trackers'],
    ['show pieces ./x', 'show pieces <name>', { name: '/here/x' }],
    ['reannounce', 'reannounce [name]'],
    ['reannounce ./x', 'reannounce [name]', { name: '/here/x' }],
    ['verify x', 'verify <name>', { name: 'x' }],
    ['invite', 'invite'],
    ['doctor', 'doctor'],
    ['log debug', 'log <level>', { level: 'debug' }],
    ['help', 'help', { verb: undefined }],
    ['help get', 'help', { verb: 'get' }],
    ['help show peers', 'help', { verb: 'show' }],
    ['quit', 'quit'],
    ['', 'nothing'],
    ['   ', 'nothing'],
    ['# a comment', 'nothing'],
  ];
  for (const [line, usage, values = {}] of table) assert.deepEqual(meant(line), [usage, values], line);
});

/** A line, the method that it calls, and what it gives it. */
const LINES: readonly [string, ...unknown[]][] = [
  ['share a x', 'share', '/here/a', '/here/x', {}],
  ['share a x --unlisted', 'share', '/here/a', '/here/x', { isListed: false }],
  ['share a x --sign', 'share', '/here/a', '/here/x', { isSigned: true }],
  ['get x .', 'get', '/here/x', '/here'],
  [
    "get x . --only a/* --except '*.b' --only c --reuse v1",
    'get',
    '/here/x',
    '/here',
    { only: ['a/*', 'c'], except: ['*.b'], reuse: ['/here/v1'] },
  ],
  ['get --reuse v1 x .', 'get', '/here/x', '/here', { only: [], except: [], reuse: ['/here/v1'] }],
  ['show', 'files'],
  ['show --json', 'files'],
  ['show shares', 'files'],
  ['show peers x', 'peers', 'x'],
  ['show pieces x', 'pieces', 'x'],
  ['show trackers', 'trackers'],
  ['show stats', 'stats'],
  ['remove x', 'remove', 'x', { force: false, content: false }],
  ['remove x --force', 'remove', 'x', { force: true, content: false }],
  ['remove x --delete-files', 'remove', 'x', { force: false, content: true }],
  ['map x', 'map', 'x'],
  ['map x --json', 'map', 'x'],
  ['report x', 'report', 'x'],
  ['report x --json', 'report', 'x'],
  ['retention', 'retention', { days: 0, versions: 0, budget: 0 }],
  ['retention --keep-versions 3 --disk-budget 2K', 'retention', { days: 0, versions: 3, budget: 2048 }],
  ['retention --keep-days 7 --json', 'retention', { days: 7, versions: 0, budget: 0 }],
  ['pause x', 'pause', 'x'],
  ['resume x', 'resume', 'x'],
  ['limit', 'limits'],
  ['limit schedule', 'limitNote'],
  ['top x', 'queue', 'x', true],
  ['bottom x', 'queue', 'x', false],
  ['limit up 1K', 'limit', 'up', 1024],
  ['limit down 0', 'limit', 'down', 0],
  ['reannounce', 'reannounce', undefined],
  ['reannounce x', 'reannounce', 'x'],
  ['retrack 192.0.2.1:1 [0::1]:2', 'retrack', '192.0.2.1:1', '[::1]:2', false],
  ['retrack 192.0.2.1:1 [0::1]:2 --dry-run', 'retrack', '192.0.2.1:1', '[::1]:2', true],
  ['relocate x /y', 'relocate', 'x', '/y'],
  ['relocate --to /b --from /a', 'relocateBelow', '/a', '/b'],
  ['verify x', 'verify', 'x'],
  ['invite', 'invite'],
  ['doctor', 'doctor'],
  ['log warn', 'logLevel', 'warn'],
  ['wait', 'wait'],
];

test('each line asks the client what it says, and nothing else', async () => {
  for (const [line, ...asked] of LINES) {
    const calls: unknown[][] = [];
    const client = new Proxy({} as SwarmClient, {
      get:
        (_, method) =>
        async (...values: unknown[]) => {
          calls.push([method, ...values]);
          return [];
        },
    });
    const parsed = parse(line);
    assert.ok(parsed.kind === 'call', line);
    await parsed.form.action.ask(client, parsed.values);
    // What is shared has a link, which is read from its .mtorrent.
    const read = line.startsWith('share ') ? [['link', '/here/x']] : [];
    assert.deepEqual(calls, [asked, ...read], line);
  }
});

test('no two verbs share a name, and every verb of the shell has its places', () => {
  const names = VERBS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  assert.equal(new Set(names).size, names.length);
  const shown = VERBS.filter(({ shell }) => shell !== undefined).map((verb) => [
    verb.name,
    ...placesOf(verb).map(({ name, isRequired }) => (isRequired ? `<${name}>` : `[${name}]`)),
  ]);
  assert.deepEqual(
    shown.map((words) => words.join(' ')),
    [
      'show [what] [name]',
      'map <name>',
      'retention',
      'remove <name>',
      'pause <name>',
      'resume <name>',
      'top <name>',
      'bottom <name>',
      'limit [direction] [rate]',
      'reannounce [name]',
      'retrack <old> <new>',
      'relocate [name] [path]',
      'web',
      'log <level>',
      'wait',
    ],
  );
});

test('the names that other tools use work too', () => {
  assert.deepEqual(parse('exit'), { kind: 'quit' });
  assert.deepEqual(meant('rm x'), meant('remove x'));
  assert.deepEqual(meant('add x .'), meant('get x .'));
  assert.deepEqual(meant('seed a b'), meant('share a b'));
  assert.equal(verbNamed('ls'), verbNamed('show'));
});

test('a command with the wrong arguments says what to write', () => {
  const lines = [
    'share',
    'share a',
    'share a b c',
    'relocate x',
    'relocate x y --from a --to b',
    'relocate --from a',
    'get x',
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
    'reannounce a b',
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
    assert.match(parsed.sentence, new RegExp(`(^|; )usage: ${line.split(' ')[0]}`));
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
    const hint = meant === undefined ? 'type help for a list' : `did you mean ${meant}?`;
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
  for (const name of VERB_NAMES)
    assert.ok(
      lines.some((line) => line.trim().startsWith(name)),
      name,
    );
  for (const line of lines) assert.ok(line.length <= 80, line);
});

test('help of one command shows its uses, and examples that mean something', () => {
  for (const name of VERB_NAMES) {
    const lines = helpText(name).split('\n');
    assert.ok(lines[0]?.trim().startsWith(name), name);
    for (const example of lines.flatMap((line) => line.split('for example: ').slice(1)))
      assert.notEqual(parse(example).kind, 'mistake', example);
  }
  assert.equal(helpText('rm'), helpText('remove'));
  assert.equal(helpText('constructor'), helpText());
});

test('any line means something or is a mistake; nothing is thrown', () => {
  const word = fc.oneof(fc.constantFrom(...VERB_NAMES, '--force', '--json', 'downloads', 'peers'), fc.string());
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (words) => {
      assert.equal(typeof parse(words.join(' ')).kind, 'string');
    }),
  );
});
