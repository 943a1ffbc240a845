// Charts as SVG text, written by hand: horizontal bars, and lines over a few named steps, both with median, minimum and
// maximum. Colours follow the reader's light or dark setting. Pure.

import type { Spread } from './figures.js';

const WIDTH = 760;
const LEFT = 70;
const RIGHT = 30;
const TOP = 56;
const BAR_HEIGHT = 46;
const PLOT_HEIGHT = 260;
const TICKS_WANTED = 5;
const HEADROOM = 1.1;

const STYLE = `
  .paper { fill: #ffffff } .ink { fill: #1f2328 } .soft { fill: #59636e }
  .grid { stroke: #d1d9e0 } .axis { stroke: #59636e } .range { stroke: #1f2328; stroke-width: 1.5 } .mark { stroke: #bf3989; stroke-dasharray: 5 4; stroke-width: 1.5 }
  .markName { fill: #bf3989 }
  .s0 { fill: #0969da; stroke: #0969da } .s1 { fill: #bc4c00; stroke: #bc4c00 } .s2 { fill: #1a7f37; stroke: #1a7f37 } .s3 { fill: #8250df; stroke: #8250df }
  .line { fill: none; stroke-width: 2 }
  text { font: 13px system-ui, sans-serif; stroke: none } .title { font-size: 15px; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 } .ink { fill: #f0f6fc } .soft { fill: #9198a1 }
    .grid { stroke: #3d444d } .axis { stroke: #9198a1 } .range { stroke: #f0f6fc } .mark { stroke: #f778ba } .markName { fill: #f778ba }
    .s0 { fill: #4493f8; stroke: #4493f8 } .s1 { fill: #f0883e; stroke: #f0883e } .s2 { fill: #3fb950; stroke: #3fb950 } .s3 { fill: #ab7df8; stroke: #ab7df8 }
  }`;

export interface BarChart {
  readonly title: string;
  /** Written below the axis. */
  readonly unit: string;
  readonly bars: readonly { readonly name: string; readonly spread: Spread }[];
  /** Values that a reader compares with. */
  readonly marks: readonly { readonly name: string; readonly value: number }[];
}

export interface LineChart {
  readonly title: string;
  readonly xName: string;
  readonly yName: string;
  /** Steps along the horizontal axis, at equal distances. */
  readonly steps: readonly string[];
  /** One spread a step; at most four series have a colour of their own. */
  readonly series: readonly { readonly name: string; readonly spreads: readonly Spread[] }[];
}

export function barChart({ title, unit, bars, marks }: BarChart): string {
  const height = TOP + bars.length * BAR_HEIGHT + 62;
  const bottom = height - 48;
  const most = Math.max(0, ...bars.map(({ spread }) => spread.max), ...marks.map(({ value }) => value)) * HEADROOM;
  const x = (value: number): number => LEFT / 2 + (value / most) * (WIDTH - LEFT / 2 - RIGHT);
  const parts = ticks(most).flatMap((tick) => [
    line(x(tick), TOP - 8, x(tick), bottom, 'grid'),
    text(x(tick), bottom + 16, String(tick), 'soft', 'middle'),
  ]);
  bars.forEach(({ name, spread }, at) => {
    const y = TOP + at * BAR_HEIGHT;
    const middle = y + 27;
    parts.push(text(x(0), y + 12, `${name}: ${short(spread.median)}`, 'ink', 'start'));
    parts.push(`<rect class="s0" x="${px(x(0))}" y="${y + 18}" width="${px(x(spread.median) - x(0))}" height="18"/>`);
    parts.push(line(x(spread.min), middle, x(spread.max), middle, 'range'));
    for (const end of [spread.min, spread.max]) parts.push(line(x(end), middle - 5, x(end), middle + 5, 'range'));
  });
  for (const { name, value } of marks) {
    parts.push(line(x(value), TOP - 8, x(value), bottom, 'mark'));
    parts.push(text(x(value), TOP - 12, name, 'markName', 'middle'));
  }
  parts.push(text((x(0) + WIDTH - RIGHT) / 2, height - 12, unit, 'soft', 'middle'));
  return page(height, title, parts);
}

export function lineChart({ title, xName, yName, steps, series }: LineChart): string {
  const height = TOP + PLOT_HEIGHT + 84;
  const bottom = TOP + PLOT_HEIGHT;
  const most = Math.max(0, ...series.flatMap(({ spreads }) => spreads.map(({ max }) => max))) * HEADROOM;
  const x = (at: number): number => LEFT + ((at + 0.5) * (WIDTH - LEFT - RIGHT)) / steps.length;
  const y = (value: number): number => bottom - (value / most) * PLOT_HEIGHT;
  const parts = ticks(most).flatMap((tick) => [
    line(LEFT, y(tick), WIDTH - RIGHT, y(tick), 'grid'),
    text(LEFT - 8, y(tick) + 4, String(tick), 'soft', 'end'),
  ]);
  parts.push(line(LEFT, bottom, WIDTH - RIGHT, bottom, 'axis'));
  steps.forEach((step, at) => {
    parts.push(text(x(at), bottom + 18, step, 'soft', 'middle'));
  });
  parts.push(text((LEFT + WIDTH - RIGHT) / 2, bottom + 38, xName, 'soft', 'middle'));
  parts.push(
    `<text class="soft" text-anchor="middle" transform="translate(18 ${TOP + PLOT_HEIGHT / 2}) rotate(-90)">${escaped(yName)}</text>`,
  );
  series.forEach(({ name, spreads }, which) => {
    const colour = `s${which % 4}`;
    // Side by side, so that the ranges of two series at one step do not hide each other.
    const shift = (which - (series.length - 1) / 2) * 8;
    const at = (step: number): number => x(step) + shift;
    const points = spreads.map(({ median }, step) => `${px(at(step))},${px(y(median))}`).join(' ');
    parts.push(`<polyline class="line ${colour}" style="fill:none" points="${points}"/>`);
    spreads.forEach(({ min, median, max }, step) => {
      parts.push(line(at(step), y(min), at(step), y(max), colour));
      for (const end of [min, max]) parts.push(line(at(step) - 4, y(end), at(step) + 4, y(end), colour));
      parts.push(`<circle class="${colour}" cx="${px(at(step))}" cy="${px(y(median))}" r="4"/>`);
    });
    const legend = LEFT + which * ((WIDTH - LEFT - RIGHT) / series.length);
    parts.push(`<circle class="${colour}" cx="${px(legend + 5)}" cy="${height - 18}" r="5"/>`);
    parts.push(text(legend + 16, height - 14, name, 'ink', 'start'));
  });
  return page(height, title, parts);
}

/** Round steps of 1, 2 or 5 times a power of ten, from zero up to `most`. */
export function ticks(most: number): readonly number[] {
  if (!(most > 0)) return [0];
  const rough = most / TICKS_WANTED;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const count = Math.floor(most / step);
  // Multiples have the noise of binary fractions: 3 × 0.1.
  return Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(6)));
}

function page(height: number, title: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    text(16, 26, title, 'ink title', 'start'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<line class="${style}" x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}"/>`;
}

function text(x: number, y: number, words: string, style: string, anchor: string): string {
  return `<text class="${style}" x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

function px(value: number): string {
  return value.toFixed(1);
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
