// Progress below the scroll: never wider than the terminal whatever files are called, in ASCII alone where that is
// asked for, and of what does not fit, what matters less is left out.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { paintOf } from '../../../src/app/console/terminal/paint.js';
import { compactRate, progressLines, sampleOf, timeToGo } from '../../../src/app/console/terminal/progress.js';
import { cutTo, inColumns, widthOf } from '../../../src/app/console/terminal/text-width.js';
import { type FileView, isRunning } from '../../../src/app/library/views.js';
import { FILE_STATES } from '../../../src/client/messages.js';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { anyCharacter } from '../../support/any-character.js';

const MIB = 1024 * 1024;

function file(shown: Partial<FileView> = {}): FileView {
  return {
    name: 'ubuntu-24.04.iso',
    state: 'downloading',
    path: '/d/ubuntu-24.04.iso',
    mtorrentPath: '/t/ubuntu.mtorrent',
    size: 400 * MIB,
    have: 200,
    pieces: 800,
    rate: 10 * MIB,
    peers: 5,
    received: 0,
    wasted: 0,
    sent: 0,
    problem: '',
    seeders: 1,
    zeros: 0,
    files: 0,
    changed: 0,
    reused: 0,
    filesDone: 0,
    receivedBefore: 0,
    wastedBefore: 0,
    ...shown,
  };
}

function draw(files: readonly FileView[], columns: number, rows = 8, unicode = true): readonly string[] {
  const shape = { columns, rows, unicode, paint: paintOf(false) };
  return progressLines(files, sampleOf(files, undefined, 0), shape).map(({ text }) => text);
}

test('a wide terminal shows name, bar, per cent, size, both rates, peers and time to go', () => {
  assert.deepEqual(draw([file()], 110), [
    'ubuntu-24.04.iso  █████░░░░░░░░░░░░░░░  25.0 %  100.0/400.0 MiB  ↓10.0 MiB/s  ↑     0 B/s   5 peers  ETA  0:30',
  ]);
  assert.deepEqual(draw([file()], 110, 8, false), [
    'ubuntu-24.04.iso  ####............  25.0 %  100.0/400.0 MiB  dn 10.0 MiB/s  up      0 B/s   5 peers  ETA  0:30',
  ]);
});

test('a narrow terminal leaves out what matters less, to the name and how far it is', () => {
  const columns = (width: number): string => draw([file()], width).join();
  assert.equal(columns(80), 'ubuntu-24.04…  █░░░░░  25.0 %  100.0/400.0 MiB  ↓10.0 MiB/s   5 peers  ETA  0:30');
  assert.equal(columns(60), 'ubuntu-24.04.iso  ██░░░░░░░░  25.0 %  ↓10.0 MiB/s  ETA  0:30');
  assert.equal(columns(39), 'ubuntu-24.…  25.0 %  ↓10.0 MiB/s   0:30');
  assert.equal(columns(20), 'ubuntu-24.0…  25.0 %');
  assert.equal(columns(5), 'ubun…');
  assert.equal(columns(1), '.');
});

test('a download that does not move says why', () => {
  const status = (shown: Partial<FileView>): string => draw([file(shown)], 90)[0]?.split(' MiB  ')[1] ?? '';
  assert.equal(status({ state: 'waiting' }), 'queued');
  assert.equal(status({ state: 'checking' }), 'checking');
  assert.equal(status({ state: 'hashing' }), 'hashing');
  assert.equal(status({ state: 'finishing' }), 'finishing');
  assert.equal(status({ peers: 0, rate: 0 }), 'looking for peers');
  assert.equal(status({ peers: 1, rate: 0 }), 'stalled, 1 peer');
  assert.equal(status({ state: 'paused', problem: 'no room on the\u001b disk' }), 'no room on the\\u{1b} disk');
  assert.match(draw([file({ peers: 0, rate: 0 })], 36).join(), /^ubuntu-24.* 25\.0 % {2}looking fo…$/);
});

test('what runs or goes on by itself is shown, and nothing else', () => {
  const shown = FILE_STATES.filter((state) => isRunning(file({ state })));
  assert.deepEqual(shown, ['checking', 'waiting', 'downloading', 'finishing']);
  assert.equal(isRunning(file({ state: 'paused', problem: 'no room' })), true);
  assert.equal(isRunning(file({ state: 'checking', have: 800 })), false);
});

test('of more downloads than lines the first are shown, those that move before those that wait', () => {
  const files = Array.from({ length: 10 }, (_, at) =>
    file({ name: `f${at}`, path: `/f${at}`, state: at < 2 ? 'waiting' : 'downloading' }),
  );
  const lines = draw(files, 80, 4);
  assert.deepEqual(
    lines.map((line) => line.slice(0, 3).trim()),
    ['f2', 'f3', 'f4', '… a'],
  );
  assert.equal(lines[3], '… and 7 more');
  assert.equal(draw(files, 80, 1).join(), '… and 10 more');
  assert.equal(draw(files.slice(0, 4), 80, 4).length, 4);
  assert.deepEqual(draw(files, 80, 0), []);
});

