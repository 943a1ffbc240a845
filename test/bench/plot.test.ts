// A chart shows what it was given: names escaped, ticks round, every number finite.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { barChart, lineChart, ticks } from '../../bench/plot.js';

test('ticks are round, begin at zero, and neither crowd the axis nor leave it', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), (most) => {
      const all = ticks(most);
      assert.equal(all[0], 0);
      assert.ok(all.length >= 2 && all.length <= 6, `${all}`);
      assert.ok((all.at(-1) ?? 0) <= most * (1 + 1e-5));
      assert.match(String((all[1] ?? 0).toExponential()), /^[125]e/);
    }),
  );
  assert.deepEqual(ticks(0), [0]);
});

test('a chart escapes its words and draws finite numbers only', () => {
  const spread = { min: 1, median: 2, max: 3 };
  const title = 'a < b & "c"';
  const charts = [
    barChart({ title, unit: 's', bars: [{ name: title, spread }], marks: [{ name: 'target', value: 2.5 }] }),
    lineChart({
      title,
      xName: 'x',
      yName: 'y',
      steps: ['1', '2'],
      series: [{ name: title, spreads: [spread, spread] }],
    }),
  ];
  for (const svg of charts) {
    assert.match(svg, /^<svg [^>]*>[\s\S]*<\/svg>\n$/);
    assert.ok(svg.includes('a &lt; b &amp; &quot;c&quot;') && !svg.includes('a < b'));
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  }
});
