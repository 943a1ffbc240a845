// The rules of shape, as tests: who may import whom, which file is the door to what, how long a file gets. A failure names
// the file and says the remedy. What Biome checks (function length, cycles, exports, floating promises) is not repeated.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { SETTING_NAMES } from '../src/settings/table.js';

const ROOT = new URL('../..', import.meta.url).pathname;
const LINES_MAX = 400;
const ENTRY_LINES_MAX = 30;
/** One table, so that every bound has one place. Constants have no flow that gets lost in a long file. */
const TABLE = 'src/base/limits.ts';

/** room → rooms it may import from; `room/file` allows only that file. Arrows go down the data path, never up. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  torrent: ['base'],
  wire: ['base'],
  actor: ['base', 'wire'],
  disk: ['base', 'torrent', 'wire'],
  hash: ['base', 'torrent', 'wire', 'disk'],
  peer: ['base', 'torrent', 'wire', 'actor'],
  download: ['base', 'torrent', 'wire', 'actor', 'disk', 'hash', 'peer/messages'],
  registry: ['base', 'torrent'],
  pair: ['base', 'torrent', 'wire', 'registry', 'tracker/messages'],
  seederlist: ['base', 'torrent', 'wire', 'actor', 'registry', 'tracker/messages'],
  tracker: ['base', 'torrent', 'wire', 'actor', 'peer/wire', 'registry', 'pair', 'seederlist'],
  announce: ['base', 'torrent', 'wire', 'actor', 'tracker/messages'],
  doctor: ['base', 'torrent', 'wire', 'disk', 'tracker/messages'],
  client: [
    'base',
    'torrent',
    'wire',
    'actor',
    'disk',
    'hash',
    'peer/messages',
    'download/messages',
    'announce/messages',
    'announce/actor',
    'doctor',
  ],
  demo: ['base', 'torrent', 'disk', 'client/library', 'client/record'],
  api: ['base', 'torrent', 'disk', 'client/messages', 'client/actor', 'client/start', 'tracker/start'],
  home: ['base', 'torrent', 'actor', 'disk', 'tracker/hosted', 'api'],
  attach: ['base', 'torrent', 'wire', 'api', 'client/messages'],
  console: ['base', 'torrent', 'disk/file', 'api'],
  settings: ['base', 'torrent', 'console/rates'],
  completion: ['base', 'settings'],
  command: [
    'base',
    'torrent',
    'wire',
    'disk',
    'hash',
    'client/actor',
    'client/placement',
    'doctor',
    'api',
    'attach',
    'console',
    'home',
    'settings',
    'completion',
    'tracker/main',
    'seederlist/list',
    'tracker/status',
    'demo/main',
  ],
};

/** Outside package → the files that may import it. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  piscina: ['src/hash/pool.ts'],
  msgpackr: ['src/wire/msgpack.ts'],
  pino: ['src/base/log.ts'],
  'smol-toml': ['src/settings/toml.ts'],
  libsql: ['src/seederlist/database.ts'],
  'string-width': ['src/console/text-width.ts'],
  yargs: ['src/command/commands.ts'],
  'node:worker_threads': ['src/actor/link.ts', 'src/actor/thread.ts', 'workers/hash.ts'],
};
/** Outside package → the files that may name its types, which loads nothing. */
const TYPE_DOORS: Readonly<Record<string, RegExp>> = {
  yargs: /^src\/(command\/[a-z-]+-words|completion\/command-table)\.ts$/,
};

/** Files that decide. They may not reach the world. */
const PURE =
  /(^src\/(torrent|registry)\/|^src\/completion\/|^src\/settings\/(?!load)|^src\/wire\/(?!dialed|outbox)|^src\/pair\/(?!socket)|^src\/tracker\/session|\/(machine|effects|picker|pieces|slots|bucket|pacer|rates|rate-limits|window|endgame|address-book|reports|fetch|serve|upload|books|closing|recovery|room|pausing|sharing|answers|record|wanted|requests|links|pulse|words|render|abilities|ascii|progress|completion|listing|text-width|views|perform|questions|session-state|ports|one-shot-events|progress-line|connections|commits|positions|clean-up|claims|verifications|removals|refusals|news|complaint|findings|limiting|facts|lines|socket-path|hashing|places|relief|turnover|under-way|copies|admission|buffers|upload-machine|asking|breadth|owed|landing|control-groups|lanes)\.ts$)/;
const WORLD =
  /from 'node:(?!crypto'|net'|path')|\bDate\.now\(|new Date\(|\bperformance\.now\(|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\bsetImmediate\(|\bprocess\.(?!\w*$)/;

/** Names that say nothing. */
const EMPTY_NAMES =
  /(^|[-/])(data|manager|handler|handlers|helper|helpers|util|utils|service|process|common|misc|chunk|chunks|types|index)\.ts$/;

function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `${folder}/${path}`)
    .sort();
}

const product = [...sources('src'), ...sources('workers')];
const all = [...product, ...sources('test'), ...sources('bench')];
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
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
    .filter((path) => !path.startsWith('src/settings/'))
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

check('arrows between rooms go down the data path only', sources('src'), (path) => {
  const room = path.split('/')[1] ?? '';
  const allowed = ARROWS[room];
  if (allowed === undefined)
    return `room ${room} is not in the table of arrows; add it there and in docs/ARCHITECTURE.md`;
  for (const target of importsOf(path)) {
    const match = /^\.\.\/([a-z]+)\/([a-z0-9-]+)\.js$/.exec(target);
    if (match === null || match[1] === room) continue;
    if (!allowed.includes(match[1] ?? '') && !allowed.includes(`${match[1]}/${match[2]}`)) {
      return `may not import ${target}; allowed rooms are ${allowed.join(', ') || 'none'}: move the shared part down, or report it as an event`;
    }
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

check(
  'what decides reads no clock, randomness, socket, disk or environment',
  product.filter((path) => PURE.test(path)),
  (path) => {
    const code = textOf(path).replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
    const match = WORLD.exec(code);
    return match === null
      ? undefined
      : `has ${match[0]}; take time as nowMs, randomness as Prng, and leave the world to the shell`;
  },
);

check('every file opens with what it is for', all, (path) => {
  const first = textOf(path)
    .replace(/^#!.*\n/, '')
    .slice(0, 3);
  return first === '// '
    ? undefined
    : 'opens without a header comment; say what it decides, what it never does, its invariant';
});

check(
  'no file is crowded',
  product.filter((path) => path !== TABLE),
  (path) => {
    const lines = textOf(path).split('\n').length - 1;
    const most = path.startsWith('workers/') ? ENTRY_LINES_MAX : LINES_MAX;
    return lines <= most ? undefined : `has ${lines} lines, ${most} are allowed; split it by noun`;
  },
);

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

test('every bound in limits.ts bounds something', () => {
  const names = [...textOf('src/base/limits.ts').matchAll(/^export const (\w+)/gm)].map((match) => match[1] ?? '');
  const used = all
    .filter((path) => path !== 'src/base/limits.ts')
    .map(textOf)
    .join('\n');
  const unused = names.filter((name) => !new RegExp(`\\b${name}\\b`).test(used));
  assert.deepEqual(unused, [], 'delete these limits, or use them');
});

// npm drops the packages of other platforms from the lock file when a registry lacks them, and then `npm ci` refuses it.
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
