// The rules of shape, as tests: who may import whom, which file is the door to what, how long a file gets. A failure
// names the file and says the remedy. What Biome checks (function length, cycles, exports, floating promises) is not
// repeated.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { SETTING_NAMES } from '../src/app/settings/table.js';

const ROOT = new URL('../..', import.meta.url).pathname;
const LINES_MAX = 400;
const ENTRY_LINES_MAX = 30;
const HEADER_SENTENCES_MAX = 3;
const HEADER_CHARACTERS_MAX = 400;
const COLUMNS_MAX = 120;
/** Words of our own for what the field has a word for. */
const RETIRED =
  /\b(heir|forsaken|tomb stones?|[gG]raveyard|[sS]tubborn|HeldFiles|StateKeeper|Preparations|SlowSteps|Complaint|Happening|Surroundings|UnderWay|Landing|Relief|compiled form)\b/;
/** From the top down. A group never imports one that stands before it; those in one row do not know each other. */
const LEVELS: readonly (readonly string[])[] = [['app'], ['client'], ['transfer', 'tracking'], ['foundation']];
/**
 * room → the folders and files it may import from. The room of a file is the longest of these names that its path
 * begins with.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'foundation/base': [],
  'foundation/torrent': ['foundation/base'],
  'foundation/identity': ['foundation/base', 'foundation/torrent'],
  'foundation/wire': ['foundation/base', 'foundation/identity'],
  'foundation/actor': ['foundation/base', 'foundation/wire'],
  'transfer/storage/reuse': ['foundation', 'transfer/storage/limits'],
  'transfer/storage/disk': [
    'foundation',
    'transfer/storage/limits',
    'transfer/storage/target',
    'transfer/storage/reuse/plan',
  ],
  'transfer/storage/source': ['foundation', 'transfer/storage/limits'],
  'transfer/storage/lock': ['foundation', 'transfer/storage/limits', 'transfer/storage/disk'],
  'transfer/storage/part': [
    'foundation',
    'transfer/storage/limits',
    'transfer/storage/target',
    'transfer/storage/storage',
    'transfer/storage/disk',
  ],
  'transfer/storage/folder': [
    'foundation',
    'transfer/storage/limits',
    'transfer/storage/target',
    'transfer/storage/storage',
    'transfer/storage/messages',
    'transfer/storage/folder-lists',
    'transfer/storage/single-file',
    'transfer/storage/disk',
    'transfer/storage/part',
    'transfer/storage/reuse',
  ],
  'transfer/storage/served': [
    'foundation',
    'transfer/storage/limits',
    'transfer/storage/target',
    'transfer/storage/messages',
    'transfer/storage/folder-lists',
    'transfer/storage/single-file',
    'transfer/storage/disk',
  ],
  'transfer/storage': ['foundation', 'transfer/storage'],
  'transfer/hash': ['foundation', 'transfer/storage'],
  'transfer/peer': ['foundation', 'transfer/storage'],
  'transfer/download': ['foundation', 'transfer/storage', 'transfer/hash', 'transfer/peer/messages'],
  'tracking/registry': ['foundation/base', 'foundation/torrent'],
  'tracking/membership': ['foundation'],
  'tracking/store': [
    'foundation',
    'tracking/membership',
    'tracking/registry',
    'tracking/store/pair',
    'tracking/store/postgres',
    'tracking/store/sqlite',
  ],
  'tracking/store/pair': ['foundation', 'tracking/membership', 'tracking/registry'],
  'tracking/store/postgres': [
    'foundation',
    'tracking/membership',
    'tracking/registry',
    'tracking/store/contract',
    'tracking/store/groups',
    'tracking/store/limits',
  ],
  'tracking/store/sqlite': ['foundation', 'tracking/membership', 'tracking/registry', 'tracking/store/pair/changes'],
  'tracking/tracker': [
    'foundation',
    'tracking/membership',
    'tracking/registry',
    'tracking/store/contract',
    'tracking/store/selection',
    'tracking/store/limits',
    'transfer/peer/codec/messages',
  ],
  'tracking/announce': ['foundation', 'tracking/tracker/messages'],
  'client/links': [
    'foundation',
    'transfer/storage',
    'transfer/peer/guest',
    'transfer/peer/codec/messages',
    'tracking/tracker/guest-connection',
    'tracking/tracker/messages',
  ],
  'client/doctor': ['foundation', 'transfer/storage', 'tracking/tracker/guest-connection', 'tracking/tracker/messages'],
  'client/administration': [
    'foundation',
    'tracking/tracker/guest-connection',
    'tracking/tracker/messages',
    'client/state/member-state',
  ],
  client: [
    'client/doctor',
    'client/links',
    'foundation',
    'transfer/storage',
    'transfer/hash',
    'transfer/peer/messages',
    'transfer/download/messages',
    'tracking/announce/messages',
    'tracking/announce/actor',
  ],
  'app/demo': ['foundation', 'transfer/storage', 'client/state/library', 'client/files/record'],
  'app/library': [
    'foundation',
    'transfer/storage',
    'client/links',
    'client/administration',
    'client/messages',
    'client/actor',
    'client/options',
    'client/start',
    'tracking/tracker/start',
    'tracking/tracker/listing',
    'tracking/tracker/members',
  ],
  'app/home': ['foundation', 'transfer/storage', 'tracking/tracker/hosted', 'app/library', 'app/identity'],
  'app/attach': ['foundation', 'app/library', 'client/messages'],
  'app/settings': ['foundation'],
  'app/identity': ['foundation', 'transfer/storage', 'app/settings', 'client/administration'],
  'app/verbs': ['foundation', 'app/library', 'app/settings'],
  'app/http': [
    'foundation',
    'transfer/storage/disk/state-file',
    'transfer/storage/limits',
    'client/messages',
    'app/library',
    'app/settings',
    'app/verbs',
  ],
  'app/console': ['foundation', 'transfer/storage/disk/state-file', 'app/library', 'app/verbs'],
  'app/automation': ['foundation', 'transfer/storage', 'app/library', 'app/settings'],
  'app/page': [],
  'app/completion': ['foundation', 'app/settings', 'app/verbs'],
  'app/cli': [
    'foundation',
    'transfer/storage',
    'transfer/hash',
    'client/actor',
    'client/options',
    'client/threads/placement',
    'client/reuse',
    'client/doctor',
    'client/administration',
    'app',
    'tracking/tracker/main',
    'tracking/tracker/start',
    'tracking/store/sqlite/list',
    'tracking/store/moving',
    'tracking/tracker/status',
    'tracking/tracker/listing',
  ],
};

/** Outside package → the files that may import it. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  piscina: ['src/transfer/hash/pool.ts'],
  msgpackr: ['src/foundation/wire/msgpack.ts'],
  pino: ['src/foundation/base/log.ts'],
  picomatch: ['src/foundation/torrent/folder/globs.ts'],
  'smol-toml': ['src/app/settings/toml.ts'],
  pg: ['src/tracking/store/postgres/pg.ts'],
  libsql: ['src/tracking/store/sqlite/database.ts'],
  'string-width': ['src/app/console/terminal/text-width.ts'],
  yargs: ['src/app/cli/commands.ts'],
  fastify: ['src/app/http/fastify.ts'],
  'prom-client': ['src/app/http/prometheus.ts'],
  '@fastify/swagger': ['src/app/http/fastify.ts'],
  preact: ['src/app/page/preact.ts'],
  'preact/hooks': ['src/app/page/preact.ts'],
  uplot: ['src/app/page/plot.ts'],
  'tar-stream': ['src/app/library/tar.ts'],
  'node:tls': ['src/foundation/wire/tls.ts'],
  'node:worker_threads': ['src/foundation/actor/link.ts', 'src/foundation/actor/thread.ts', 'workers/hash.ts'],
};
/** Outside package → the files that may name its types, which loads nothing. */
const TYPE_DOORS: Readonly<Record<string, RegExp>> = {
  fastify: /^src\/app\/http\/[a-z-]+\.ts$/,
  pg: /^src\/tracking\/store\/postgres\/session\.ts$/,
  yargs: /^src\/app\/(cli\/([a-z-]+\/)?[a-z-]+|completion\/command-table)\.ts$/,
};

