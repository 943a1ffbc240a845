// The only door to uPlot: a plot of two rates over time.

import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatRate } from './figures.js';
import { type RateSeries, spanOf } from './rate-history.js';

export interface RatesPlot {
  show(series: RateSeries): void;
  resize(width: number): void;
  end(): void;
}

const HEIGHT = 150;

/** @param colour of a name of the style sheet. */
export function openRatesPlot(place: HTMLElement, width: number, colour: (name: string) => string): RatesPlot {
  const axis = { stroke: colour('--dim'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
  const line = (label: string, name: string): UPlot.Series => ({
    label,
    stroke: colour(name),
    fill: `color-mix(in srgb, ${colour(name)} 12%, transparent)`,
    width: 2,
    points: { show: false },
    value: (_, value) => (value === null ? '–' : formatRate(value)),
  });
  const plot = new UPlot(
    {
      width,
      height: HEIGHT,
      padding: [8, 28, 0, 0],
      cursor: { drag: { x: false, y: false } },
      legend: { show: false },
      scales: {
        x: { time: true, range: (_, min, max) => [...spanOf(min, max, Date.now() / 1000)] },
        y: { range: (_, __, max) => [0, Math.max(max * 1.1, 1024)] },
      },
      series: [{}, line('Down', '--down'), line('Up', '--up')],
      axes: [
        { ...axis, size: 28, space: 70, values: (_, ticks) => ticks.map((at) => clock(at)) },
        { ...axis, size: 78, space: 34, values: (_, ticks) => ticks.map((rate) => formatRate(rate)) },
      ],
    },
    [[], [], []],
    place,
  );
  return {
    show: ({ at, down, up }) => plot.setData([[...at], [...down], [...up]]),
    resize: (next) => plot.setSize({ width: next, height: HEIGHT }),
    end: () => plot.destroy(),
  };
}

/** Made once: a browser takes longer to make one than to use it. */
const CLOCK = new Intl.DateTimeFormat([], { timeStyle: 'medium', hour12: false });

function clock(seconds: number): string {
  return CLOCK.format(seconds * 1000);
}