const names = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom('漢字'.repeat(30), 'e\u0301'.repeat(50), '👩‍👩‍👧‍👦'.repeat(9), '\u001b[2J\u202e', '가각힣ᄀ', '🇩🇪🇫🇷'),
);
const files = fc.array(
  fc.record({
    name: names,
    state: fc.constantFrom(...FILE_STATES),
    problem: fc.oneof(fc.constant(''), names),
    seeders: fc.nat(9),
    have: fc.nat(800),
    rate: fc.double({ min: 0, max: 1e15, noNaN: true }),
    peers: fc.nat(2 ** 32 - 1),
    size: fc.nat(Number.MAX_SAFE_INTEGER),
    sent: fc.nat(Number.MAX_SAFE_INTEGER),
  }),
  { minLength: 1, maxLength: 12 },
);

test('no line is wider than the terminal, nor are there more than asked for, whatever files are called', () => {
  fc.assert(
    fc.property(files, fc.nat(200), fc.nat(10), fc.boolean(), fc.boolean(), (some, columns, rows, unicode, colour) => {
      const views = some.map((one, at) => file({ ...one, path: `/${at}` }));
      const shape = { columns, rows, unicode, paint: paintOf(colour) };
      const sample = sampleOf(views, sampleOf(views.slice(1), undefined, 0), 250);
      const lines = progressLines(views, sample, shape);
      assert.ok(lines.length <= rows);
      for (const { text, width } of lines) {
        assert.ok(widthOf(text) <= columns, `${widthOf(text)} columns of ${columns}: ${text}`);
        assert.ok(width <= columns);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours, and nothing else that acts
        const plain = text.replace(/\u001b\[\d+m/g, '');
        assert.doesNotMatch(plain, /[\p{Cc}\p{Cf}]/u);
        assert.equal(widthOf(plain), width);
        if (!unicode) assert.doesNotMatch(plain, /[^ -~]/);
      }
    }),
  );
});

test('a cut text fits, and loses no more than it must', () => {
  fc.assert(
    fc.property(names, fc.nat(80), (text, columns) => {
      const cut = cutTo(text, columns, '…');
      assert.ok(widthOf(cut) <= columns);
      if (widthOf(text) <= columns) assert.equal(cut, text);
    }),
  );
  assert.equal(cutTo('漢字漢字', 6, '…'), '漢字…');
  assert.equal(cutTo('abcdef', 3, '...'), '...');
});

test('the rate of what is sent is measured between looks, smoothed, and falls to nothing', () => {
  let sample = sampleOf([file()], undefined, 0);
  const path = file().path;
  assert.equal(sample.upRates.get(path), 0);
  for (let look = 1; look <= 40; look += 1) sample = sampleOf([file({ sent: look * 250 })], sample, look * 250);
  assert.ok(Math.abs((sample.upRates.get(path) ?? 0) - 1000) < 5);
  for (let look = 41; look <= 80; look += 1) sample = sampleOf([file({ sent: 10_000 })], sample, look * 250);
  assert.equal(sample.upRates.get(path), 0);
  assert.equal(sampleOf([], sample, 99_999).sent.size, 0);
});

test('rates take ten columns, and times are as people write them', () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (rate) => compactRate(rate).length === 10));
  for (const [rate, wanted] of [
    [0, '     0 B/s'],
    [999, '   999 B/s'],
    [1000, '0.98 KiB/s'],
    [98.14 * MIB, '98.1 MiB/s'],
    [640 * 1024, ' 640 KiB/s'],
  ] as const)
    assert.equal(compactRate(rate), wanted);
  for (const [seconds, wanted] of [
    [0, '0:00'],
    [3, '0:03'],
    [754, '12:34'],
    [3723, '1:02:03'],
    [200_000, '2d 7h'],
    [1e9, '>99d'],
  ] as const)
    assert.equal(timeToGo(seconds * PIECE_SIZE, PIECE_SIZE), wanted);
  assert.equal(timeToGo(5, 0), '-');
});

test('words are listed in columns that fit, and a long list says how many are left out', () => {
  assert.deepEqual(inColumns(['a', 'bb', 'ccc', 'd', 'e'], 12, 100), ['a    d', 'bb   e', 'ccc']);
  assert.deepEqual(inColumns(['a', 'b', 'c'], 80, 2), ['a  b', 'and 1 more']);
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.integer({ min: 12, max: 120 }), (texts, columns) => {
      for (const line of inColumns(texts, columns, 10)) assert.ok(widthOf(line) <= columns, line);
    }),
  );
});