/** The one file that makes sockets. Others may take what node:net knows of addresses. */
const SOCKET_DOOR = 'src/foundation/wire/transport.ts';
const TLS_DOOR = 'src/foundation/wire/tls.ts';
const ADDRESS_FUNCTIONS = new Set(['isIP', 'isIPv4', 'isIPv6', 'SocketAddress']);

/** A file whose header says "Pure" decides. It may not reach the world. */
const isPure = (path: string): boolean => /\bPure\b/.test(headerOf(path));
const WORLD =
  /from 'node:(?!crypto'|net'|path'|util')|\bDate\.now\(|new Date\(|\bperformance\.now\(|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\bsetImmediate\(|\bprocess\.(?!\w*$)/;

/** Names that say nothing. */
const EMPTY_NAMES =
  /(^|[-/])(data|manager|handler|handlers|helper|helpers|util|utils|service|process|common|misc|chunk|chunks|types|index)\.ts$/;

function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => `${folder}/${path}`)
    .sort();
}

const product = [...sources('src'), ...sources('workers')];
const all = [...product, ...sources('test'), ...sources('bench')];
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
/** The comment that a file opens with. */
const headerOf = (path: string): string => /^(#!.*\n)?((?:\/\/.*\n)*)/.exec(textOf(path))?.[2] ?? '';
const importsOf = (path: string): readonly string[] =>
  [...textOf(path).matchAll(/(?:\bfrom |import\()'([^'\s]+)'/g)].map((match) => match[1] ?? '');

function check(rule: string, paths: readonly string[], broken: (path: string) => string | undefined): void {
  test(rule, () => {
    const found = paths.flatMap((path) => {
      const what = broken(path);
      return what === undefined ? [] : [`${path}: ${what}`];
    });
    assert.deepEqual(found, []);
  });
}

test('the top level holds what the owner fixed, and dot-files, lock file, licence and docs', () => {
  const allowed = [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'src',
    'workers',
    'test',
    'bench',
    'docs',
    'README.md',
    'LICENSE',
  ];
  const made = ['node_modules', 'dist', 'bench-results'];
  const strangers = readdirSync(ROOT).filter((name) => !name.startsWith('.') && ![...allowed, ...made].includes(name));
  assert.deepEqual(
    strangers.filter((name) => !/\.(tgz|cpuprofile)$/.test(name)),
    [],
  );
});

test('every setting is read by something', () => {
  const text = sources('src')
    .filter((path) => !path.startsWith('src/app/settings/'))
    .map(textOf)
    .join('\n');
  const taken = [...text.matchAll(/const \{([^}]*)\} = [\w.]*\bvalues;/g)].map((match) => match[1]).join();
  const unread = SETTING_NAMES.filter(
    (name) =>
      !new RegExp(`values(\\.${name}\\b|\\['${name}'\\])`).test(text) &&
      !new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(taken),
  );
  assert.deepEqual(unread, []);
});

const isIn = (path: string, place: string): boolean =>
  path === place || path.startsWith(`${place}/`) || path === `${place}.ts`;
/** Without `src/`. */
const roomOf = (path: string): string | undefined =>
  Object.keys(ARROWS)
    .filter((room) => isIn(path, room))
    .sort((a, b) => b.length - a.length)[0];
const levelOf = (path: string): number => LEVELS.findIndex((groups) => groups.includes(path.split('/')[0] ?? ''));

check('arrows between rooms go down the data path only', sources('src'), (path) => {
  const own = path.replace('src/', '');
  const room = roomOf(own);
  if (room === undefined) return 'its room is not in the table of arrows; add it there and in docs/ARCHITECTURE.md';
  const allowed = ARROWS[room] ?? [];
  for (const target of importsOf(path).filter((other) => other.startsWith('.'))) {
    const other = join(dirname(own), target).replace(/\.js$/, '.ts');
    if (roomOf(other) === room) continue;
    if (!allowed.some((place) => isIn(other, place)))
      return `may not import ${other}; allowed are ${allowed.join(', ') || 'none'}: move the shared part down, or report it as an event`;
    if (levelOf(other) < levelOf(own)) return `imports ${other}, which stands above it`;
  }
  return undefined;
});

check('src knows nothing of workers, tests and benches', sources('src'), (path) => {
  const target = importsOf(path).find((other) => /(^|\/)(workers|test|bench)\//.test(other));
  return target === undefined ? undefined : `imports ${target}; src knows worker files by URL only`;
});

check('each outside package has one door', product, (path) => {
  const typesOnly = new Set([...textOf(path).matchAll(/^import type .* from '([^']+)';/gm)].map((match) => match[1]));
  for (const target of importsOf(path)) {
    const doors = DOORS[target];
    if (typesOnly.has(target) && TYPE_DOORS[target]?.test(path)) continue;
    if (doors !== undefined && !doors.includes(path))
      return `imports ${target}, whose door is ${doors.join(' or ')}; go through it`;
    if (doors === undefined && !target.startsWith('.') && !target.startsWith('node:'))
      return `imports ${target}, which has no door in this table`;
  }
  return undefined;
});

check('sockets are made and named in the transport only', product, (path) => {
  if (path === SOCKET_DOOR || path === TLS_DOOR) return undefined;
  const found = /^import (.*) from 'node:(net|tls)';$/m.exec(textOf(path));
  const isAddresses = found?.[2] === 'net' && /^\{ (\w+)(, \w+)* \}$/.test(found[1] ?? '');
  const names = (found?.[1] ?? '').match(/\w+/g) ?? [];
  if (found === null || (isAddresses && names.every((name) => ADDRESS_FUNCTIONS.has(name)))) return undefined;
  return `imports ${found[1]} from node:${found[2]}; sockets come from ${SOCKET_DOOR}`;
});

check('what decides reads no clock, randomness, socket, disk or environment', product.filter(isPure), (path) => {
  const code = textOf(path).replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
  const match = WORLD.exec(code);
  return match === null
    ? undefined
    : `has ${match[0]}; take time as nowMs, randomness as Prng, and leave the world to the shell`;
});

check('every file opens with what it is for, in at most three sentences', all, (path) => {
  const text = headerOf(path)
    .replace(/^#!.*\n/, '')
    .replace(/^\/\/ ?/gm, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?\bPure\.(?= |$)/, '')
    .trim();
  if (text === '') return 'opens without a header comment; say what it decides, what it never does, its invariant';
  const sentences = text.match(/[.!?](?=\s|$)/g)?.length ?? 0;
  return text.length <= HEADER_CHARACTERS_MAX && sentences <= HEADER_SENTENCES_MAX
    ? undefined
    : `opens with ${sentences} sentences of ${text.length} characters; ${HEADER_SENTENCES_MAX} and ${HEADER_CHARACTERS_MAX} are allowed, reasons belong to docs/decisions`;
});

check('comments fit a screen', all, (path) => {
  const lines = textOf(path).split('\n');
  const at = lines.findIndex((line) => /^\s*(\/\/|\/?\*)/.test(line) && line.length > COLUMNS_MAX);
  return at < 0 ? undefined : `line ${at + 1} is a comment of more than ${COLUMNS_MAX} columns; wrap it`;
});

check('retired words stay away', product, (path) => {
  const match = RETIRED.exec(textOf(path));
  return match === null ? undefined : `says "${match[0]}"; the glossary of docs/ARCHITECTURE.md has the standard term`;
});

check('no file is crowded', product, (path) => {
  const lines = textOf(path).split('\n').length - 1;
  const most = path.startsWith('workers/') ? ENTRY_LINES_MAX : LINES_MAX;
  return lines <= most ? undefined : `has ${lines} lines, ${most} are allowed; split it by noun`;
});

check('names say something', all, (path) =>
  EMPTY_NAMES.test(path) ? `${basename(path)} says nothing; name it for what it decides` : undefined,
);

check('no test waits for a clock', sources('test'), (path) =>
  /setTimeout\(resolve|timers\/promises|\bsleep\(/.test(textOf(path)) &&
  !path.startsWith('test/support/') &&
  path !== 'test/tidy.test.ts'
    ? 'sleeps; wait for the event, with a deadline'
    : undefined,
);

check('real time passes in long tests only', sources('test'), (path) =>
  /\bpasses\(/.test(textOf(path)) && !path.endsWith('.long.test.ts') && path !== 'test/support/tracker-load.ts'
    ? 'lets real time pass; play it in virtual time, or name the file .long.test.ts'
    : undefined,
);

check('a test that cannot run here says so in one way', sources('test'), (path) =>
  /\.skip\(|\bskip: /.test(textOf(path)) && path !== 'test/support/needs.ts' && path !== 'test/tidy.test.ts'
    ? 'skips; go through test/support/needs.ts, which fails in CI for what CI can install'
    : undefined,
);

check(
  'nothing is left unfinished',
  all.filter((path) => path !== 'test/tidy.test.ts'),
  (path) => {
    const match = /\b(TODO|FIXME|XXX|HACK)\b|\.only\(/.exec(textOf(path));
    return match === null ? undefined : `has ${match[0]}; do it, or say in the docs that it is not done`;
  },
);

test('every bound in a limits.ts bounds something', () => {
  const tables = sources('src').filter((path) => basename(path) === 'limits.ts');
  const names = tables.flatMap((path) =>
    [...textOf(path).matchAll(/^export const (\w+)/gm)].map((match) => match[1] ?? ''),
  );
  assert.equal(new Set(names).size, names.length, 'a bound has one place');
  const words = new Map<string, number>();
  for (const [word] of all
    .map(textOf)
    .join('\n')
    .matchAll(/\b[A-Z][A-Z0-9_]+\b/g))
    words.set(word, (words.get(word) ?? 0) + 1);
  const unused = names.filter((name) => (words.get(name) ?? 0) < 2);
  assert.deepEqual(unused, [], 'delete these limits, or use them');
});

// npm drops the packages of other platforms from the lock file when a registry lacks them, and then `npm ci` refuses
// it.
test('the lock file names every optional package that its packages ask for', () => {
  const { packages } = JSON.parse(textOf('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const asked = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  const missing = asked.filter((name) => packages[`node_modules/${name}`] === undefined);
  assert.deepEqual(missing, [], 'add these to package-lock.json with their version, cpu and os');
});

/** Of the catalogue of faults, those that must have a test of their number: letter → numbers. */
const CASES: Readonly<Record<string, readonly number[]>> = {
  F: [2, ...numbers(9, 19)],
  P: numbers(1, 29),
  S: [...numbers(1, 9), 12],
  L: [1, 2, 3, 5, 6, 7],
};

function numbers(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

test('every case of the catalogue of faults is in the name of a test and in the table of cases, or the table says why not', () => {
  const tests = all.filter((path) => path.endsWith('.test.ts')).map(textOf);
  const table = textOf('docs/RELIABILITY.md').split('## Cases')[1] ?? '';
  const owed = Object.entries(CASES).flatMap(([letter, some]) => some.map((number) => `${letter}${number}`));
  assert.deepEqual(
    owed.filter((number) => {
      const row = new RegExp(`^\\| ${number} \\| (.*) \\|$`, 'm').exec(table)?.[1] ?? '';
      if (row.startsWith('not held: ')) return false;
      const name = new RegExp(`['\`](?:[A-Z]\\d+, )*${number}(?:, [A-Z]\\d+)*: `);
      return !tests.some((text) => name.test(text)) || row === '' || !row.split(' · ').every((cell) => name.test(cell));
    }),
    [],
    'name a test by these cases, and each test in the row of its case',
  );
});

check(
  'a command that a sentence suggests is written by command() of shell-line.ts, which quotes it for a shell',
  product.filter((path) => !path.startsWith('src/app/completion/')),
  (path) => {
    const code = textOf(path).replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '');
    const [written] =
      /['"`][^'"`\n]*\bmtorrent (?:-|\$\{|(?:add|attach|bottom|completion|config|create|daemon|demo|doctor|get|info|join(?! by)|leave|limit|list|log|map|pause|reannounce|relocate|remove|report|resume|retention|retrack|seed|share|show|sign|stop|swarm|top|tracker|tracker-\w+|verify|wait|web)\b)/.exec(
        code,
      ) ?? [];
    return written === undefined
      ? undefined
      : `writes ${written.trim()}; use command() of foundation/base/shell-line.ts`;
  },
);

test('every test that the page of promises names exists', () => {
  const tests = all.filter((path) => path.endsWith('.test.ts')).map(textOf);
  const rows = textOf('docs/RELIABILITY.md')
    .split('\n')
    .filter((line) => line.startsWith('| '));
  const named = rows.flatMap((row) =>
    [...(row.split(' | ')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
  assert.ok(named.length > 40);
  assert.deepEqual(
    named.filter((name) => !tests.some((text) => text.includes(name))),
    [],
  );
});
