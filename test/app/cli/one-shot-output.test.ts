// How `share` and `get` tell what they do: one line that is rewritten on a terminal and never wider than it, plain
// lines elsewhere, nothing when told to be quiet, and for programs events as the schema says.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import test from 'node:test';
import fc from 'fast-check';
import { openReporter, type Reporter } from '../../../src/app/cli/one-shot/reporters.js';
import { widthOf } from '../../../src/app/console/terminal/text-width.js';
import type { FileView } from '../../../src/app/library/views.js';
import { ERROR_CODES } from '../../../src/foundation/base/error-codes.js';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { mismatches } from '../../support/json-schema.js';

const SCHEMA = JSON.parse(
  readFileSync(new URL('../../../../docs/events.schema.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, unknown>>;

class Recorder extends Writable {
  readonly isTTY: boolean;
  columns: number;
  text = '';

  constructor(isTTY = false, columns = 80) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
  }

  override _write(part: Buffer, _encoding: string, done: () => void): void {
    this.text += part.toString();
    done();
  }
}

interface Said {
  readonly stdout: string;
  readonly stderr: string;
}

type Manner = Partial<Record<'json' | 'quiet' | 'verbose' | 'isTTY', boolean>> & {
  readonly columns?: number;
  readonly intervalMs?: number;
};

function said(manner: Manner, tell: (reporter: Reporter) => void): Said {
  const { json = false, quiet = false, verbose = false, isTTY = false, columns = 80, intervalMs = 3_600_000 } = manner;
  const stdout = new Recorder();
  const stderr = new Recorder(isTTY, columns);
  const env = { LANG: 'C.UTF-8', TERM: 'xterm' };
  tell(openReporter({ json, quiet, verbose, intervalMs, stdout, stderr, env }));
  return { stdout: stdout.text, stderr: stderr.text };
}

const FILE: FileView = {
  name: 'film.bin',
  state: 'downloading',
  path: '/to/film.bin',
  mtorrentPath: '/from/film.mtorrent',
  size: 10 * PIECE_SIZE,
  have: 4,
  pieces: 10,
  rate: 2 * PIECE_SIZE,
  peers: 2,
  received: 4 * PIECE_SIZE,
  wasted: 0,
  sent: 7,
  problem: '',
  seeders: 1,
  zeros: 0,
  files: 0,
  changed: 0,
  reused: 0,
  filesDone: 0,
  receivedBefore: 0,
  wastedBefore: 0,
};

const STARTED = {
  command: 'get',
  path: '/to/film.bin',
  mtorrent: '/from/film.mtorrent',
  address: '127.0.0.1:6881',
  trackers: ['127.0.0.1:7001', '127.0.0.1:7002'],
  background: false,
} as const;

const states = ['checking', 'waiting', 'downloading', 'finishing', 'paused', 'seeding', 'failed', 'missing'] as const;

const anyFile: fc.Arbitrary<FileView> = fc
  .record({ pieces: fc.nat(100), part: fc.double({ min: 0, max: 1, noNaN: true }) })
  .chain(({ pieces, part }) =>
    fc.record({
      name: fc.string({ unit: 'grapheme', minLength: 1 }),
      state: fc.constantFrom(...states),
      path: fc.string({ unit: 'grapheme' }),
      mtorrentPath: fc.string(),
      size: fc.constant(pieces * PIECE_SIZE),
      have: fc.constant(Math.floor(pieces * part)),
      pieces: fc.constant(pieces),
      rate: fc.double({ min: 0, max: 1e12, noNaN: true }),
      peers: fc.nat(200),
      received: fc.nat(),
      wasted: fc.nat(),
      sent: fc.nat(),
      problem: fc.oneof(fc.constant(''), fc.string({ unit: 'grapheme' })),
      seeders: fc.nat(9),
      zeros: fc.nat(),
      files: fc.nat(),
      changed: fc.nat(),
      reused: fc.nat(),
      filesDone: fc.nat(),
      receivedBefore: fc.constant(0),
      wastedBefore: fc.constant(0),
    }),
  );

test('whatever a client says of a file, the events are as the schema says, one a line', () => {
  fc.assert(
    fc.property(anyFile, fc.constantFrom(...ERROR_CODES), fc.string({ unit: 'grapheme' }), (file, code, sentence) => {
      const { stdout, stderr } = said({ json: true }, (reporter) => {
        reporter.started({ ...STARTED, path: file.path });
        reporter.progress(file);
        reporter.notice('bad', sentence);
        reporter.detail(sentence);
        reporter.completed(file);
        reporter.seeding(file);
        reporter.failed(new MiniTorrentError(code, sentence));
        reporter.result(file.path);
        reporter.linked(file.mtorrentPath, sentence);
        reporter.end();
      });
      const events = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { event: string });
      for (const event of events) assert.deepEqual(mismatches(event, SCHEMA), []);
      const names = ['started', 'progress', 'notice', 'completed', 'seeding', 'failed', 'linked'];
      assert.deepEqual(
        events.map(({ event }) => event),
        names,
      );
      assert.equal(stderr, '');
    }),
  );
});

test('progress tells bytes and time to go; a short last piece is not counted as a whole one', () => {
  const event = (file: FileView): Record<string, unknown> =>
    JSON.parse(said({ json: true }, (reporter) => reporter.progress(file)).stdout) as Record<string, unknown>;
  assert.equal(event(FILE)['bytes'], 4 * PIECE_SIZE);
  assert.equal(event(FILE)['etaMs'], 3_000);
  assert.equal(event({ ...FILE, rate: 0 })['etaMs'], null);
  const short = { ...FILE, size: 9 * PIECE_SIZE + 1, have: 10 };
  assert.deepEqual([event(short)['bytes'], event(short)['etaMs']], [9 * PIECE_SIZE + 1, 0]);
});

test('a validator that finds nothing wrong would be of no use', () => {
  const good = { schema: 1, event: 'notice', level: 'good', sentence: '' };
  assert.deepEqual(mismatches(good, SCHEMA), []);
  for (const bad of [
    { ...good, schema: 2 },
    { ...good, event: 'other' },
    { ...good, level: 'worse' },
    { ...good, more: 1 },
    { ...good, sentence: 5 },
    { schema: 1, event: 'notice', level: 'good' },
    [],
    null,
  ])
    assert.notDeepEqual(mismatches(bad, SCHEMA), [], JSON.stringify(bad));
});

test('on a terminal one line is rewritten, never as wide as the terminal, and gone before anything else is said', () => {
  fc.assert(
    fc.property(anyFile, fc.integer({ min: 2, max: 200 }), (file, columns) => {
      const { stdout, stderr } = said({ isTTY: true, columns }, (reporter) => {
        reporter.progress(file);
        reporter.progress(file);
        reporter.notice('good', 'done');
        reporter.result('x');
      });
      const parts = stderr.split('\r');
      assert.equal(parts.length, 4);
      for (const shown of parts.slice(1, 3)) {
        assert.ok(shown.endsWith('\u001b[K'));
        const line = shown.slice(0, -'\u001b[K'.length);
        assert.doesNotMatch(line, /\p{Cc}/u);
        assert.ok(widthOf(line) < columns, `${line} in ${columns} columns`);
      }
      assert.equal(parts[3], '\u001b[Kdone\n');
      assert.equal(stdout, 'x\n');
    }),
  );
});

test('a line that was wrapped because the terminal became narrower is erased with all its rows', () => {
  const shown = new Recorder(true, 80);
  const reporter = openReporter({
    json: false,
    quiet: false,
    verbose: false,
    intervalMs: 0,
    stdout: new Recorder(),
    stderr: shown,
    env: { LANG: 'C.UTF-8', TERM: 'xterm' },
  });
  reporter.progress(FILE);
  const width = widthOf(shown.text.slice(1, -'\u001b[K'.length));
  shown.columns = 20;
  shown.text = '';
  reporter.progress(FILE);
  const up = Math.ceil(width / 20) - 1;
  assert.ok(up > 0);
  assert.ok(shown.text.startsWith(`\u001b[${up}A\r`), JSON.stringify(shown.text));
  assert.ok(shown.text.endsWith('\u001b[J'));
  shown.text = '';
  reporter.progress(FILE);
  assert.ok(shown.text.startsWith('\r'), 'its rows are counted once');
});

test('without a terminal there is a line at once and one each interval, without control codes', () => {
  const often = (reporter: Reporter): void => {
    for (let count = 0; count < 10; count += 1) reporter.progress({ ...FILE, name: 'fi\u001b[2Jlm' });
  };
  assert.equal(said({}, often).stderr, 'fi\\u{1b}[2Jlm  40.0 %  2.0 MiB of 5.0 MiB  1.0 MiB/s  2 peers  0:03 to go\n');
  assert.equal(said({ intervalMs: 0 }, often).stderr.split('\n').length, 11);
});

test('FC-30: what is zeros is said while it is fetched, and when it is complete', () => {
  const file = { ...FILE, zeros: 3 * PIECE_SIZE };
  const { stderr } = said({}, (reporter) => {
    reporter.progress(file);
    reporter.completed({ ...file, received: 0 });
  });
  assert.match(stderr, / {2}2\.0 MiB of 5\.0 MiB {2}zeros 1\.5 MiB {2}1\.0 MiB\/s/);
  assert.match(stderr, /film\.bin is complete: 5\.0 MiB \(zeros 1\.5 MiB\)\n/);
});

test('the rate of a complete download is that of this run, whatever earlier runs received', () => {
  const said50 = (received: number, receivedBefore: number): string =>
    said({}, (reporter) => reporter.completed({ ...FILE, received, receivedBefore, wasted: 0 })).stderr;
  assert.match(said50(9 * 2 ** 30, 9 * 2 ** 30), /is complete: 5\.0 MiB\n/);
  assert.match(said50(9 * 2 ** 30 + 1, 9 * 2 ** 30), /is complete: 5\.0 MiB in \d+\.\d s, [\d,]+ B\/s\n/);
});

test('quiet says nothing on stderr, verbose says more; the result is on stdout either way', () => {
  const all = (reporter: Reporter): void => {
    reporter.started(STARTED);
    reporter.detail('a detail');
    reporter.progress(FILE);
    reporter.notice('bad', 'a notice');
    reporter.completed(FILE);
    reporter.result('/to/film.bin');
    reporter.seeding(FILE);
    reporter.end();
  };
  assert.deepEqual(said({ quiet: true, isTTY: true }, all), { stdout: '/to/film.bin\n', stderr: '' });
  const plain = said({}, all);
  const verbose = said({ verbose: true }, all);
  assert.equal(plain.stdout, '/to/film.bin\n');
  assert.doesNotMatch(plain.stderr, /a detail/);
  assert.match(verbose.stderr, /a detail/);
  for (const { stderr } of [plain, verbose])
    assert.match(stderr, /downloading [\s\S]*a notice[\s\S]*is complete: 5\.0 MiB/);
});
