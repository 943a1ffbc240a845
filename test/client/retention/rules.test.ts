// The rules of retention as pure decisions: what goes, what never does, and that a second look at what is left agrees.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { decide, type Retained, type RetentionRules } from '../../../src/client/retention/rules.js';
import { seriesOf, withoutVersion } from '../../../src/client/retention/versions.js';

const DAY_MS = 86_400_000;
const NOW = 1_000 * DAY_MS;

function download(file: number, daysOld: number, more: Partial<Retained> = {}): Retained {
  return { file, series: 'app', size: 100, atMs: NOW - daysOld * DAY_MS, hold: undefined, ...more };
}

function going(downloads: readonly Retained[], rules: Partial<RetentionRules>): readonly number[] {
  const { verdicts } = decide(downloads, { days: 0, versions: 0, budget: 0, ...rules }, NOW);
  return verdicts.filter(({ goes }) => goes).map(({ file }) => file);
}

const downloads = fc.uniqueArray(
  fc.record({
    file: fc.integer({ min: 1, max: 40 }),
    series: fc.constantFrom('a', 'b', 'c'),
    size: fc.integer({ min: 0, max: 500 }),
    // Some clocks were wrong.
    atMs: fc.integer({ min: -3, max: 40 }).map((days) => NOW - days * DAY_MS),
    hold: fc.option(fc.constant('it is open in a program'), { nil: undefined, freq: 4 }),
  }),
  { selector: ({ file }) => file, maxLength: 20 },
);
const rules = fc.record({
  days: fc.constantFrom(0, 0, 1, 7, 30),
  versions: fc.constantFrom(0, 0, 1, 2, 5),
  budget: fc.constantFrom(0, 0, 1, 300, 1_000, 100_000),
});

test('property: nothing that is held goes, the newest versions stay, and every verdict has its reason', () => {
  fc.assert(
    fc.property(downloads, rules, (all, rule) => {
      const { verdicts } = decide(all, rule, NOW);
      assert.deepEqual(verdicts.map(({ file }) => file).sort(), all.map(({ file }) => file).sort());
      const byFile = new Map(all.map((each) => [each.file, each]));
      for (const { file, goes, why } of verdicts) {
        assert.notEqual(why, '');
        const one = byFile.get(file);
        assert.ok(one !== undefined);
        if (!goes) continue;
        assert.equal(one.hold, undefined);
        const newer = all.filter(
          ({ series, atMs, file: other }) =>
            series === one.series && (atMs > one.atMs || (atMs === one.atMs && other > one.file)),
        );
        if (rule.versions > 0) assert.ok(newer.length >= rule.versions);
      }
    }),
  );
});

test('property: after a decision the budget is met, or it says why not', () => {
  fc.assert(
    fc.property(downloads, rules, (all, rule) => {
      const { verdicts, bytes, shortfall } = decide(all, rule, NOW);
      const gone = new Set(verdicts.filter(({ goes }) => goes).map(({ file }) => file));
      const left = all.filter(({ file }) => !gone.has(file));
      assert.equal(
        bytes,
        left.reduce((sum, { size }) => sum + size, 0),
      );
      if (rule.budget === 0 || bytes <= rule.budget) assert.equal(shortfall, undefined);
      else assert.match(shortfall ?? '', /more than the disk-budget of .*: /);
    }),
  );
});

test('property: what a decision leaves, the next one leaves as well', () => {
  fc.assert(
    fc.property(downloads, rules, (all, rule) => {
      const gone = new Set(going(all, rule));
      const left = all.filter(({ file }) => !gone.has(file));
      assert.deepEqual(going(left, rule), []);
    }),
  );
});

test('property: without a rule nothing goes', () => {
  fc.assert(fc.property(downloads, (all) => assert.deepEqual(going(all, {}), [])));
});

test('keep-versions keeps the newest of each thing, and keep-days what is young: a download goes when neither keeps it', () => {
  const all = [download(1, 40), download(2, 20), download(3, 3), download(4, 50, { series: 'other' })];
  assert.deepEqual(going(all, { versions: 1 }), [1, 2]);
  assert.deepEqual(going(all, { days: 30 }), [4, 1]);
  assert.deepEqual(going(all, { versions: 1, days: 30 }), [1]);
});

test('a budget takes the oldest first, and never the newest versions that keep-versions names, nor the last download', () => {
  const all = [download(1, 9), download(2, 8), download(3, 7), download(4, 6, { series: 'other' })];
  assert.deepEqual(going(all, { budget: 200 }), [1, 2]);
  assert.deepEqual(going(all, { budget: 1 }), [1, 2, 3]);
  assert.deepEqual(going(all, { budget: 1, versions: 2 }), [1]);
  assert.deepEqual(going(all, { budget: 150, days: 30 }), [1, 2, 3]);
});

test('what is held takes part of the budget and counts as a version', () => {
  const all = [download(1, 9), download(2, 8, { hold: 'it is open' }), download(3, 7)];
  assert.deepEqual(going(all, { versions: 2 }), [1]);
  const { shortfall = '' } = decide(all, { days: 0, versions: 0, budget: 150 }, NOW);
  assert.match(shortfall, /downloads take 200 B, more than the disk-budget of 150 B: .* 100 B may not be deleted/);
});

test('a download that lies in the future is young', () => {
  assert.deepEqual(going([download(1, -5), download(2, 0)], { days: 1 }), []);
});

test('versions of one thing differ in a date or a version alone; sizes, parts and other places are other things', () => {
  for (const [name, what] of [
    ['app-1.4.2.tar.gz', 'app-*.tar.gz'],
    ['nightly-2026-11-29.img', 'nightly-*.img'],
    ['nightly_20261129', 'nightly_*'],
    ['model-v12', 'model-*'],
    ['model-v1.2.3-rc1.bin', 'model-*.bin'],
    ['/data/2026-11-29/x', '/data/*/x'],
    ['part-00001-of-00005', 'part-00001-of-00005'],
    ['llama-7b', 'llama-7b'],
    ['disk-2', 'disk-2'],
    ['python3.11', 'python3.11'],
  ] as const)
    assert.equal(withoutVersion(name), what);
  const of = (path: string, name = 'x.bin'): string => seriesOf({ path, name });
  assert.equal(of('/data/v1/x.bin'), of('/data/v2/x.bin'));
  assert.notEqual(of('/data/a/x.bin'), of('/data/b/x.bin'));
  assert.notEqual(of('/data/x', 'a.bin'), of('/data/x', 'b.bin'));
});
